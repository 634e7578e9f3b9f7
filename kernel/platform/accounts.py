"""Sign-in data of persons: one account per person, its roles and its password. The person itself is a record."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from kernel.errors import Invalid, NotFound, Problem
from kernel.i18n import LANGUAGES, _
from kernel.platform import passwords
from kernel.platform import tables as t

THEMES = ("light", "dark", "system")
MAX_LOGIN = 120


@dataclass(frozen=True, slots=True)
class Account:
    """How one person signs in."""

    person_id: str
    login: str
    must_change: bool
    disabled_at: datetime | None
    language: str | None
    theme: str | None
    zone: str | None
    last_seen_at: datetime | None
    # Has not chosen a password yet.
    invited: bool = False


_COLUMNS = (
    t.account.c.person_id, t.account.c.login, t.account.c.must_change, t.account.c.disabled_at, t.account.c.language,
    t.account.c.theme, t.account.c.zone, t.account.c.last_seen_at, (t.account.c.password_hash == passwords.UNSET).label("invited"),
)


def normal_login(login: str) -> str:
    """Log-ins are compared without regard to case and width."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def create(
    conn: Connection, person_id: str, login: str, password_hash: str, *, must_change: bool = False,
    roles: Iterable[str] = (), language: str | None = None, zone: str | None = None,
) -> Account:
    """Give a person a sign-in. ``password_hash`` comes from :func:`passwords.hash_password`, computed before the transaction.

    Raises :class:`Invalid` when the log-in is empty, too long or taken, or the person has an account.
    """
    name = _free_login(conn, login)
    try:
        with conn.begin_nested():
            conn.execute(insert(t.account).values(
                person_id=person_id, login=name, password_hash=password_hash, must_change=must_change, language=language, zone=zone))
    except IntegrityError as error:
        raise Invalid([Problem("account_exists", _("This person already has a sign-in."), "person")]) from error
    if roles:
        set_roles(conn, person_id, roles)
    return get(conn, person_id)


def _free_login(conn: Connection, login: str) -> str:
    name = normal_login(login)
    if not name or len(name) > MAX_LOGIN or any(unicodedata.category(c).startswith("C") for c in name):
        raise Invalid([Problem("login_invalid", _("A log-in has 1 to {n} visible characters.", n=MAX_LOGIN), "login")])
    if find_by_login(conn, name) is not None:
        raise Invalid([Problem("login_taken", _("Somebody else already uses this log-in."), "login")])
    return name


def set_login(conn: Connection, person_id: str, login: str) -> None:
    """Another log-in for a person; sessions go on. Raises NotFound, Invalid."""
    if get(conn, person_id).login != normal_login(login):
        conn.execute(update(t.account).where(t.account.c.person_id == person_id).values(login=_free_login(conn, login)))


def get(conn: Connection, person_id: str) -> Account:
    """The account of a person. Raises NotFound."""
    found = find(conn, person_id)
    if found is None:
        raise NotFound()
    return found


def find(conn: Connection, person_id: str) -> Account | None:
    row = conn.execute(select(*_COLUMNS).where(t.account.c.person_id == person_id)).first()
    return None if row is None else Account(*row)


def find_by_login(conn: Connection, login: str) -> Account | None:
    row = conn.execute(select(*_COLUMNS).where(t.account.c.login == normal_login(login))).first()
    return None if row is None else Account(*row)


def password_hash_of(conn: Connection, login: str) -> tuple[str, str] | None:
    """(person id, stored hash) of an account that may sign in."""
    row = conn.execute(
        select(t.account.c.person_id, t.account.c.password_hash).where(
            t.account.c.login == normal_login(login), t.account.c.disabled_at.is_(None))
    ).first()
    return None if row is None else (row.person_id, row.password_hash)


def all_accounts(conn: Connection) -> list[Account]:
    """Every account, by log-in."""
    return [Account(*row) for row in conn.execute(select(*_COLUMNS).order_by(t.account.c.login))]


def set_password(conn: Connection, person_id: str, password_hash: str, *, must_change: bool = False) -> None:
    """Store a new password and end all sessions of the person (D25)."""
    _changed(conn.execute(update(t.account).where(t.account.c.person_id == person_id).values(
        password_hash=password_hash, must_change=must_change)).rowcount)
    _end_sessions(conn, person_id)


def disable(conn: Connection, person_id: str, now: datetime) -> None:
    """Close the account: sessions end, tokens are refused from this transaction on."""
    _changed(conn.execute(update(t.account).where(t.account.c.person_id == person_id).values(disabled_at=now)).rowcount)
    _end_sessions(conn, person_id)
    bump_rights(conn)


def enable(conn: Connection, person_id: str) -> None:
    """Open a disabled account again; it signs in anew."""
    _changed(conn.execute(update(t.account).where(t.account.c.person_id == person_id).values(disabled_at=None)).rowcount)


def set_preferences(
    conn: Connection, person_id: str, *, language: str | None = None, theme: str | None = None, zone: str | None = None
) -> None:
    """What a person chose for themselves; None leaves a value as it is. Raises Invalid."""
    values: dict[str, Any] = {}
    if language is not None:
        if language not in LANGUAGES:
            raise Invalid([Problem("language_unknown", _("Choose one of the languages offered."), "language")])
        values["language"] = language
    if theme is not None:
        if theme not in THEMES:
            raise Invalid([Problem("theme_unknown", _("Choose light, dark or system."), "theme")])
        values["theme"] = theme
    if zone is not None:
        values["zone"] = zone
    if values:
        _changed(conn.execute(update(t.account).where(t.account.c.person_id == person_id).values(**values)).rowcount)


def roles_of(conn: Connection, person_id: str) -> frozenset[str]:
    """Keys of the roles a person was given by name."""
    return frozenset(conn.execute(select(t.person_role.c.role).where(t.person_role.c.person_id == person_id)).scalars())


def set_roles(conn: Connection, person_id: str, roles: Iterable[str]) -> None:
    """Give a person exactly these roles. Rights count from this transaction on; a lost role ends the person's sessions (D25).

    Whether the giver may give them (D30) is decided by the caller.
    """
    wanted, present = frozenset(roles), roles_of(conn, person_id)
    if wanted == present:
        return
    if present - wanted:
        conn.execute(delete(t.person_role).where(t.person_role.c.person_id == person_id, t.person_role.c.role.in_(present - wanted)))
        _end_sessions(conn, person_id)
    if wanted - present:
        conn.execute(insert(t.person_role), [{"person_id": person_id, "role": role} for role in sorted(wanted - present)])
    bump_rights(conn)


def bump_rights(conn: Connection) -> None:
    """Whatever is cached per person and rights is stale from this transaction on."""
    conn.execute(update(t.tenant_state).values(rights_epoch=t.tenant_state.c.rights_epoch + 1))


def count(conn: Connection) -> int:
    """How many accounts may sign in."""
    return conn.execute(select(func.count()).select_from(t.account).where(t.account.c.disabled_at.is_(None))).scalar_one()


def _end_sessions(conn: Connection, person_id: str) -> None:
    conn.execute(delete(t.session).where(t.session.c.person_id == person_id))


def _changed(rows: int) -> None:
    if rows == 0:
        raise NotFound()


__all__ = [
    "THEMES", "Account", "all_accounts", "bump_rights", "count", "create", "disable", "enable", "find", "find_by_login", "get",
    "normal_login", "password_hash_of", "passwords", "roles_of", "set_password", "set_preferences", "set_roles",
]
