"""Views of the conversation beside a record: write, change, delete and react to comments; follow; older entries."""

from __future__ import annotations

from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Invalid
from kernel.fieldtypes.ids import is_id
from kernel.i18n import to_text
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from kernel.web.routes import json_response
from runtime.files import uploads
from runtime.forms.shown import size_words
from runtime.records import comments
from runtime.records.labels import of_people
from runtime.talk import follow, mentions, people, thread, words
from runtime.web import aside, remarks, timeline
from runtime.web.record import Open, open_record
from runtime.web.sight import base_of


def show(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """The timeline as it is asked for: a kind of entries, one person's."""
    shown = open_record(ctx, entity, id)
    return Page("runtime/record/timeline.html", {**aside.talk(ctx, shown, timeline.read(request.args)), "url": shown.url})


def older(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """More of what happened."""
    shown = open_record(ctx, entity, id)
    return Page("runtime/record/entries.html", {**aside.talk(ctx, shown, timeline.read(request.args)), "url": shown.url})


def add(ctx: Ctx, request: Request, entity: str, id: str) -> Page | Response:
    """Write something that everybody sees who sees the record."""
    shown = open_record(ctx, entity, id)
    text, files = _sent(ctx, request)
    try:
        made = comments.add(ctx, entity, id, text, files)
    except Invalid as error:
        if not is_htmx(request):
            raise
        return _refused(ctx, shown, request, error, files)
    if not is_htmx(request):
        return redirect(f"{shown.url}#e-{made}", 303)
    context = {**aside.context(ctx, shown, request.args), "url": shown.url, "written": made, "oob_follow": True}
    return Page("runtime/record/talk.html", context)


def _sent(ctx: Ctx, request: Request) -> tuple[str, list[str]]:
    """The text with the people chosen while typing, and the files."""
    ids = [i for i in request.form.getlist("mention") if is_id(i)][: mentions.MOST_MENTIONS * 2]
    names = of_people(ctx, ids) if ids else {}
    text = words.from_names(request.form.get("body", ""), [(i, names[i]) for i in ids if i in names])
    return text, list(dict.fromkeys(request.form.getlist("files")))


def _refused(ctx: Ctx, shown: Open, request: Request, error: Invalid, files: list[str], comment: str | None = None) -> Page:
    """The box once more, with what is wrong beside what was typed."""
    ids = [i for i in request.form.getlist("mention") if is_id(i)]
    names = of_people(ctx, ids) if ids else {}
    said = [" ".join(to_text(part, ctx.language) for part in (p.message, p.hint) if part) for p in error.problems]
    box = aside.composer(
        ctx, shown, text=request.form.get("body", ""), named=[(i, names[i]) for i in ids if i in names], files=_files(ctx, files), errors=said, comment=comment)
    headers = {"HX-Retarget": f"#{box['id']}-form", "HX-Reswap": "outerHTML", "HX-Reselect": f"#{box['id']}-form"}
    return Page("runtime/record/composer.html", {"composer": box}, status=422, headers=headers)


def _files(ctx: Ctx, ids: list[str]) -> list[dict[str, Any]]:
    """Files that the actor has uploaded or the comment holds, for the box."""
    base = base_of(ctx)
    return [
        {"id": f.id, "name": f.name, "size": size_words(f.size), "url": f"{base}/files/{f.id}", "preview": f"{base}/files/{f.id}?variant=thumb" if f.width else None}
        for f in uploads.rows(ctx, [i for i in ids if is_id(i)]).values() if f.created_by == ctx.actor.person]


def read(ctx: Ctx, request: Request, entity: str, id: str, comment: str) -> Page:
    """One comment as it stands."""
    return _one(ctx, open_record(ctx, entity, id), comment)


def _one(ctx: Ctx, shown: Open, comment: str) -> Page:
    (found,) = thread.comments(ctx, [comments.row(ctx, shown.entity.key, shown.record.id, comment)])
    return Page("runtime/record/comment.html", {"e": remarks.line(ctx, found, shown.around, shown.url), "asked": None})


def edit(ctx: Ctx, request: Request, entity: str, id: str, comment: str) -> Page:
    """An own comment in its box."""
    shown = open_record(ctx, entity, id)
    row = comments.own(ctx, entity, id, comment)
    names = of_people(ctx, words.mentioned(row.body))
    text, named = words.with_names(row.body, names, ctx.language)
    return Page("runtime/record/comment_edit.html", {
        "composer": aside.composer(ctx, shown, text=text, named=named, files=_files(ctx, list(row.files or ())), comment=comment)})


def change(ctx: Ctx, request: Request, entity: str, id: str, comment: str) -> Page | Response:
    """Another text for an own comment."""
    shown = open_record(ctx, entity, id)
    text, files = _sent(ctx, request)
    try:
        comments.edit(ctx, entity, id, comment, text, files)
    except Invalid as error:
        if not is_htmx(request):
            raise
        return _refused(ctx, shown, request, error, files, comment)
    return _one(ctx, shown, comment) if is_htmx(request) else redirect(f"{shown.url}?at={comment}#e-{comment}", 303)


def remove(ctx: Ctx, request: Request, entity: str, id: str, comment: str) -> Page | Response:
    """Take an own comment back."""
    shown = open_record(ctx, entity, id)
    comments.remove(ctx, entity, id, comment)
    return _one(ctx, shown, comment) if is_htmx(request) else redirect(shown.url, 303)


def react(ctx: Ctx, request: Request, entity: str, id: str, comment: str) -> Page | Response:
    """Give a reaction (``on=1``) or take it back."""
    shown = open_record(ctx, entity, id)
    comments.react(ctx, entity, id, comment, request.form.get("key", ""), request.form.get("on") == "1")
    return _one(ctx, shown, comment) if is_htmx(request) else redirect(f"{shown.url}?at={comment}#e-{comment}", 303)


def choose(ctx: Ctx, request: Request, entity: str, id: str) -> Page | Response:
    """Follow the record (``on=1``), or no longer."""
    shown = open_record(ctx, entity, id)
    follow.choose(ctx, entity, id, request.form.get("on") == "1")
    return Page("runtime/record/follow.html", aside.following(ctx, shown)) if is_htmx(request) else redirect(shown.url, 303)


def candidates(ctx: Ctx, request: Request, entity: str, id: str) -> Any:
    """``?q=``: whom one may mean with @; those who can't see the record come last, with the reason."""
    shown = open_record(ctx, entity, id)
    record = shown.seen.env.record
    found = mentions.search(ctx, record, request.args.get("q", ""), people.around(ctx, record))
    return json_response({"options": [
        {"value": c.id, "text": c.name, "note": to_text(c.refused, ctx.language) if c.refused else c.login, "refused": c.refused is not None} for c in found]})


