"""Preview releases: a draft compiled so that only its holder loads it. What it needs in the database is added unseen."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from builder.changes import ops
from builder.publish import ddl, store
from builder.publish.prepare import Prepared
from builder.publish.publish import PREVIEW_LASTS, hurry, moved_on
from kernel.model.tree import to_json
from kernel.platform import releases
from kernel.platform import tables as t
from kernel.platform.clock import Clock
from kernel.platform.database import Home
from kernel.platform.releases import Release


def preview(home: Home, by: str | None, prepared: Prepared, *, clock: Clock, lasts: timedelta = PREVIEW_LASTS) -> Release:
    """A release of kind ``preview`` that expires. Tables and columns it adds stay blank and hidden from everybody else; a
    later publish of the same elements takes them over. Raises Invalid for unsound metadata, Conflict when the base moved on."""
    prepared.require_sound()
    now = clock.now()
    new = prepared.release()
    with home.write() as conn:
        hurry(conn)
        id_, hash_ = store.lock(conn)
        if (id_ or 0) != prepared.base.id or (hash_ is not None and hash_ != prepared.base.hash):
            raise moved_on()
        site = ddl.Site(conn, prepared.base, new, now)
        for operation in prepared.plan.operations:
            if isinstance(operation, ops.CreateTable):
                ddl.do(site, operation)
                _hide_table(site, operation)
            elif isinstance(operation, (ops.AddColumns, ops.ConvertColumns)):
                ddl.do(site, ops.AddColumns(operation.uid, operation.label, operation.table, operation.columns))
                if isinstance(operation, ops.AddColumns):
                    store.hide(conn, operation.table, operation.columns, operation.uid, now)
                else:
                    # A converted column belongs to this preview alone: its values are those of a moment.
                    store.hide(conn, operation.table, operation.columns, f"{operation.uid}#preview", now)
        release_id = store.write_release(
            conn,
            hash=new.hash,
            kind="preview",
            tree=to_json(prepared.effective.tree),
            columns=dict(new.columns),
            base_release_id=prepared.base.id or None,
            packages=[{"key": p.key, "version": p.version, "hash": p.hash} for p in prepared.packages],
            changes=[c.to_json() for c in prepared.changes],
            plan=prepared.plan.to_json(),
            published_by=by,
            published_at=now,
            expires_at=now + lasts,
        )
    with home.read() as conn:
        return releases.load(conn, release_id)


def _hide_table(site: ddl.Site, operation: ops.CreateTable) -> None:
    store.hide(site.conn, operation.table, [store.WHOLE], operation.uid, site.now)
    element = site.new.application.by_uid.get(operation.uid)
    for item in getattr(element, "fields", ()):
        columns = [c.name for c in ddl.columns_of(site.new, operation.table, item.key)]
        store.hide(site.conn, operation.table, columns, item.uid, site.now)


def drop_expired(conn: Connection, now: datetime) -> int:
    """Remove previews whose time is over; returns how many. What they added stays hidden until it is used or purged."""
    c = t.release.c
    return conn.execute(delete(t.release).where(c.kind == "preview", c.expires_at <= now)).rowcount
