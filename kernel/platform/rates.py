"""Counting tries in fixed windows (SAFETY D29): by what the server knows, in a table, so all processes share it."""

from __future__ import annotations

from collections.abc import Collection
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
# Asking for a link by mail, per account and per address; tries of links and of API tokens that don't exist, per address.
RESET_ACCOUNT = Limit(3, timedelta(hours=1))
RESET_ADDRESS = Limit(20, timedelta(hours=1))
LINK_ADDRESS = Limit(30, timedelta(minutes=15))
TOKEN_ADDRESS = Limit(300, timedelta(minutes=15))


def take(conn: Connection, key: str, limit: Limit, now: datetime, table: Table = t.rate) -> int:
    """Count one try for ``key`` and say how many that makes. Raises :class:`TooMany` with the seconds to wait when the limit was used up before.

    Must run in a transaction of its own that is committed whatever becomes of the request.
    """
    row = conn.execute(select(table.c.count, table.c.window_start).where(table.c.key == key).with_for_update()).first()
    used, since = (0, now) if row is None else (row[0], row[1])
    if row is None or now - since >= limit.window or since > now:
        conn.execute(delete(table).where(table.c.key == key))
        conn.execute(table.insert().values(key=key, count=1, window_start=now))
        return 1
    if used >= limit.count:
        raise TooMany(max(1, int((since + limit.window - now).total_seconds()) + 1))
    conn.execute(table.update().where(table.c.key == key).values(count=table.c.count + 1))
    return int(used) + 1


def minutes(seconds: int) -> int:
    """A wait in whole minutes, as it is told to people."""
    return max(1, (seconds + 58) // 60)


def locked(conn: Connection, keys: Collection[str], limit: Limit, now: datetime, table: Table = t.rate) -> dict[str, datetime]:
    """Those of ``keys`` whose limit is used up, with the moment at which they are free again."""
    if not keys:
        return {}
    c = table.c
    rows = conn.execute(select(c.key, c.window_start).where(c.key.in_(keys), c.count >= limit.count, c.window_start > now - limit.window))
    return {row.key: row.window_start + limit.window for row in rows}


def clear(conn: Connection, key: str, table: Table = t.rate) -> None:
    """Forget the tries of ``key``, after a success."""
    conn.execute(delete(table).where(table.c.key == key))


def sweep(conn: Connection, before: datetime, table: Table = t.rate) -> int:
    """Remove windows that started before ``before``; returns how many."""
    return conn.execute(delete(table).where(table.c.window_start < before)).rowcount
