"""Choosing records while typing: what may be chosen in this field, in this form, by this person."""

from __future__ import annotations

from typing import Any

from flask import Request

from kernel import fieldtypes
from kernel.errors import NotFound
from kernel.i18n import _
from kernel.model.elements import Entity, Field
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.forms.prepare import target_of
from runtime.records import query
from runtime.web.sight import entity_of

MOST = 20
SYSTEM = {"owner": "person", "team": "team"}


def search(ctx: Ctx, request: Request, entity: str, field: str) -> Any:
    """``?q=``: ``{"options": [{"value", "text"}], "more"}``. Values of the form that the condition reads come as parameters."""
    known = _entity(ctx, entity)
    target, chosen = _target(ctx, known, field)
    q = request.args.get("q", "").strip()[:200]
    where = None
    if chosen is not None and "all" not in request.args and chosen.settings.get("where"):
        where = query.offered_where(ctx, chosen, {k: request.args.getlist(k) for k in request.args if k in known.by_key})
    found = query.list_records(ctx, target, query.ListQuery(where=where, fields=(), q=q, limit=MOST))
    options = [{"value": item.record.id, "text": item.title or "—"} for item in found.items]
    if "all" in request.args and target == "person" and not q:
        options.insert(0, {"value": "me", "text": _("me").to(ctx.language)})
    return json_response({"options": options, "more": found.next_cursor is not None})


def _entity(ctx: Ctx, key: str) -> Entity:
    if key in ctx.app.entities:
        from kernel.permissions import rights_of

        if rights_of(ctx.release, ctx.actor).entity(key).any("create"):
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
