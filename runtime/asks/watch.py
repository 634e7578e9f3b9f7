"""Closing asks by themselves, in the transaction of whatever supplied the fact: a write to the record, or to what its conditions read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, or_

from kernel import jobs
from kernel.model.application import Application
from kernel.model.elements import Machine
from kernel.permissions import rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Actor, Ctx
from runtime.asks import rows
from runtime.asks.fact import CHANGE, Fact, of_row
from runtime.asks.rows import Ask
from runtime.asks.suppliers import reachable
from runtime.notices.tell import settle, tell
from runtime.records import events, store
from runtime.records.dependencies import Dependency, sources_of, touched
from runtime.records.dependents import Change, reach
from runtime.records.env import RecordEnv, Scene
from runtime.records.facts import TransitionFacts, state_of
from runtime.records.happened import Happened
from runtime.records.record import Record
from runtime.records.shape import EntityShape, shape_of
from runtime.workflow.decide import decide, lacks

MOST_NOW = 50  # records looked at within the write; the others follow as a job
RECHECK = "asks_recheck"
_BATCH = 100


def after_write(ctx: Ctx, written: Sequence[Happened]) -> None:
    """The hook of the record road; values derived after a write elsewhere come by it, too."""
    if written:
        shape = written[0].shape
        changes = [Change(h.old, h.new, h.fields if h.kind in ("updated", "derived") else None) for h in written]
        _look(ctx, shape, changes, {h.new.id: h for h in written}, fresh=all(h.kind == "created" for h in written))


def _look(ctx: Ctx, shape: EntityShape, changes: Sequence[Change], happened: Mapping[str, Happened], *, fresh: bool) -> None:
    keys = [c.keys for c in changes]
    relevant = [d for d in _conditions(shape.app).get(shape.key, ()) if any(touched((d,), k) for k in keys)]
    others = sorted({d.entity for d in relevant})
    ids = [c.id for c in changes]
    c = t.ask.c
    # A record made just now was asked about by nobody.
    wanted = [] if fresh else [and_(c.entity == shape.key, c.record_id.in_(chunk)) for chunk in store.chunks(ids)]
    if others:
        wanted.append(c.entity.in_(others))
    if not wanted:
        return
    found = rows.opened(or_(*wanted), ctx, rows.MOST + 1)
    if not found:
        return
    affected: dict[tuple[str, str], None] = dict.fromkeys((shape.key, id_) for id_ in ids if not fresh)
    for dependency in relevant:
        if any(a.entity == dependency.entity for a in found):
            mine = [change for change in changes if touched((dependency,), change.keys)]
            affected.update(dict.fromkeys((dependency.entity, id_) for id_ in reach(ctx, shape, dependency, mine)))
    if len(found) > rows.MOST:
        found = _of_records(ctx, affected)
    by_record: dict[tuple[str, str], list[Ask]] = {}
    for ask in found:
        if (ask.entity, ask.record_id) in affected:
            by_record.setdefault((ask.entity, ask.record_id), []).append(ask)
    waiting = list(by_record.items())
    for (entity, record), asks in waiting[:MOST_NOW]:
        recheck(ctx, entity, record, asks, happened.get(record) if entity == shape.key else None)
    for at in range(MOST_NOW, len(waiting), _BATCH):
        jobs.add(ctx.conn, RECHECK, {"records": [list(pair) for pair, _asks in waiting[at : at + _BATCH]]}, now=ctx.now)


def _of_records(ctx: Ctx, records: Collection[tuple[str, str]]) -> list[Ask]:
    by_entity: dict[str, list[str]] = {}
    for entity, id_ in records:
        by_entity.setdefault(entity, []).append(id_)
    c = t.ask.c
    return [
        ask for entity, ids in by_entity.items() for chunk in store.chunks(ids)
        for ask in rows.opened(and_(c.entity == entity, c.record_id.in_(chunk)), ctx, 10_000)]


def _conditions(app: Application) -> Mapping[str, Sequence[Dependency]]:
    """Which records' conditions read which other records; worked out once per application."""
    found: Mapping[str, Sequence[Dependency]] | None = app.__dict__.get("_condition_reads")
    if found is None:
        guards = [(machine.entity, guard) for machine in app.machines for transition in machine.transitions for guard in transition.guards]
        formulas = [(entity, e) for entity, guard in guards if (e := app.schema.expression(guard, "holds")) is not None]
        found = app.__dict__["_condition_reads"] = sources_of(app, formulas)
    return found


def recheck_job(ctx: Ctx, job: jobs.Job) -> jobs.Outcome:
    """Records that were too many for the transaction of the change."""
    for entity, record in job.data["records"]:
        recheck(ctx, entity, record, rows.open_of(ctx, entity, record), None)
    return jobs.Done()


def recheck_all(ctx: Ctx, job: jobs.Job) -> jobs.Outcome:
    """Now and then everything that is open: conditions also follow from the date, from parameters and from rights."""
    found = rows.opened(t.ask.c.id > str(job.data.get("after") or ""), ctx, _BATCH)
    by_record: dict[tuple[str, str], list[Ask]] = {}
    for ask in found:
        by_record.setdefault((ask.entity, ask.record_id), []).append(ask)
    for (entity, record), asks in by_record.items():
        recheck(ctx, entity, record, asks, None)
    return jobs.Again({"after": found[-1].id}) if len(found) == _BATCH else jobs.Done()


