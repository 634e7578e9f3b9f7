"""What the platform itself must know of a person's record: the name, and where mail reaches them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, select

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
    return contacts(conn, release, [person_id]).get(person_id)


def contacts(conn: Connection, release: Release, ids: Collection[str]) -> Mapping[str, Contact]:
    """How to reach several, in one statement; without those who have no account."""
    if not ids:
        return {}
    entity = release.application.entities.get("person")
    a = t.account.c
    columns: list[ColumnElement[Any]] = [a.person_id, a.login, a.language, a.disabled_at]
    source: FromClause = t.account
    if entity is not None:
        table = release.tables.of("person")
        keys = [k for k in ("name", "email", "active") if k in {f.key for f in entity.fields} and k in table.columns]
        columns += [table.table.c.id.label("record"), table.table.c.deleted_at, *(table.column(k).label(f"v_{k}") for k in keys)]
        source = t.account.outerjoin(table.table, table.table.c.id == a.person_id)
    found = {}
    for row in conn.execute(select(*columns).select_from(source).where(a.person_id.in_(list(ids)))):
        values = row._mapping
        usable = row.disabled_at is None and values.get("v_active") is not False
        if entity is not None and (row.record is None or row.deleted_at is not None):
            found[row.person_id] = Contact(row.login, row.login, None, row.language, False)
            continue
        email = values.get("v_email") or (row.login if "@" in row.login else None)
        found[row.person_id] = Contact(values.get("v_name") or row.login, row.login, email, row.language, usable)
    return found
