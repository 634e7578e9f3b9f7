"""Who a person is at this moment: name, team, roles. Cached per rights epoch, so a change counts at the next request."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from kernel.platform import accounts
from kernel.platform.ctx import Actor, Tenant
from kernel.platform.database import home_key
from kernel.platform.releases import Release
from kernel.platform.teams import teams_below

_CACHE_SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Identity:
    """What the database says about a person who may act."""

    person_id: str
    name: str
    team: str | None
    teams: frozenset[str]
    roles: frozenset[str]
    rights: frozenset[str]

    def actor(
        self, tenant: Tenant, *, kind: Any = "person", language: str | None = None, zone: str | None = None, theme: str | None = None,
        scopes: Iterable[str] | None = None, must_change: bool = False,
    ) -> Actor:
        """The actor of a request; a token's scopes narrow what the person may do (D27)."""
        kept = None if scopes is None else frozenset(scopes)
        rights = self.rights if kept is None else frozenset(r for r in self.rights if r in kept or "all" in kept)
        return Actor(
            person=self.person_id, name=self.name, team=self.team, teams=self.teams, roles=self.roles,
            language=language if language in tenant.languages else tenant.language, zone=zone or tenant.zone, kind=kind,
            admin="design" in rights, rights=rights, scopes=kept, theme=theme or "system", must_change=must_change)


_lock = threading.Lock()
_known: OrderedDict[Any, Identity | None] = OrderedDict()


def at_the_edge(
    conn: Connection, tenant: Tenant, release: Release, epoch: int, person_id: str, fallback_name: str, now: datetime
) -> Identity | None:
    """The identity at the start of a unit of work, from the cache where the epoch allows it; None for a person who may not act.

    Only for the edge: inside a transaction that changes rights the epoch is not yet true, use :func:`identify` there.
    """
    key = (home_key(conn), release.id, release.hash, epoch, person_id)
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    found = identify(conn, release, person_id, fallback_name, tenant=tenant, now=now)
    if any(role.member_when for role in release.application.roles.values()):
        # Membership by expression follows the person's data, which move without an epoch.
        return found
    with _lock:
        _known[key] = found
        while len(_known) > _CACHE_SIZE:
            _known.popitem(last=False)
    return found


def identify(
    conn: Connection, release: Release, person_id: str, fallback_name: str = "", *, tenant: Tenant | None = None, now: datetime | None = None
) -> Identity | None:
    """Name, team, roles and rights as they stand in this transaction; None when the person's record is gone or inactive.

    Roles given by an expression need ``tenant`` and ``now`` (for its time zone and clock); without them they are left out.
    """
    name, team, active = _person(conn, release, person_id, fallback_name)
    if not active:
        return None
    known = release.application.roles
    given = accounts.roles_of(conn, person_id)
    roles = frozenset(role for role in given if role in known)
    if tenant is not None and now is not None:
        roles |= _by_expression(conn, tenant, release, person_id, now)
    rights = frozenset(right for role in roles for right in known[role].can)
    if release.id == 0 and FIRST_ADMIN in given:
        # Before anything is published no role exists; the first person must be able to publish.
        rights = frozenset({"design", "administer", "import"})
        roles = frozenset({FIRST_ADMIN})
    return Identity(person_id, name, team, teams_below(conn, team), roles, rights)


FIRST_ADMIN = "admin"


def _person(conn: Connection, release: Release, person_id: str, fallback: str) -> tuple[str, str | None, bool]:
    entity = release.application.entities.get("person")
    if entity is None:
        return fallback, None, True
    table = release.tables.of("person")
    fields = {field.key for field in entity.fields}
    wanted: dict[str, ColumnElement[Any]] = {"deleted_at": table.table.c.deleted_at, "home_team": table.table.c.team_id}
    for key in ("name", "team", "active"):
        if key in fields and key in table.columns:
            wanted[key] = table.column(key)
    row = conn.execute(select(*(c.label(f"v_{key}") for key, c in wanted.items())).where(table.table.c.id == person_id)).first()
    if row is None:
        return fallback, None, False
    values = dict(zip(wanted, row, strict=True))
    team = values.get("team") or values["home_team"]
    return values.get("name") or fallback, team, values["deleted_at"] is None and values.get("active") is not False


# (conn, tenant, release, person id, now) -> keys of the roles whose ``member_when`` holds for the person.
Membership = Callable[[Connection, Tenant, Release, str, datetime], frozenset[str]]
_membership: list[Membership] = []


def use_membership(rule: Membership) -> None:
    """Tell how roles given by an expression are found (who can evaluate one over a record); called once at start.

    Without it nobody gets a role by expression.
    """
    _membership[:] = [rule]


def _by_expression(conn: Connection, tenant: Tenant, release: Release, person_id: str, now: datetime) -> frozenset[str]:
    if not _membership or not any(role.member_when for role in release.application.roles.values()):
        return frozenset()
    return _membership[0](conn, tenant, release, person_id, now)
