"""Releases as everybody reads them: immutable, compiled once per content, shared by all tenants of the process."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from sqlalchemy import Connection, select

from kernel.errors import Conflict, NotFound
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.database import home_key
from kernel.platform.jsonvalues import canonical

if TYPE_CHECKING:
    from kernel.model.application import Application
    from kernel.model.tables import Tables

Kind = Literal["published", "preview"]


@dataclass(frozen=True, eq=False)
class Release:
    """A published application (or a preview) with its tables.

    ``hash`` covers model and columns: whatever is compiled from a release may be cached by it. ``id`` 0 is the
    release of a tenant that has published nothing yet: an empty application.
    """

    id: int
    hash: str
    kind: Kind
    application: Application
    columns: Mapping[str, Any]
    tables: Tables
    expires_at: datetime | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Release) and (self.id, self.hash) == (other.id, other.hash)

    def __hash__(self) -> int:
        return hash((self.id, self.hash))


def release_hash(tree_json: Any, columns: Mapping[str, Any]) -> str:
    """The hash of a release: of its tree as JSON and of its columns."""
    return hashlib.sha256(canonical([tree_json, columns]).encode()).hexdigest()


Value = TypeVar("Value")


class _Cache(Generic[Value]):
    """The last used values; computing one twice at the same moment is allowed, keeping two is not."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[Any, Value] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Value]) -> Value:
        with self._lock:
            found = self._values.get(key)
            if found is not None:
                self._values.move_to_end(key)
                return found
        made = make()
        with self._lock:
            kept = self._values.setdefault(key, made)
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
            return kept


# A compiled application of 20 entities takes some megabytes; equal ones are shared by all their tenants.
_compiled: _Cache[tuple[Application, Tables]] = _Cache(64)
_loaded: _Cache[Release] = _Cache(2048)
_EMPTY_HASH = release_hash([], {})


def current(conn: Connection) -> Release:
    """The tenant's published release; the empty one when nothing was published yet."""
    row = conn.execute(
        select(t.release.c.id, t.release.c.hash).join_from(
            t.tenant_state, t.release, t.release.c.id == t.tenant_state.c.release_id)
    ).first()
    return empty() if row is None else known(conn, row.id, row.hash)


def load(conn: Connection, id: int) -> Release:
    """The release with this id. Raises NotFound."""
    row = conn.execute(select(t.release.c.id, t.release.c.hash).where(t.release.c.id == id)).first()
    if row is None:
        raise NotFound()
    return known(conn, row.id, row.hash)


def known(conn: Connection, id: int, row_hash: str) -> Release:
    """The release whose id and row hash were read in this transaction; asks the database only the first time."""
    # The hash is part of the key because a rolled-back publish leaves its id to the next one.
    return _loaded.get((home_key(conn), id, row_hash), lambda: _read(conn, id))


def _read(conn: Connection, id: int) -> Release:
    row = conn.execute(
        select(t.release.c.id, t.release.c.kind, t.release.c.tree, t.release.c.columns, t.release.c.expires_at).where(t.release.c.id == id)
    ).first()
    if row is None:
        raise NotFound()
    hash_ = release_hash(row.tree, row.columns)
    application, tables = _compiled.get(hash_, lambda: compile_application(row.tree, row.columns))
    return Release(row.id, hash_, row.kind, application, row.columns, tables, row.expires_at)


def compile_application(tree_json: Any, columns: Mapping[str, Any]) -> tuple[Application, Tables]:
    """Application and tables of a stored tree; the expensive step, done once per content."""
    # Imported here, because the model imports field types, which import this package's column types.
    from kernel.model import application, tables, tree

    built = application.build(tree.from_json(tree_json))
    return built, tables.build(built, columns)


def empty() -> Release:
    """The release of a tenant without one: no entities, no roles."""
    application, tables = _compiled.get(_EMPTY_HASH, lambda: compile_application([], {}))
    return Release(0, _EMPTY_HASH, "published", application, {}, tables)


def require_published(release: Release) -> Release:
    """``release``, unless the tenant has none yet. Raises Conflict."""
    if release.id == 0:
        raise Conflict(_("Nothing is published here yet."), hint=_("An administrator publishes an application first."))
    return release
