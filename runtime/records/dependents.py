"""Derived values of other records, brought up to date in the transaction of the change that moved them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from kernel import jobs
from kernel.expr import to_sql
from kernel.expr.core import Aggregate
from kernel.platform.ctx import Ctx
from runtime.records import changelog, events, search, spans, store
from runtime.records.dependencies import Dependency, Hop, dependencies_of, touched
from runtime.records.derive import derive_into, from_expression
from runtime.records.env import RecordEnv, Scene
from runtime.records.happened import Happened
from runtime.records.record import Record
from runtime.records.shape import EntityShape, shape_of
from runtime.records.sqlscope import RecordScope
from runtime.records.work import reader_of

MOST = 1000  # dependents brought up to date at once; the others follow as jobs
RECALCULATE = "recalculate"
PER_JOB = 500
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one record. ``keys`` None: it appeared or went."""

    old: Record | None
    new: Record | None
    keys: frozenset[str] | None

    @property
    def id(self) -> str:
        found = self.new or self.old
        assert found is not None
        return found.id


def refresh(ctx: Ctx, shape: EntityShape, changes: Sequence[Change], reason: dict[str, Any] | None = None) -> None:
    """Recalculate whatever follows from ``changes``, and what follows from that."""
    if not changes:
        return
    because = reason or {"because": {"entity": shape.key, "id": changes[0].id}}
    waiting: list[tuple[EntityShape, Sequence[Change], int]] = [(shape, changes, 0)]
    left = MOST
    while waiting:
        source, moved, depth = waiting.pop(0)
        found: dict[str, dict[str, None]] = {}
        for dependency in dependencies_of(source.app).by_source.get(source.key, ()):
            relevant = [c for c in moved if touched((dependency,), c.keys)]
            if relevant:
                found.setdefault(dependency.entity, {}).update(dict.fromkeys(reach(ctx, source, dependency, relevant)))
        for entity, ids in found.items():
            own = {c.id for c in moved} if entity == source.key else set()
            wanted = sorted(i for i in ids if i not in own)
            now, later = wanted[:left], wanted[left:]
            left -= len(now)
            target = shape_of(ctx.release, entity)
            if now:
                follow = recalculate(ctx, target, now, reason or {"because": {"entity": source.key, "id": moved[0].id}})
                _tell_hooks(ctx, target, follow)
                if follow and depth < _DEPTH:
                    waiting.append((target, follow, depth + 1))
            for at in range(0, len(later), PER_JOB):
                jobs.add(ctx.conn, RECALCULATE, {"entity": entity, "ids": later[at : at + PER_JOB], "reason": because}, now=ctx.now)


def _tell_hooks(ctx: Ctx, shape: EntityShape, changes: Sequence[Change]) -> None:
    """What follows a write follows a derived value that moved, too."""
    from runtime import hooks

    hooks.run(ctx, [Happened("derived", shape, c.old, c.new, c.keys or frozenset()) for c in changes if c.new is not None])


def recalculate_later(ctx: Ctx, job: jobs.Job) -> jobs.Outcome:
    """What was too much for the transaction of the change: these records, and what follows from them."""
    entity = str(job.data["entity"])
    if entity in ctx.app.entities:
        shape = shape_of(ctx.release, entity)
        reason = dict(job.data["reason"])
        refresh(ctx, shape, recalculate(ctx, shape, list(job.data["ids"]), reason), reason)
    return jobs.Done()


def reach(ctx: Ctx, source: EntityShape, dependency: Dependency, changes: Sequence[Change]) -> list[str]:
    """Ids of the records at the beginning of the hops, walking them backwards from what changed."""
    ids = [c.id for c in changes]
    hops = list(dependency.hops)
    while hops and hops[-1].kind == "rows":
        hops.pop()
    for at in range(len(hops) - 1, -1, -1):
        hop = hops[at]
        if not ids:
            return []
        if hop.kind == "rows":
            continue  # reached from inside of the row, see below
        last = changes if at == len(hops) - 1 else None
        ids = _referred(ctx, hop, ids, last) if hop.kind == "referring" else _holders(ctx, hop, ids)
    return ids


def _referred(ctx: Ctx, hop: Hop, ids: Sequence[str], changes: Sequence[Change] | None) -> list[str]:
    """The records that the records ``ids`` refer to, or referred to before the change."""
    shape = shape_of(ctx.release, hop.place)
    found: dict[str, None] = {}
    if changes is not None:
        for change in changes:
            for record in (change.old, change.new):
                value = record.values.get(hop.key) if record is not None else None
                found.update(dict.fromkeys((value,) if isinstance(value, str) else value or ()))
        return list(found)
    for chunk in store.chunks(ids):
        if hop.key in shape.links:
            link = shape.links[hop.key]
            query = select(link.c.target_id).where(link.c.record_id.in_(chunk))
        else:
            column = shape.fields[hop.key].columns[0]
            query = select(column).where(shape.table.c.id.in_(chunk), column.is_not(None))
        found.update(dict.fromkeys(ctx.conn.execute(query).scalars()))
    return list(found)


