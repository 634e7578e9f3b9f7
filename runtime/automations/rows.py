"""Runs as they are kept: rows of the table ``automation_run``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

WAITING, DONE, FAILED, STOPPED, CUT, NOT_MET, OFF, GONE = "waiting", "done", "failed", "stopped", "cut", "not_met", "off", "gone"
BAD = (FAILED, STOPPED, CUT)


@dataclass(frozen=True, slots=True)
class Run:
    """One time an automation was set off (or was not, because its condition did not hold)."""

    id: str
    uid: str
    entity: str
    record: str | None
    release_id: int
    state: str
    cause: Mapping[str, Any]
    inputs: Sequence[Mapping[str, Any]]
    root: str
    parent: str | None
    chain: tuple[str, ...]
    key: str | None
    place: Mapping[str, Any] | None
    log: tuple[Mapping[str, Any], ...]
    error: Mapping[str, Any] | None
    created_at: datetime
    due_at: datetime | None = field(default=None)
    ended_at: datetime | None = field(default=None)

    def moved(self, **values: Any) -> Run:
        return replace(self, **values)


_T = t.automation_run.c
_COLUMNS = (
    _T.id, _T.uid, _T.entity, _T.record_id, _T.release_id, _T.state, _T.cause, _T.inputs, _T.root_id, _T.parent_id, _T.chain, _T.key, _T.place, _T.log, _T.error,
    _T.created_at, _T.due_at, _T.ended_at)


def _read(row: Any) -> Run:
    found = dict(zip(Run.__dataclass_fields__, tuple(row), strict=True))
    return Run(**{**found, "chain": tuple(found["chain"]), "log": tuple(found["log"])})


def _values(run: Run) -> dict[str, Any]:
    return {
        "id": run.id, "uid": run.uid, "entity": run.entity, "record_id": run.record, "release_id": run.release_id, "state": run.state, "cause": dict(run.cause),
        "inputs": list(run.inputs), "root_id": run.root, "parent_id": run.parent, "chain": list(run.chain), "key": run.key, "place": run.place, "log": list(run.log),
        "error": run.error, "created_at": run.created_at, "due_at": run.due_at, "ended_at": run.ended_at}


def add(ctx: Ctx, runs: Sequence[Run]) -> None:
    if runs:
        ctx.conn.execute(insert(t.automation_run), [_values(run) for run in runs])


def store(ctx: Ctx, run: Run) -> None:
    """What moves while it goes on."""
    ctx.conn.execute(update(t.automation_run).where(_T.id == run.id).values(
        state=run.state, place=run.place, log=list(run.log), error=run.error, due_at=run.due_at, ended_at=run.ended_at))


def find(ctx: Ctx, id_: str, *, lock: bool = False) -> Run | None:
    query = select(*_COLUMNS).where(_T.id == id_)
    row = ctx.conn.execute(query.with_for_update() if lock and ctx.conn.dialect.name == "postgresql" else query).first()
    return None if row is None else _read(row)


def of_record(ctx: Ctx, entity: str, record: str, limit: int = 100) -> list[Run]:
    """The newest first."""
    query = select(*_COLUMNS).where(_T.entity == entity, _T.record_id == record).order_by(_T.id.desc()).limit(limit)
    return [_read(row) for row in ctx.conn.execute(query)]


def of_automation(ctx: Ctx, uid: str, limit: int = 50, states: Collection[str] | None = None) -> list[Run]:
    """The newest first."""
    query = select(*_COLUMNS).where(_T.uid == uid).order_by(_T.id.desc()).limit(limit)
    return [_read(row) for row in ctx.conn.execute(query if states is None else query.where(_T.state.in_(list(states))))]


def of_ids(ctx: Ctx, ids: Collection[str]) -> dict[str, Run]:
    found = ctx.conn.execute(select(*_COLUMNS).where(_T.id.in_(list(ids)))) if ids else ()
    return {run.id: run for run in map(_read, found)}


def waiting(ctx: Ctx, uid: str, entity: str, records: Collection[str]) -> list[str]:
    """Runs for these records that have begun and wait for something."""
    query = select(_T.id).where(_T.entity == entity, _T.record_id.in_(list(records)), _T.uid == uid, _T.state == WAITING, _T.due_at.is_not(None))
    return list(ctx.conn.execute(query).scalars())


def count_from(ctx: Ctx, root: str) -> int:
    """How many runs came of one beginning."""
    return int(ctx.conn.execute(select(func.count()).select_from(t.automation_run).where(_T.root_id == root)).scalar_one())


def count_since(ctx: Ctx, uid: str, entity: str, record: str, since: datetime) -> int:
    """How often an automation ran for a record since then."""
    query = select(func.count()).select_from(t.automation_run).where(
        _T.entity == entity, _T.record_id == record, _T.uid == uid, _T.state != NOT_MET, _T.created_at > since)
    return int(ctx.conn.execute(query).scalar_one())


def tally(ctx: Ctx, since: datetime) -> tuple[dict[str, dict[str, int]], dict[str, datetime]]:
    """Per automation how many runs there were since then, by state, and when the last one was that was more than a condition not met."""
    query = select(_T.uid, _T.state, func.count(), func.max(_T.created_at)).where(_T.created_at > since).group_by(_T.uid, _T.state)
    counts: dict[str, dict[str, int]] = {}
    last: dict[str, datetime] = {}
    for uid, state, n, at in ctx.conn.execute(query):
        counts.setdefault(uid, {})[state] = int(n)
        if state != NOT_MET and (uid not in last or at > last[uid]):
            last[uid] = at
    return counts, last


def known_keys(ctx: Ctx, keys: Collection[str]) -> set[str]:
    return set(ctx.conn.execute(select(_T.key).where(_T.key.in_(list(keys)))).scalars()) if keys else set()


def sweep(ctx: Ctx, not_met_before: datetime, before: datetime) -> int:
    """Remove short notes, and whole runs much later. Returns how many."""
    short = ctx.conn.execute(delete(t.automation_run).where(_T.state.in_((NOT_MET, OFF)), _T.created_at < not_met_before)).rowcount
    return short + ctx.conn.execute(delete(t.automation_run).where(_T.state.not_in((WAITING, NOT_MET, OFF)), _T.created_at < before)).rowcount
