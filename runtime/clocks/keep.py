"""Looking after the clocks of records: after every write, in its transaction, what the record says now decides what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update

from kernel import jobs
from kernel.calendars.reckon import NoWorkingTime, Pause
from kernel.jobs import queue
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.clocks import rows, whose
from runtime.clocks.decide import CANCELLED, MET, PAUSED, RUNNING, Change, End, Facts, Rearm, Start, decide, due_of, late_by, target_of
from runtime.clocks.moments import carried, pending
from runtime.clocks.policy import Policy, calendar_by_key, policies_of
from runtime.clocks.rows import ClockRow
from runtime.clocks.whose import ELAPSED
from runtime.records import events, store
from runtime.records.dependencies import touched
from runtime.records.dependents import Change as Moved
from runtime.records.dependents import reach
from runtime.records.env import RecordEnv, Scene
from runtime.records.happened import Happened
from runtime.records.record import Record
from runtime.records.shape import EntityShape, shape_of

ALARM = "clock"
IN_THE_BIN = "bin"


def after_write(ctx: Ctx, written: Sequence[Happened]) -> None:
    """The hook: clocks of the written records, and of records whose promises look at them."""
    if not ctx.app.clocks or not written:
        return
    policies = policies_of(ctx.app)
    shape = written[0].shape
    own = policies.by_entity.get(shape.key, ())
    seen: set[str] = set()
    if own:
        touched_ones = [one for one in written if (one.kind != "updated" and one.kind != "derived") or any(p.keys & one.fields for p in own)]
        seen = {one.new.id for one in touched_ones}
        look_after(ctx, shape, [one.new for one in touched_ones])
    for entity, ids in _others(ctx, shape, written).items():
        left = sorted(set(ids) - (seen if entity == shape.key else set()))
        target = shape_of(ctx.release, entity)
        for chunk in store.chunks(left):
            look_after(ctx, target, list(store.load(ctx, target, chunk).values()))


def _others(ctx: Ctx, shape: EntityShape, written: Sequence[Happened]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for dependency in policies_of(ctx.app).follows.get(shape.key, ()):
        relevant = [Moved(one.old, one.new, None if one.kind in ("created", "deleted", "restored") else one.fields) for one in written]
        relevant = [moved for moved in relevant if touched((dependency,), moved.keys)]
        if relevant:
            found.setdefault(dependency.entity, {}).update(dict.fromkeys(reach(ctx, shape, dependency, relevant)))
    return found


def look_after(ctx: Ctx, shape: EntityShape, records: Sequence[Record]) -> None:
    """Decide on every promise of these (whole, loaded) records of one entity. Statements do not grow with the promises."""
    policies = policies_of(ctx.app).by_entity.get(shape.key, ())
    if not policies or not records:
        return
    known = rows.last_of(ctx, shape.key, [r.id for r in records])
    scene = Scene(ctx)
    envs = [RecordEnv(scene, shape, record) for record in records]
    calendars = _calendars(ctx, scene, policies, envs)
    fresh: list[ClockRow] = []
    for env in envs:
        scene.remember(env)
        for policy in policies:
            made = _one(ctx, policy, env, known.get((env.id, policy.key)), calendars.get((env.id, policy.element.counts)))
            if made is not None:
                fresh.append(made)
    rows.add(ctx, fresh)


def _calendars(ctx: Ctx, scene: Scene, policies: Iterable[Policy], envs: Sequence[RecordEnv]) -> dict[tuple[str, str], str | None]:
    """Per record and way of counting the key of the calendar; None for every minute."""
    ways = {p.element.counts for p in policies}
    found: dict[tuple[str, str], str | None] = {}
    default = ctx.app.default_calendar.key if ctx.app.default_calendar else None
    teams: dict[tuple[str, str], str | None] = {}
    for env in envs:
        if "team" in ways:
            teams[(env.id, "team")] = env.team
        if "owner" in ways:
            owner = scene.record("person", env.owner) if "person" in ctx.app.entities else None
            team = owner.values.get("team") if owner is not None else None
            teams[(env.id, "owner")] = team if isinstance(team, str) else env.team
    keys = whose.keys_of(ctx, list(teams.values())) if teams else {}
    for place, team in teams.items():
        found[place] = keys.get(team or "", default)
    for way in ways - {"team", "owner", ELAPSED}:
        found.update({(env.id, way): way if way in ctx.app.calendars else default for env in envs})
    return found


def _one(ctx: Ctx, policy: Policy, env: RecordEnv, row: ClockRow | None, calendar: str | None) -> ClockRow | None:
    """Carry out the decision on one promise of one record; a new clock is returned, to be added with the others."""
    facts = policy.facts(env, calendar)
    if env.record.deleted_at is not None:
        # What lies in the bin is promised nothing meanwhile; out of it the clock goes on.
        facts = replace(facts, starts=False if row is None or not row.open else facts.starts, paused=True, done=False, cancelled=False)
    match decide(facts, row.was if row is not None else None, policy.element.restarts, ctx.now):
        case Start(at):
            return _start(ctx, policy, env, facts, at)
        case Change() as change if row is not None:
            _replan(ctx, policy, env, row, facts, change)
        case End(met, at) if row is not None:
            _end(ctx, row, met, at)
        case Rearm() if row is not None:
            rows.store(ctx, row.moved(rearmed=True))
    return None


def _start(ctx: Ctx, policy: Policy, env: RecordEnv, facts: Facts, at: Any) -> ClockRow | None:
    calendar = calendar_by_key(ctx.release, facts.calendar, ZoneInfo(ctx.tenant.zone))
    row = ClockRow(
        ctx.new_id(), policy.key, policy.element.uid, env.shape.key, env.id, PAUSED if facts.paused else RUNNING, 1, ctx.release.id,
        {**policy.definition(env), **({"days": facts.days} if facts.days is not None else {})}, at, timedelta(0), facts.calendar,
        (Pause(ctx.now, None),) if facts.paused else (), None, None, plans=({"at": ctx.now.isoformat(), "why": ["started"]},))
    try:
        row = _planned(row, target_of(facts, calendar, at), calendar)
    except NoWorkingTime:
        # A calendar without working time is said by the checks; a promise that can't be reckoned is none.
        return None
    _set_alarm(ctx, row, calendar)
    events.write(ctx, "clock_started", row.entity, [(row.record, {"clock": row.id, "policy": row.policy})])
    return row


def _planned(row: ClockRow, target: timedelta, calendar: Any) -> ClockRow:
    due = due_of(row.started_at, target, calendar, row.pauses).due
    return row.moved(target=target, due_at=due)


def _replan(ctx: Ctx, policy: Policy, env: RecordEnv, row: ClockRow, facts: Facts, change: Change) -> None:
    """Another plan: the generation rises, the old alarm does nothing any more, the reason is kept (D42)."""
    calendar = calendar_by_key(ctx.release, facts.calendar, ZoneInfo(ctx.tenant.zone))
    binned = env.record.deleted_at is not None
    pauses = change.pauses
    if binned and "paused" in change.why:
        pauses = (*pauses[:-1], Pause(pauses[-1].start, None, IN_THE_BIN))
    definition = dict(row.definition)
    if facts.days is not None:
        definition["days"] = facts.days
    else:
        definition.pop("days", None)
    moved = row.moved(
        state=PAUSED if change.paused else RUNNING, generation=row.generation + 1, started_at=change.started_at, calendar=facts.calendar, pauses=pauses,
        definition=definition)
    try:
        moved = _planned(moved, row.target if set(change.why) <= {"paused", "resumed"} else target_of(facts, calendar, change.started_at), calendar)
    except NoWorkingTime:
        _end(ctx, row, False, ctx.now)
        return
    plan = {"at": ctx.now.isoformat(), "why": list(change.why), "due": moved.due_at.isoformat() if moved.due_at else None, "by": ctx.actor.person, "release": ctx.release.id}
    moved = moved.moved(plans=(*row.plans, plan), breached_at=row.breached_at if moved.due_at is None or moved.due_at <= ctx.now else None)
    moved = moved.moved(fired=(*moved.fired, *carried(moved, calendar, ctx.now)))
    _silence(ctx, row)
    rows.store(ctx, moved)
    _set_alarm(ctx, moved, calendar)
    events.write(ctx, "clock_moved", row.entity, [(row.record, {"clock": row.id, "policy": row.policy, "why": list(change.why)})])


def _end(ctx: Ctx, row: ClockRow, met: bool, at: Any) -> None:
    calendar = calendar_by_key(ctx.release, row.calendar, ZoneInfo(ctx.tenant.zone))
    pauses = tuple(p if p.end is not None else Pause(p.start, at, p.why) for p in row.pauses if p.start < at)
    late = late_by(row.started_at, row.target, calendar, pauses, at) if met else None
    breached = row.breached_at
    if late:
        breached = breached or due_of(row.started_at, row.target, calendar, pauses).due
    _silence(ctx, row)
    rows.store(ctx, row.moved(state=MET if met else CANCELLED, ended_at=at, pauses=pauses, late=late, breached_at=breached, generation=row.generation + 1))
    events.write(ctx, "clock_met" if met else "clock_cancelled", row.entity, [(row.record, {"clock": row.id, "policy": row.policy})])


def _set_alarm(ctx: Ctx, row: ClockRow, calendar: Any) -> None:
    ahead = pending(row, calendar)
    if ahead:
        jobs.add(ctx.conn, ALARM, {"clock": row.id, "generation": row.generation}, now=ctx.now, due=ahead[0].at, key=row.alarm)


def _silence(ctx: Ctx, row: ClockRow) -> None:
    """The alarm of a plan that no longer holds. One that is ringing finds out by itself."""
    ctx.conn.execute(
        update(t.job).where(t.job.c.key == row.alarm, t.job.c.state == queue.WAITING).values(state=queue.CANCELLED, finished_at=ctx.now, lease_until=None))
