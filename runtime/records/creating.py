"""The part of the road where records begin: one or several, for a person or for a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.errors import Forbidden, NotFound
from kernel.i18n import _
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.records import actions, commit
from runtime.records.checking import check_all, refuse_if_wrong
from runtime.records.normalise import normalise
from runtime.records.numbering import give_numbers
from runtime.records.placing import place, place_by, team_of
from runtime.records.record import Input, Record
from runtime.records.rules import fill_defaults, settle
from runtime.records.shape import EntityShape, shape_of
from runtime.records.work import Work, is_blank


def create(ctx: Ctx, entity: str, input: Input, *, owner: str | None = None, team: str | None = None, id: str | None = None) -> Record:
    """A new record. ``owner`` and ``team`` default to the actor and the owner's team; another owner needs the right to assign.

    Raises NotFound, Forbidden, Invalid (all problems at once).
    """
    return create_many(ctx, entity, [input], owner=owner, team=team, ids=None if id is None else [id])[0]


def create_many(
    ctx: Ctx, entity: str, inputs: Sequence[Input], *, owner: str | None = None, team: str | None = None, ids: Sequence[str] | None = None
) -> list[Record]:
    """Several new records by the same rules, written with one statement per table. Of several bad ones all are named
    (``items[3].fields.x``); none is written then."""
    shape = shape_of(ctx.release, entity)
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    if not rights.any("read") and not rights.any("create"):
        raise NotFound()
    decision = rights.may("create")
    if not decision:
        raise Forbidden(decision.reason, rule=decision.rule)
    works = []
    for index, given in enumerate(inputs):
        work = new_work(ctx, shape, ids[index] if ids else None, owner, team)
        place(work, rights, owner, team)
        run_create(work, given, rights.creatable)
        works.append(work)
    return _commit_new(ctx, shape, works, None)


def create_for_rule(cause: Work, shape: EntityShape, input: Input, reason: Mapping[str, Any]) -> Record:
    """A record that an action makes: it belongs to the actor, and the actor's rights don't stand against it."""
    ctx = cause.ctx
    work = new_work(ctx, shape, None, None, None, trusted=True, depth=cause.depth + 1)
    run_create(work, input, frozenset(shape.fields))
    return _commit_new(ctx, shape, [work], reason)[0]


def receive(ctx: Ctx, entity: str, input: Input, reason: Mapping[str, Any], *, owner: str | None = None, team: str | None = None) -> Record:
    """A record made of what a verified source sent: nobody's rights stand against it, every other rule does. Raises Invalid."""
    shape = shape_of(ctx.release, entity)
    work = new_work(ctx, shape, None, owner, team, trusted=True)
    run_create(work, input, frozenset(shape.fields))
    return _commit_new(ctx, shape, [work], reason)[0]


def new_work(ctx: Ctx, shape: EntityShape, id_: str | None, owner: str | None, team: str | None, *, trusted: bool = False, depth: int = 0) -> Work:
    """A record that is not there yet: the machines at their starts, the actor its owner unless said otherwise."""
    now = ctx.now
    person = None if ctx.actor.kind in ("system", "automation") else ctx.actor.person
    values: dict[str, Any] = {key: () if s.rows is not None else None for key, s in shape.fields.items() if not s.virtual and s.field.type != "referring"}
    states = {}
    for machine in shape.machines[1:]:
        values[machine.key] = machine.start
        states[machine.key] = (machine.start, now)
    skeleton = Record(
        id_ or ctx.new_id(),
        shape.key,
        1,
        shape.machine.start if shape.machine else None,
        now if shape.machine else None,
        owner or person,
        team,
        now,
        ctx.actor.person,
        now,
        ctx.actor.person,
        ctx.release.id,
        None,
        values,
        states,
    )
    work = Work(ctx, shape, None, skeleton, trusted=trusted, depth=depth)
    if team is None:
        work.env.team = team_of(work, work.env.owner)
    return work


def run_create(work: Work, given: Input, allowed: frozenset[str]) -> None:
    """Its values: what was sent and may be, defaults, what entering the first state sets; then everything that is wrong with them."""
    work.visible = work.rights.readable_ever() | allowed
    normalise(work, given, allowed)
    fill_defaults(work)
    entered = _entry_actions(work)
    if any(a["do"] == "set" for a, _t in entered):
        settle(work)
        place_by(work, actions.set_fields(work, entered))
    check_all(work)


def _entry_actions(work: Work) -> actions.Actions:
    return [a for m in work.shape.machines for a in actions.of_states(m, None, m.start)]


def _commit_new(ctx: Ctx, shape: EntityShape, works: Sequence[Work], reason: Mapping[str, Any] | None) -> list[Record]:
    refuse_if_wrong(works)
    for work in works:
        if give_numbers(work) & shape.read_by_formulas:
            settle(work)
    _same_in_batch(shape, works)
    records = commit.created(ctx, shape, works, reason)
    for work, record in zip(works, records, strict=True):
        entered = _entry_actions(work)
        if entered:
            actions.follow(work, record, entered, {"state": record.state})
    return records


def _same_in_batch(shape: EntityShape, works: Sequence[Work]) -> None:
    if len(works) < 2:
        return
    for unique in shape.unique:
        seen: set[Any] = set()
        for work in works:
            value = work.values.get(unique.key)
            if not is_blank(value):
                if value in seen:
                    work.problem("not_unique", _("Another record already has this “{label}”.", label=unique.field.label), unique.key, f"{unique.uid}#unique")
                seen.add(value)
    refuse_if_wrong(works)
