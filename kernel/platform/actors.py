"""Who a person is at this moment: name, team, roles. Cached per rights epoch, so a change counts at the next request."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from kernel.platform import accounts
from kernel.platform import tables as t
from kernel.platform.ctx import Actor, Tenant
from kernel.platform.database import home_key
from kernel.platform.releases import Release
from kernel.platform.teams import all_teams_below, teams_below

_CACHE_SIZE = 20_000
_CHUNK = 500


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


def identify_all(conn: Connection, release: Release, ids: Iterable[str], *, tenant: Tenant, now: datetime) -> dict[str, Identity]:
    """The identities of several people who may sign in, in a fixed number of statements (one more each where roles are given by
    an expression). Who is gone, inactive or has no open account is absent."""
    wanted = list(dict.fromkeys(ids))
    known = release.application.roles
    roles: dict[str, set[str]] = {}
    for at in range(0, len(wanted), _CHUNK):
        a, r = t.account.c, t.person_role.c
        query = (
            select(a.person_id, r.role)
            .select_from(t.account.outerjoin(t.person_role, r.person_id == a.person_id))
            .where(a.person_id.in_(wanted[at : at + _CHUNK]), a.disabled_at.is_(None)))
        for person_id, role in conn.execute(query):
            roles.setdefault(person_id, set()).update({role} & known.keys())
    people = {id_: found for id_, found in _people(conn, release, list(roles)).items() if found[2]}
    below = all_teams_below(conn, {team for _name, team, _active in people.values() if team is not None})
    found = {}
    for id_, (name, team, _active) in people.items():
        held = frozenset(roles[id_]) | _by_expression(conn, tenant, release, id_, now)
        rights = frozenset(right for role in held for right in known[role].can)
        found[id_] = Identity(id_, name, team, below[team] if team is not None else frozenset(), held, rights)
    return found


def _person(conn: Connection, release: Release, person_id: str, fallback: str) -> tuple[str, str | None, bool]:
    found = _people(conn, release, [person_id]).get(person_id)
    if found is None:
        return fallback, None, "person" not in release.application.entities
    return found[0] or fallback, found[1], found[2]


def _people(conn: Connection, release: Release, ids: Sequence[str]) -> dict[str, tuple[str, str | None, bool]]:
    """Name, team and whether they are active; absent are those whose record is gone."""
    entity = release.application.entities.get("person")
    if entity is None or not ids:
        return {}
    table = release.tables.of("person")
    fields = {field.key for field in entity.fields}
    wanted: dict[str, ColumnElement[Any]] = {"id": table.table.c.id, "deleted_at": table.table.c.deleted_at, "home_team": table.table.c.team_id}
    for key in ("name", "team", "active"):
        if key in fields and key in table.columns:
            wanted[key] = table.column(key)
    found = {}
    for at in range(0, len(ids), _CHUNK):
        for row in conn.execute(select(*(c.label(f"v_{key}") for key, c in wanted.items())).where(table.table.c.id.in_(list(ids[at : at + _CHUNK])))):
            values = dict(zip(wanted, row, strict=True))
            active = values["deleted_at"] is None and values.get("active") is not False
            found[values["id"]] = (values.get("name") or "", values.get("team") or values["home_team"], active)
    return found


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
