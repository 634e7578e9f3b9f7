"""Publish: prepare on a snapshot, switch in one transaction, do the slow rest after it.

The switch does everything that must be true at once: tables, columns, unique indexes, converted values, the release row.
Either all of it lasts or nothing. What readers can do without for a while (indexes of big tables, derived fields of old
records) comes after, piece by piece, and is made up for by the next publish when it was cut off.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, text

from builder.changes import ops
from builder.changes.indexes import wanted
from builder.layers.change import Change, changes_from_json
from builder.packages.package import Package
from builder.ports import Ports
from builder.publish import ddl, store, vouching
from builder.publish.prepare import Prepared, prepare
from kernel.errors import Busy, Conflict
from kernel.i18n import _
from kernel.model.tree import Tree, to_json
from kernel.platform import audit, releases
from kernel.platform import tables as t
from kernel.platform.clock import Clock
from kernel.platform.database import Home
from kernel.platform.releases import Release

# ALTER TABLE queues behind running statements and everybody queues behind it: better to give up soon and come again.
LOCK_TIMEOUT_MS = 1_500
TRIES = 8
PAUSE_S = 0.25
PREVIEW_LASTS = timedelta(hours=24)

Probe = Callable[[str], None]


@dataclass(frozen=True)
class PublishResult:
    """What a publish did. ``unchanged``: the release in force already says this, nothing was done.

    ``pending``: operations of the after-phase that could not be done now (no port, or an error); publishing works without them.
    """

    release_id: int
    hash: str
    prepared: Prepared
    unchanged: bool = False
    pending: tuple[ops.Operation, ...] = ()

    @property
    def plan(self) -> ops.Plan:
        return self.prepared.plan


def publish(
    home: Home,
    by: str | None,
    *,
    clock: Clock,
    packages: Sequence[Package] | None = None,
    changes: Iterable[Change] | None = None,
    tree: Tree | None = None,
    expected: int | None = None,
    base_hash: str | None = None,
    note: str = "",
    ports: Ports | None = None,
    probe: Probe | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> PublishResult:
    """Make ``packages`` with ``changes`` (None: as they are) the tenant's application.

    ``expected`` or ``base_hash``: the release the work was based on. Raises Invalid with every error of the metadata,
    Conflict when another release is in force than expected, Busy when the tables could not be had. ``by`` is the id of a
    person, ``probe`` is called before each step (tests).
    """
    prepared = prepare(home, packages=packages, changes=changes, tree=tree, ports=ports)
    _require_base(prepared.base, expected, base_hash)
    prepared.require_sound()
    return publish_prepared(home, by, prepared, clock=clock, note=note, ports=ports, probe=probe, pause=pause)


def publish_prepared(
    home: Home,
    by: str | None,
    prepared: Prepared,
    *,
    clock: Clock,
    note: str = "",
    ports: Ports | None = None,
    probe: Probe | None = None,
    pause: Callable[[float], None] = time.sleep,
    replan: bool = False,
) -> PublishResult:
    """Publish what was prepared, and perhaps shown to somebody; refused when the tenant moved on since. ``replan``: running clocks follow."""
    prepared.require_sound()
    probe = probe or _silent
    if prepared.unchanged and _same_sources(home, prepared):
        return PublishResult(prepared.base.id, prepared.hash, prepared, unchanged=True)
    new = prepared.release()
    for attempt in range(TRIES):
        try:
            release_id, deferred = _switch(home, by, prepared, new, clock.now(), note, probe, ports, replan)
            break
        except Busy:
            if attempt == TRIES - 1:
                raise
            pause(PAUSE_S * (attempt + 1))
    pending = _after(home, replace(new, id=release_id), deferred, clock, ports, probe)
    return PublishResult(release_id, prepared.hash, prepared, pending=pending)


def _silent(step: str) -> None:
    """Nobody watches."""


def _require_base(base: Release, expected: int | None, base_hash: str | None) -> None:
    if (expected is not None and expected != base.id) or (base_hash is not None and base_hash != base.hash):
        raise moved_on()


def moved_on() -> Conflict:
    """The release in force is not the one the work was based on."""
    return Conflict(_("Somebody else published in the meantime."), hint=_("Look at the new plan and publish again."))


def _same_sources(home: Home, prepared: Prepared) -> bool:
    with home.read() as conn:
        now = [(i.key, i.version, i.hash) for i in store.installed(conn, prepared.base.id)]
        return now == [(p.key, p.version, p.hash) for p in prepared.packages] and store.tenant_changes(conn) == prepared.changes


def _switch(
    home: Home, by: str | None, prepared: Prepared, new: Release, now: datetime, note: str, probe: Probe, ports: Ports | None, replan: bool
) -> tuple[int, list[ops.Operation]]:
    with home.write() as conn:
        hurry(conn)
        id_, hash_ = store.lock(conn)
        if (id_ or 0) != prepared.base.id or (hash_ is not None and hash_ != prepared.base.hash):
            raise moved_on()
        settings = conn.execute(select(t.tenant_state.c.settings)).scalar() or {}
        site = ddl.Site(conn, prepared.base, new, now, settings.get("zone") or "UTC", settings.get("currency") or "CNY")
        deferred: list[ops.Operation] = []
        for operation in prepared.plan.operations:
            if ddl.deferred(site, operation):
                deferred.append(operation)
                continue
            probe(operation.KIND)
            ddl.do(site, operation)
        probe("packages")
        installed = [store.keep_package(conn, package, now, by) for package in prepared.packages]
        probe("overlay")
        store.keep_tenant_changes(conn, prepared.changes, now)
        probe("release")
        release_id = store.write_release(
            conn,
            hash=new.hash,
            kind="published",
            tree=to_json(prepared.effective.tree),
            columns=dict(new.columns),
            base_release_id=prepared.base.id or None,
            packages=[i.to_json() for i in installed],
            changes=[c.to_json() for c in prepared.changes],
            plan=prepared.plan.to_json(),
            note=note or None,
            published_by=by,
            published_at=now,
        )
        probe("point")
        store.point_at(conn, release_id)
        vouching.vouch(conn, prepared.effective.tree, release_id, by, now)
        store.write_event(conn, now, "release_published", {"release": release_id, "base": prepared.base.id, "by": by})
        audit.write(conn, now, "release.published", str(release_id), {"number": release_id, "note": note[:200]}, actor=by, channel="design")
        if ports is not None and ports.promises is not None and prepared.base.id:
            ports.promises.follow(conn, prepared.base.id, release_id, replan, now)
        probe("commit")
    return release_id, deferred


def hurry(conn: Connection) -> None:
    """Wait for locks of tables only a moment."""
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))


# --- after the switch ---------------------------------------------------------------------------------------------


def _after(home: Home, release: Release, deferred: Sequence[ops.Operation], clock: Clock, ports: Ports | None, probe: Probe) -> tuple[ops.Operation, ...]:
    pending: list[ops.Operation] = []
    for operation in deferred:
        probe(f"after:{operation.KIND}")
        if isinstance(operation, ops.CreateIndex):
            if not create_beside(home, operation):
                pending.append(operation)
        elif isinstance(operation, ops.Fill):
            if ports is None or ports.fills is None:
                pending.append(operation)
            else:
                ports.fills.fill(home, clock, release, operation.entity, operation.fields)
    return tuple(pending)


def create_beside(home: Home, operation: ops.CreateIndex) -> bool:
    """An index of a big table on PostgreSQL without stopping its writers; a half-made one of an earlier try goes first."""
    index = operation.index
    if home.dialect != "postgresql":
        with home.write() as conn:
            conn.execute(text(index.sql(conn.dialect).replace("INDEX ", "INDEX IF NOT EXISTS ", 1)))
        return True
    with home.engine.connect() as conn:
        # CONCURRENTLY refuses to run inside of a transaction: straight to the driver, which is in autocommit.
        driver: Any = conn.connection.driver_connection
        try:
            driver.execute(f'SET search_path = "{home.schema}"')
            driver.execute("SET statement_timeout = 0")
            valid = driver.execute("SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(%s)", [f'"{index.name}"']).fetchone()
            if valid is not None and not valid[0]:
                driver.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{index.name}"')
                valid = None
            if valid is None:
                driver.execute(index.sql(conn.dialect, concurrently=True))
            return True
        finally:
            driver.execute("RESET search_path")
            driver.execute("RESET statement_timeout")


_INDEXES = text(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisvalid AND n.nspname = :schema"
)


def _present_indexes(conn: Connection, home: Home) -> set[str]:
    return {row[0] for row in conn.execute(_INDEXES, {"schema": home.schema})}


def finish(home: Home, *, clock: Clock, ports: Ports | None = None) -> tuple[ops.Operation, ...]:
    """Do what the after-phase of the current release may have left undone; safe to repeat. Returns what still is."""
    with home.read() as conn:
        release = releases.current(conn)
        present = _present_indexes(conn, home) if release.id and home.dialect == "postgresql" else None
        plan = conn.execute(select(t.release.c.plan).where(t.release.c.id == release.id)).scalar() or []
    left: list[ops.Operation] = []
    if present is not None:
        for name, (index, uid) in wanted(release.application, release.tables).items():
            if name not in present:
                left.append(ops.CreateIndex(uid, release.application.by_uid[uid].label, index))
    for row in plan:
        if row["do"] == ops.Fill.KIND and row["uid"] in release.application.by_uid:
            left.append(ops.Fill(row["uid"], release.application.by_uid[row["uid"]].label, row["entity"], tuple(row["fields"])))
    return _after(home, release, left, clock, ports, _silent)


# --- going back ---------------------------------------------------------------------------------------------------


def roll_back(
    home: Home, by: str | None, release_id: int, *, clock: Clock, note: str = "", ports: Ports | None = None, probe: Probe | None = None
) -> PublishResult:
    """Publish an older release's model again, with a plan of its own; columns hidden since come back with their values. Raises NotFound."""
    with home.read() as conn:
        older = releases.load(conn, release_id)
        row = conn.execute(select(t.release.c.changes).where(t.release.c.id == release_id)).scalar()
        packages = store.packages_of(conn, release_id)
        base = releases.current(conn).id
    said = note or _("Back to release {id}", id=release_id).to("zh")
    return publish(
        home,
        by,
        clock=clock,
        packages=packages,
        changes=changes_from_json(row or ()),
        tree=older.application.tree,
        expected=base,
        note=said,
        ports=ports,
        probe=probe,
    )
