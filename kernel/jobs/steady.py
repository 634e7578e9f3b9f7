"""Whether the machine's clock runs evenly (SAFETY D43): the wall clock is compared with the one that never goes back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.clock import Clock

# Less is what time servers correct every day, and what a busy machine loses between two looks.
TOLERANCE = timedelta(seconds=5)
KIND = "clock.jumped"


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock went by so much further (or back) than time passed; noticed ``at``."""

    at: datetime
    by: timedelta


@dataclass
class Steady:
    """Remembers the last look of one process."""

    _last: tuple[datetime, float] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, clock: Clock) -> Jump | None:
        """The jump since the last look, if there was one."""
        now, passed = clock.now(), clock.monotonic()
        with self._lock:
            last, self._last = self._last, (now, passed)
        if last is None:
            return None
        by = (now - last[0]) - timedelta(seconds=passed - last[1])
        return Jump(now, by) if abs(by) >= TOLERANCE else None


def went_back(conn: Connection, now: datetime) -> Jump | None:
    """Whether the database holds something that happened later than now: then the clock went back while nobody looked."""
    newest = conn.execute(select(t.event.c.at).order_by(t.event.c.id.desc()).limit(1)).scalar()
    if newest is None or newest - now < TOLERANCE:
        return None
    # Ids follow the clock, so after it went back the last note need not have the greatest one.
    known = conn.execute(select(t.audit.c.data).where(t.audit.c.kind == KIND).order_by(t.audit.c.id.desc()).limit(50)).scalars()
    if any(data.get("newest") == newest.isoformat() for data in known):
        return None
    return Jump(now, now - newest)


def note(conn: Connection, jump: Jump) -> None:
    """Administrators read of it in the audit log and beside the time limits."""
    newest = conn.execute(select(t.event.c.at).order_by(t.event.c.id.desc()).limit(1)).scalar()
    audit.write(
        conn, jump.at, KIND, None, {"seconds": int(jump.by.total_seconds()), "newest": newest.isoformat() if newest else None}, actor=None, channel="job")


def recent(conn: Connection, since: datetime, most: int = 3) -> list[Jump]:
    """The last jumps, newest first."""
    c = t.audit.c
    rows = conn.execute(select(c.at, c.data).where(c.kind == KIND, c.at > since).order_by(c.id.desc()).limit(most))
    return [Jump(at, timedelta(seconds=int(data.get("seconds", 0)))) for at, data in rows]
