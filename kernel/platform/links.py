"""Links with which somebody sets a password: the first one (an invitation) or a new one. 256 random bits, stored as a hash, used once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from kernel.platform import accounts
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.ids import digest, secret

INVITE, RESET = "invite", "reset"
LASTS = {INVITE: timedelta(days=7), RESET: timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Link:
    """A link that may be used now, and the account it opens."""

    person_id: str
    kind: str
    login: str
    expires_at: datetime


def make(conn: Connection, person_id: str, kind: str, now: datetime, by: str | None) -> str:
    """A new link; returns its secret, which is stored nowhere. Earlier ones stay as they are."""
    value = secret()
    conn.execute(insert(t.invitation).values(
        token_hash=digest(value), person_id=person_id, kind=kind, created_at=now, created_by=by, expires_at=now + LASTS[kind]))
    return value


def make_many(conn: Connection, people: Collection[str], kind: str, now: datetime, by: str | None) -> dict[str, str]:
    """A new link for each of these people, in one statement; the secrets by person."""
    found = {person: secret() for person in people}
    if found:
        conn.execute(insert(t.invitation), [
            {"token_hash": digest(value), "person_id": person, "kind": kind, "created_at": now, "created_by": by, "expires_at": now + LASTS[kind]}
            for person, value in found.items()])
    return found


def find(conn: Connection, value: str, now: datetime) -> Link | None:
    """The link behind a secret; None for unknown, used, expired and withdrawn ones and for disabled accounts alike."""
    i, a = t.invitation.c, t.account.c
    row = conn.execute(
        select(i.person_id, i.kind, a.login, i.expires_at).select_from(t.invitation).join(t.account, a.person_id == i.person_id)
        .where(i.token_hash == digest(value), i.used_at.is_(None), i.expires_at > now, a.disabled_at.is_(None))).first()
    return None if row is None else Link(*row)


def use(conn: Connection, value: str, password_hash: str, now: datetime) -> Link | None:
    """Set the password by a link: of two who try, one gets a :class:`Link`. All sessions and all other links of the person end."""
    found = find(conn, value, now)
    if found is None:
        return None
    i = t.invitation.c
    taken = conn.execute(update(t.invitation).where(i.token_hash == digest(value), i.used_at.is_(None)).values(used_at=now))
    if taken.rowcount != 1:
        return None
    conn.execute(delete(t.invitation).where(i.person_id == found.person_id, i.used_at.is_(None)))
    accounts.set_password(conn, found.person_id, password_hash)
    return found


def withdraw(conn: Connection, person_id: str, kind: str | None = None) -> int:
    """Links of a person that were not used open nothing any more; returns how many there were."""
    i = t.invitation.c
    statement = delete(t.invitation).where(i.person_id == person_id, i.used_at.is_(None))
    return conn.execute(statement if kind is None else statement.where(i.kind == kind)).rowcount


def open_until(conn: Connection, people: Collection[str], kind: str, now: datetime) -> dict[str, datetime]:
    """Until when somebody among ``people`` holds a link of this kind."""
    i = t.invitation.c
    rows = conn.execute(
        select(i.person_id, i.expires_at).where(i.person_id.in_(list(people)), i.kind == kind, i.used_at.is_(None), i.expires_at > now)
        .order_by(i.expires_at))
    return {row.person_id: row.expires_at for row in rows}


def sweep(conn: Connection, now: datetime) -> int:
    """Remove links whose time was over a month ago; returns how many."""
    return conn.execute(delete(t.invitation).where(t.invitation.c.expires_at < now - timedelta(days=30))).rowcount


def address(base_url: str, slug: str, value: str) -> str:
    """Where a link leads."""
    return f"{base_url}/t/{slug}/link/{value}"


# (ctx in the person's name with the system's rights, person id, name): how an invited person says what they are called.
Naming = Callable[[Ctx, str, str], None]
_naming: list[Naming] = []


def use_naming(how: Naming) -> None:
    """Tell how a person's record gets a name; called once at start."""
    _naming[:] = [how]


def naming() -> Naming | None:
    """How a person's record gets a name; None where nobody said so."""
    return _naming[0] if _naming else None
