"""Clocks in conditions of lists: ``clock.overdue``, ``clock.answer_paused``, ``clock.due``; and what a state means as a condition.

A reader may only ask for promises whose every field they may use in filters: the answer would tell of it (D8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from kernel.expr.scope import Namespace, namespace
from kernel.expr.types import BOOLEAN, INSTANT
from kernel.permissions import Rights
from kernel.platform import tables as t
from kernel.platform.columns import Instant
from kernel.platform.ctx import Ctx
from runtime.clocks.decide import CANCELLED, MET, PAUSED, REFUSED, RUNNING
from runtime.clocks.policy import Policy, policies_of

ROOT = "clock"
DUE = "due"
# What people look for. "running" is every clock that runs; "intime" those that are not short yet.
STATES = ("overdue", "soon", "intime", "running", "paused", "kept", "late", "cancelled", "refused")
FAR = datetime(9999, 1, 1, tzinfo=UTC)
_C = t.clock.c


def condition(states: Iterable[str], now: datetime) -> ColumnElement[bool]:
    """Clocks in one of these states."""
    running = _C.state == RUNNING
    known: Mapping[str, ColumnElement[bool]] = {
        "overdue": and_(running, _C.due_at <= now), "soon": and_(running, _C.due_at > now, _C.warns_at <= now),
        "intime": and_(running, _C.due_at > now, or_(_C.warns_at.is_(None), _C.warns_at > now)), "running": running, "paused": _C.state == PAUSED,
        "kept": and_(_C.state == MET, _C.late_s == 0), "late": and_(_C.state == MET, _C.late_s > 0), "cancelled": _C.state == CANCELLED, "refused": _C.state == REFUSED}
    return or_(*(known[s] for s in states))


def open_to(ctx: Ctx, rights: Rights, entity: str) -> tuple[Policy, ...]:
    """The promises on an entity that a reader may know everything of."""
    if entity not in ctx.app.entities:
        return ()
    own, may = ctx.app.entities[entity].by_key, rights.queryable(entity)
    return tuple(p for p in policies_of(ctx.app).by_entity.get(entity, ()) if all(key not in own or key in may for key in p.keys))


def names(ctx: Ctx, rights: Rights, entity: str) -> Namespace | None:
    """What conditions may say of clocks."""
    known = open_to(ctx, rights, entity)
    if not known:
        return None
    types = {DUE: INSTANT, **dict.fromkeys(STATES, BOOLEAN)}
    for policy in known:
        types |= {f"{policy.key}_{state}": BOOLEAN for state in STATES} | {f"{policy.key}_{DUE}": INSTANT}
    return namespace(types, f"{ROOT}.")


def column(ctx: Ctx, rights: Rights | None, entity: str, record: ColumnElement[Any], name: str) -> ColumnElement[Any] | None:
    """The value of such a name for a record (its id); None for names there are none of."""
    known = [p.key for p in (open_to(ctx, rights, entity) if rights is not None else policies_of(ctx.app).by_entity.get(entity, ()))]
    policy, state = "", name
    if name not in (DUE, *STATES):
        policy, _underscore, state = name.rpartition("_")
        if policy not in known or state not in (DUE, *STATES):
            return None
    mine = and_(_C.entity == entity, _C.policy.in_([policy] if policy else known))
    if state == DUE:
        clocks = t.clock.alias()
        own = and_(clocks.c.entity == entity, clocks.c.policy.in_([policy] if policy else known), clocks.c.state == RUNNING, clocks.c.record_id == record)
        return select(func.min(clocks.c.due_at)).where(own).correlate_except(clocks).scalar_subquery()
    # Worked out once for the whole list, from the clocks: most records have none in a given state.
    return record.in_(select(_C.record_id).where(mine, condition([state], ctx.now)).correlate(None))


def urgency(ctx: Ctx, rights: Rights | None, entity: str, record: ColumnElement[Any]) -> ColumnElement[Any]:
    """For orders: what is due first comes first, what has no running clock last."""
    due = column(ctx, rights, entity, record, DUE)
    return func.coalesce(due, literal(FAR, Instant()), type_=Instant()) if due is not None else literal(FAR, Instant())
