"""Writing what the road decided: record, history, spans, search, files, events and what follows from it, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from kernel.errors import Stale
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
    """Write the changed fields and system columns of an existing record. Raises Stale when somebody was faster."""
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
    spans.move(ctx, shape, old, new)
    search.replace(ctx, shape.key, new.id, search.bodies(shape, new, reader, changed))
    _attach(work)
    keys = frozenset(changed) | {k for k, a, b in (("owner", old.owner, new.owner), ("team", old.team, new.team), ("state", old.state, new.state)) if a != b}
    events.write(ctx, event, shape.key, [(new.id, {"version": new.version, "fields": sorted(keys), **(reason or {})})])
    _rights_moved(ctx, shape, keys)
    # What a formula elsewhere may read of the system's own: version and times move with every change.
    refresh(ctx, shape, [Change(old, new, keys | {"version", "updated_at", "updated_by"})])
    hooks.run(ctx, [Happened("updated", shape, old, new, keys, reason)])
    return new


def binned(work: Work, *, restore: bool = False) -> Record:
    """Into the bin, or out of it."""
    ctx, shape, old = work.ctx, work.shape, work.old
    assert old is not None
    at = None if restore else ctx.now
    try:
        done = store.mark_deleted(ctx, shape, old, at)
    except IntegrityError as error:
        raise from_integrity(shape, error) from error
    if not done:
        raise Stale(old.version + 1)
    new = replace(old, deleted_at=at, version=old.version + 1, updated_at=ctx.now, updated_by=ctx.actor.person)
    changelog.write(ctx, shape, [changelog.Entry(old.id, "restore" if restore else "delete", new.version, (), None, work.head)])
    if restore:
        spans.begin(ctx, shape, [new])
        search.add(ctx, shape.key, [(new.id, search.bodies(shape, new, reader_of(ctx)))])
    else:
        spans.close(ctx, shape, old.id)
        search.remove(ctx, old.id)
    events.write(ctx, events.RESTORED if restore else events.DELETED, shape.key, [(new.id, {"version": new.version})])
    _rights_moved(ctx, shape, None)
    refresh(ctx, shape, [Change(old, new, None)])
    hooks.run(ctx, [Happened("restored" if restore else "deleted", shape, old, new)])
    return new


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
