"""The form of a copy: filled with what may be copied, and saying what stays behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request

from kernel.errors import NotFound
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import prepared, reader_of
from runtime.records import road
from runtime.records.copying import Copied, copied
from runtime.records.copying import copy as make
from runtime.records.record import Input, Record

MOST_NAMED = 8


def asked(request: Request) -> str | None:
    """Of which record this form is a copy."""
    given = request.form.get("_copy") or request.args.get("copy") or ""
    return given if is_id(given) else None


def draft_key(form: str, source: str | None) -> str:
    """A copy has a draft of its own beside that of an empty form."""
    return form if source is None else f"{form}~{source}"


def texts(ctx: Ctx, entity: str, found: Copied) -> dict[str, Any]:
    """The values as a form would send them."""
    reader = reader_of(ctx, found.source.labels)
    known = ctx.app.entities[entity].by_key
    made: dict[str, Any] = {}
    for key, value in found.values.items():
        p = prepared(ctx, known[key])
        if p.field.type == "rows":
            columns = {c.key: c for c in p.columns}
            made[key] = [
                {"id": None, "fields": {k: columns[k].type.input_texts(columns[k].field, cell, reader) for k, cell in row.values.items() if k in columns}}
                for row in value
            ]
        else:
            made[key] = p.type.input_texts(known[key], value, reader)
    return made


def intro(ctx: Ctx, entity: str, found: Copied) -> Mapping[str, Any]:
    """Of what it is a copy, and what was left out."""
    known = ctx.app.entities[entity].by_key
    names: list[Any] = [_("{label} ({why})", label=known[key].label, why=why) for key, why in found.left[:MOST_NAMED]]
    if len(found.left) > MOST_NAMED:
        names.append(_("{n} more", n=len(found.left) - MOST_NAMED))
    text = _("Left out: {names}.", names=names) if names else _("Everything that may be copied is filled in.")
    return {"title": _("A copy of “{title}”", title=found.source.title), "text": text, "tone": "info"}


def found(ctx: Ctx, entity: str, source: str | None) -> Copied | None:
    """What a copy begins with; None without one, or when the original is out of sight."""
    if source is None:
        return None
    try:
        return copied(ctx, entity, source)
    except NotFound:
        return None


def create(ctx: Ctx, entity: str, source: str | None, input: Input) -> Record:
    """Make the record; when the original has gone meanwhile, of what the form holds."""
    if found(ctx, entity, source) is None or source is None:
        return road.create(ctx, entity, input)
    return make(ctx, entity, source, input)
