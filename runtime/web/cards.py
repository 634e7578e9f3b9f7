"""What every card of a board lacks for its next step, in a number of statements that does not grow with the cards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from kernel.errors import Message, Missing
from kernel.model.elements import Machine
from kernel.permissions import EntityRights, rights_of
from kernel.platform.ctx import Ctx
from runtime.records import store
from runtime.records.env import RecordEnv, Scene, referring_field
from runtime.records.facts import TransitionFacts, state_of
from runtime.records.query import Item
from runtime.records.shape import EntityShape, shape_of
from runtime.workflow.decide import decide

MOST_REFERRING = 2000


class _Env(RecordEnv):
    """A record whose referring records were loaded together with those of its neighbours."""

    together: Mapping[str, Mapping[str, Sequence[RecordEnv]]] = MappingProxyType({})

    def _referring(self, origin: str) -> Sequence[RecordEnv]:
        found = self.together.get(origin)
        return super()._referring(origin) if found is None else found.get(self.id, ())


@dataclass(frozen=True, slots=True)
class Step:
    """A step from where a card stands: open, or what it lacks."""

    key: str
    label: Message
    to: str
    primary: bool
    open: bool
    missing: tuple[Missing, ...]


def doors_of(ctx: Ctx, entity: str, items: Sequence[Item], machine: Machine) -> dict[str, tuple[Step, ...]]:
    """The steps of several records; none for records whose conditions look further than could be loaded at once."""
    if not items:
        return {}
    shape = shape_of(ctx.release, entity)
    reads = _reads(ctx, machine)
    if any(not _near(shape, path) for path in reads):
        return {}
    ids = [i.record.id for i in items]
    loaded = store.load(ctx, shape, ids)
    scene = Scene(ctx)
    together = _together(ctx, scene, shape, reads, ids)
    _preload(scene, shape, reads, loaded.values())
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    found = {}
    for item in items:
        record = loaded.get(item.record.id)
        if record is None:
            continue
        before = _Env(scene, shape, record)
        before.together = together
        scene.remember(before)
        found[record.id] = tuple(_doors(machine, shape, before, rights, item.readable))
    return found


def _doors(machine: Machine, shape: EntityShape, before: _Env, rights: EntityRights, readable: frozenset[str]) -> Iterable[Step]:
    env = _Env(before.scene, shape, before.record, dict(before.values), {"old": before, "ask": {}})
    env.together = before.together
    here = state_of(before, machine)
    facts = TransitionFacts(shape, machine, env, before, rights, readable)
    for step in machine.transitions:
        if here in step.from_:
            opening = decide(machine, step, env, facts, lambda guard: shape.schema.expression(guard, "holds"))  # type: ignore[arg-type,return-value]
            yield Step(step.key, step.label, step.to, step.primary, opening.open, opening.missing)


def _reads(ctx: Ctx, machine: Machine) -> set[tuple[str, ...]]:
    """Everything that the guards of a machine read."""
    found: set[tuple[str, ...]] = set()
    for transition in machine.transitions:
        for guard in transition.guards:
            expression = ctx.app.schema.expression(guard, "holds")
            if expression is not None:
                found |= expression.reads
    return found


def _near(shape: EntityShape, path: tuple[str, ...]) -> bool:
    """Whether what a path leads to can be loaded for all cards at once: own values, one hop, own and referring rows."""
    if path[0] in ("param", "me", "ask"):
        return True
    if path[0] == "old":
        path = path[1:]
    field = shape.fields.get(path[0]) if path else None
    if field is None or len(path) == 1:
        return True
    if field.rows is not None or field.field.type == "referring":
        return len(path) == 2
    return len(path) == 2 and field.target is not None and not field.virtual


def _together(ctx: Ctx, scene: Scene, shape: EntityShape, reads: Iterable[tuple[str, ...]], ids: Sequence[str]) -> dict[str, dict[str, list[RecordEnv]]]:
    """Referring records of all cards, by origin and card, in two statements per kind."""
    found: dict[str, dict[str, list[RecordEnv]]] = {}
    for path in reads:
        own = path[1:] if path[0] == "old" else path
        field = shape.fields.get(own[0]) if own else None
        if field is None or field.field.type != "referring":
            continue
        origin = ".".join(field.type.origin(field.field))  # type: ignore[attr-defined]
        via = referring_field(ctx.app, origin)
        if origin in found or via is None or via.type == "references":
            continue
        other = shape_of(ctx.release, via.entity)
        column = other.fields[via.key].columns[0]
        query = (
            select(*other.columns.select).where(column.in_(ids), other.table.c.deleted_at.is_(None))
            .order_by(other.table.c.created_at, other.table.c.id).limit(MOST_REFERRING)
        )
        grouped: dict[str, list[RecordEnv]] = defaultdict(list)
        for row in ctx.conn.execute(query):
            record = store.record_of(other, tuple(row))
            grouped[record.values[via.key]].append(RecordEnv(scene, other, record))
        found[origin] = grouped
    return found


def _preload(scene: Scene, shape: EntityShape, reads: Iterable[tuple[str, ...]], records: Iterable[Any]) -> None:
    """Records one hop away, in one statement per kind."""
    rows = list(records)
    for path in reads:
        own = path[1:] if path[0] == "old" else path
        field = shape.fields.get(own[0]) if len(own) == 2 else None
        if field is not None and field.target is not None and field.field.type not in ("referring", "references"):
            scene.preload(field.target, [v for r in rows if isinstance(v := r.values.get(field.key), str)])
