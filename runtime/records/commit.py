"""Writing what the road decided: record, history, spans, search, files, events and what follows from it, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from kernel.errors import Busy, Stale
from kernel.platform import accounts, teams
from kernel.platform.ctx import Ctx
from runtime import hooks
from runtime.records import changelog, events, search, spans, store
from runtime.records.dependents import Change, refresh
from runtime.records.happened import Happened
from runtime.records.record import Record
from runtime.records.shape import EntityShape
from runtime.records.validate import from_integrity
from runtime.records.work import Work, reader_of

_RIGHTS_FIELDS = frozenset({"name", "team", "active"})


def created(ctx: Ctx, shape: EntityShape, works: Sequence[Work], reason: Mapping[str, Any] | None = None) -> list[Record]:
    """Write new records: one statement per table for all of them."""
    records = [w.record(owner=w.env.owner, team=w.env.team) for w in works]
    try:
        store.insert_records(ctx, shape, records)
    except IntegrityError as error:
        raise from_integrity(shape, error) from error
    reader = reader_of(ctx)
    changelog.write(
        ctx,
        shape,
        [
            changelog.Entry(r.id, "create", r.version, changelog.items_of(shape, None, r, w.changed(), reader), reason)
            for r, w in zip(records, works, strict=True)
        ],
    )
    spans.begin(ctx, shape, records)
    search.add(ctx, shape.key, [(r.id, search.bodies(shape, r, reader)) for r in records])
    for work in works:
        _attach(work)
    events.write(ctx, events.CREATED, shape.key, [(r.id, {"version": r.version, **(reason or {})}) for r in records])
    _rights_moved(ctx, shape, None)
    refresh(ctx, shape, [Change(None, r, None) for r in records])
    hooks.run(ctx, [Happened("created", shape, None, r, reason=reason) for r in records])
    return records


def updated(
    work: Work,
    changed: Sequence[str],
    *,
    kind: str = "update",
    event: str = events.UPDATED,
    reason: Mapping[str, Any] | None = None,
    system: Mapping[str, Any] | None = None,
) -> Record:
    """Write the changed fields and system columns of an existing record. Raises Stale when somebody was faster.

    Of a record in the bin nothing is found or counted: its spans begin and its words can be found when it comes back.
    """
    ctx, shape, old = work.ctx, work.shape, work.old
    assert old is not None
    new = replace(
        work.skeleton,
        values=dict(work.values),
        version=old.version + 1,
        owner=work.env.owner,
        team=work.env.team,
        updated_at=ctx.now,
        updated_by=ctx.actor.person,
        release_id=ctx.release.id,
    )
    columns: dict[str, Any] = {
        "version": new.version,
        "updated_at": new.updated_at,
        "updated_by": new.updated_by,
        "release_id": new.release_id,
        "owner_id": new.owner,
        "team_id": new.team,
        **(system or {}),
    }
    try:
        done = store.update_record(ctx, shape, old, new, changed, columns)
    except IntegrityError as error:
        raise from_integrity(shape, error) from error
    if not done:
        raise Stale(old.version + 1)
    reader = reader_of(ctx)
    changelog.write(ctx, shape, [changelog.Entry(old.id, kind, new.version, changelog.items_of(shape, old, new, changed, reader), reason, work.head)])
    if old.deleted_at is None:
        spans.move(ctx, shape, old, new)
        search.replace(ctx, shape.key, new.id, search.bodies(shape, new, reader, changed))
    _attach(work)
    keys = frozenset(changed) | {k for k, a, b in (("owner", old.owner, new.owner), ("team", old.team, new.team), ("state", old.state, new.state)) if a != b}
    events.write(ctx, event, shape.key, [(new.id, {"version": new.version, "fields": sorted(keys), **(reason or {})})])
    _rights_moved(ctx, shape, keys)
    # What a formula elsewhere may read of the system's own: version and times move with every change.
    refresh(ctx, shape, [Change(old, new, keys | {"version", "updated_at", "updated_by"})])
    if old.deleted_at is None:
        hooks.run(ctx, [Happened("updated", shape, old, new, keys, reason)])
    return new


def binned(ctx: Ctx, shape: EntityShape, works: Sequence[Work], reasons: Mapping[str, Mapping[str, Any]] | None = None, *, restore: bool = False) -> list[Record]:
    """Locked records of one entity into the bin, or out of it: a fixed number of statements. ``reasons`` by id. Raises Busy when they moved."""
    ids = [w.skeleton.id for w in works]
    at = None if restore else ctx.now
    try:
        done = store.mark_deleted(ctx, shape, ids, at)
    except IntegrityError as error:
        raise from_integrity(shape, error) from error
    if done != len(ids):
        raise Busy()
    olds = [w.old for w in works if w.old is not None]
    records = [replace(old, deleted_at=at, version=old.version + 1, updated_at=ctx.now, updated_by=ctx.actor.person) for old in olds]
    because = reasons or {}
    entries = [
        changelog.Entry(r.id, "restore" if restore else "delete", r.version, (), because.get(r.id), w.head)
        for r, w in zip(records, works, strict=True)
    ]
    changelog.write(ctx, shape, entries)
    if restore:
        reader = reader_of(ctx)
        spans.begin(ctx, shape, records)
        search.add(ctx, shape.key, [(r.id, search.bodies(shape, r, reader)) for r in records])
    else:
        spans.close_all(ctx, shape, ids)
        search.remove_all(ctx, ids)
    events.write(ctx, events.RESTORED if restore else events.DELETED, shape.key, [(r.id, {"version": r.version}) for r in records])
    _rights_moved(ctx, shape, None)
    refresh(ctx, shape, [Change(old, new, None) for old, new in zip(olds, records, strict=True)])
    kind: Literal["deleted", "restored"] = "restored" if restore else "deleted"
    hooks.run(ctx, [Happened(kind, shape, old, new, reason=because.get(new.id)) for old, new in zip(olds, records, strict=True)])
    return records


def _attach(work: Work) -> None:
    if work.new_files:
        from runtime.files import uploads

        for field, ids in work.new_files:
            uploads.attach(work.ctx, work.shape.key, work.skeleton.id, field, ids)


def _rights_moved(ctx: Ctx, shape: EntityShape, keys: frozenset[str] | None) -> None:
    """People and teams decide who sees what: whatever is cached of that ends with this transaction."""
    if shape.key == "team" and (keys is None or "parent" in keys):
        parent = shape.fields.get("parent")
        if parent is not None and parent.columns:
            rows = ctx.conn.execute(select(shape.table.c.id, parent.columns[0]).where(shape.table.c.deleted_at.is_(None))).all()
            teams.rebuild_closure(ctx.conn, [(row[0], row[1]) for row in rows])
    elif shape.key == "person" and (keys is None or keys & (_RIGHTS_FIELDS | {"team"})):
        accounts.bump_rights(ctx.conn)
