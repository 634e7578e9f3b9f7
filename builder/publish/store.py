"""The rows that publishing reads and writes: packages, the tenant's overlay, releases, hidden columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from builder.layers.change import Change, changes_from_json
from builder.packages.package import Package, package_from_json
from kernel.errors import Conflict
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.releases import Release

LAYER = "tenant"


@dataclass(frozen=True)
class Installed:
    """A package as a release names it."""

    key: str
    version: str
    hash: str

    def to_json(self) -> dict[str, str]:
        return {"key": self.key, "version": self.version, "hash": self.hash}


def installed(conn: Connection, release_id: int) -> tuple[Installed, ...]:
    """The packages of a release, in order."""
    found = conn.execute(select(t.release.c.packages).where(t.release.c.id == release_id)).scalar()
    return tuple(Installed(p["key"], p["version"], p["hash"]) for p in found or ())


def packages_of(conn: Connection, release_id: int) -> tuple[Package, ...]:
    """The packages of a release with their content, in order."""
    wanted = installed(conn, release_id)
    rows = conn.execute(
        select(t.package_version.c.key, t.package_version.c.version, t.package_version.c.tree).where(t.package_version.c.key.in_([w.key for w in wanted]))
    )
    known = {(row.key, row.version): row.tree for row in rows}
    return tuple(package_from_json(known[w.key, w.version]) for w in wanted)


def keep_package(conn: Connection, package: Package, now: datetime, by: str | None) -> Installed:
    """Store a version unless it is there. Raises Conflict when this version is there with another content: versions never change."""
    c = t.package_version.c
    found = conn.execute(select(c.hash).where(c.key == package.key, c.version == package.version)).scalar()
    if found is None:
        conn.execute(
            insert(t.package_version).values(
                key=package.key, version=package.version, hash=package.hash, tree=package.to_json(), imported_at=now, imported_by=by
            )
        )
    elif found != package.hash:
        raise Conflict(
            _("Version {version} of {package} is here already with another content.", version=package.version, package=package.key),
            hint=_("Raise the version in package.yaml."),
        )
    return Installed(package.key, package.version, package.hash)


def tenant_changes(conn: Connection) -> tuple[Change, ...]:
    """The tenant's overlay."""
    found = conn.execute(select(t.overlay.c.changes).where(t.overlay.c.layer == LAYER)).scalar()
    return changes_from_json(found or ())


def keep_tenant_changes(conn: Connection, changes: Iterable[Change], now: datetime) -> None:
    """Replace the tenant's overlay."""
    rows = [c.to_json() for c in changes]
    done = conn.execute(update(t.overlay).where(t.overlay.c.layer == LAYER).values(changes=rows, updated_at=now))
    if done.rowcount == 0:
        conn.execute(insert(t.overlay).values(layer=LAYER, changes=rows, updated_at=now))


def lock(conn: Connection) -> tuple[int | None, str | None]:
    """Hold the tenant's release until the end of the transaction; its id and hash now."""
    query = select(t.tenant_state.c.release_id)
    if conn.dialect.name == "postgresql":
        query = query.with_for_update()
    id_ = conn.execute(query).scalar()
    if id_ is None:
        return None, None
    return id_, conn.execute(select(t.release.c.hash).where(t.release.c.id == id_)).scalar()


def write_release(conn: Connection, **values: Any) -> int:
    """Insert a release row; rows are never changed afterwards."""
    return int(conn.execute(insert(t.release).values(**values).returning(t.release.c.id)).scalar_one())


def point_at(conn: Connection, release_id: int) -> None:
    """Make a release the tenant's current one. Roles may have changed with it, so the rights epoch moves."""
    conn.execute(update(t.tenant_state).values(release_id=release_id, rights_epoch=t.tenant_state.c.rights_epoch + 1))


def write_event(conn: Connection, now: datetime, kind: str, data: Mapping[str, Any]) -> None:
    conn.execute(insert(t.event).values(at=now, kind=kind, data=dict(data)))


# --- hidden columns -----------------------------------------------------------------------------------------------

WHOLE = ""
"""Stands for the column in a row about a whole table."""


@dataclass(frozen=True)
class Hidden:
    """A row of retired_column."""

    table: str
    column: str
    uid: str
    purged: bool


def hidden(conn: Connection) -> list[Hidden]:
    """All hidden tables and columns, purged ones too: their names are never used again."""
    c = t.retired_column.c
    return [Hidden(r.table_name, r.column_name, r.uid, r.purged_at is not None) for r in conn.execute(select(c.table_name, c.column_name, c.uid, c.purged_at))]


def hide(conn: Connection, table: str, columns: Sequence[str], uid: str, now: datetime) -> None:
    """Note columns (or, with ``WHOLE``, the table) as hidden."""
    c = t.retired_column.c
    for column in columns:
        found = conn.execute(update(t.retired_column).where(c.table_name == table, c.column_name == column).values(uid=uid, retired_at=now, purged_at=None))
        if found.rowcount == 0:
            conn.execute(insert(t.retired_column).values(table_name=table, column_name=column, uid=uid, retired_at=now))


def show(conn: Connection, table: str, columns: Sequence[str]) -> None:
    """They are in use again."""
    c = t.retired_column.c
    conn.execute(t.retired_column.delete().where(c.table_name == table, c.column_name.in_(list(columns)), c.purged_at.is_(None)))


def releases_with(conn: Connection, uids: Iterable[str]) -> dict[str, Release]:
    """Per uid the newest release that knows it, whatever kind; for those that have one."""
    from kernel.platform import releases

    missing = set(uids)
    found: dict[str, Release] = {}
    if not missing:
        return found
    for row in conn.execute(select(t.release.c.id, t.release.c.hash, t.release.c.columns).order_by(t.release.c.id.desc())):
        here = missing & set(row.columns)
        if here:
            release = releases.known(conn, row.id, row.hash)
            found.update(dict.fromkeys(here, release))
            missing -= here
        if not missing:
            break
    return found