# --- one record ---------------------------------------------------------------------------------------------------------


def recheck(ctx: Ctx, entity: str, record_id: str, asks: Sequence[Ask], happened: Happened | None) -> None:
    """Close what is supplied, or has become pointless; whoever asked is told."""
    if not asks:
        return
    record = None
    if entity in ctx.app.entities:
        shape = shape_of(ctx.release, entity)
        record = store.load(ctx, shape, [record_id]).get(record_id)
    if record is None or record.deleted_at is not None:
        _close(ctx, asks, rows.GONE)
        return
    askers = reachable(ctx, [p for a in asks for p in a.askers])
    closed: list[Ask] = []
    for ask in asks:
        actor = askers.get(ask.asked_by)
        fact = of_row(ctx.app, ask)
        outcome = rows.GONE if actor is None or fact is None else _outcome(ctx.acting(actor=actor), shape, record, ask, fact, happened)
        if outcome is not None:
            _close(ctx, [ask], outcome)
            if outcome == rows.SUPPLIED:
                closed.append(ask)
    for ask in closed:
        _tell_askers(ctx, shape, record, ask, askers)


def _outcome(ctx: Ctx, shape: EntityShape, record: Record, ask: Ask, fact: Fact, happened: Happened | None) -> str | None:
    """How an ask ends now, seen by whoever asked; None while it stays open."""
    env = RecordEnv(Scene(ctx), shape, record)
    if fact.step is None:
        return _changed(ctx, env, ask, happened)
    machine = next(m for m in shape.machines if m.transition(fact.step.key) is not None)
    if state_of(env, machine) not in fact.step.from_:
        taken = happened is not None and (happened.reason or {}).get("transition") == fact.step.key
        return rows.SUPPLIED if taken else rows.GONE
    facts = _facts(ctx, env, machine)
    env = facts.env
    missing = lacks(fact.step, env, facts, lambda g: shape.schema.expression(g, "holds"), ask.rule, fact.path)  # type: ignore[arg-type,return-value]
    return None if missing else rows.SUPPLIED


def _facts(ctx: Ctx, before: RecordEnv, machine: Machine) -> TransitionFacts:
    rights = rights_of(ctx.release, ctx.actor).entity(before.shape.key)
    env = RecordEnv(before.scene, before.shape, before.record, dict(before.values), {"old": before, "ask": {}})
    return TransitionFacts(before.shape, machine, env, before, rights, rights.readable(before))


def _changed(ctx: Ctx, env: RecordEnv, ask: Ask, happened: Happened | None) -> str | None:
    """A wish that a field be changed: it was, or whoever asked may now do it themselves."""
    key = str(ask.place.get("field") or "")
    if ask.place.get("kind") != CHANGE:
        return rows.GONE
    if happened is not None and key in happened.fields and ctx.actor.person != happened.new.updated_by:
        return rows.SUPPLIED
    if not ask.place.get("unlock"):
        rights = rights_of(ctx.release, ctx.actor).entity(env.shape.key)
        return rows.SUPPLIED if rights.may("update", env) and key in rights.writable(env) and not ask.rule.endswith("#read_only_when") else None
    field = env.shape.app.entities[env.shape.key].by_key.get(key)
    expression = env.shape.schema.expression(field, "read_only_when") if field is not None and field.read_only_when else None
    return rows.SUPPLIED if expression is None or expression.evaluate(env) is not True else None


def _close(ctx: Ctx, asks: Sequence[Ask], outcome: str) -> None:
    rows.close(ctx, [a.id for a in asks], outcome)
    for ask in asks:
        settle(ctx, ask.cause)
    events.write(ctx, "ask_closed", asks[0].entity, [(a.record_id, {"ask": a.id}) for a in asks])


def _tell_askers(ctx: Ctx, shape: EntityShape, record: Record, ask: Ask, askers: Mapping[str, Actor]) -> None:
    """What was asked for is there; if nothing else is missing, the step is open now."""
    for person in ask.askers:
        actor = askers.get(person)
        if actor is None:
            continue
        opened = ask.transition is not None and _is_open(ctx.acting(actor=actor), shape, record, ask.transition)
        tell(
            ctx, [person], "ask_opens" if opened else "ask_answered", f"answered:{ask.id}", entity=ask.entity, record=ask.record_id, data=ask.data())


def _is_open(ctx: Ctx, shape: EntityShape, record: Record, transition: str) -> bool:
    env = RecordEnv(Scene(ctx), shape, record)
    found = shape.app.transition(shape.key, transition)
    if found is None or state_of(env, found[0]) not in found[1].from_:
        return False
    facts = _facts(ctx, env, found[0])
    return decide(found[0], found[1], facts.env, facts, lambda g: shape.schema.expression(g, "holds")).open  # type: ignore[arg-type,return-value]


__all__ = ["RECHECK", "after_write", "recheck", "recheck_all", "recheck_job"]
