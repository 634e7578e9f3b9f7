"""One YAML file onto the application: checked as a whole, its plan in words, then published."""

from __future__ import annotations

from flask import Request

from builder.web.documents import FILE, MAX_TEXT, line_of, place_words
from builder.web.frame import page
from builder.web.proposal import MAX_NOTE, Proposal, prepare
from builder.web.review import just_published, review_words
from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page

MAX_SHOWN = 200
"""Problems on one page."""
EXAMPLE = """\
entity: task
title: "{name}"
fields:
  name:   {type: text, max: 80, required: true}
  due:    {type: date, default: TODAY() + 7}
  budget: {type: money, currency: CNY}
---
machine: task
on: task
states: {open: open, doing: open, done: closed}
transitions:
  start:  {from: open, to: doing}
  finish: {from: doing, to: done, needs: [budget]}
---
role: worker
rights:
  task: {read: team, create: true, update: own}
---
labels: zh
task: {_: 任务, name: 名称, due: 到期日, budget: 预算}
machine/task: {open: 未开始, doing: 进行中, done: 已完成, start: 开始, finish: 完成}
role/worker: 员工
"""
"""What a file looks like; shown on the page to start from."""


def start(ctx: Ctx, request: Request) -> Page:
    """``GET /design/add``"""
    return page(ctx, "add.html", {**_empty(ctx), "text": "", "published": just_published(request)}, place="add")


def check(ctx: Ctx, request: Request) -> Page:
    """``POST /design/add``: every mistake with its line, or the plan."""
    text, unreadable = _text(request)
    if unreadable is not None:
        return _with_problems(ctx, text, [unreadable])
    proposal = Proposal("documents", "add", text=text)
    try:
        prepared = prepare(ctx, proposal)
        prepared.require_sound()
    except Invalid as error:
        return _with_problems(ctx, text, error.problems)
    plan = {**review_words(ctx, prepared), "ready": True, "proposal": proposal.to_json(), "max_note": MAX_NOTE}
    context = {**_empty(ctx), "text": text, "published": None, **plan}
    return page(ctx, "add.html", context, place="add")


def _empty(ctx: Ctx) -> dict[str, object]:
    return {"problems": (), "more": 0, "ready": False, "example": EXAMPLE, "base_hash": ctx.release.hash, "note": ""}


def _with_problems(ctx: Ctx, text: str, problems: tuple[Problem, ...] | list[Problem]) -> Page:
    ordered = sorted(problems, key=lambda p: line_of(p.path) or 0)
    shown = [(line_of(p.path), place_words(p.path), p) for p in ordered[:MAX_SHOWN]]
    context = {**_empty(ctx), "text": text, "published": None, "problems": shown, "more": max(len(ordered) - MAX_SHOWN, 0)}
    return page(ctx, "add.html", context, place="add", status=422)


def _text(request: Request) -> tuple[str, Problem | None]:
    """What was pasted or uploaded; a file wins over the text, because it was chosen last."""
    text = request.form.get("text", "")
    file = request.files.get("file")
    if file is not None and file.filename:
        data = file.stream.read(MAX_TEXT + 1)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return text, Problem("not_text", _("This file is no text in UTF-8."), f"{FILE}:1", _("Save it as UTF-8 and choose it again."))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_TEXT:
        hint = _("Add it in several parts of at most {n} characters.", n=MAX_TEXT)
        return text[:MAX_TEXT], Problem("too_large", _("This is larger than allowed."), f"{FILE}:1", hint)
    return text, None
