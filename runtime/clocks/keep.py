"""Looking after the clocks of records: after every write, in its transaction, what the record says now decides what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update

from kernel import jobs
from kernel.calendars.reckon import NoWorkingTime, Pause, add_days
from kernel.jobs import queue
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.clocks import faults, rows, whose
from runtime.clocks.decide import (
    CANCELLED,
    MET,
    PAUSED,
    REFUSED,
    RUNNING,
    Change,
    End,
    Facts,
    Fault,
    Rearm,
    Refuse,
    Start,
    decide,
    due_of,
    late_by,
    target_of,
)
from runtime.clocks.faults import NOBODY_WORKS
from runtime.clocks.moments import carried, pending
from runtime.clocks.pinned import Pinned
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
        fresh = frozenset(one.new.id for one in touched_ones if one.kind == "created")
        look_after(ctx, shape, [one.new for one in touched_ones], fresh=fresh, moved=_moved(own, touched_ones))
    for entity, ids in _others(ctx, shape, written).items():
        left = sorted(set(ids) - (seen if entity == shape.key else set()))
        target = shape_of(ctx.release, entity)
        for chunk in store.chunks(left):
            look_after(ctx, target, list(store.load(ctx, target, chunk).values()))


# What a trace may repeat of a record: words that say little of anybody.
_TOLD = frozenset({"choice", "computed", "boolean", "state"})


def _moved(own: Sequence[Policy], written: Sequence[Happened]) -> dict[str, list[dict[str, Any]]]:
    """Per record what moved of what its promises read: the trace of why a clock was planned anew."""
    keys = {key for policy in own for key in policy.keys}
    found: dict[str, list[dict[str, Any]]] = {}
    for one in written:
        if one.kind == "created" or one.old is None:
            continue
        for key in sorted(keys & one.fields):
            entry: dict[str, Any] = {"field": key}
            field = one.shape.fields.get(key)
            if key == "state" and field is None:
                entry |= {"old": one.old.state, "new": one.new.state}
            elif field is not None and field.field.type in _TOLD:
                old, new = one.old.values.get(key), one.new.values.get(key)
                if all(value is None or isinstance(value, (str, bool)) for value in (old, new)):
                    entry |= {"old": old, "new": new}
            found.setdefault(one.new.id, []).append(entry)
    return found


def _others(ctx: Ctx, shape: EntityShape, written: Sequence[Happened]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for dependency in policies_of(ctx.app).follows.get(shape.key, ()):
        relevant = [Moved(one.old, one.new, None if one.kind in ("created", "deleted", "restored") else one.fields) for one in written]
        relevant = [moved for moved in relevant if touched((dependency,), moved.keys)]
        if relevant:
            found.setdefault(dependency.entity, {}).update(dict.fromkeys(reach(ctx, shape, dependency, relevant)))
    return found


def look_after(
    ctx: Ctx, shape: EntityShape, records: Sequence[Record], fresh: frozenset[str] = frozenset(), *, moved: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    only: frozenset[str] | None = None, because: Mapping[str, Any] | None = None,
) -> None:
    """Decide on every promise of these (whole, loaded) records of one entity. Statements do not grow with the promises.
    ``fresh``: those made just now, which have no clocks yet. ``moved``: what led to it, per record. ``because``: another release is to
    count for running clocks too, those of the promises ``only``."""
    policies = tuple(p for p in policies_of(ctx.app).by_entity.get(shape.key, ()) if only is None or p.key in only)
    if not policies or not records:
        return
    known = rows.last_of(ctx, shape.key, [r.id for r in records if r.id not in fresh])
    scene = Scene(ctx)
    envs = [RecordEnv(scene, shape, record) for record in records]
    work = Work(Ways(ctx, scene, envs), Pinned(ctx), moved or {})
    begun: list[ClockRow] = []
    for env in envs:
        scene.remember(env)
        for policy in policies:
            made = _one(ctx, policy, env, known.get((env.id, policy.key)), work, because)
            if made is not None:
                begun.append(made)
    rows.add(ctx, begun)


class Ways:
    """Whose hours count for records, by way of counting; asked only where a promise needs it, once for all of them."""

    def __init__(self, ctx: Ctx, scene: Scene, envs: Sequence[RecordEnv]) -> None:
        self._ctx, self._scene, self._envs = ctx, scene, envs
        self._known: dict[str, dict[str, str | None]] = {}

    def key(self, env: RecordEnv, way: str) -> str | None:
        """The key of the calendar; None for every minute."""
        if way == ELAPSED:
            return None
        default = self._ctx.app.default_calendar.key if self._ctx.app.default_calendar else None
        if way not in ("team", "owner"):
            return way if way in self._ctx.app.calendars else default
        if way not in self._known:
            teams = {e.id: e.team if way == "team" else self._owners(e) for e in self._envs}
            keys = whose.keys_of(self._ctx, list(teams.values()))
            self._known[way] = {id_: keys.get(team or "", default) for id_, team in teams.items()}
        return self._known[way].get(env.id, default)

    def _owners(self, env: RecordEnv) -> str | None:
        owner = self._scene.record("person", env.owner) if "person" in self._ctx.app.entities else None
        team = owner.values.get("team") if owner is not None else None
        return team if isinstance(team, str) else env.team


@dataclass(frozen=True, slots=True)
class Work:
    """What the decisions on many records share."""

    ways: Ways
    pinned: Pinned
    moved: Mapping[str, Sequence[Mapping[str, Any]]]

    def why(self, policy: Policy, id_: str) -> dict[str, Any]:
        """What moved of what this promise reads."""
        found = [dict(entry) for entry in self.moved.get(id_, ()) if entry["field"] in policy.keys]
        return {"because": found} if found else {}


def _one(ctx: Ctx, policy: Policy, env: RecordEnv, row: ClockRow | None, work: Work, because: Mapping[str, Any] | None = None) -> ClockRow | None:
    """Carry out the decision on one promise of one record; a new clock is returned, to be added with the others."""
    refused = row if row is not None and row.state == REFUSED else None
    if refused is not None:
        row = None
    under_way = row is not None and row.open
    if row is not None and row.open and because is None:
        policy, env = work.pinned.of(policy, env, row)
    facts = policy.facts(env, None, under_way=under_way)
    if under_way or (facts.starts and facts.promised):
        facts = replace(facts, calendar=work.ways.key(env, policy.element.counts))
    if env.record.deleted_at is not None:
        # What lies in the bin is promised nothing meanwhile; out of it the clock goes on.
        facts = replace(facts, starts=facts.starts and under_way, paused=True, done=False, cancelled=False, faults=())
    made: ClockRow | None = None
    fault: Fault | None = next(iter(facts.faults), None) if under_way else None
    decision = decide(facts, row.was if row is not None else None, policy.element.restarts, ctx.now)
    if decision is None and because is not None and row is not None and row.open and row.release_id != ctx.release.id:
        decision = Change((), row.started_at, row.pauses, row.state == PAUSED)
    match decision:
        case Start(at):
            made, fault = _start(ctx, work, policy, env, facts, at, because)
        case Change() as change if row is not None:
            fault = _replan(ctx, work, policy, env, row, facts, change, because) or fault
        case End(met, at) if row is not None:
            _end(ctx, work, row, met, at, rearmed=not facts.starts, why=work.why(policy, env.id))
        case Rearm() if row is not None:
            rows.store(ctx, row.moved(rearmed=True))
        case Refuse(found):
            fault = found
    faults.keep(ctx, policy, env, refused, fault)
    return made


def _start(
    ctx: Ctx, work: Work, policy: Policy, env: RecordEnv, facts: Facts, at: Any, because: Mapping[str, Any] | None
) -> tuple[ClockRow | None, Fault | None]:
    calendar = calendar_by_key(ctx.release, facts.calendar, ZoneInfo(ctx.tenant.zone))
    row = ClockRow(
        ctx.new_id(), policy.key, policy.element.uid, env.shape.key, env.id, PAUSED if facts.paused else RUNNING, 1, ctx.release.id,
        {**policy.definition(env), **({"days": facts.days} if facts.days is not None else {})}, at, timedelta(0), facts.calendar,
        (Pause(ctx.now, None, _in_state(env)),) if facts.paused else (), None, None, plans=({"at": ctx.now.isoformat(), "why": ["started"], **work.why(policy, env.id), **(because or {})},))
    try:
        row = _planned(row, target_of(facts, calendar, at), calendar)
    except NoWorkingTime:
        return None, Fault("counts", NOBODY_WORKS)
    _set_alarm(ctx, row, calendar)
    events.write(ctx, "clock_started", row.entity, [(row.record, {"clock": row.id, "policy": row.policy})])
    return row, None


def _planned(row: ClockRow, target: timedelta, calendar: Any) -> ClockRow:
    """The row with its moments worked out. Raises NoWorkingTime."""
    reckoned = due_of(row.started_at, target, calendar, row.pauses)
    warn = due_of(row.started_at, target * float(row.definition.get("warn", 0.75)), calendar, row.pauses)
    return row.moved(
        target=target, due_at=reckoned.due, warns_at=warn.due if reckoned.due is not None else None,
        definition={**{k: v for k, v in row.definition.items() if k != "provisional"}, **({"provisional": True} if reckoned.provisional else {})})


def _replan(
    ctx: Ctx, work: Work, policy: Policy, env: RecordEnv, row: ClockRow, facts: Facts, change: Change, because: Mapping[str, Any] | None = None
) -> Fault | None:
    """Another plan: the generation rises, the old alarm does nothing any more, the reason is kept (D42). Where nobody works by the
    new calendar the old plan stays."""
    release = ctx.release if because is not None else work.pinned.release(row)
    calendar = calendar_by_key(release, facts.calendar, ZoneInfo(ctx.tenant.zone))
    binned = env.record.deleted_at is not None
    pauses = change.pauses
    if binned and "paused" in change.why:
        pauses = (*pauses[:-1], Pause(pauses[-1].start, None, IN_THE_BIN))
    elif "paused" in change.why:
        pauses = (*pauses[:-1], Pause(pauses[-1].start, None, _in_state(env)))
    definition = dict(row.definition)
    if because is not None:
        definition = {**policy.definition(env)}
    if facts.days is not None:
        definition["days"] = facts.days
    elif not facts.failed("days"):
        definition.pop("days", None)
    moved = row.moved(
        state=PAUSED if change.paused else RUNNING, generation=row.generation + 1, release_id=release.id, started_at=change.started_at, calendar=facts.calendar,
        pauses=pauses, definition=definition)
    same = set(change.why) <= {"paused", "resumed"} or not facts.promised
    try:
        moved = _planned(moved, row.target if same else target_of(facts, calendar, change.started_at), calendar)
    except NoWorkingTime:
        return Fault("counts", NOBODY_WORKS)
    plan = {
        "at": ctx.now.isoformat(), "why": [*change.why, *(["released"] if because is not None else [])], "due": moved.due_at.isoformat() if moved.due_at else None, "by": ctx.actor.person,
        "release": release.id, **_before_and_after(row, moved), **work.why(policy, env.id), **(because or {})}
    moved = moved.moved(plans=(*row.plans, plan), breached_at=row.breached_at if moved.due_at is None or moved.due_at <= ctx.now else None)
    moved = moved.moved(fired=(*moved.fired, *carried(moved, calendar, ctx.now)))
    _silence(ctx, row)
    rows.store(ctx, moved)
    _set_alarm(ctx, moved, calendar)
    events.write(ctx, "clock_moved", row.entity, [(row.record, {"clock": row.id, "policy": row.policy, "why": list(change.why)})])
    return None


def _before_and_after(row: ClockRow, moved: ClockRow) -> dict[str, Any]:
    """What moved, so that the trace can say from what to what."""
    found: dict[str, Any] = {}
    if row.target != moved.target:
        found["target"] = [int(row.target.total_seconds()), int(moved.target.total_seconds())]
    if row.due_at != moved.due_at and row.due_at is not None:
        found["was_due"] = row.due_at.isoformat()
    return found


def _in_state(env: RecordEnv) -> Mapping[str, str]:
    """The state the record rests in, in words: what a ledger says of the pause."""
    machine = env.shape.app.first_machine(env.shape.key)
    state = machine.by_key.get(env.record.state or "") if machine else None
    return dict(state.label.by_language) if state is not None else {}


def _end(ctx: Ctx, work: Work, row: ClockRow, met: bool, at: Any, *, rearmed: bool = False, why: Mapping[str, Any] | None = None) -> None:
    calendar = calendar_by_key(work.pinned.release(row), row.calendar, ZoneInfo(ctx.tenant.zone))
    pauses = tuple(p if p.end is not None and p.end <= at else Pause(p.start, at, p.why) for p in row.pauses if p.start < at)
    late = late_by(row.started_at, row.target, calendar, pauses, at) if met else None
    breached = row.breached_at
    if late:
        breached = breached or due_of(row.started_at, row.target, calendar, pauses).due
    _silence(ctx, row)
    plan = {"at": ctx.now.isoformat(), "why": ["met" if met else "cancelled"], **(why or {})}
    rows.store(ctx, row.moved(
        state=MET if met else CANCELLED, ended_at=at, pauses=pauses, late=late, breached_at=breached, generation=row.generation + 1, rearmed=rearmed,
        plans=(*row.plans, plan)))
    events.write(ctx, "clock_met" if met else "clock_cancelled", row.entity, [(row.record, {"clock": row.id, "policy": row.policy})])


def cancel(ctx: Ctx, row: ClockRow) -> None:
    """The application no longer promises this."""
    _end(ctx, Work(Ways(ctx, Scene(ctx), ()), Pinned(ctx), {}), row, False, ctx.now, why={"released": ctx.release.id})


def reckon_again(ctx: Ctx, row: ClockRow, zone: ZoneInfo) -> None:
    """Plan a clock anew whose due time rested on days that were not published: more may be known now. The reason is kept."""
    pinned = Pinned(ctx)
    calendar = calendar_by_key(pinned.release(row), row.calendar, zone)
    try:
        days = row.definition.get("days")
        target = row.target if days is None or calendar is None else add_days(calendar, row.started_at, int(days)).counted
        moved = _planned(row.moved(generation=row.generation + 1), target, calendar)
    except NoWorkingTime:
        return
    if (moved.due_at, moved.definition) == (row.due_at, row.definition):
        return
    plan = {"at": ctx.now.isoformat(), "why": ["year"], "due": moved.due_at.isoformat() if moved.due_at else None, "release": row.release_id, **_before_and_after(row, moved)}
    moved = moved.moved(plans=(*row.plans, plan), breached_at=row.breached_at if moved.due_at is None or moved.due_at <= ctx.now else None)
    moved = moved.moved(fired=(*moved.fired, *carried(moved, calendar, ctx.now)))
    _silence(ctx, row)
    rows.store(ctx, moved)
    _set_alarm(ctx, moved, calendar)
    events.write(ctx, "clock_moved", row.entity, [(row.record, {"clock": row.id, "policy": row.policy, "why": ["year"]})])


def _set_alarm(ctx: Ctx, row: ClockRow, calendar: Any) -> None:
    ahead = pending(row, calendar)
    if ahead:
        jobs.add(ctx.conn, ALARM, {"clock": row.id, "generation": row.generation}, now=ctx.now, due=ahead[0].at, key=row.alarm)


def _silence(ctx: Ctx, row: ClockRow) -> None:
    """The alarm of a plan that no longer holds. One that is ringing finds out by itself."""
    ctx.conn.execute(
        update(t.job).where(t.job.c.key == row.alarm, t.job.c.state == queue.WAITING).values(state=queue.CANCELLED, finished_at=ctx.now, lease_until=None))
