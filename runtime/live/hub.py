"""Who listens in this process, and the loop per tenant that wakes them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import func, select

from kernel.platform import tables as t
from kernel.platform.database import Home
from runtime.live import news
from runtime.live.news import Happened
from runtime.live.watch import Watches
from runtime.records.events import JOB, NOTICE

log = structlog.get_logger("fangyuan.live")

# How often a loop looks. One statement on an index: less than a thousandth of a core per tenant.
EVERY_S = 1.0
PER_PERSON = 3
# A row that is not there yet may belong to a transaction under way; after this long it was rolled back.
GAP_S = 60.0
_MOST_GAPS = 500

_alive: list[Callable[[], bool]] = []


def end_with(alive: Callable[[], bool]) -> None:
    """Streams end as soon as ``alive()`` is false: a server that stops does not wait for open pages."""
    _alive[:] = [alive]


@dataclass(eq=False)
class Seat:
    """One open stream. ``over``: somebody newer took the place, or the process ends."""

    person: str
    watches: Watches
    over: bool = False
    moved: bool = False  # rights or release are others now
    missed: bool = False
    _rows: deque[Happened] = field(default_factory=deque)
    _woken: threading.Condition = field(default_factory=threading.Condition)

    def hand(self, rows: list[Happened], moved: bool) -> None:
        """Called by the loop: keep what concerns this stream and wake it."""
        wanted = [r for r in rows if (r.kind in (NOTICE, JOB) and r.record == self.person) or self.watches.hit(r.entity, r.record)]
        if not wanted and not moved:
            return
        with self._woken:
            self._rows.extend(wanted)
            self.moved = self.moved or moved
            if len(self._rows) > news.MOST:
                self._rows.clear()
                self.missed = True
            self._woken.notify()

    def end(self) -> None:
        with self._woken:
            self.over = True
            self._woken.notify()

    def wait(self, seconds: float) -> list[Happened]:
        """What came, after at most ``seconds``."""
        with self._woken:
            if not self._rows and not self.over and not self.moved and not self.missed:
                self._woken.wait(seconds)
            rows = list(self._rows)
            self._rows.clear()
            return rows

    def put_back(self, rows: list[Happened]) -> None:
        """They could not be told yet."""
        with self._woken:
            self._rows.extendleft(reversed(rows))


class Hub:
    """The streams of one process. At most ``most`` at once, at most three per person: the newest wins, the oldest polls."""

    def __init__(self, most: int, every: float = EVERY_S) -> None:
        self.most, self.every = most, every
        self._lock = threading.Lock()
        self._seats: dict[str, list[Seat]] = {}
        self._loops: dict[str, _Loop] = {}
        self.closed = False

    @property
    def taken(self) -> int:
        """How many streams are open."""
        with self._lock:
            return sum(len(seats) for seats in self._seats.values())

    @property
    def alive(self) -> bool:
        return not self.closed and all(check() for check in _alive)

    def take(self, home: Home, person: str, watches: Watches) -> Seat | None:
        """A place for a stream; None when all are taken by others."""
        with self._lock:
            own = [s for s in self._seats.get(home.key, ()) if s.person == person]
            if not self.alive or (len(own) < PER_PERSON and sum(map(len, self._seats.values())) >= self.most):
                return None
            if len(own) >= PER_PERSON:
                self._leave(home.key, own[0])
                own[0].end()
            seat = Seat(person, watches)
            self._seats.setdefault(home.key, []).append(seat)
            if home.key not in self._loops:
                loop = self._loops[home.key] = _Loop(self, home)
                loop.start()
            return seat

    def leave(self, home: Home, seat: Seat) -> None:
        """The stream has ended. Saying so twice does no harm."""
        with self._lock:
            self._leave(home.key, seat)

    def _leave(self, key: str, seat: Seat) -> None:
        seats = self._seats.get(key, [])
        if seat in seats:
            seats.remove(seat)

    def seats(self, key: str) -> list[Seat]:
        with self._lock:
            return list(self._seats.get(key, ()))

    def over(self, key: str, loop: _Loop) -> bool:
        """Whether a loop may stop: nobody listens there any more."""
        with self._lock:
            if self._seats.get(key) and self.alive:
                return False
            self._seats.pop(key, None)
            if self._loops.get(key) is loop:
                del self._loops[key]
            return True

    def close(self) -> None:
        """End every stream and loop; waits for the loops."""
        self.closed = True
        with self._lock:
            seats = [s for found in self._seats.values() for s in found]
            loops = list(self._loops.values())
        for seat in seats:
            seat.end()
        for loop in loops:
            loop.stop.set()
            loop.join(5)


class _Loop(threading.Thread):
    """Looks for new events of one tenant as long as somebody listens."""

    def __init__(self, hub: Hub, home: Home) -> None:
        super().__init__(name=f"live-{home.key[-12:]}", daemon=True)
        self.hub, self.home = hub, home
        self.stop = threading.Event()
        self.cursor: int | None = None
        self.state: tuple[int, int | None] | None = None
        self.gaps: dict[int, float] = {}

    def run(self) -> None:
        pause = 0.0
        while not self.stop.wait(pause) and not self.hub.over(self.home.key, self):
            try:
                self.look()
            except Exception as error:  # a busy or lost database: the streams stay, the next look may succeed
                log.warning("live_look_failed", error=type(error).__name__)
            pause = self.hub.every

    def look(self) -> None:
        """One look: what is new, and whether anybody's rights may have changed."""
        with self.home.read() as conn:
            newest, epoch, release = conn.execute(_STATE).one()
            newest = newest or 0
            first = self.cursor is None
            cursor = newest if self.cursor is None else self.cursor
            rows = [] if newest == cursor and not self.gaps else news.events_after(conn, cursor, self.gaps)
        rows = [replace(r, late=True) if r.id <= cursor else r for r in rows]
        moved = not first and self.state != (epoch, release)
        self.state = (epoch, release)
        self._note(rows, cursor)
        if rows or moved:
            for seat in self.hub.seats(self.home.key):
                seat.hand(rows, moved)

    def _note(self, rows: list[Happened], cursor: int) -> None:
        """Move on; on PostgreSQL remember the ids that were left out, they may still be committed."""
        now = time.monotonic()
        at = cursor
        for row in rows:
            if row.id <= at:
                self.gaps.pop(row.id, None)
                continue
            if self.home.dialect == "postgresql" and row.id - at <= _MOST_GAPS:
                self.gaps.update((id_, now) for id_ in range(at + 1, row.id))
            at = row.id
        kept = [(id_, since) for id_, since in self.gaps.items() if now - since <= GAP_S]
        self.gaps = dict(kept[-_MOST_GAPS:])
        self.cursor = at


_STATE = select(
    select(func.max(t.event.c.id)).scalar_subquery(), t.tenant_state.c.rights_epoch, t.tenant_state.c.release_id
).select_from(t.tenant_state)
