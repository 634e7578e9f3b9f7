"""Signing in: limits first, then the password, then the session; hashing happens outside of any transaction.

A tenant that does not exist costs the same time, the same limits and gives the same answer as a wrong password.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from kernel.errors import Forbidden, NotSignedIn
from kernel.i18n import _
from kernel.platform import accounts, audit, passwords, rates, sessions
from kernel.platform import tables as t
from kernel.platform.database import Home
from kernel.platform.ids import digest
from kernel.platform.tenants import Tenants


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: ``secret`` goes into the cookie."""

    person_id: str
    secret: str
    must_change: bool


def lock_key(slug: str, login: str) -> str:
    """Under which key tries to sign in as ``login`` are counted."""
    return "login:" + hashlib.sha256(f"{slug}\0{accounts.normal_login(login)[: accounts.MAX_LOGIN]}".encode()).hexdigest()


def sign_in(
    tenants: Tenants, slug: str, login: str, password: str, *, address: str, user_agent: str = "", previous: str | None = None
) -> SignedIn:
    """Open a session for this log-in. ``previous`` is the secret of a session to end (rotation, D25).

    Raises NotSignedIn for anything wrong with tenant, log-in or password, TooMany after too many tries.
    """
    now = tenants.clock.now()
    with tenants.control.write() as conn:
        rates.take(conn, f"address:{address}", rates.SIGN_IN_ADDRESS, now, t.control_rate)
    found = tenants.find(slug)
    name = accounts.normal_login(login)[: accounts.MAX_LOGIN]
    # The log-in as typed when no account is found: a limit that only real accounts have would tell which are real.
    key = lock_key(slug, name)
    if found is None:
        with tenants.control.write() as conn:
            rates.take(conn, key, rates.SIGN_IN_ACCOUNT, now, t.control_rate)
        passwords.verify(None, password)
        raise WrongPassword()
    home = found[1]
    with home.write() as conn:
        tries = rates.take(conn, key, rates.SIGN_IN_ACCOUNT, now)
        account = accounts.password_hash_of(conn, name)
    stored = account[1] if account is not None else None
    if not passwords.verify(stored, password) or account is None:
        if account is not None:
            # What was typed where no account is may be somebody's password: nothing of it is kept.
            with home.write() as conn:
                kind = "sign_in.locked" if tries >= rates.SIGN_IN_ACCOUNT.count else "sign_in.refused"
                audit.write(conn, now, kind, account[0], {"tries": tries}, actor=None, channel="screen", address=address)
        raise WrongPassword()
    fresh = passwords.hash_password(password) if passwords.outdated(account[1]) else None
    result = _open(home, account, fresh, now, tenants.settings.session_days, user_agent, address, previous, key)
    with tenants.control.write() as conn:
        rates.clear(conn, f"address:{address}", t.control_rate)
    return result


def _open(
    home: Home, account: tuple[str, str], fresh: str | None, now: datetime, days: int, user_agent: str, address: str,
    previous: str | None, key: str,
) -> SignedIn:
    person_id, stored = account
    with home.write() as conn:
        # The account may have been disabled, or its password changed, while the hash was computed.
        row = conn.execute(
            select(t.account.c.must_change).where(
                t.account.c.person_id == person_id, t.account.c.password_hash == stored, t.account.c.disabled_at.is_(None))
        ).first()
        if row is None:
            raise WrongPassword()
        if fresh is not None:
            conn.execute(update(t.account).where(t.account.c.person_id == person_id).values(password_hash=fresh))
        rates.clear(conn, key)
        if previous:
            sessions.end(conn, digest(previous))
        audit.write(conn, now, "session.started", person_id, actor=person_id, channel="screen", address=address)
        return SignedIn(person_id, sessions.create(conn, person_id, now, days, user_agent, address), row.must_change)


def change_password(home: Home, person_id: str, old: str, new: str, now: datetime, days: int, user_agent: str = "", address: str = "") -> str:
    """Replace a person's password by one of their choice; all sessions end, the returned secret opens a new one.

    Raises NotSignedIn when ``old`` is wrong, Invalid when ``new`` is too weak or the same, TooMany after too many tries.
    """
    with home.write() as conn:
        rates.take(conn, f"password:{person_id}", rates.SIGN_IN_ACCOUNT, now)
        account = accounts.get(conn, person_id)
        found = accounts.password_hash_of(conn, account.login)
    if found is None or not passwords.verify(found[1], old):
        raise WrongPassword(_("The present password is wrong."))
    passwords.check_new(new, account.login, "new")
    if new == old:
        passwords.refuse_same("new")
    hashed = passwords.hash_password(new)
    with home.write() as conn:
        rates.clear(conn, f"password:{person_id}")
        accounts.set_password(conn, person_id, hashed)
        audit.write(conn, now, "password.changed", person_id, actor=person_id, channel="screen", address=address)
        return sessions.create(conn, person_id, now, days, user_agent, address)


class WrongPassword(NotSignedIn):
    """Log-in or password is wrong; which of them is not told."""

    code = "wrong_password"
    message = _("Log-in or password is wrong.")


class PasswordChangeDue(Forbidden):
    """The person signed in with a first password and must choose their own before anything else."""

    code = "password_change_due"
    message = _("Please choose your own password first.")
