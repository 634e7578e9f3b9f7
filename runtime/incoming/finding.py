"""Whose an event is: numbers and ids of its two sides, looked up where the intake says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case, select

from kernel.expr import to_where
from kernel.fieldtypes.base import Unreadable
from kernel.model.elements import Intake, IntakeFind
from kernel.platform.ctx import Ctx
from runtime.incoming.event import Event
from runtime.records import store
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope
from runtime.records.work import reader_of


@dataclass(slots=True)
class Found:
    """References by field, and who on our side it was."""

    references: dict[str, str] = field(default_factory=dict)
    owner: str | None = None
    team: str | None = None


def find(ctx: Ctx, intake: Intake, event: Event) -> Found:
    """Look up both sides. One statement per way to look, at most two more for the owner's team; none where a side is not said."""
    found = Found()
    for one in sorted(intake.finds, key=lambda f: f.sets != "owner"):
        if one.sets in found.references or (one.sets == "owner" and found.owner is not None):
            continue
        id_ = _look(ctx, one, event.ours if one.party == "ours" else event.theirs, found.owner)
        if id_ is not None and one.sets == "owner":
            found.owner = id_
        elif id_ is not None:
            found.references[one.sets] = id_
    _place(ctx, intake, found)
    return found


def _look(ctx: Ctx, one: IntakeFind, text: str, owner: str | None) -> str | None:
    """The one record with this number: the caller's own first, then the newest."""
    entity, key = one.place
    if not text.strip() or entity not in ctx.app.entities:
        return None
    shape = shape_of(ctx.release, entity)
    by = shape.fields.get(key)
    if by is None or not by.columns:
        return None
    try:
        value = by.type.parse(by.field, text)
        value = None if value is None else by.type.settle(by.field, value, reader_of(ctx))
    except Unreadable:
        return None
    if value is None:
        return None
    c = shape.table.c
    query = select(c.id).where(by.columns[0] == by.store(value)[0], c.deleted_at.is_(None))
    if one.when is not None:
        expression = ctx.app.schema.expression(one, "when")
        if expression is not None:
            query = query.where(to_where(expression, RecordScope(ctx, shape, shape.table)))
    order: list[Any] = [c.created_at.desc(), c.id.desc()]
    if owner is not None:
        order.insert(0, case((c.owner_id == owner, 0), else_=1))
    id_ = ctx.conn.execute(query.order_by(*order).limit(1)).scalar()
    if id_ is None or one.takes is None:
        return id_
    record = store.load(ctx, shape, [id_], parts=False).get(id_)
    target = record.values.get(one.takes) if record is not None else None
    return target if isinstance(target, str) else None


def _place(ctx: Ctx, intake: Intake, found: Found) -> None:
    """An owner we know brings the own team; whose number we don't know, the event belongs where its subject does."""
    if found.owner is not None:
        people = shape_of(ctx.release, "person")
        person = store.load(ctx, people, [found.owner], parts=False).get(found.owner)
        team = person.values.get("team") if person is not None else None
        found.team = team if isinstance(team, str) else None
        return
    entity = ctx.app.entities[intake.entity]
    for key in intake.waits_without:
        target = ctx.app.schema.type_of(entity.by_key[key]).entity if key in found.references else None
        if target is not None:
            id_ = found.references[key]
            record = store.load(ctx, shape_of(ctx.release, target), [id_], parts=False).get(id_)
            if record is not None:
                found.owner, found.team = record.owner, record.team
                return
