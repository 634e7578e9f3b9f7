"""Carries jobs out: in as many processes as one likes, each with a few threads, woken by an alarm clock.

One round in a tenant: claim a handful of due jobs (one short transaction), then carry out each in a transaction of its own.
A process that dies leaves its jobs to whoever looks after their lease is over; what a late one still tries to finish is refused.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, insert

from kernel.errors import Busy, FangyuanError, Message
from kernel.i18n import Text, _, to_text
from kernel.jobs import outlets, queue
from kernel.jobs.crew import LANE, Crew
from kernel.jobs.handler import Again, Done, GiveUp, Handler, Handlers, Later, Lost, Outcome, pause, pause_out
from kernel.jobs.queue import Job
from kernel.jobs.steady import Jump, Steady, note, went_back
from kernel.platform import accounts, actors
from kernel.platform import tables as t
from kernel.platform.clock import Clock
from kernel.platform.ctx import Ctx, system_ctx
from kernel.platform.database import Home
from kernel.platform.settings import Settings
from kernel.platform.tenants import Placement, Tenants, read_tenant

BATCH = 20
# So many steps in one tenant, then it is another one's turn.
ROUND = 200
# How often every tenant is looked at, whatever the hints say.
SWEEP_S = 60
# How long the lane of long work leaves the database alone between two steps: SQLite asks for a lock ten times a second.
REST_S = 0.1
_log = structlog.get_logger("worker")


@dataclass
class Worker:
    """``handlers`` is everything this installation can do."""

    settings: Settings
    clock: Clock
    tenants: Tenants
    handlers: Handlers
    batch: int = BATCH
    steady: Steady = field(default_factory=Steady)
    crew: Crew | None = None

    # --- looking around -----------------------------------------------------------------------------------------------

    def tick(self, lane: str | None = None) -> int:
        """Look where something is due, as far as is known, and do it. Returns how many steps were made."""
        if lane == LANE:
            return self.crew.take(self.tenants.due(self.clock.now())) if self.crew else 0
        if lane != "long" and (jump := self.steady.look(self.clock)) is not None:
            self._jumped(jump)
        return sum(self._look_into(placement, lane) for placement in self.tenants.due(self.clock.now()))

    def _jumped(self, jump: Jump) -> None:
        """Say so in every tenant: what was due is judged by a clock that was not even."""
        _log.warning("clock_jumped", seconds=int(jump.by.total_seconds()))
        for placement in self.tenants.all():
            found = self.tenants.find(placement.slug) if placement.status == "active" else None
            if found is not None:
                with suppress(Busy), found[1].write() as conn:
                    note(conn, jump)

    def sweep(self, lane: str | None = None) -> int:
        """Look into every tenant: what a lost hint would have hidden is done now, and standing work is seen to."""
        if lane == LANE:
            return self.crew.take([placement for placement in self.tenants.all() if placement.status == "active"]) if self.crew else 0
        return sum(self._look_into(placement, lane, standing=True) for placement in self.tenants.all() if placement.status == "active")

    def _stand(self, home: Home) -> None:
        """Every tenant has its standing work."""
        wanted = [handler.kind for handler in self.handlers if handler.every is not None]
        with home.read() as conn:
            missing = set(wanted) - queue.known_keys(conn, wanted)
            back = went_back(conn, self.clock.now())
        if back is not None:
            with home.write() as conn:
                note(conn, back)
        if missing:
            with home.write() as conn:
                for kind in sorted(missing):
                    queue.add(conn, kind, {}, now=self.clock.now(), key=kind)

    def _look_into(self, placement: Placement, lane: str | None, *, standing: bool = False) -> int:
        found = self.tenants.find(placement.slug)
        if found is None:
            return 0
        seen = self.clock.now()
        try:
            if standing:
                self._stand(found[1])
            done = self.round(*found, lane=lane)
            self.tenants.looked(placement.id, seen, self._next(found[1]))
            # Whoever committed just before that saw the old hint and kept silent: what they added is due before we look again.
            due = self._next(found[1])
            if due is not None:
                self.tenants.hint(placement.id, due)
            return done
        except Busy:
            return 0
        except Exception:
            # One tenant's trouble must not keep the others waiting.
            _log.exception("round_failed", tenant=placement.slug)
            return 0

    def _next(self, home: Home) -> datetime | None:
        with home.read() as conn:
            return queue.next_due(conn, self.handlers.kinds(), self.clock.now())

    # --- one tenant ---------------------------------------------------------------------------------------------------

    def round(self, placement: Placement, home: Home, *, lane: str | None = None, most: int = ROUND) -> int:
        """Do what is due in one tenant until nothing is, at most ``most`` steps: then it is another one's turn."""
        steps = 0
        while steps < most:
            kinds = self.handlers.kinds(lane)
            if not self._anything(home, kinds):
                break
            with home.write() as conn:
                jobs = queue.claim(conn, kinds, self.clock.now(), timedelta(seconds=60), self.batch if lane != "long" else 1)
            if not jobs:
                break
            for job in jobs:
                self.carry_out(placement, home, job)
            steps += len(jobs)
            if lane == "long":
                # Of two who want the write lock one at a time, the other must get his turn.
                time.sleep(REST_S)
        return steps

    def _anything(self, home: Home, kinds: frozenset[str]) -> bool:
        """Looked at without the write lock: most of the time there is nothing."""
        with home.read() as conn:
            due = queue.next_due(conn, kinds)
        return due is not None and due <= self.clock.now()

    def carry_out(self, placement: Placement, home: Home, job: Job) -> None:
        """One claimed job, and the note of what came of it."""
        handler = self.handlers.find(job.kind)
        assert handler is not None
        try:
            if handler.inside is not None:
                with home.write() as conn:
                    self._note(conn, job, handler, handler.inside(self._ctx(conn, placement, job), job))
            else:
                assert handler.outside is not None
                with home.write() as conn:
                    # The others of the handful may have taken long.
                    if not queue.keep(conn, job, self.clock.now(), handler.lease):
                        raise Lost()
                outcome = handler.outside(_Desk(self, placement, home, job, handler), job)
                with home.write() as conn:
                    self._note(conn, job, handler, outcome)
        except Lost:
            return
        except GiveUp as error:
            self._failed(placement, home, job, error.message, error.result)
        except Busy:
            self._retry(home, job, "busy", counted=False)
        except Later as later:
            self._later(placement, home, job, later)
        except Exception as error:
            _log.exception("job_failed", tenant=placement.slug, job=job.id, kind=job.kind, attempt=job.attempts)
            message = error.message if isinstance(error, FangyuanError) else f"{type(error).__name__}: {error}"
            if job.destination is not None:
                self._later(placement, home, job, Later(message if isinstance(message, Text) else str(message)))
            elif job.attempts >= handler.most and handler.every is None:
                self._failed(placement, home, job, message, {})
            else:
                self._retry(home, job, str(message))

    def _note(self, conn: Connection, job: Job, handler: Handler, outcome: Outcome) -> None:
        now = self.clock.now()
        match outcome:
            case Done() if handler.every is not None:
                ours = queue.put_back(conn, job, now + handler.every, job.data, None)
            case Done():
                ours = queue.finish(conn, job, now, outcome.result)
            case Again():
                ours = queue.put_back(conn, job, outcome.at or now, outcome.data, outcome.progress)
        if not ours:
            raise Lost()
        if job.destination is not None:
            outlets.well(conn, job.destination)
        _tell(conn, job, now)

    def _later(self, placement: Placement, home: Home, job: Job, later: Later) -> None:
        """It could not be handed over: what that says about its destination, and when it is tried again."""
        try:
            with home.write() as conn:
                now, words = self.clock.now(), to_text(later.message, read_tenant(conn, placement).language)
                if later.blame and job.destination is not None:
                    outlets.failed(conn, job.destination, now, words, later.after)
                    queue.expire(conn, job.destination, now, words)
                if job.until is not None and now >= job.until:
                    if queue.fail(conn, job, now, words, later.result):
                        _tell(conn, job, now)
                else:
                    queue.retry(conn, job, now + pause_out(max(job.attempts, 1), later.after), words, counted=later.counted)
        except Busy:
            _log.warning("retry_not_noted", job=job.id)

    def _failed(self, placement: Placement, home: Home, job: Job, message: Message, result: Any) -> None:
        with home.write() as conn:
            account = accounts.find(conn, job.person) if job.person else None
            language = (account.language if account else None) or read_tenant(conn, placement).language
            if queue.fail(conn, job, self.clock.now(), to_text(message, language), result):
                _tell(conn, job, self.clock.now())

    def _retry(self, home: Home, job: Job, error: str, *, counted: bool = True) -> None:
        try:
            with home.write() as conn:
                queue.retry(conn, job, self.clock.now() + pause(max(job.attempts, 1)), error, counted=counted)
        except Busy:
            # Its lease will run out; then somebody takes it.
            _log.warning("retry_not_noted", job=job.id)

    def _ctx(self, conn: Connection, placement: Placement, job: Job) -> Ctx:
        """The system, or the person who asked for it with the rights of this moment (D36)."""
        base = system_ctx(read_tenant(conn, placement), conn, self.clock, "job")
        if job.person is None:
            return base
        identity = actors.identify(conn, base.release, job.person, tenant=base.tenant, now=base.now)
        account = accounts.find(conn, job.person)
        if identity is None or account is None or account.disabled_at is not None:
            raise GiveUp(_("Whoever asked for this may no longer sign in."))
        return base.acting(actor=identity.actor(base.tenant, language=account.language, zone=account.zone, theme=account.theme))


@dataclass
class _Desk:
    """What a handler outside of a transaction works with."""

    worker: Worker
    placement: Placement
    home: Home
    job: Job
    handler: Handler

    @property
    def settings(self) -> Settings:
        return self.worker.settings

    @contextmanager
    def read(self) -> Iterator[Ctx]:
        with self.home.read() as conn:
            yield self.worker._ctx(conn, self.placement, self.job)

    @contextmanager
    def write(self) -> Iterator[Ctx]:
        with self.home.write() as conn:
            yield self.worker._ctx(conn, self.placement, self.job)

    def progress(self, done: int, total: int | None = None, **more: Any) -> None:
        with self.home.write() as conn:
            now = self.worker.clock.now()
            if not queue.keep(conn, self.job, now, self.handler.lease, {"done": done, "total": total, **more}):
                raise Lost()
            _tell(conn, self.job, now)


def _tell(conn: Connection, job: Job, now: datetime) -> None:
    """Open pages of whoever asked for it hear that it has moved (an event of kind ``job`` for that person)."""
    if job.person is not None:
        conn.execute(insert(t.event).values(at=now, kind="job", record_id=job.person, data={"job": job.id}))
