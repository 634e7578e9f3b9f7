"""Tenants: their place in the control database and their homes."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from kernel.errors import Busy, Conflict, Invalid, NotFound, Problem
from kernel.i18n import LANGUAGES, _
from kernel.platform import migrations
from kernel.platform import tables as t
from kernel.platform.clock import Clock
from kernel.platform.ctx import DEFAULT_ZONE, Tenant
from kernel.platform.database import Databases, Home, drop_schema
from kernel.platform.ids import uuid7
from kernel.platform.settings import Settings

SLUG = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?\Z")
_RESERVED = frozenset({"api", "static", "operate", "health", "t", "www"})
# How long another process may still serve a tenant that was removed or moved.
_FRESH_S = 5.0
# Where PostgreSQL tells workers that something is due earlier than was known.
DUE_CHANNEL = "fangyuan_due"

DEFAULT_SETTINGS: Mapping[str, Any] = {
    "language": "zh", "languages": list(LANGUAGES), "zone": DEFAULT_ZONE, "currency": "CNY", "accent": None, "logo": None}


@dataclass(frozen=True, slots=True)
class Placement:
    """A tenant's row in the control database."""

    id: str
    slug: str
    name: str
    database_url: str
    schema_name: str | None
    status: str
    created_at: datetime

    @property
    def tenant(self) -> Tenant:
        """The tenant before its own settings were read."""
        return Tenant(self.slug, self.name, dict(DEFAULT_SETTINGS), self.id)


