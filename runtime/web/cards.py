"""What every card of a board lacks for its next steps, in a number of statements that does not grow with the cards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kernel.errors import Message, Missing
from kernel.model.elements import Machine
from kernel.permissions import EntityRights, rights_of
from kernel.permissions.scopes import Both, ByState, Condition
from kernel.platform.ctx import Ctx
from runtime.approvals import doors as approvals
from runtime.approvals.case import Case
from runtime.records import limits, store
from runtime.records.ahead import TooMuch, load_ahead
from runtime.records.env import RecordEnv, Scene
from runtime.records.facts import TransitionFacts, state_of
from runtime.records.query import Item
from runtime.records.shape import EntityShape, shape_of
from runtime.workflow.decide import decide


@dataclass(frozen=True, slots=True)
class Step:
    """A step from where a card stands: open, or what it lacks."""

    key: str
    label: Message
    to: str
    primary: bool
    open: bool
    missing: tuple[Missing, ...]


def doors_of(ctx: Ctx, entity: str, items: Sequence[Item], machine: Machine, here: str) -> Mapping[str, tuple[Step, ...]]:
    """The steps of several records that stand in the same state; none where looking ahead would cost too much (the drop then asks)."""
    steps = [t for t in machine.transitions if here in t.from_]
    if not items or not steps:
        return {}
    shape = shape_of(ctx.release, entity)
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    scene = Scene(ctx)
    loaded = store.load(ctx, shape, [i.record.id for i in items], parts=False)
    before = {id_: RecordEnv(scene, shape, record) for id_, record in loaded.items()}
    for env in before.values():
        scene.remember(env)
    try:
        load_ahead(scene, shape, list(before.values()), _reads(ctx, shape, machine, here, rights))
    except TooMuch:
        return {}
    full = limits.full(ctx, shape, machine, (t.to for t in steps if t.to != here))
    waiting = approvals.waiting(ctx, shape, list(before))
    return {
        i.record.id: tuple(_doors(machine, shape, before[i.record.id], rights, i.readable, full, waiting.get(i.record.id, {})))
        for i in items if i.record.id in before}


def _doors(
    machine: Machine, shape: EntityShape, before: RecordEnv, rights: EntityRights, readable: frozenset[str], full: Mapping[str, Missing],
    waiting: Mapping[str, Case],
) -> Iterator[Step]:
    env = RecordEnv(before.scene, shape, before.record, dict(before.values), {"old": before, "ask": {}})
    facts = TransitionFacts(shape, machine, env, before, rights, readable)
    here = state_of(before, machine)
    for step in machine.transitions:
        if here in step.from_:
            opening = decide(machine, step, env, facts, lambda guard: shape.schema.expression(guard, "holds"))  # type: ignore[arg-type,return-value]
            missing = (*opening.missing, full[step.to]) if step.to in full else opening.missing
            if step.key in waiting:
                missing = (approvals.waits(waiting[step.key]),)
            yield Step(step.key, step.label, step.to, step.primary, not missing, missing)


def _reads(ctx: Ctx, shape: EntityShape, machine: Machine, here: str, rights: EntityRights) -> set[tuple[str, ...]]:
    """Everything that the guards from here read, what the steps need filled, and what decides about the reader's rights."""
    found: set[tuple[str, ...]] = set()
    for transition in machine.transitions:
        if here not in transition.from_:
            continue
        found.update((key,) for key in transition.needs if key in shape.fields)
        for guard in transition.guards:
            expression = ctx.app.schema.expression(guard, "holds")
            if expression is not None:
                found |= expression.reads
    for policy in rights.policies:
        for action in ("read", "update"):
            for condition in _conditions(policy.scopes[action]):
                found |= condition.expression.reads
    return found


def _conditions(rule: object) -> Iterable[Condition]:
    """The expressions in a row scope."""
    if isinstance(rule, Condition):
        return (rule,)
    if isinstance(rule, Both):
        return (*_conditions(rule.wide), *_conditions(rule.narrow))
    if isinstance(rule, ByState):
        return (c for part in (rule.usual, *rule.states.values()) for c in _conditions(part))
    return ()
