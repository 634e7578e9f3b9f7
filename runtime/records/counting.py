"""Totals that know when to stop: at 10,000 rows or after 300 ms."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select, text
from sqlalchemy.exc import DBAPIError

from kernel.platform.clock import Clock
from kernel.platform.ctx import Ctx
from kernel.platform.database import is_busy

MOST = 10_000
MOST_MS = 300
_FIRST = 500  # counted without a limit of time, so that there always is a number
_STEPS = 20_000  # of SQLite's machine between two looks at the clock


@dataclass(frozen=True, slots=True)
class Count:
    """``at_least``: counting stopped, there may be more."""

    total: int
    at_least: bool


def count_rows(ctx: Ctx, rows: Select[Any]) -> Count:
    """How many rows a statement has."""
    first = _counted(ctx.conn, rows, _FIRST + 1)
    if first <= _FIRST:
        return Count(first, False)
    try:
        with limited(ctx.conn, ctx.clock):
            total = _counted(ctx.conn, rows, MOST + 1)
    except (DBAPIError, sqlite3.OperationalError) as error:
        if not stopped(error):
            raise
        return Count(_FIRST, True)
    return Count(MOST, True) if total > MOST else Count(total, False)


def _counted(conn: Connection, rows: Select[Any], most: int) -> int:
    return int(conn.execute(select(func.count()).select_from(rows.limit(most).subquery())).scalar_one())


def stopped(error: Exception) -> bool:
    """Whether a statement ended because its time was over."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return "interrupted" in str(original) or (isinstance(error, DBAPIError) and is_busy(error))


@contextmanager
def limited(conn: Connection, clock: Clock, ms: int = MOST_MS) -> Iterator[None]:
    """Statements inside end after ``ms``, with an error that :func:`stopped` knows."""
    if conn.dialect.name == "sqlite":
        driver = conn.connection.driver_connection
        assert driver is not None
        until = clock.monotonic() + ms / 1000
        driver.set_progress_handler(lambda: 1 if clock.monotonic() > until else 0, _STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)
        return
    # A cancelled statement spoils the transaction, so it stands in a savepoint; its rollback brings the old limit back.
    before = conn.execute(text("SHOW statement_timeout")).scalar_one()
    with conn.begin_nested():
        conn.execute(text(f"SET LOCAL statement_timeout = {int(ms)}"))
        yield
        conn.execute(text("SELECT set_config('statement_timeout', :before, true)"), {"before": before})
