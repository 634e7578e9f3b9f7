"""The behaviour log as it is kept: rows of the table ``behaviour``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import store

EVENT, CLICK = "event", "click"
_T = t.behaviour.c


@dataclass(frozen=True, slots=True)
class Noted:
    """What was judged of an event before."""

    id: str
    policy: str
    event: str
    entity: str
    record: str
    level: int
    counts: bool
    counted_at: datetime | None


def noted(ctx: Ctx, event_entity: str, events: Collection[str]) -> dict[tuple[str, str], Noted]:
    """By policy and event; one statement per 500 events."""
    found: dict[tuple[str, str], Noted] = {}
    for chunk in store.chunks(sorted(events)):
        query = select(_T.id, _T.policy, _T.event_id, _T.entity, _T.record_id, _T.level, _T.counts, _T.counted_at).where(
            _T.event_entity == event_entity, _T.event_id.in_(chunk))
        for row in ctx.conn.execute(query):
            one = Noted(*row)
            found[(one.policy, one.event)] = one
    return found


def add(ctx: Ctx, values: Sequence[Mapping[str, Any]]) -> None:
    if values:
        ctx.conn.execute(insert(t.behaviour), [dict(v) for v in values])


def change(ctx: Ctx, id_: str, values: Mapping[str, Any]) -> None:
    ctx.conn.execute(update(t.behaviour).where(_T.id == id_).values(**values))


def moments(ctx: Ctx, entity: str, records: Collection[str], policies: Collection[str]) -> dict[tuple[str, str], list[tuple[datetime, str]]]:
    """By subject and policy the moments that count, each with its event; one statement."""
    query = select(_T.record_id, _T.policy, _T.counted_at, _T.event_id).where(
        _T.entity == entity, _T.record_id.in_(list(records)), _T.policy.in_(list(policies)), _T.kind == EVENT, _T.counts.is_(True)).order_by(_T.counted_at, _T.id)
    found: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    for record, policy, at, event in ctx.conn.execute(query):
        if at is not None:
            found.setdefault((record, policy), []).append((at, event))
    return found


def tallies(ctx: Ctx, entity: str, records: Collection[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """By subject and policy: how many events were judged, and how many of them count; one statement."""
    query = select(_T.record_id, _T.policy, func.count(), func.sum(func.cast(_T.counts, t.job.c.attempts.type))).where(
        _T.entity == entity, _T.record_id.in_(list(records)), _T.kind == EVENT).group_by(_T.record_id, _T.policy)
    return {(record, policy): (int(n), int(counted or 0)) for record, policy, n, counted in ctx.conn.execute(query)}
