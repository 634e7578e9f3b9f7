"""Many records at a time, as far as the actor may see them: ids and versions, where they stand, who may do what. One statement per 500 ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from kernel.errors import NotFound
from kernel.permissions import Decision, rights_of
from kernel.permissions.policy import Action
from kernel.platform.ctx import Ctx
from runtime.records import store
from runtime.records.env import RecordEnv, Scene
from runtime.records.query import ListQuery, _access, _conditions
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope


@dataclass(frozen=True, slots=True)
class Standing:
    """A visible record: its version, and its state in each machine by the machine's column."""

    id: str
    version: int
    states: Mapping[str, str | None]


def ids_of(ctx: Ctx, entity: str, asked: ListQuery, after: str | None, limit: int) -> list[tuple[str, int]]:
    """Ids and versions of the records that a list holds, in the order of ids, behind ``after``. Raises NotFound, Invalid."""
    access, shape = _access(ctx, entity), shape_of(ctx.release, entity)
    table = shape.table
    query = select(table.c.id, table.c.version).where(*_conditions(ctx, shape, RecordScope(ctx, shape, table, access.rights), asked))
    if after is not None:
        query = query.where(table.c.id > after)
    return [(id_, version) for id_, version in ctx.conn.execute(query.order_by(table.c.id).limit(limit))]


def standing(ctx: Ctx, entity: str, ids: Sequence[str]) -> dict[str, Standing]:
    """Those of ``ids`` that the actor may see. Raises NotFound where they may see none at all."""
    access, shape = _access(ctx, entity), shape_of(ctx.release, entity)
    table = shape.table
    machines = [(m.column, table.c.state if m.first else shape.fields[m.key].columns[0]) for m in shape.machines]
    found: dict[str, Standing] = {}
    for chunk in store.chunks(ids):
        query = select(table.c.id, table.c.version, *(column for _key, column in machines)).where(
            table.c.id.in_(chunk), *_conditions(ctx, shape, RecordScope(ctx, shape, table, access.rights), ListQuery()))
        for id_, version, *states in map(tuple, ctx.conn.execute(query)):
            found[id_] = Standing(id_, version, {key: state for (key, _column), state in zip(machines, states, strict=True)})
    return found


def decisions(ctx: Ctx, entity: str, ids: Sequence[str], action: Action) -> dict[str, tuple[int, Decision]]:
    """Version and decision for each of ``ids`` that the actor may see."""
    if entity not in ctx.app.entities:
        raise NotFound()
    shape, rights, scene = shape_of(ctx.release, entity), rights_of(ctx.release, ctx.actor).entity(entity), Scene(ctx)
    found = {}
    for id_, record in store.load(ctx, shape, ids).items():
        env = RecordEnv(scene, shape, record)
        if record.deleted_at is None and rights.any("read") and rights.may("read", env):
            found[id_] = (record.version, rights.may(action, env))
    return found


def held(ctx: Ctx, entity: str, id_: str) -> int | None:
    """The version of a record, which nobody else changes until this transaction ends. Whether the actor may know of it is asked elsewhere."""
    table = shape_of(ctx.release, entity).table
    found: int | None = ctx.conn.execute(select(table.c.version).where(table.c.id == id_).with_for_update()).scalar()
    return found
