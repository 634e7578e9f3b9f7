"""The small form in which a filter is made or changed, and the box for those who like to type."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Invalid
from kernel.expr import complete
from kernel.expr.scope import Scope as NameScope
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _, to_text
from kernel.permissions import ReaderSchema, rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.routes import json_response
from runtime.forms.prepare import reader_of
from runtime.lists.arrangement import MOST_TEXT
from runtime.records import query
from runtime.web import filter_reading
from runtime.web import filters as conditions
from runtime.web.filter_words import PERIODS, PLAIN, WORDS
from runtime.web.filters import Filter, Subject
from runtime.web.list_state import Asked, read
from runtime.web.lists import labels_of, refusal_words
from runtime.web.sight import base_of, entity_of, over

MOST_BOXES = 60  # more options are searched for
MOST_SUGGESTED = 12


def show(ctx: Ctx, request: Request, entity: str) -> Page:
    """The form for a new filter, or for the one named by ``edit``; ``field`` chooses what to filter by; ``chips`` writes all as a condition."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    old = next(iter(conditions.read([request.args.get("edit", "")])), None)
    if "chips" in request.args:
        asked = _typed(ctx, asked)
    return Page("runtime/list/filter.html", {**_context(ctx, asked, old, request.args.get("field", "")), **over(request), "typed": "typed" in request.args})


def _typed(ctx: Ctx, asked: Asked) -> Asked:
    """The same list with its chips as the condition they stand for."""
    try:
        own = conditions.expression(asked.filters, asked.subjects, reader_of(ctx))
    except Unreadable:
        return asked
    kept = "" if asked.closed and asked.kept_where else asked.where.strip()
    parts = [p for p in (own, kept) if p]
    return replace(asked, filters=(), where=parts[0] if len(parts) == 1 else f"AND({', '.join(parts)})" if parts else "")


def apply(ctx: Ctx, request: Request, entity: str) -> Page | Response:
    """Take the filter into the address and go there."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    old = next(iter(conditions.read([request.args.get("edit", "")])), None)
    typed = request.args.get("typed")
    if typed is not None:
        return _take(ctx, request, asked, typed.strip())
    subject = asked.subjects.get(request.args.get("field", ""))
    if subject is None:
        return redirect(asked.url(cursor=None), 303)
    given = request.args.getlist("value")
    if subject.kind == "text":
        given = [line for text in given for line in text.splitlines()]
    made = Filter(subject.key, request.args.get("op", ""), tuple(v.strip() for v in given if v.strip()))
    try:
        if made.op not in subject.ops:
            made = replace(made, op=subject.ops[0])
        if conditions.expression([made], asked.subjects, reader_of(ctx)) is None:
            raise Unreadable("missing", _("Choose or write a value."))
    except Unreadable as error:
        return Page("runtime/list/filter.html", {**_context(ctx, asked, made, made.field), **over(request), "typed": False, "error": error.message}, status=422)
    rest = [f for f in asked.filters if old is None or str(f) != str(old)]
    return redirect(asked.url(filters=(*rest, made), cursor=None), 303)


def _take(ctx: Ctx, request: Request, asked: Asked, text: str) -> Page | Response:
    """A typed condition: what says the same as a chip becomes one. What can't be used stays in the box, with what is wrong about it."""
    if text:
        try:
            query.read_where(ctx, asked.entity.key, text)
        except Invalid as error:
            context = {**_context(ctx, replace(asked, where=text), None, ""), **over(request), "typed": True, "error": refusal_words(error, ctx.language)}
            return Page("runtime/list/filter.html", context, status=422)
    made, rest = filter_reading.read(text, asked.subjects, reader_of(ctx))
    new = tuple(f for f in dict.fromkeys(made) if f not in asked.filters)
    return redirect(asked.url(filters=(*asked.filters, *new), where=rest, cursor=None), 303)


def suggest(ctx: Ctx, request: Request, entity: str) -> Response:
    """How a condition can go on at ``at``: fields, functions, options; nothing that the reader may not use."""
    known = entity_of(ctx, entity)
    text, given = request.args.get("text", "")[:MOST_TEXT], request.args.get("at", "")
    at = min(int(given), len(text)) if re.fullmatch("[0-9]{1,5}", given) else len(text)
    names = ReaderSchema(ctx.app.schema, rights_of(ctx.release, ctx.actor))
    found = complete(text, at, NameScope(names, entity, ctx.app.schema.scope("record", entity).roots))
    label = {f.key: f.label.to(ctx.language) for f in known.fields} if "." not in text[:at].rpartition(" ")[2] else {}
    options = [{"insert": s.insert, "text": label.get(s.insert, s.label), "note": to_text(s.detail, ctx.language), "start": s.start, "value": s.insert} for s in found[:MOST_SUGGESTED]]
    return json_response({"options": options})


def _context(ctx: Ctx, asked: Asked, old: Filter | None, field: str) -> dict[str, Any]:
    subject = asked.subjects.get(field or (old.field if old else "")) or next(iter(asked.subjects.values()), None)
    same = old is not None and subject is not None and old.field == subject.key
    values = old.values if old is not None and same else ()
    choices = subject.options(ctx.language) if subject is not None else []
    few = len(choices) <= MOST_BOXES
    return {
        "entity": asked.entity, "asked": asked, "base_url": asked.base, "subject": subject, "old": old, "values": list(values),
        "subject_groups": _groups(asked), "ops": [(o, WORDS[o]) for o in (subject.ops if subject else ())], "plain": " ".join(sorted(PLAIN)),
        "op": old.op if old is not None and same and subject is not None and old.op in subject.ops else (subject.ops[0] if subject else ""),
        "options": choices if few else [], "periods": [(key, words) for key, (words, _condition) in PERIODS.items()],
        "lookup": lookup_url(ctx, asked, subject, few), "chosen": _chosen(ctx, asked, subject, values, choices), "error": None,
    }


def _groups(asked: Asked) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """The subjects, those of other records and of rows under a heading of their own."""
    found: dict[Any, list[tuple[str, Any]]] = {}
    for subject in asked.subjects.values():
        found.setdefault(subject.key.partition(":")[0] if subject.group else None, []).append((subject.key, subject.label))
    headings = {s.key.partition(":")[0]: s.group for s in asked.subjects.values() if s.group}
    return [(headings.get(key), subjects) for key, subjects in found.items()]


def lookup_url(ctx: Ctx, asked: Asked, subject: Subject | None, few: bool = True) -> str | None:
    """Where records, or options where they are many, are searched for this subject."""
    if subject is None or (subject.kind not in ("record", "records") and few):
        return None
    return f"{base_of(ctx)}/lookup/{asked.entity.key}/{subject.key}?all=1"


def _chosen(ctx: Ctx, asked: Asked, subject: Subject | None, values: tuple[str, ...], choices: list[tuple[str, str]]) -> list[tuple[str, Any]]:
    if subject is None:
        return []
    if subject.kind in ("choice", "choices", "clock"):
        named = dict(choices)
        return [(v, named.get(v, v)) for v in values]
    if subject.kind not in ("record", "records"):
        return []
    labels = labels_of(ctx, replace(asked, filters=(Filter(subject.key, subject.ops[0], values),)))
    return [(v, _("me") if v == "me" else labels.get(v, "—")) for v in values]
