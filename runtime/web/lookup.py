"""Choosing records while typing: what may be chosen in this field, in this form, by this person."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from flask import Request

from kernel import fieldtypes
from kernel.errors import NotFound
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.options import options_of
from kernel.i18n import _
from kernel.model.elements import Entity, Field
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.forms.prepare import prepared, reader_of, target_of
from runtime.records import query
from runtime.web.filter_subjects import subjects_of
from runtime.web.sight import entity_of

MOST = 20
MOST_OPTIONS = 50
SYSTEM = {"owner": "person", "team": "team"}


def search(ctx: Ctx, request: Request, entity: str, field: str) -> Any:
    """``?q=``: ``{"options": [{"value", "text"}], "more"}``. Values of the form that the condition reads come as parameters."""
    known = _entity(ctx, entity)
    subject = subjects_of(ctx, known).get(field) if "all" in request.args else None
    if subject is not None and subject.kind in ("choice", "choices"):
        return _options(subject.options(ctx.language), request)
    if subject is not None and subject.target in ctx.app.entities:
        return _records(ctx, str(subject.target), request)
    if "options" in request.args:
        return _options(_offered(ctx, known, field, request), request)
    target, chosen = _target(ctx, known, field)
    q = request.args.get("q", "").strip()[:200]
    if chosen is not None and "all" not in request.args and not _is_asked(known, chosen):
        found = query.candidates(ctx, entity, field, q=q, values=_values(ctx, known, chosen, request), limit=MOST + 1)
        options = [{"value": id_, "text": label} for id_, label in found[:MOST]]
        return json_response({"options": options, "more": len(found) > MOST})
    return _records(ctx, target, request)


def _records(ctx: Ctx, target: str, request: Request) -> Any:
    """Everything of an entity that the reader sees."""
    q = request.args.get("q", "").strip()[:200]
    listing = query.list_records(ctx, target, query.ListQuery(fields=(), q=q, limit=MOST))
    options = [{"value": item.record.id, "text": item.title} for item in listing.items]
    if "all" in request.args and target == "person" and not q:
        options.insert(0, {"value": "me", "text": _("me").to(ctx.language)})
    return json_response({"options": options, "more": listing.next_cursor is not None})


def _options(offered: Sequence[tuple[str, str]], request: Request) -> Any:
    """Options whose words hold what is typed."""
    typed = _plain(request.args.get("q", "").strip()[:200])
    found = [(value, text) for value, text in offered if typed in _plain(text)]
    return json_response({"options": [{"value": v, "text": text} for v, text in found[:MOST_OPTIONS]], "more": len(found) > MOST_OPTIONS})


def _offered(ctx: Ctx, entity: Entity, name: str, request: Request) -> list[tuple[str, str]]:
    """What can be chosen in a field of the form; of a governed one only what belongs to the governing value. Raises NotFound."""
    head, dot, inner = name.partition(".")
    field = entity.by_key.get(head)
    field = field.by_key.get(inner) if field is not None and dot else field
    access = rights_of(ctx.release, ctx.actor).entity(entity.key)
    if field is not None and name not in access.readable_ever() | access.creatable:
        field = None
    field = field or _asked(ctx, entity, name)
    if field is None or field.type not in ("choice", "choices"):
        raise NotFound()
    governor = str(field.settings.get("governed_by") or "")
    above = next((v for n, v in request.args.items() if governor and n.split("-")[-1] == governor), "")
    return [
        (o.key, o.label.to(ctx.language)) for o in options_of(field)
        if not getattr(o, "retired", False) and (not above or getattr(o, "parent", None) in (None, above))]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _is_asked(entity: Entity, field: Field) -> bool:
    """Whether it is a question of a step, not a field of the entity."""
    return field.parent_field is None and entity.by_key.get(field.key) is not field


def _values(ctx: Ctx, entity: Entity, field: Field, request: Request) -> dict[str, Any]:
    """What the form holds in the fields that the condition reads."""
    known = entity.field(field.parent_field).by_key if field.parent_field else entity.by_key
    found: dict[str, Any] = {}
    for name in request.args:
        other = known.get(name.split("-")[-1])
        if other is None or other.type in ("rows", "referring"):
            continue
        p = prepared(ctx, other)
        if p.type.writable:
            try:
                found[other.key] = p.type.parse_form(other, request.args.getlist(name), reader_of(ctx))
            except Unreadable:
                found[other.key] = None
    return found


def _entity(ctx: Ctx, key: str) -> Entity:
    if key in ctx.app.entities and rights_of(ctx.release, ctx.actor).entity(key).any("create"):
        return ctx.app.entities[key]
    return entity_of(ctx, key)


def _target(ctx: Ctx, entity: Entity, name: str) -> tuple[str, Field | None]:
    """The entity to search and the field it is for; ``rows.field`` names a field of a sub-form. Raises NotFound."""
    if name in SYSTEM:
        return SYSTEM[name], None
    head, dot, inner = name.partition(".")
    field = entity.by_key.get(head)
    if field is not None and dot:
        field = field.by_key.get(inner)
    if field is None or field.type not in fieldtypes.BUILTIN:
        field = _asked(ctx, entity, name)
    target = target_of(field) if field is not None else None
    if target is None or target not in ctx.app.entities:
        raise NotFound()
    return target, field


def _asked(ctx: Ctx, entity: Entity, name: str) -> Field | None:
    """A field that a step of the entity asks for."""
    for machine in ctx.app.machines_of(entity.key):
        for transition in machine.transitions:
            for field in transition.asks:
                if field.key == name:
                    return field
    return None
