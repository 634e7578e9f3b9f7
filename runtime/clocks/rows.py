"""Clocks as they are kept: rows of the table ``clock``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from kernel.calendars.reckon import Pause
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.clocks.decide import OPEN, Was


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One run of a promise on a record. ``target`` is counted time; ``pauses`` in order, the last one open while paused."""

    id: str
    policy: str
    uid: str
    entity: str
    record: str
    state: str
    generation: int
    release_id: int
    definition: Mapping[str, Any]
    started_at: datetime
    target: timedelta
    calendar: str | None
    pauses: tuple[Pause, ...]
    due_at: datetime | None
    breached_at: datetime | None
    fired: tuple[Mapping[str, Any], ...] = ()
    plans: tuple[Mapping[str, Any], ...] = ()
    ended_at: datetime | None = None
    late: timedelta | None = None
    rearmed: bool = field(default=False)
    warns_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state in OPEN

    @property
    def was(self) -> Was:
        """What the decision looks at."""
        days = self.definition.get("days")
        return Was(self.state, self.started_at, self.target, days, self.calendar, self.pauses, self.rearmed, self.ended_at)

    @property
    def alarm(self) -> str:
        """Key of the job that rings for this plan of it."""
        return f"clock:{self.id}:{self.generation}"

    def moved(self, **values: Any) -> ClockRow:
        return replace(self, **values)


_T = t.clock.c
_COLUMNS = (
    _T.id, _T.policy, _T.uid, _T.entity, _T.record_id, _T.state, _T.generation, _T.release_id, _T.definition, _T.started_at, _T.target_s, _T.calendar,
    _T.pauses, _T.due_at, _T.breached_at, _T.fired, _T.plans, _T.ended_at, _T.late_s, _T.rearmed,
    _T.warns_at)


def _read(row: Any) -> ClockRow:
    (id_, policy, uid, entity, record, state, generation, release, definition, started, target, calendar, pauses, due, breached, fired, plans, ended, late, rearmed, warns) = row
    return ClockRow(
        id_, policy, uid, entity, record, state, generation, release, definition, started, timedelta(seconds=target), calendar,
        tuple(Pause(_moment(p["from"]), _moment(p["to"]) if p.get("to") else None, p.get("why") or "") for p in pauses), due, breached, tuple(fired), tuple(plans), ended,
        None if late is None else timedelta(seconds=late), rearmed, warns)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _values(row: ClockRow) -> dict[str, Any]:
    return {
        "id": row.id, "policy": row.policy, "uid": row.uid, "entity": row.entity, "record_id": row.record, "state": row.state, "generation": row.generation,
        "release_id": row.release_id, "definition": dict(row.definition), "started_at": row.started_at, "target_s": int(row.target.total_seconds()),
        "calendar": row.calendar, "due_at": row.due_at, "breached_at": row.breached_at, "fired": [dict(f) for f in row.fired],
        "pauses": [{"from": p.start.isoformat(), "to": p.end.isoformat() if p.end else None, **({"why": p.why} if p.why else {})} for p in row.pauses],
        "plans": [dict(p) for p in row.plans], "ended_at": row.ended_at, "late_s": None if row.late is None else int(row.late.total_seconds()), "rearmed": row.rearmed, "warns_at": row.warns_at}


def last_of(ctx: Ctx, entity: str, records: Collection[str]) -> dict[tuple[str, str], ClockRow]:
    """Per record and promise the last clock; one statement."""
    if not records:
        return {}
    query = select(*_COLUMNS).where(_T.entity == entity, _T.record_id.in_(list(records))).order_by(_T.id)
    return {(row.record, row.policy): row for row in map(_read, ctx.conn.execute(query))}


def all_of(ctx: Ctx, entity: str, records: Collection[str], *, only_open: bool = False) -> list[ClockRow]:
    """Every clock of these records, oldest first."""
    query = select(*_COLUMNS).where(_T.entity == entity, _T.record_id.in_(list(records))).order_by(_T.id)
    return [_read(row) for row in ctx.conn.execute(query.where(_T.state.in_(OPEN)) if only_open else query)]


def query() -> Select[Any]:
    """All columns of a clock, to be narrowed; read with :func:`read_all`."""
    return select(*_COLUMNS)


def read_all(ctx: Ctx, statement: Select[Any]) -> list[ClockRow]:
    return [_read(row) for row in ctx.conn.execute(statement)]


def find(ctx: Ctx, id_: str, *, lock: bool = False) -> ClockRow | None:
    query = select(*_COLUMNS).where(_T.id == id_)
    row = ctx.conn.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _read(row)


def add(ctx: Ctx, rows: Sequence[ClockRow]) -> None:
    if rows:
        ctx.conn.execute(insert(t.clock), [_values(row) for row in rows])


def remove(ctx: Ctx, id_: str) -> None:
    """What was never a clock, and is no trouble any more."""
    ctx.conn.execute(delete(t.clock).where(_T.id == id_))


def store(ctx: Ctx, row: ClockRow) -> None:
    ctx.conn.execute(update(t.clock).where(_T.id == row.id).values({k: v for k, v in _values(row).items() if k != "id"}))
