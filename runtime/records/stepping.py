"""The part of the road where a record takes a step: weighed on the new values, refused with what is missing, or made to wait for approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kernel.errors import Missing, NotFound, Refused, Stale
from kernel.model.elements import Machine, Transition
from kernel.permissions import EntityRights
from kernel.platform.ctx import Ctx
from runtime.records import actions, asks, commit, events, limits, store
from runtime.records.changing import before_of, existing
from runtime.records.checking import check_all, refuse_if_wrong
from runtime.records.facts import TransitionFacts, state_of
from runtime.records.normalise import normalise
from runtime.records.placing import place_by
from runtime.records.record import NO_WORDS, ForApproval, Input, Record
from runtime.records.rules import settle
from runtime.records.work import Work
from runtime.workflow.decide import decide


def transition(
    ctx: Ctx, entity: str, id: str, key: str, *, input: Input = Input(), asks: Mapping[str, Any] | None = None, version: int | None,
    request: ForApproval = NO_WORDS, approved: Mapping[str, Any] | None = None,
) -> Record:
    """Take a transition on the locked record; guards see the new values.

    One that needs approval is checked like every other, then waits: the record stays where it is, and ``waits`` of the answer names the
    case. ``request`` goes with it. ``approved`` is how the last approver takes it after all (runtime/approvals only).
    Raises NotFound, Stale, Invalid, Refused (with what is missing and from whom).
    """
    work, _rights, machine, step, answers = _weighed(ctx, entity, id, key, input, asks, version)
    if step.approvals and approved is None:
        from runtime.approvals import opening

        assert work.old is not None
        opening.refuse_if_waiting(ctx, work.old, step)
        if opening.needed(work.env, step):
            _move_on(work, machine, step)
            return _ask_for_it(ctx, _weighed(ctx, entity, id, key, input, asks, version), request)
    return _take(work, machine, step, answers, approved)


def _weighed(
    ctx: Ctx, entity: str, id: str, key: str, given: Input, asked: Mapping[str, Any] | None, version: int | None
) -> tuple[Work, EntityRights, Machine, Transition, asks.Answers]:
    work, rights = existing(ctx, entity, id)
    assert work.old is not None
    found = ctx.app.transition(entity, key)
    if found is None:
        raise NotFound()
    if version is not None and version != work.old.version:
        raise Stale(work.old.version)
    answers, missing = weigh(work, rights, *found, given, asked or {})
    if missing:
        raise Refused(missing, problems=work.problems)
    refuse_if_wrong([work])
    return work, rights, *found, answers


def _ask_for_it(ctx: Ctx, weighed: tuple[Work, EntityRights, Machine, Transition, asks.Answers], request: ForApproval) -> Record:
    """Write what was filled in, so that approvers see what they sign, and open the case."""
    from runtime.approvals import acts, opening

    work, _rights, _machine, step, answers = weighed
    assert work.old is not None
    check_all(work)
    refuse_if_wrong([work])
    note = acts.note_of(request.note)
    files = acts.take_files(ctx, work.old.entity, work.old.id, request.files)
    changed = work.changed()
    record = commit.updated(work, changed) if changed else work.old
    case = opening.begin(ctx, record, step, asks.dumped(work, answers), note, files)
    if case.state == "approved":
        return store.load(ctx, work.shape, [record.id])[record.id]
    return replace(record, waits=case.id)


def weigh(
    work: Work, rights: EntityRights, machine: Machine, step: Transition, given: Input, asked: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Missing, ...]]:
    """Read what came with the transition and decide on the new values."""
    before = before_of(work)
    readable = rights.readable(before)
    allowed = rights.writable(before)
    if step.who:
        # Whoever takes the step fills in what it asks for, even where the record as such is not theirs to change.
        allowed |= frozenset(step.needs) & rights.writable_ever() & readable
    work.visible = readable | allowed
    normalise(work, given, allowed)
    answers = asks.read(work, step, asked, given.style)
    work.env.roots = {"old": before, "ask": answers}
    settle(work)
    facts = TransitionFacts(work.shape, machine, work.env, before, rights, readable)
    schema = work.shape.schema
    opening = decide(machine, step, work.env, facts, lambda guard: schema.expression(guard, "holds"))  # type: ignore[arg-type,return-value]
    missing = opening.missing
    if state_of(before, machine) != step.to:
        missing = (*missing, *limits.full(work.ctx, work.shape, machine, (step.to,), lock=not missing).values())
    if not missing:
        asks.require(work, step, answers)
    return answers, missing


def _move_on(work: Work, machine: Machine, step: Transition) -> actions.Actions:
    """The record as it would be behind the step, checked."""
    left = state_of(before_of(work), machine)
    _move(work, machine, step.to)
    todo = actions.of_states(machine, left, step.to, step)
    place_by(work, actions.set_fields(work, todo))
    check_all(work)
    refuse_if_wrong([work])
    return todo


def _take(work: Work, machine: Machine, step: Transition, answers: Mapping[str, Any], approved: Mapping[str, Any] | None) -> Record:
    ctx, shape = work.ctx, work.shape
    left = state_of(before_of(work), machine)
    todo = _move_on(work, machine, step)
    system: dict[str, Any] = {}
    if machine.first:
        system = {"state": step.to, "state_since": ctx.now}
    elif machine.key in shape.since_columns:
        system = {shape.since_columns[machine.key][1].name: ctx.now}
    reason = {"transition": step.key, "uid": step.uid, "machine": machine.key, "from": left, "to": step.to, "asks": asks.dumped(work, answers)}
    reason |= approved or {}
    record = commit.updated(work, work.changed(), kind="transition", event=events.TRANSITIONED, reason=reason, system=system)
    actions.follow(work, record, todo, {"transition": step.key})
    return record


def _move(work: Work, machine: Machine, to: str) -> None:
    now = work.ctx.now
    if machine.first:
        work.skeleton = replace(work.skeleton, state=to, state_since=now)
        work.env.state = to
    else:
        work.values[machine.key] = to
        work.skeleton = replace(work.skeleton, states={**work.skeleton.states, machine.key: (to, now)})
    work.env.record = work.skeleton
