"""Running clocks and a new release: how many it concerns, and planning them anew, piece by piece, when the publisher asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, exists, func, not_, or_, select, true

from kernel import jobs
from kernel.calendars.country import published_by
from kernel.errors import FangyuanError, NotFound
from kernel.expr import to_where
from kernel.jobs import Again, Done, Job, Outcome
from kernel.model.application import Application
from kernel.platform import releases
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.clocks import keep, rows
from runtime.clocks.decide import OPEN
from runtime.clocks.policy import Policy, policies_of
from runtime.records import store
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope

KIND, YEARS = "clocks_replan", "clocks_years"
CHUNK = 200
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Difference:
    """Promises that are new, that say something else, and that are gone, as (entity, key)."""

    new: frozenset[tuple[str, str]]
    changed: frozenset[tuple[str, str]]
    gone: frozenset[tuple[str, str]]

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)


def difference(old: Application, new: Application) -> Difference:
    """What becomes of the promises. Another calendar makes another promise of each that counts working time."""
    before, after = _versions(old), _versions(new)
    both = before.keys() & after.keys()
    return Difference(frozenset(after.keys() - both), frozenset(k for k in both if before[k] != after[k]), frozenset(before.keys() - both))


def _versions(app: Application) -> dict[tuple[str, str], Any]:
    hours = tuple((c.key, c.zone, tuple(sorted(c.week.items())), c.holidays, c.make_up, c.default, tuple((d.from_, d.to, d.hours) for d in c.days)) for c in app.calendars.values())
    return {
        (entity, p.key): (p.version, None if p.element.counts == "elapsed" else hours) for entity, policies in policies_of(app).by_entity.items() for p in policies}


@dataclass(frozen=True, slots=True)
class Reach:
    """How many clocks would start, would get another plan, and end because nothing is promised any more."""

    starts: int
    moves: int
    ends: int

    def __bool__(self) -> bool:
        return bool(self.starts or self.moves or self.ends)


class Promises:
    """The builder's port of the same name."""

    def reach(self, ctx: Ctx, new: Application) -> Reach | None:
        """What the new application means for the clocks there are and would be; None where no promise says something else."""
        found = difference(ctx.app, new)
        if not found:
            return None
        c = t.clock.c
        running = {(e, k): n for e, k, n in ctx.conn.execute(select(c.entity, c.policy, func.count()).where(c.state.in_(OPEN)).group_by(c.entity, c.policy))}
        starts = sum(_would_start(ctx, p, entity) for entity, policies in policies_of(new).by_entity.items() for p in policies if (entity, p.key) in found.new | found.changed)
        return Reach(starts, sum(running.get(k, 0) for k in found.changed), sum(running.get(k, 0) for k in found.gone))

    def follow(self, conn: Connection, base: int, release: int, replan: bool, now: datetime) -> None:
        """In the transaction of the switch: what is to be done with the clocks afterwards."""
        jobs.add(conn, KIND, {"base": base, "replan": replan}, now=now, key=f"{KIND}:{release}")


def _would_start(ctx: Ctx, policy: Policy, entity: str) -> int:
    """Records that fulfil what starts it and have no such clock. A condition that needs what is not there yet counts nothing."""
    if entity not in ctx.app.entities:
        return 0
    shape = shape_of(ctx.release, entity)
    table, c = shape.table, t.clock.c
    scope = RecordScope(ctx, shape, table)
    try:
        wanted = [to_where(e, scope) if (e := policy.expressions.get("starts")) is not None else true()]
        wanted += [not_(func.coalesce(to_where(e, scope), False)) for name in ("done", "cancels") if (e := policy.expressions.get(name)) is not None]
    except (FangyuanError, KeyError, AttributeError):
        return 0
    has = exists().where(c.entity == entity, c.record_id == table.c.id, c.policy == policy.key)
    return int(ctx.conn.execute(select(func.count()).select_from(table).where(table.c.deleted_at.is_(None), and_(*wanted), not_(has))).scalar_one())


# --- the jobs -----------------------------------------------------------------------------------------------------------


def carry_out(ctx: Ctx, job: Job) -> Outcome:
    """One piece: first what is promised no longer ends, then, where asked for, records are looked at again, entity by entity."""
    data = dict(job.data)
    try:
        old = releases.load(ctx.conn, int(data["base"])).application
    except NotFound:
        return Done()
    found = difference(old, ctx.app)
    if not data.get("ended"):
        ending = _open(ctx, found.gone, data.get("last", ""))
        for row in ending:
            keep.cancel(ctx, row)
        data = {**data, "last": ending[-1].id} if len(ending) == CHUNK else {**data, "ended": True, "last": ""}
        return Again(data)
    if not data["replan"]:
        return Done()
    concerned = found.new | found.changed
    for entity in sorted({e for e, _k in concerned if e in ctx.app.entities}):
        if entity < data.get("entity", ""):
            continue
        last = data.get("last", "") if entity == data.get("entity") else ""
        shape = shape_of(ctx.release, entity)
        ids = list(ctx.conn.execute(select(shape.table.c.id).where(shape.table.c.id > last).order_by(shape.table.c.id).limit(CHUNK)).scalars())
        if ids:
            records = list(store.load(ctx, shape, ids).values())
            keep.look_after(ctx, shape, records, only=frozenset(k for e, k in concerned if e == entity), because={"released": ctx.release.id})
            done = int(data.get("done", 0)) + len(ids)
            return Again({**data, "entity": entity, "last": ids[-1], "done": done}, {"done": done})
    return Done({"done": data.get("done", 0)})


def _open(ctx: Ctx, which: frozenset[tuple[str, str]], last: str) -> list[rows.ClockRow]:
    c = t.clock.c
    if not which:
        return []
    same = or_(*(and_(c.entity == entity, c.policy == key) for entity, key in sorted(which)))
    return rows.read_all(ctx, rows.query().where(c.state.in_(OPEN), c.id > last, same).order_by(c.id).limit(CHUNK))


def years(ctx: Ctx, job: Job) -> Outcome:
    """Once a day: has a year been published by which clocks were planned provisionally? Then those are planned anew."""
    now_known = published_by()
    data = dict(job.data)
    if data.get("known") == now_known and not data.get("last"):
        return Again(data, at=ctx.now + DAY)
    c = t.clock.c
    found = rows.read_all(ctx, rows.query().where(c.state.in_(OPEN), c.calendar.is_not(None), c.id > data.get("last", "")).order_by(c.id).limit(CHUNK))
    for row in found:
        if row.definition.get("provisional"):
            keep.reckon_again(ctx, row, ZoneInfo(ctx.tenant.zone))
    if len(found) == CHUNK:
        return Again({**data, "last": found[-1].id})
    return Again({"known": now_known}, at=ctx.now + DAY)
