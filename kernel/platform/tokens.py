"""API tokens (SAFETY D27): shown once, stored hashed, expiring, scoped; never more than their owner may do at use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, insert, or_, select, true, update

from kernel.errors import Invalid, NotFound, Problem
from kernel.i18n import _
from kernel.platform import sessions
from kernel.platform import tables as t
from kernel.platform.columns import Instant
from kernel.platform.ctx import Tenant
from kernel.platform.ids import digest, secret, uuid7

# "all" is what the owner may do; "read" reads records only; the others are rights beyond records.
SCOPES = ("all", "read", "write", "design", "administer", "export", "import")
LONGEST = timedelta(days=730)
_TOUCH_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it may be listed: without its secret."""

    id: str
    person_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def create(
    conn: Connection, person_id: str, name: str, now: datetime, *, scopes: Iterable[str] = ("all",), expires_at: datetime | None = None
) -> tuple[Token, str]:
    """A new token and its secret (to be shown once). Raises :class:`Invalid` for a bad name, scope or expiry."""
    kept = tuple(dict.fromkeys(scopes))
    problems = []
    if not name.strip() or len(name) > 80:
        problems.append(Problem("token_name", _("Give the token a name of at most {n} characters.", n=80), "name"))
    if not kept or any(scope not in SCOPES for scope in kept):
        problems.append(Problem("token_scope", _("Choose at least one of: {scopes}.", scopes=SCOPES), "scopes"))
    if expires_at is not None and not now < expires_at <= now + LONGEST:
        problems.append(Problem("token_expiry", _("A token ends in the future, within {n} days.", n=LONGEST.days), "expires_at"))
    if problems:
        raise Invalid(problems)
    if conn.execute(select(t.account.c.person_id).where(t.account.c.person_id == person_id)).first() is None:
        raise NotFound()
    value = "fy_" + secret()
    token = Token(uuid7(now), person_id, name.strip(), kept, now, expires_at or now + timedelta(days=365), None, None)
    conn.execute(insert(t.token).values(
        id=token.id, hash=digest(value), person_id=person_id, name=token.name, scopes=list(kept), created_at=now, expires_at=token.expires_at))
    return token, value


def open_token(conn: Connection, token_hash: str, tenant: Tenant, now: datetime) -> sessions.Opened | None:
    """Who holds this token, with release and rights epoch, in one statement; None for unknown, expired, revoked alike."""
    row = conn.execute(_TOKEN, {"hash": token_hash, "now": now}).first()
    if row is None:
        return None
    due = row.last_used_at is None or now - row.last_used_at >= _TOUCH_EVERY
    return sessions.opened(conn, row, tenant, token_hash, now, touch_due=due, kind="token", scopes=row.scopes)


def touch(conn: Connection, token_hash: str, now: datetime) -> None:
    """Note the use of a token."""
    conn.execute(update(t.token).where(t.token.c.hash == token_hash).values(last_used_at=now))


def of_person(conn: Connection, person_id: str) -> list[Token]:
    """A person's tokens, newest first."""
    return _tokens(conn, t.token.c.person_id == person_id)


def open_of(conn: Connection, person_id: str, now: datetime) -> list[Token]:
    """Those of a person's tokens that work."""
    return [token for token in of_person(conn, person_id) if token.revoked_at is None and (token.expires_at is None or token.expires_at > now)]


def everybody(conn: Connection, limit: int, before: str | None = None) -> list[Token]:
    """The tokens of the whole tenant, newest first."""
    return _tokens(conn, t.token.c.id < before if before else true(), limit)


def get(conn: Connection, id: str) -> Token:
    """One token. Raises NotFound."""
    found = _tokens(conn, t.token.c.id == id)
    if not found:
        raise NotFound()
    return found[0]


def _tokens(conn: Connection, condition: ColumnElement[bool], limit: int = 1000) -> list[Token]:
    rows = conn.execute(
        select(t.token.c.id, t.token.c.person_id, t.token.c.name, t.token.c.scopes, t.token.c.created_at, t.token.c.expires_at,
               t.token.c.last_used_at, t.token.c.revoked_at)
        .where(condition).order_by(t.token.c.id.desc()).limit(limit))
    return [Token(r.id, r.person_id, r.name, tuple(r.scopes), r.created_at, r.expires_at, r.last_used_at, r.revoked_at) for r in rows]


def revoke(conn: Connection, id: str, person_id: str, now: datetime) -> None:
    """End a person's token; one that has ended stays as it is. Raises NotFound for one that is not theirs."""
    if conn.execute(select(t.token.c.id).where(t.token.c.id == id, t.token.c.person_id == person_id)).first() is None:
        raise NotFound()
    conn.execute(update(t.token).where(t.token.c.id == id, t.token.c.revoked_at.is_(None)).values(revoked_at=now))


_TOKEN = (
    select(t.token.c.last_used_at, t.token.c.scopes, *sessions.state_columns())
    .select_from(t.token)
    .join(t.account, t.account.c.person_id == t.token.c.person_id)
    .join(t.tenant_state, t.tenant_state.c.id == 1)
    .outerjoin(t.release, t.release.c.id == t.tenant_state.c.release_id)
    .where(
        t.token.c.hash == bindparam("hash"), t.token.c.revoked_at.is_(None), t.account.c.disabled_at.is_(None),
        or_(t.token.c.expires_at.is_(None), t.token.c.expires_at > bindparam("now", type_=Instant())))
)
