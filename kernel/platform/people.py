"""What the platform itself must know of a person's record: the name, and where mail reaches them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from kernel.platform import tables as t
from kernel.platform.releases import Release


@dataclass(frozen=True, slots=True)
class Contact:
    """``email`` is None where no mail can be sent; ``usable``: the account may sign in, or will when the password is set."""

    name: str
    login: str
    email: str | None
    language: str | None
    usable: bool


def contact(conn: Connection, release: Release, person_id: str) -> Contact | None:
    """How to reach somebody with a sign-in; None when there is no such account."""
    account = conn.execute(
        select(t.account.c.login, t.account.c.language, t.account.c.disabled_at).where(t.account.c.person_id == person_id)).first()
    if account is None:
        return None
    name, email, usable = account.login, None, account.disabled_at is None
    entity = release.application.entities.get("person")
    if entity is not None:
        table = release.tables.of("person")
        keys = [k for k in ("name", "email", "active") if k in {f.key for f in entity.fields} and k in table.columns]
        row = conn.execute(select(table.table.c.deleted_at, *(table.column(k).label(f"v_{k}") for k in keys)).where(table.table.c.id == person_id)).first()
        if row is None or row.deleted_at is not None:
            return Contact(name, account.login, None, account.language, False)
        values = row._mapping
        name, email = values.get("v_name") or name, values.get("v_email")
        usable = usable and values.get("v_active") is not False
    if not email and "@" in account.login:
        email = account.login
    return Contact(name, account.login, email, account.language, usable)
