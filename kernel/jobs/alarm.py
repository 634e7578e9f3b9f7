"""The alarm clock of a worker process: when to look. Losing it, or every ring of it, loses nothing (SAFETY D41).

APScheduler looks once a second; a bell (``bells.py``) rings when something fell due in between, and what is due within
the second is looked at in its moment. Everything that is to happen stands in the tenants' databases.
"""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from kernel.jobs.bells import bell_of
from kernel.jobs.crew import Crew
from kernel.jobs.worker import SWEEP_S, Worker
from kernel.platform.clock import SystemClock

LANES = ("quick", "long", "out")
TICK = timedelta(seconds=1)
# A look beside another one only says that there is something new, so that several at once are no harm.
OFTEN: dict[str, Any] = {"misfire_grace_time": None, "max_instances": 8}
ONCE: dict[str, Any] = {"replace_existing": True, **OFTEN}


class Look:
    """One lane looking around, never twice at once; whoever rings while it looks makes it look again."""

    def __init__(self, worker: Worker, lane: str, alarm: Any, stop: threading.Event) -> None:
        self.worker, self.lane, self.alarm, self.stop = worker, lane, alarm, stop
        self._rung, self._busy = threading.Event(), threading.Lock()

    def __call__(self) -> None:
        self._rung.set()
        while self._rung.is_set() and not self.stop.is_set() and self._busy.acquire(blocking=False):
            try:
                self._rung.clear()
                if self.worker.tick(self.lane):
                    # A tenant's turn is limited: there may be more.
                    self._rung.set()
                else:
                    self._in_time()
            finally:
                self._busy.release()

    def _in_time(self) -> None:
        """Look again at the very moment when the next thing is due, if that is before the next tick."""
        left = self.worker.tenants.time_left(self.worker.clock.now())
        if left is not None and left < TICK:
            self.alarm.add_job(self, "date", run_date=SystemClock().now() + left, id=f"moment-{self.lane}", **ONCE)


def run_forever(worker: Worker, stop: threading.Event, parent: int | None = None) -> None:
    """Look around until ``stop`` is set, or until the process ``parent`` is no longer ours."""
    alarm = BackgroundScheduler(timezone="UTC")
    looks = [Look(worker, lane, alarm, stop) for lane in LANES]
    worker.crew = crew = Crew(worker, freed=lambda: None if stop.is_set() else _ring(alarm, looks[-1]))
    for look in looks:
        alarm.add_job(look, "interval", seconds=TICK.total_seconds(), id=f"tick-{look.lane}", coalesce=True, **OFTEN)
        alarm.add_job(worker.sweep, "interval", args=[look.lane], seconds=SWEEP_S, id=f"sweep-{look.lane}", coalesce=True, max_instances=1, misfire_grace_time=None)
    alarm.start()
    bell = bell_of(worker.settings)
    try:
        while not stop.is_set() and (parent is None or os.getppid() == parent):
            if bell.wait(stop):
                for look in looks:
                    _ring(alarm, look)
    finally:
        stop.set()
        bell.close()
        # A step under way is finished; the rest waits for the next start.
        alarm.shutdown(wait=True)
        crew.close()


def _ring(alarm: Any, look: Look) -> None:
    alarm.add_job(look, id=f"rung-{look.lane}", **ONCE)
