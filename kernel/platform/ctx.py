"""The one argument that travels: who, where, when, and the unit of work. Made at the edge, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kernel.i18n import DEFAULT_LANGUAGE
from kernel.platform.clock import Clock
from kernel.platform.ids import uuid7
from kernel.platform.releases import Release

if TYPE_CHECKING:
    from kernel.model.application import Application
    from kernel.model.tables import Tables

DEFAULT_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Roles and teams are those at this very request (D25)."""

    person: str
    name: str
    team: str | None = None
    # Own team and all below it.
    teams: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    language: str = DEFAULT_LANGUAGE
    zone: str = DEFAULT_ZONE
    # ``automation``: a rule of the application that acts by itself with rights like those of its publisher (D36).
    kind: Literal["person", "token", "system", "automation", "nobody"] = "person"
    # A role with the design right.
    admin: bool = False
    # What the roles allow beyond records: design, administer, export, import.
    rights: frozenset[str] = frozenset()
    # None: all the person may do. Else a token's scopes (D27): the effective right is the intersection.
    scopes: frozenset[str] | None = None
    theme: str = "auto"
    must_change: bool = False
    # Who looks through this person's eyes; then nothing may be written.
    viewer: str | None = None


SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Cause:
    """What the product does something for by itself: a run of an automation (uid) and its step.

    ``root`` is the first run of what led to this, ``chain`` the uids of the automations from there to this one.
    """

    automation: str
    run: str
    step: str
    root: str
    chain: tuple[str, ...]

    def to_json(self) -> dict[str, str]:
        """For the reason of what is written."""
        return {"uid": self.automation, "run": self.run, "step": self.step}


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant a request is about; ``settings`` is its tenant_state row (language, zone, currency, accent, logo ...)."""

    slug: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def language(self) -> str:
        return str(self.settings.get("language") or DEFAULT_LANGUAGE)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.settings.get("languages") or ("zh", "en"))

    @property
    def zone(self) -> str:
        return str(self.settings.get("zone") or DEFAULT_ZONE)

    @property
    def currency(self) -> str:
        return str(self.settings.get("currency") or "CNY")


@dataclass(frozen=True)
class Ctx:
    """Tenant, actor, unit of work, release and clock of one request, job or command."""

    tenant: Tenant
    actor: Actor
    conn: Connection
    release: Release
    clock: Clock
    channel: str
    request_id: str
    # Where the request came from; empty for jobs and commands.
    address: str = ""
    # Why it is done, where a rule does it by itself; the history says so.
    because: Cause | None = None

    @property
    def now(self) -> datetime:
        """The instant, aware, UTC."""
        return self.clock.now()

    @property
    def app(self) -> Application:
        return self.release.application

    @property
    def tables(self) -> Tables:
        return self.release.tables

    @property
    def language(self) -> str:
        return self.actor.language

    @cached_property
    def zone(self) -> ZoneInfo:
        """The reader's time zone; rules of the tenant use ``tenant.zone``."""
        return ZoneInfo(self.actor.zone)

    def new_id(self) -> str:
        """An id for a new record, in order of time."""
        return uuid7(self.clock.now())

    def acting(
        self, *, channel: str | None = None, actor: Actor | None = None, release: Release | None = None, clock: Clock | None = None,
        because: Cause | None = None,
    ) -> Ctx:
        """The same unit of work on another channel, in another name, with another release or another clock."""
        return replace(
            self, channel=channel or self.channel, actor=actor or self.actor, release=release or self.release, clock=clock or self.clock,
            because=because or self.because)


def system_actor(tenant: Tenant, release: Release) -> Actor:
    """Who acts when no person does: commands, samples, migrations. Holds every role of the application."""
    return Actor(
        person=SYSTEM, name="System", roles=frozenset(release.application.roles), language=tenant.language, zone=tenant.zone,
        kind="system", admin=True, rights=frozenset({"design", "administer", "export", "import"}))


def system_ctx(tenant: Tenant, conn: Connection, clock: Clock, channel: str, release: Release | None = None) -> Ctx:
    """A Ctx for a command or job on an open unit of work; ``release`` defaults to the current one."""
    from kernel.platform import releases

    found = release or releases.current(conn)
    return Ctx(tenant, system_actor(tenant, found), conn, found, clock, channel, uuid7(clock.now()))
