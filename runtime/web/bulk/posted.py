"""What a dialog sent: which records, and what to do to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Request

from kernel.errors import BadRequest, NotFound
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.model.elements import Entity, Field, Machine, Transition
from kernel.platform.ctx import Ctx
from runtime.bulk.order import ACTS, Order
from runtime.bulk.work import Selection
from runtime.forms import parse
from runtime.forms.prepare import prepared
from runtime.web.bulk.fields import OPS

MOST_FIELDS = 30
_VERSIONED = re.compile(r"([0-9a-f-]{36})(?:@([0-9]{1,15}))?\Z")


def selection(request: Request, asked: Any) -> Selection:
    """The ticked rows with the versions they showed, or all that the list holds. ``asked``: the list (runtime.web.lists). Raises BadRequest."""
    if request.form.get("all"):
        try:
            return Selection(None, asked.condition, asked.q)
        except Unreadable as error:
            raise BadRequest(error.message, hint=error.hint) from error
    found: list[tuple[str, int | None]] = []
    for text in request.form.getlist("ids"):
        match = _VERSIONED.match(text)
        if match and is_id(match[1]):
            found.append((match[1], int(match[2]) if match[2] else None))
    if not found:
        raise BadRequest(_("Nothing is selected."), hint=_("Tick the rows first."))
    return Selection(tuple(found))


def act_of(text: str) -> str:
    """Raises NotFound for what is no act."""
    if text not in ACTS:
        raise NotFound()
    return text


def chosen(entity: Entity, request: Request) -> list[tuple[Field, str]]:
    """The fields to change, each with what to do to it."""
    found: dict[str, tuple[Field, str]] = {}
    for key in dict.fromkeys(request.form.getlist("pick")):
        field = entity.by_key.get(key)
        if field is not None and len(found) < MOST_FIELDS:
            op = request.form.get(f"op-{key}", "set")
            found[key] = (field, op if op in OPS else "set")
    return list(found.values())


def step_of(ctx: Ctx, entity: Entity, request: Request) -> tuple[Machine, Transition] | None:
    """The step that was chosen."""
    key = request.form.get("step", "")
    return ctx.app.transition(entity.key, key) if key else None


def needed(ctx: Ctx, entity: Entity, step: Transition) -> list[Field]:
    """The fields a step needs that people fill in."""
    return [entity.by_key[k] for k in step.needs if k in entity.by_key and prepared(ctx, entity.by_key[k]).type.writable]


def typed(ctx: Ctx, request: Request, fields: list[Field]) -> dict[str, Any]:
    """What was typed into their controls."""
    return parse.read(ctx, fields, request.form).fields if fields else {}


def filled(texts: Any) -> bool:
    """Whether anything was typed or chosen."""
    return any(str(t).strip() for t in texts) if isinstance(texts, (list, tuple)) else bool(texts)


def order(ctx: Ctx, request: Request, entity: Entity, act: str) -> Order:
    """What is to be done. What is not allowed is not left out: the record road refuses it, with its reason."""
    if act == "update":
        return _update(ctx, request, entity)
    if act == "assign":
        owner, team = request.form.get("owner", ""), request.form.get("team", "")
        to = {"owner": ctx.actor.person if owner == "me" else owner, "team": team}
        return Order("assign", entity.key, to={k: v for k, v in to.items() if v}, style="text")
    if act == "delete":
        return Order("delete", entity.key, style="text")
    found = step_of(ctx, entity, request)
    if found is None:
        raise NotFound()
    step = found[1]
    sent = typed(ctx, request, needed(ctx, entity, step))
    answers = parse.read_asks(ctx, step.asks, request.form) if step.asks else {}
    # What is there already stays: asked once, it is filled in where it is still empty.
    return Order("transition", entity.key, fill={k: v for k, v in sent.items() if filled(v)}, step=step.key, asks=answers, style="text")


def _update(ctx: Ctx, request: Request, entity: Entity) -> Order:
    which = chosen(entity, request)
    sent = typed(ctx, request, [f for f, _op in which if prepared(ctx, f).type.writable])
    fields: dict[str, Any] = {}
    several: Mapping[str, dict[str, tuple[str, ...]]] = {"add": {}, "remove": {}}
    for field, op in which:
        texts = sent.get(field.key, [])
        if op in several:
            several[op][field.key] = tuple(str(t) for t in texts if str(t).strip())
        else:
            fields[field.key] = None if op == "clear" else texts
    return Order("update", entity.key, fields=fields, add=several["add"], remove=several["remove"], style="text")