def _holders(ctx: Ctx, hop: Hop, ids: Sequence[str]) -> list[str]:
    """The records that hold a reference to one of ``ids``."""
    entity, _, rows = hop.place.partition(".")
    shape = shape_of(ctx.release, entity)
    found: list[str] = []
    for chunk in store.chunks(ids):
        if rows:
            child = shape.rows[rows]
            if hop.kind == "links":
                link = child.links[hop.key]
                query = select(child.table.c.record_id).join(link, link.c.record_id == child.table.c.id).where(link.c.target_id.in_(chunk))
            else:
                query = select(child.table.c.record_id).where(child.fields[hop.key].columns[0].in_(chunk))
        elif hop.kind == "links":
            query = select(shape.links[hop.key].c.record_id).where(shape.links[hop.key].c.target_id.in_(chunk))
        else:
            column = shape.table.c[{"owner": "owner_id", "team": "team_id"}.get(hop.key, hop.key)] if hop.kind == "system" else shape.fields[hop.key].columns[0]
            query = select(shape.table.c.id).where(column.in_(chunk))
        found.extend(ctx.conn.execute(query.limit(MOST * 20)).scalars())
    return list(dict.fromkeys(found))


def recalculate(ctx: Ctx, shape: EntityShape, ids: Sequence[str], reason: dict[str, Any]) -> list[Change]:
    records = store.load(ctx, shape, ids, lock=ctx.conn.dialect.name == "postgresql")
    if not records:
        return []
    scene = Scene(ctx)
    reader = reader_of(ctx)
    _look_ahead(scene, shape, records)
    totals = _totals(ctx, shape, list(records), reader)
    made: list[tuple[Record, Record, list[str]]] = []
    for record in records.values():
        values = dict(record.values)
        env = RecordEnv(scene, shape, record, values)
        scene.remember(env)
        derive_into(env, values, reader, known=totals.get(record.id))
        changed = [k for k in values if values[k] != record.values.get(k)]
        if changed:
            made.append((record, replace(record, values=values), changed))
    if made:
        _write(ctx, shape, made, reason)
    return [Change(old, new, frozenset(changed)) for old, new, changed in made]


def _look_ahead(scene: Scene, shape: EntityShape, records: dict[str, Record]) -> None:
    """Load what many dependents refer to in one statement per entity."""
    if len(records) < 2:
        return
    for field in shape.fields.values():
        if field.target and not field.many and not field.virtual:
            scene.preload(field.target, [r.values[field.key] for r in records.values() if isinstance(r.values.get(field.key), str)])


def _totals(ctx: Ctx, shape: EntityShape, ids: Sequence[str], reader: Any) -> dict[str, dict[str, Any]]:
    """Roll-ups over referring records, added up by the database: their rows may be many. Those that look at derived fields
    of their own record are left to the formulas, because these may just be changing."""
    fields = [
        f
        for f in shape.fields.values()
        if f.field.type == "rollup"
        and f.expression is not None
        and f.expression.sql_ok
        and isinstance(f.expression.core, Aggregate)
        and "." in f.expression.core.rows.path[-1]
        and not any(place == shape.key and (path[0] not in shape.fields or shape.fields[path[0]].derived) for place, path in f.reads)
    ]
    if not fields:
        return {}
    scope = RecordScope(ctx, shape, shape.table)
    columns = []
    for field in fields:
        assert field.expression is not None
        made = to_sql(field.expression, scope)
        columns.append((made.value, made.error))
    found: dict[str, dict[str, Any]] = {}
    plain = [c for value, error in columns for c in ((value,) if error is None else (value, error))]
    for chunk in store.chunks(ids):
        for row in ctx.conn.execute(select(shape.table.c.id, *plain).where(shape.table.c.id.in_(chunk))):
            values, at = {}, 1
            for field, (_value, error) in zip(fields, columns, strict=True):
                wrong = error is not None and row[at + 1]
                values[field.key] = None if wrong else from_expression(field, row[at], reader)
                at += 1 if error is None else 2
            found[row[0]] = values
    return found


def _write(ctx: Ctx, shape: EntityShape, made: Sequence[tuple[Record, Record, list[str]]], reason: dict[str, Any]) -> None:
    reader = reader_of(ctx)
    store.write_derived(ctx, shape, [(new, changed) for _old, new, changed in made])
    heads = changelog.heads(ctx, shape.key, [old.id for old, _n, _c in made])
    changelog.write(
        ctx,
        shape,
        [
            changelog.Entry(old.id, "derive", new.version, changelog.items_of(shape, old, new, changed, reader), reason, heads.get(old.id, (0, None)))
            for old, new, changed in made
        ],
    )
    for old, new, changed in made:
        if new.deleted_at is not None:
            continue  # in the bin nothing is found or timed
        if shape.tracked.intersection(changed):
            spans.move(ctx, shape, old, new)
        found = search.bodies(shape, new, reader, changed)
        if found:
            search.replace(ctx, shape.key, new.id, found)
    events.write(ctx, events.DERIVED, shape.key, [(new.id, {"version": new.version, "fields": sorted(changed)}) for _old, new, changed in made])
