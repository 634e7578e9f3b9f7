"""How long a record was what: spans of state, owner, team and tracked fields, written with the change, asked by query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import store
from runtime.records.record import Record
from runtime.records.shape import EntityShape


@dataclass(frozen=True, slots=True)
class Span:
    """A time during which a facet had a value; ``until`` is None while it lasts."""

    facet: str
    value: str | None
    since: datetime
    until: datetime | None

    def lasted(self, now: datetime) -> timedelta:
        """Its length; up to ``now`` while it lasts."""
        return (self.until or now) - self.since


def facets(shape: EntityShape, record: Record) -> dict[str, str | None]:
    """What is tracked of a record: value by facet, as text."""
    found: dict[str, str | None] = {}
    if shape.machine is not None:
        found["state"] = record.state
    found["owner"], found["team"] = record.owner, record.team
    for key in shape.tracked:
        field = shape.fields.get(key)
        if field is not None and not field.virtual:
            found[key] = _text(field.store(record.values.get(key))[0] if field.columns else record.values.get(key))
    return found


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return "|" + "|".join(str(getattr(v, "id", v)) for v in value) + "|" if value else None
    return str(value).lower() if isinstance(value, bool) else str(value)


def begin(ctx: Ctx, shape: EntityShape, records: Sequence[Record]) -> None:
    """The first spans of new records."""
    rows = [_row(ctx, shape, r.id, facet, value) for r in records for facet, value in facets(shape, r).items() if value is not None]
    if rows:
        ctx.conn.execute(insert(t.span), rows)


def _row(ctx: Ctx, shape: EntityShape, id_: str, facet: str, value: str | None) -> dict[str, Any]:
    return {"entity": shape.key, "record_id": id_, "facet": facet, "value": value, "from_at": ctx.now, "to_at": None, "release_id": ctx.release.id}


def move(ctx: Ctx, shape: EntityShape, old: Record, new: Record) -> None:
    """Close the spans of what changed and begin the next ones."""
    before, after = facets(shape, old), facets(shape, new)
    changed = sorted(f for f in after if after[f] != before.get(f))
    if changed:
        close(ctx, shape, old.id, changed)
        rows = [_row(ctx, shape, old.id, f, after[f]) for f in changed if after[f] is not None]
        if rows:
            ctx.conn.execute(insert(t.span), rows)


def close(ctx: Ctx, shape: EntityShape, id_: str, only: Sequence[str]) -> None:
    """End these facets of a record, at a change."""
    s = t.span.c
    ctx.conn.execute(
        update(t.span).where(s.entity == shape.key, s.record_id == id_, s.facet.in_(list(only)), s.to_at.is_(None)).values(to_at=ctx.now))


def close_all(ctx: Ctx, shape: EntityShape, ids: Sequence[str]) -> None:
    """End whatever is still running of records that go to the bin."""
    s = t.span.c
    for chunk in store.chunks(ids):
        ctx.conn.execute(update(t.span).where(s.entity == shape.key, s.record_id.in_(chunk), s.to_at.is_(None)).values(to_at=ctx.now))


def of(ctx: Ctx, entity: str, id_: str, facet: str) -> tuple[Span, ...]:
    """The spans of one facet of a record, oldest first. Who may read them was decided by the caller."""
    s = t.span.c
    query = select(s.facet, s.value, s.from_at, s.to_at).where(s.entity == entity, s.record_id == id_, s.facet == facet).order_by(s.from_at, s.id)
    return tuple(Span(*row) for row in ctx.conn.execute(query))


def time_in(ctx: Ctx, entity: str, id_: str, facet: str = "state") -> Mapping[str, timedelta]:
    """Time spent at each value of a facet so far."""
    found: dict[str, timedelta] = {}
    for span in of(ctx, entity, id_, facet):
        if span.value is not None:
            found[span.value] = found.get(span.value, timedelta()) + span.lasted(ctx.now)
    return found
