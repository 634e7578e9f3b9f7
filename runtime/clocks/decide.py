"""What becomes of a clock: pure, from what the record says now and what the clock was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.calendars.calendar import WorkingCalendar
from kernel.calendars.reckon import Pause, Reckoning, add, add_days, between

RUNNING, PAUSED, MET, CANCELLED = "running", "paused", "met", "cancelled"
# No clock at all: what would have begun one can't be worked out, and the row says why.
REFUSED = "refused"
OPEN = (RUNNING, PAUSED)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a promise can't be worked out: the property that failed, and with which error (one of the expression language,
    ``span`` for a length that is none, ``no_working_time`` for a calendar by which nobody works)."""

    at: str
    code: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a record says of a promise. ``target`` None: nothing is promised.

    ``days`` is given instead of ``target`` where working days are promised. ``calendar`` is a key; None: every second counts.
    ``faults``: what could not be worked out.
    """

    starts: bool
    paused: bool = False
    done: bool = False
    cancelled: bool = False
    since: datetime | None = None
    done_at: datetime | None = None
    target: timedelta | None = None
    days: int | None = None
    calendar: str | None = None
    faults: tuple[Fault, ...] = ()

    def failed(self, *names: str) -> bool:
        """Whether one of these properties could not be worked out."""
        return any(fault.at in names for fault in self.faults)

    @property
    def promised(self) -> bool:
        return self.target is not None or self.days is not None


@dataclass(frozen=True, slots=True)
class Was:
    """A clock as it is kept."""

    state: str
    started_at: datetime
    target: timedelta
    days: int | None
    calendar: str | None
    pauses: tuple[Pause, ...]
    rearmed: bool = False
    ended_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Start:
    """A clock begins at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """An open clock gets another plan: what moved is named in ``why`` (target, calendar, start, paused, resumed)."""

    why: tuple[str, ...]
    started_at: datetime
    pauses: tuple[Pause, ...]
    paused: bool


@dataclass(frozen=True, slots=True)
class End:
    """An open clock ends, met or cancelled, at ``at``."""

    met: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Rearm:
    """What starts it no longer holds: the next time it may start again."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It would begin, but something it stands on can't be worked out."""

    fault: Fault


Decision = Start | Change | End | Rearm | Refuse | None


def decide(facts: Facts, was: Was | None, restarts: bool, now: datetime) -> Decision:
    """What follows for one promise on one record. Of several clocks of the same promise ``was`` is the last one.

    What is already kept or cancelled when it would start never starts: an imported record makes no promise that is over.
    A running clock outlives a formula that fails: it keeps the plan it has.
    """
    if was is None or not was.open:
        return _ended(facts, was, restarts, now)
    if facts.cancelled:
        return End(False, now)
    if facts.done:
        return End(True, min(max(facts.done_at or now, was.started_at), now))
    if not facts.promised and not facts.failed("target", "days"):
        return End(False, now)
    since = facts.since or was.started_at
    why = []
    if not facts.failed("target", "days") and (facts.days != was.days or (facts.days is None and facts.target != was.target)):
        why.append("target")
    if facts.calendar != was.calendar:
        why.append("calendar")
    if facts.since is not None and facts.since != was.started_at:
        why.append("start")
    pauses, paused = was.pauses, facts.paused if not facts.failed("pauses") else was.state == PAUSED
    if paused and was.state == RUNNING:
        why.append("paused")
        pauses = (*pauses, Pause(now, None))
    elif not paused and was.state == PAUSED:
        why.append("resumed")
        pauses = (*pauses[:-1], Pause(pauses[-1].start, now, pauses[-1].why))
    return Change(tuple(why), since, pauses, paused) if why else None


def _ended(facts: Facts, was: Was | None, restarts: bool, now: datetime) -> Decision:
    if not facts.starts:
        if facts.failed("starts"):
            return Refuse(facts.faults[0]) if was is None or (restarts and was.rearmed) else None
        return Rearm() if was is not None and restarts and not was.rearmed else None
    if was is not None and not (restarts and was.rearmed):
        if was.state == MET and facts.done and facts.done_at is not None and was.ended_at is not None and was.started_at <= facts.done_at < was.ended_at:
            # Word came late of something that happened earlier: the promise was kept then.
            return End(True, facts.done_at)
        return None
    if facts.done or facts.cancelled:
        return None
    if facts.faults:
        return Refuse(facts.faults[0])
    if not facts.promised:
        return None
    return Start(facts.since or now)


def target_of(facts: Facts, calendar: WorkingCalendar | None, start: datetime) -> timedelta:
    """The counted time that is promised; of working days what lies between the start and the same time of day so many days later."""
    if facts.days is None or calendar is None:
        return facts.target if facts.target is not None else timedelta(days=facts.days or 0)
    return add_days(calendar, start, facts.days).counted


def due_of(start: datetime, target: timedelta, calendar: WorkingCalendar | None, pauses: Sequence[Pause]) -> Reckoning:
    """When it is due, with the ledger. Raises NoWorkingTime."""
    return add(calendar, start, target, pauses)


def late_by(start: datetime, target: timedelta, calendar: WorkingCalendar | None, pauses: Sequence[Pause], end: datetime) -> timedelta:
    """Counted time beyond the target at ``end``; nothing when it was kept in time."""
    closed = [Pause(p.start, p.end or end, p.why) for p in pauses]
    return max(between(calendar, start, end, closed).counted - target, timedelta(0))
