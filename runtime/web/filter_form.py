"""The small form in which a filter is made or changed, and the box for those who like to type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel import fieldtypes
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.options import options_of
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import prepared, reader_of
from runtime.web import filters as conditions
from runtime.web.filters import Filter, Subject
from runtime.web.list_state import Asked, read
from runtime.web.lists import _labels_of
from runtime.web.sight import base_of, entity_of, over


def show(ctx: Ctx, request: Request, entity: str) -> Page:
    """The form for a new filter, or for the one named by ``edit``; ``field`` chooses what to filter by."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    old = next(iter(conditions.read([request.args.get("edit", "")])), None)
    return Page("runtime/list/filter.html", {**_context(ctx, asked, old, request.args.get("field", "")), **over(request), "typed": "typed" in request.args})


def apply(ctx: Ctx, request: Request, entity: str) -> Page | Response:
    """Take the filter into the address and go there."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    old = next(iter(conditions.read([request.args.get("edit", "")])), None)
    where = request.args.get("typed")
    if where is not None:
        return redirect(asked.url(where=where, cursor=None), 303)
    made = Filter(
        request.args.get("field", ""), request.args.get("op", ""), tuple(v for v in request.args.getlist("value") if v.strip()))
    subject = asked.subjects.get(made.field)
    if subject is None:
        return redirect(asked.url(cursor=None), 303)
    try:
        if made.op not in ("blank", "not_blank") and conditions.expression([made], asked.subjects, reader_of(ctx)) is None:
            raise Unreadable("missing", _("Choose or write a value."))
    except Unreadable as error:
        return Page("runtime/list/filter.html", {**_context(ctx, asked, made, made.field), **over(request), "typed": False, "error": error.message}, status=422)
    rest = [f for f in asked.filters if old is None or str(f) != str(old)]
    return redirect(asked.url(filters=(*rest, made), cursor=None), 303)


def _context(ctx: Ctx, asked: Asked, old: Filter | None, field: str) -> dict[str, Any]:
    subject = asked.subjects.get(field or (old.field if old else "")) or next(iter(asked.subjects.values()), None)
    values = old.values if old is not None and subject is not None and old.field == subject.key else ()
    return {
        "entity": asked.entity, "asked": asked, "base_url": asked.base, "subject": subject, "old": old, "values": list(values),
        "pairs": [(s.key, s.label) for s in asked.subjects.values()], "ops": [(o, conditions.WORDS[o]) for o in (subject.ops if subject else ())],
        "op": old.op if old is not None and values else (subject.ops[0] if subject else ""),
        "options": options(ctx, asked, subject), "periods": list(conditions.PERIODS.items()), "lookup": lookup_url(ctx, asked, subject),
        "chosen": _chosen(ctx, asked, subject, values), "error": None,
    }


def options(ctx: Ctx, asked: Asked, subject: Subject | None) -> list[tuple[str, Any]]:
    """What can be chosen for a choice or state."""
    if subject is None or subject.kind not in ("choice", "choices"):
        return []
    if subject.key == "state" and asked.machine is not None:
        return [(s.key, s.label) for s in asked.machine.states]
    assert subject.field is not None
    shape = fieldtypes.of(subject.field).shape(subject.field)
    return [(o.key, o.label) for o in options_of(shape)]


def lookup_url(ctx: Ctx, asked: Asked, subject: Subject | None) -> str | None:
    """Where records are searched for this subject."""
    if subject is None or subject.kind != "record":
        return None
    return f"{base_of(ctx)}/lookup/{asked.entity.key}/{subject.key}?all=1"


def _chosen(ctx: Ctx, asked: Asked, subject: Subject | None, values: tuple[str, ...]) -> list[tuple[str, Any]]:
    if subject is None or subject.kind != "record":
        return []
    labels = _labels_of(ctx, replace(asked, filters=(Filter(subject.key, "in", values),)))
    return [(v, _("me") if v == "me" else labels.get(v, "—")) for v in values]


def refers_to(ctx: Ctx, subject: Subject) -> str | None:
    """The entity that a subject names."""
    if subject.key in ("owner", "team"):
        return {"owner": "person", "team": "team"}[subject.key]
    return prepared(ctx, subject.field).refers_to if subject.field is not None else None
