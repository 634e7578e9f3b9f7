"""How the places that calls go to have answered lately: one that fails again and again is left alone for a while (SAFETY D44).

A place is a key of the caller's choice (``mail``, ``hook:<id>``, ``push:<host>``). One that answers has no row in the table ``outlet``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kernel.platform import tables as t
from kernel.platform.database import wake_after_commit

# So many failures in a row close a place; then one call at a time tries whether it answers again.
THRESHOLD = 5
FIRST, LONGEST = timedelta(seconds=30), timedelta(hours=1)
# How long one trying call has, before another may try.
TRIAL = timedelta(seconds=60)
# What a place asks for by Retry-After is believed up to a day.
MOST_ASKED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outlet:
    """A place in trouble."""

    key: str
    failures: int
    failing_since: datetime
    blocked_until: datetime | None
    error: str | None

    @property
    def doubtful(self) -> bool:
        """Whether it was closed: one call at a time."""
        return self.failures >= THRESHOLD


def troubled(conn: Connection) -> dict[str, Outlet]:
    """Every place that failed lately, by key."""
    c = t.outlet.c
    rows = conn.execute(select(c.key, c.failures, c.failing_since, c.blocked_until, c.error))
    return {row.key: Outlet(*tuple(row)) for row in rows}


def blocked(conn: Connection, key: str, now: datetime) -> datetime | None:
    """Until when nothing is sent there; None: it may be tried."""
    until = conn.execute(select(t.outlet.c.blocked_until).where(t.outlet.c.key == key)).scalar()
    return until if until is not None and until > now else None


def well(conn: Connection, key: str) -> bool:
    """It answered: whatever was is forgotten. Whether there was something."""
    return conn.execute(delete(t.outlet).where(t.outlet.c.key == key)).rowcount > 0


def failed(conn: Connection, key: str, now: datetime, error: str, after: timedelta | None = None) -> Outlet:
    """It did not answer, or asked to be left alone for ``after``."""
    c = t.outlet.c
    row = conn.execute(select(c.failures, c.failing_since).where(c.key == key)).first()
    failures = (row.failures if row else 0) + 1
    since = row.failing_since if row else now
    wait = min(FIRST * 2 ** min(failures - THRESHOLD, 12), LONGEST) if failures >= THRESHOLD else timedelta()
    wait = max(wait, min(after or timedelta(), MOST_ASKED))
    until = now + wait if wait else None
    values = {"failures": failures, "failing_since": since, "blocked_until": until, "error": error[:500], "at": now}
    if until is not None:
        wake_after_commit(conn, until)
    try:
        if row is None:
            with conn.begin_nested():
                conn.execute(insert(t.outlet).values(key=key, **values))
            return Outlet(key, failures, since, until, error)
    except IntegrityError:
        pass  # somebody else noted the first failure at this moment
    conn.execute(update(t.outlet).where(c.key == key).values(**values))
    return Outlet(key, failures, since, until, error)


def try_out(conn: Connection, key: str, now: datetime) -> None:
    """One call goes there now; until it is back, or :data:`TRIAL` over, no other."""
    conn.execute(update(t.outlet).where(t.outlet.c.key == key).values(blocked_until=now + TRIAL))
    wake_after_commit(conn, now + TRIAL)
