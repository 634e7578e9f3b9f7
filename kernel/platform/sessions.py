"""Server-side sessions (SAFETY D25): 256 random bits in a cookie, a hash in the tenant's own database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, true, update

from kernel.platform import actors, releases, viewing
from kernel.platform import tables as t
from kernel.platform.ctx import Actor, Tenant
from kernel.platform.ids import digest, secret
from kernel.platform.releases import Release

LONGEST = timedelta(days=90)
# A session's last use is written at most this often, so that reading stays reading.
TOUCH_EVERY = timedelta(minutes=5)

# What every request needs to know, with its session or token, in one statement (DESIGN section 5).
_STATE: tuple[ColumnElement[Any], ...] = (
    t.account.c.person_id, t.account.c.login, t.account.c.must_change, t.account.c.language, t.account.c.theme, t.account.c.zone,
    t.tenant_state.c.release_id, t.tenant_state.c.rights_epoch, t.tenant_state.c.settings,
    t.release.c.hash.label("release_hash"),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a session or token opens, as of this transaction."""

    tenant: Tenant
    actor: Actor
    release: Release
    epoch: int
    touch_due: bool
    credential: str

    @property
    def release_id(self) -> int:
        return self.release.id


def create(conn: Connection, person_id: str, now: datetime, days: int, user_agent: str = "", address: str = "") -> str:
    """A new session; returns the secret for the cookie, which is stored nowhere."""
    value = secret()
    conn.execute(insert(t.session).values(
        token_hash=digest(value), person_id=person_id, created_at=now, seen_at=now, expires_at=now + timedelta(days=days),
        user_agent=user_agent[:300], address=address[:64]))
    conn.execute(update(t.account).where(t.account.c.person_id == person_id).values(last_seen_at=now))
    return value


def open_session(conn: Connection, token_hash: str, tenant: Tenant, now: datetime) -> Opened | None:
    """Who holds this session, with release and rights epoch, in one statement; None for unknown, expired, disabled alike."""
    row = conn.execute(_SESSION, {"hash": token_hash, "now": now}).first()
    if row is None:
        return None
    return opened(conn, row, tenant, token_hash, now, touch_due=now - row.seen_at >= TOUCH_EVERY, view_as=row.view_as, view_until=row.view_until)


def nobody(conn: Connection, tenant: Tenant) -> Opened | None:
    """What somebody without a session opens, for routes that are public; None for an unfinished tenant."""
    row = conn.execute(
        select(t.tenant_state.c.release_id, t.tenant_state.c.rights_epoch, t.tenant_state.c.settings, t.release.c.hash.label("release_hash"))
        .select_from(t.tenant_state).outerjoin(t.release, t.release.c.id == t.tenant_state.c.release_id)
    ).first()
    if row is None:
        return None
    release = releases.known(conn, row.release_id, row.release_hash) if row.release_hash is not None else releases.empty()
    here = Tenant(tenant.slug, row.settings.get("name") or tenant.name, row.settings, tenant.id)
    actor = Actor(person="", name="", language=here.language, zone=here.zone, kind="nobody")
    return Opened(here, actor, release, row.rights_epoch, False, "")


def opened(
    conn: Connection, row: Any, tenant: Tenant, credential: str, now: datetime, *, touch_due: bool, kind: str = "person", scopes: Any = None,
    view_as: str | None = None, view_until: datetime | None = None,
) -> Opened | None:
    """Actor and release of a row that holds the state columns."""
    release = releases.known(conn, row.release_id, row.release_hash) if row.release_hash is not None else releases.empty()
    here = Tenant(tenant.slug, row.settings.get("name") or tenant.name, row.settings, tenant.id)
    identity = actors.at_the_edge(conn, here, release, row.rights_epoch, row.person_id, row.login, now)
    if identity is None:
        return None
    actor = identity.actor(
        here, kind=kind, language=row.language, zone=row.zone, theme=row.theme, scopes=scopes, must_change=row.must_change and kind == "person")
    if view_as is not None:
        seen = actors.at_the_edge(conn, here, release, row.rights_epoch, view_as, "", now)
        actor = viewing.through(identity, seen, actor, view_until, now) or actor
    return Opened(here, actor, release, row.rights_epoch, touch_due, credential)


def state_columns() -> tuple[ColumnElement[Any], ...]:
    """The columns :func:`opened` reads."""
    return _STATE


def touch(conn: Connection, token_hash: str, now: datetime, days: int) -> None:
    """Note the use of a session and let it live on, up to 90 days after sign-in."""
    row = conn.execute(select(t.session.c.person_id, t.session.c.created_at).where(t.session.c.token_hash == token_hash)).first()
    if row is None:
        return
    conn.execute(update(t.session).where(t.session.c.token_hash == token_hash).values(
        seen_at=now, expires_at=min(now + timedelta(days=days), row.created_at + LONGEST)))
    conn.execute(update(t.account).where(t.account.c.person_id == row.person_id).values(last_seen_at=now))


def end(conn: Connection, token_hash: str) -> None:
    """Sign out one session."""
    conn.execute(delete(t.session).where(t.session.c.token_hash == token_hash))


def end_all(conn: Connection, person_id: str, but: str | None = None) -> int:
    """Sign a person out everywhere (but for one session); returns how many sessions ended."""
    condition = t.session.c.token_hash != but if but else true()
    return conn.execute(delete(t.session).where(t.session.c.person_id == person_id, condition)).rowcount


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it may be listed. ``id`` names it on pages; it opens nothing."""

    id: str
    token_hash: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    user_agent: str
    address: str


def of_person(conn: Connection, person_id: str, now: datetime) -> list[Session]:
    """Where a person is signed in, last used first."""
    c = t.session.c
    rows = conn.execute(
        select(c.token_hash, c.created_at, c.seen_at, c.expires_at, c.user_agent, c.address)
        .where(c.person_id == person_id, c.expires_at > now).order_by(c.seen_at.desc(), c.created_at.desc()).limit(200))
    return [Session(digest("session\0" + r.token_hash)[:32], r.token_hash, r.created_at, r.seen_at, r.expires_at, r.user_agent or "", r.address or "") for r in rows]


def sweep(conn: Connection, now: datetime) -> int:
    """Remove expired sessions; returns how many."""
    return conn.execute(delete(t.session).where(t.session.c.expires_at <= now)).rowcount


def _session_statement() -> Any:
    from sqlalchemy import bindparam

    from kernel.platform.columns import Instant

    return (
        select(t.session.c.seen_at, t.session.c.view_as, t.session.c.view_until, *_STATE)
        .select_from(t.session)
        .join(t.account, t.account.c.person_id == t.session.c.person_id)
        .join(t.tenant_state, t.tenant_state.c.id == 1)
        .outerjoin(t.release, t.release.c.id == t.tenant_state.c.release_id)
        .where(
            t.session.c.token_hash == bindparam("hash"), t.session.c.expires_at > bindparam("now", type_=Instant()),
            t.account.c.disabled_at.is_(None))
    )


_SESSION = _session_statement()