class Tenants:
    """Finds, makes and removes tenants; one per process."""

    def __init__(self, settings: Settings, databases: Databases, clock: Clock) -> None:
        self.settings, self.databases, self.clock = settings, databases, clock
        self.control = databases.control()
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, Placement, Home]] = {}

    def find(self, slug: str) -> tuple[Placement, Home] | None:
        """The active tenant with this slug and its home; known ones are asked for again every five seconds."""
        if not SLUG.match(slug):
            return None
        moment = self.clock.monotonic()
        with self._lock:
            known = self._found.get(slug)
        if known is not None and 0 <= moment - known[0] < _FRESH_S:
            return known[1], known[2]
        with self.control.read() as conn:
            placement = _placement(conn, slug)
        with self._lock:
            if placement is None or placement.status != "active":
                self._found.pop(slug, None)
                return None
            home = known[2] if known is not None and known[1] == placement else self._home(placement)
            self._found[slug] = (moment, placement, home)
            return placement, home

    def get(self, slug: str) -> tuple[Placement, Home]:
        """As :meth:`find`; raises NotFound."""
        found = self.find(slug)
        if found is None:
            raise NotFound(_("There is no such workspace: {slug}", slug=slug))
        return found

    def all(self) -> list[Placement]:
        """Every tenant, by slug. For operators and commands only."""
        with self.control.read() as conn:
            return [Placement(*row) for row in conn.execute(select(*_COLUMNS).order_by(t.tenant.c.slug))]

    def create(self, slug: str, name: str, settings: Mapping[str, Any] | None = None) -> tuple[Placement, Home]:
        """A tenant with an empty, migrated home and no release.

        Raises :class:`Invalid` for a slug that can't be used, :class:`Conflict` for one that is taken. The row in the
        control database comes last: a failure on the way leaves no tenant behind.
        """
        if not SLUG.match(slug) or slug in _RESERVED:
            raise Invalid([Problem(
                "slug_invalid", _("This can't be the address of a workspace: {slug}", slug=slug), "slug",
                _("Use 1 to 40 small letters, digits and hyphens, starting with a letter."))])
        values = {**DEFAULT_SETTINGS, "name": name, **(settings or {})}
        now = self.clock.now()
        id_ = uuid7(now)
        placement = Placement(id_, slug, name, *self._place(slug, id_), "active", now)
        # Claims the slug first; nobody finds the tenant before it is active.
        try:
            with self.control.write() as conn:
                conn.execute(insert(t.tenant).values(
                    id=id_, slug=slug, name=name, database_url=placement.database_url, schema_name=placement.schema_name,
                    status="making", created_at=now))
        except IntegrityError as error:
            raise Conflict(_("There already is a workspace with this address: {slug}", slug=slug)) from error
        home = self._home(placement)
        try:
            migrations.create_tenant_home(home, self.settings)
            with home.write() as conn:
                conn.execute(insert(t.tenant_state).values(id=1, release_id=None, rights_epoch=1, settings=values))
            with self.control.write() as conn:
                conn.execute(update(t.tenant).where(t.tenant.c.id == id_).values(status="active"))
        except BaseException:
            self._remove(placement, home)
            raise
        return placement, home

    def hint(self, id_: str, due: datetime) -> None:
        """Note that something is due in a tenant at ``due``, unless something earlier is known. Losing it is no harm (DESIGN section 8)."""
        mine = t.tenant.c.id == id_
        later = or_(t.tenant.c.next_due.is_(None), t.tenant.c.next_due > due)
        # Looked at first: most of the time something earlier is known, and reading needs no lock.
        with suppress(Busy):
            with self.control.read() as conn:
                if conn.execute(select(t.tenant.c.id).where(mine, later)).first() is None:
                    return
            with self.control.write() as conn:
                if conn.execute(update(t.tenant).where(mine, later).values(next_due=due)).rowcount and conn.dialect.name == "postgresql":
                    conn.execute(select(func.pg_notify(DUE_CHANNEL, "")))

    def due(self, now: datetime) -> list[Placement]:
        """Active tenants in which, as far as is known, something is due, the longest waiting first."""
        query = select(*_COLUMNS).where(t.tenant.c.status == "active", t.tenant.c.next_due <= now).order_by(t.tenant.c.next_due)
        with self.control.read() as conn:
            return [Placement(*row) for row in conn.execute(query)]

    def time_left(self, now: datetime) -> timedelta | None:
        """How long until something is due anywhere, as far as is known; None: nothing is, or it is already."""
        with self.control.read() as conn:
            due = conn.execute(select(func.min(t.tenant.c.next_due)).where(t.tenant.c.status == "active", t.tenant.c.next_due > now)).scalar()
        return None if due is None else due - now

    def looked(self, id_: str, seen: datetime, next_due: datetime | None) -> None:
        """A worker looked at ``seen``: what is known to be due there next, unless somebody noted something newer meanwhile."""
        with self.control.write() as conn:
            conn.execute(update(t.tenant).where(t.tenant.c.id == id_, t.tenant.c.next_due <= seen).values(next_due=next_due))

    def delete(self, slug: str) -> None:
        """Remove a tenant with all its data, also one whose making was cut off. Raises NotFound."""
        with self.control.read() as conn:
            placement = _placement(conn, slug)
        if placement is None:
            raise NotFound(_("There is no such workspace: {slug}", slug=slug))
        with self.control.write() as conn:
            conn.execute(update(t.tenant).where(t.tenant.c.id == placement.id).values(status="removing"))
        self._remove(placement, self._home(placement))

    def _remove(self, placement: Placement, home: Home) -> None:
        with self._lock:
            self._found.pop(placement.slug, None)
        self.databases.forget(home)
        drop_schema(home)
        with self.control.write() as conn:
            conn.execute(delete(t.tenant).where(t.tenant.c.id == placement.id))

    def _place(self, slug: str, id_: str) -> tuple[str, str | None]:
        """Database URL and schema of a new tenant: a file of its own, or a schema beside the control schema."""
        if self.settings.on_postgresql:
            return self.settings.database_url, "t_" + slug.replace("-", "_") + "_" + id_[-6:]
        return f"sqlite:///{self.settings.data_dir / 'tenants' / f'{slug}.sqlite3'}", None

    def _home(self, placement: Placement) -> Home:
        return self.databases.home(placement.database_url, placement.schema_name, placement.id, wake=partial(self.hint, placement.id))


_COLUMNS = (
    t.tenant.c.id, t.tenant.c.slug, t.tenant.c.name, t.tenant.c.database_url, t.tenant.c.schema_name, t.tenant.c.status,
    t.tenant.c.created_at,
)


def _placement(conn: Connection, slug: str) -> Placement | None:
    row = conn.execute(select(*_COLUMNS).where(t.tenant.c.slug == slug)).first()
    return None if row is None else Placement(*row)


def state(conn: Connection) -> Mapping[str, Any]:
    """The tenant's own settings. Raises NotFound for an unfinished home."""
    found = conn.execute(select(t.tenant_state.c.settings)).scalar()
    if found is None:
        raise NotFound()
    return dict(found)


def read_tenant(conn: Connection, placement: Placement) -> Tenant:
    """The tenant with its own settings."""
    settings = state(conn)
    return Tenant(placement.slug, str(settings.get("name") or placement.name), settings, placement.id)


def change_settings(conn: Connection, changes: Mapping[str, Any]) -> None:
    """Merge ``changes`` into the tenant's settings."""
    conn.execute(update(t.tenant_state).values(settings={**state(conn), **changes}))
