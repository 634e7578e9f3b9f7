"""Reading one record: what its reader may see of it, may do to it, and which ways are open from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Select, and_, bindparam, select

from kernel.errors import Message, Missing, NotFound
from kernel.fieldtypes.base import Reader
from kernel.i18n import Text, _
from kernel.model.elements import Field
from kernel.permissions import Decision, EntityRights, rights_of
from kernel.platform.ctx import Ctx
from runtime.approvals import doors as approvals
from runtime.records import labels as naming
from runtime.records import limits, store
from runtime.records.columns import Selection, Sight, select_for, shown
from runtime.records.env import RecordEnv, Scene
from runtime.records.facts import TransitionFacts, state_of
from runtime.records.record import Record
from runtime.records.shape import EntityShape, shape_of
from runtime.records.sqlscope import RecordScope
from runtime.records.titles import title_of
from runtime.records.work import reader_of
from runtime.workflow.decide import decide

__all__ = ["Door", "Seen", "doors", "get", "may_know", "require", "shown"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as one reader sees it: ``record.values`` holds readable fields only. ``labels`` names the ids in it."""

    record: Record
    readable: frozenset[str]
    writable: frozenset[str]
    may: Mapping[str, Decision]
    labels: Mapping[str, str]
    title: str
    env: RecordEnv = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Door:
    """A transition from the present state: open, or what is missing, from whom. ``why`` says it in one sentence."""

    key: str
    label: Message
    to: str
    primary: bool
    open: bool
    missing: tuple[Missing, ...]
    asks: tuple[Field, ...]
    needs: tuple[str, ...]
    why: Text
    machine: str = ""
    help: Mapping[str, str] = field(default_factory=dict)
    approval: tuple[Message, ...] = ()
    """Who has to agree first, as things stand; empty: nobody."""
    case: str | None = None
    """The approval that is under way."""


def may_know(ctx: Ctx, entity: str) -> bool:
    """Whether the actor may know that there is such an entity."""
    if entity not in ctx.app.entities:
        return False
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    return rights.any("read") or rights.any("create")


def require(ctx: Ctx, entity: str, id_: str) -> None:
    """Raises NotFound unless the actor may read the record."""
    shape, _rights, scope = _scope(ctx, entity)
    if ctx.conn.execute(select(shape.table.c.id).where(shape.table.c.id == id_, scope.seen())).first() is None:
        raise NotFound()


def _scope(ctx: Ctx, entity: str) -> tuple[EntityShape, object, RecordScope]:
    shape = shape_of(ctx.release, entity)
    rights = rights_of(ctx.release, ctx.actor)
    if not rights.entity(entity).any("read"):
        raise NotFound()
    return shape, rights, RecordScope(ctx, shape, shape.table, rights)


def get(ctx: Ctx, entity: str, id_: str, *, binned: bool = False) -> Seen:
    """The record for the actor; ``binned``: one that lies in the bin. Raises NotFound for foreign, hidden and missing alike."""
    shape, _r, scope = _scope(ctx, entity)
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    reader = reader_of(ctx)
    known = None if binned else rights.__dict__.get("_one")
    selection, statement = known or _one(shape, rights, scope, reader, binned)
    found = ctx.conn.execute(statement, {"wanted": id_}).first()
    if found is None:
        raise NotFound()
    row = tuple(found)
    parts = store.parts_of(ctx, shape, [id_]).get(id_)
    full = selection.record(row, parts)
    scene = Scene(ctx)
    env = RecordEnv(scene, shape, full)
    scene.remember(env)
    sight = Sight(selection, rights, scene)
    readable = sight.readable(row, full)
    values = dict(full.values)
    sight.late(full, values, reader)
    record = replace(full, values=shown(shape, values, readable))
    wanted = naming.Wanted()
    wanted.add_record(shape, record, readable)
    wanted.add("person", record.created_by)
    wanted.add("person", record.updated_by)
    names = naming.resolve(ctx, wanted)
    title = title_of(shape).of(record.values, reader_of(ctx, names), readable) or f"{shape.entity.label.to(ctx.language)} {id_[-6:]}"
    may = {action: rights.may(action, env) for action in ("update", "delete", "assign")}
    return Seen(record, readable, rights.writable(env), may, names, title, env)


def _one(shape: EntityShape, rights: EntityRights, scope: RecordScope, reader: Reader, binned: bool) -> tuple[Selection, Select[Any]]:
    """The statement for one record; kept with the rights where nothing in it depends on the moment or the reader's language."""
    # Guards and scopes may look at every field, so all are loaded; what leaves this module is cut to the reader's.
    selection = select_for(rights, shape, scope, reader, None)
    own = {key for key, *_rest in selection.stored}
    for key, at, end, load in shape.columns.loaders:
        if key not in own:
            start, stop = selection.add(shape.columns.select[at:end])
            selection.stored.append((key, start, stop, load))
            if key in shape.since_columns:
                selection.since[key] = start
    there = and_(shape.table.c.deleted_at.is_not(None), rights.where("read", scope)) if binned else scope.seen()
    statement = select(*selection.columns).where(shape.table.c.id == bindparam("wanted"), there)
    if not binned and not selection.virtual and not selection.late and rights.timeless:
        rights.__dict__["_one"] = (selection, statement)
    return selection, statement


def doors(ctx: Ctx, seen: Seen) -> tuple[Door, ...]:
    """Every transition from where the record stands, in the order of the machines; closed ones say what is missing."""
    shape = shape_of(ctx.release, seen.record.entity)
    rights = rights_of(ctx.release, ctx.actor).entity(seen.record.entity)
    before = seen.env
    env = RecordEnv(before.scene, shape, before.record, dict(before.values), {"old": before, "ask": {}})
    found = []
    waiting = approvals.waiting(ctx, shape, [seen.record.id]).get(seen.record.id, {})
    for machine in shape.machines:
        here = state_of(before, machine)
        facts = TransitionFacts(shape, machine, env, before, rights, seen.readable)
        ways = [step for step in machine.transitions if here in step.from_]
        full = limits.full(before.scene.ctx, shape, machine, (step.to for step in ways if step.to != here))
        for step in ways:
            opening = decide(machine, step, env, facts, lambda guard: shape.schema.expression(guard, "holds"))  # type: ignore[arg-type,return-value]
            case = waiting.get(step.key)
            missing = (*opening.missing, full[step.to]) if step.to in full else opening.missing
            if case is not None:
                missing = (approvals.waits(case),)
            what = [m.what for m in missing]
            asked = approvals.asked(env, step) if step.approvals else ()
            why = _("Missing: {what}", what=what) if what else _("Needs approval by: {who}", who=asked) if asked else _("Nothing is missing.")
            found.append(
                Door(
                    step.key, step.label, step.to, step.primary, not missing, missing, step.asks, step.needs, why, machine.key, step.help, asked,
                    case.id if case is not None else None))
    return tuple(found)
