"""Counting tries in fixed windows (SAFETY D29): by what the server knows, in a table, so all processes share it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, select

from kernel.errors import TooMany
from kernel.platform import tables as t


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` tries within ``window`` for one key."""

    count: int
    window: timedelta


SIGN_IN_ACCOUNT = Limit(10, timedelta(minutes=15))
SIGN_IN_ADDRESS = Limit(100, timedelta(minutes=15))


def take(conn: Connection, key: str, limit: Limit, now: datetime, table: Table = t.rate) -> None:
    """Count one try for ``key``. Raises :class:`TooMany` with the seconds to wait when the limit was used up before.

    Must run in a transaction of its own that is committed whatever becomes of the request.
    """
    row = conn.execute(select(table.c.count, table.c.window_start).where(table.c.key == key).with_for_update()).first()
    used, since = (0, now) if row is None else (row[0], row[1])
    if row is None or now - since >= limit.window or since > now:
        conn.execute(delete(table).where(table.c.key == key))
        conn.execute(table.insert().values(key=key, count=1, window_start=now))
        return
    if used >= limit.count:
        raise TooMany(max(1, int((since + limit.window - now).total_seconds()) + 1))
    conn.execute(table.update().where(table.c.key == key).values(count=table.c.count + 1))


def clear(conn: Connection, key: str, table: Table = t.rate) -> None:
    """Forget the tries of ``key``, after a success."""
    conn.execute(delete(table).where(table.c.key == key))


def sweep(conn: Connection, before: datetime, table: Table = t.rate) -> int:
    """Remove windows that started before ``before``; returns how many."""
    return conn.execute(delete(table).where(table.c.window_start < before)).rowcount
