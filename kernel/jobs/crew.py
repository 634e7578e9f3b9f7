"""The lane of what leaves the house: a few threads, shared fairly, so that nobody who hangs holds up the others (SAFETY D44).

Tenants take turns, those with the least under way first, and none has more than half of the threads; within a tenant its
destinations take turns. A destination has a second call under way only while that leaves room for others, one that failed
lately never has; all those together have at most half of what there is.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from kernel.errors import Busy
from kernel.jobs import outlets, queue
from kernel.jobs.queue import Job
from kernel.platform.database import Home
from kernel.platform.tenants import Placement

if TYPE_CHECKING:
    from kernel.jobs.worker import Worker

LANE = "out"
SIZE = 8
PER_TENANT = 4
PER_DESTINATION = 2
LEASE = timedelta(seconds=60)
_log = structlog.get_logger("worker")


class Crew:
    """``freed`` is called whenever a thread has nothing to do any more: then there is room to look again."""

    def __init__(self, worker: Worker, freed: Callable[[], object] = lambda: None, size: int = SIZE) -> None:
        self.worker, self.freed, self.size = worker, freed, size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="out")
        self._lock = threading.Lock()
        self._places: Counter[tuple[str, str]] = Counter()
        self._tenants: Counter[str] = Counter()
        self._doubtful: Counter[str] = Counter()
        self._taking = threading.Lock()
        self._turn = itertools.count()
        self._served: dict[str, int] = {}

    def take(self, placements: Sequence[Placement]) -> int:
        """Hand out what is due in these tenants, as far as there is room; returns how many."""
        with self._taking:
            return self._take(placements)

    def _take(self, placements: Sequence[Placement]) -> int:
        order = sorted(placements, key=lambda p: (self._tenants[p.id], self._served.get(p.id, -1)))
        taken = 0
        for n, placement in enumerate(order):
            room = self.size - self._tenants.total()
            if room <= 0:
                break
            try:
                taken += self._from(placement, min(max(1, room // (len(order) - n)), PER_TENANT - self._tenants[placement.id]))
            except Busy:
                continue
            except Exception:
                # One tenant's trouble must not keep the others waiting.
                _log.exception("round_failed", tenant=placement.slug)
        return taken

    def close(self) -> None:
        """Calls under way are finished; what waits stays in the database."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._tenants.total()

    def _from(self, placement: Placement, share: int) -> int:
        found = self.worker.tenants.find(placement.slug)
        if found is None or share <= 0:
            return 0
        home, now = found[1], self.worker.clock.now()
        kinds = self.worker.handlers.kinds(LANE)
        with home.read() as conn:
            places = queue.destinations(conn, kinds, now)
            known = outlets.troubled(conn) if places else {}
        self._served[placement.id] = next(self._turn)
        taken = 0
        for turn in range(PER_DESTINATION):
            for place in sorted(places, key=lambda p: self._places[placement.id, p]):
                outlet = known.get(place)
                if taken < share and (outlet is None or not turn) and self._room(placement.id, place, outlet, now):
                    taken += self._claim(placement, home, kinds, place, outlet)
        return taken

    def _claim(self, placement: Placement, home: Home, kinds: frozenset[str], place: str, outlet: outlets.Outlet | None) -> int:
        with home.write() as conn:
            now = self.worker.clock.now()
            job = queue.claim_for(conn, kinds, place, now, LEASE)
            if job is not None and outlet is not None and outlet.doubtful:
                outlets.try_out(conn, place, now)
        if job is None:
            return 0
        self._hand_out(placement, home, job, place, outlet is not None)
        return 1

    def _room(self, tenant: str, place: str, outlet: outlets.Outlet | None, now: datetime) -> bool:
        with self._lock:
            here = self._places[tenant, place]
            if outlet is None:
                return here == 0 or (here < PER_DESTINATION and self._tenants[tenant] <= PER_TENANT - 2)
            if outlet.blocked_until is not None and outlet.blocked_until > now:
                return False
            return not here and self._doubtful[tenant] < PER_TENANT // 2 and self._doubtful.total() < self.size // 2

    def _hand_out(self, placement: Placement, home: Home, job: Job, place: str, doubtful: bool) -> None:
        with self._lock:
            self._places[placement.id, place] += 1
            self._tenants[placement.id] += 1
            self._doubtful[placement.id] += doubtful

        def go() -> None:
            try:
                self.worker.carry_out(placement, home, job)
            except Exception:
                # Its lease will run out; then somebody takes it.
                _log.exception("job_lost", tenant=placement.slug, job=job.id)
            finally:
                with self._lock:
                    self._places[placement.id, place] -= 1
                    self._tenants[placement.id] -= 1
                    self._doubtful[placement.id] -= doubtful
                self.freed()

        self._pool.submit(go)
