"""Adding and counting time that matters: working time of a calendar, or every second, without what was paused.

Every answer is a ledger of segments that follow each other without gaps; the counted ones add up to the target exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as date_
from datetime import datetime, timedelta
from typing import Literal

from kernel.calendars.calendar import Day, Span, WorkingCalendar
from kernel.errors import FangyuanError
from kernel.i18n import Text, _

# A promise that is not due within this time is a mistake in the calendar.
FARTHEST = timedelta(days=5 * 366)
_FIRST_STEP, _STEP = timedelta(days=2), timedelta(days=31)

SegmentKind = Literal["counted", "closed", "paused"]


@dataclass(frozen=True, slots=True)
class Pause:
    """A time that does not count, and why (what a person reads, per language, or a Text). ``end`` None: it lasts."""

    start: datetime
    end: datetime | None
    why: Text | Mapping[str, str] | str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the ledger. ``days`` are the days off that a closed stretch covers whole, with their names."""

    kind: SegmentKind
    start: datetime
    end: datetime
    days: tuple[Day, ...] = ()
    why: Text | Mapping[str, str] | str = ""

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Reckoning:
    """``due`` is None while a pause without end stands in the way; then ``left`` is what remains to be counted."""

    due: datetime | None
    segments: tuple[Segment, ...]
    left: timedelta = timedelta(0)
    # Whether a year without published holidays was used: the due time may still move.
    provisional: bool = False
    counted: timedelta = field(default=timedelta(0))


class NoWorkingTime(FangyuanError):
    """The calendar has no working time within years of the start."""

    code = "no_working_time"


def add(calendar: WorkingCalendar | None, start: datetime, amount: timedelta, pauses: Sequence[Pause] = ()) -> Reckoning:
    """When ``amount`` of counted time after ``start`` is over. Without ``calendar`` every second counts.

    A target that is reached at closing time is due then, not at the next opening. Raises :class:`NoWorkingTime`.
    """
    if amount < timedelta(0):
        raise ValueError("a target is not negative")
    found: list[Segment] = []
    left, at = amount, start
    for segment in _segments(calendar, start, pauses, enough=amount):
        if left == timedelta(0):
            break
        if segment.kind == "counted":
            end = min(segment.end, segment.start + left)
            left -= end - segment.start
            segment = Segment("counted", segment.start, end)
        found.append(segment)
        at = segment.end
    if left:
        return Reckoning(None, tuple(found), left, _provisional(calendar, found), amount - left)
    return Reckoning(at, tuple(found), left, _provisional(calendar, found), amount)


def between(calendar: WorkingCalendar | None, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> Reckoning:
    """The counted time from ``start`` to ``end`` with its ledger; ``due`` is ``end``."""
    found: list[Segment] = []
    counted = timedelta(0)
    for segment in _segments(calendar, start, pauses, until=end):
        found.append(segment)
        if segment.kind == "counted":
            counted += segment.length
    return Reckoning(end, tuple(found), timedelta(0), _provisional(calendar, found), counted)


def subtract(calendar: WorkingCalendar | None, end: datetime, amount: timedelta) -> datetime:
    """The latest instant from which ``amount`` of counted time fits before ``end``. Raises :class:`NoWorkingTime`."""
    if calendar is None:
        return end - amount
    left, high = amount, end
    while high > end - FARTHEST:
        low = high - _STEP
        for span in reversed(list(calendar.spans(low, high))):
            if span.length >= left:
                return span.end - left
            left -= span.length
        high = low
    raise NoWorkingTime(_("The calendar “{key}” has no working time.", key=calendar.key))


def add_days(calendar: WorkingCalendar, start: datetime, days: int) -> Reckoning:
    """The same wall time ``days`` working days later. A start outside of working time counts from the next opening; where
    the last day closes earlier, it is due at its closing time; where it opens later, at its opening. Raises :class:`NoWorkingTime`."""
    begin = next((span.start for span in _working(calendar, start)), start)
    on = begin.astimezone(calendar.zone).date()
    wall = begin.astimezone(calendar.zone)
    for _n in range(days):
        on = _next_worked(calendar, on + timedelta(days=1), start)
    minutes = wall.hour * 60 + wall.minute
    due = calendar.instant(on, minutes) + timedelta(seconds=wall.second, microseconds=wall.microsecond)
    spans = calendar.begun_on(on)
    if spans:
        due = min(max(due, spans[0].start), spans[-1].end)
    found = between(calendar, start, due)
    return Reckoning(due, found.segments, timedelta(0), found.provisional, found.counted)


def _next_worked(calendar: WorkingCalendar, on: date_, start: datetime) -> date_:
    last = (start + FARTHEST).date()
    while not calendar.begun_on(on):
        on += timedelta(days=1)
        if on > last:
            raise NoWorkingTime(_("The calendar “{key}” has no working time.", key=calendar.key))
    return on


def _segments(
    calendar: WorkingCalendar | None, start: datetime, pauses: Sequence[Pause], until: datetime | None = None, enough: timedelta = FARTHEST
) -> Iterator[Segment]:
    """The whole time from ``start`` on, piece by piece: counted, closed or paused. Ends at ``until``, or in a pause without end.
    Whoever needs no more than ``enough`` counted time in one piece may get a longer one in several."""
    at = start
    for pause in [*_joined(pauses, start), None]:
        stop = until if pause is None else pause.start if until is None else min(pause.start, until)
        if stop is None or at < stop:
            yield from _open(calendar, at, stop, enough)
        if pause is None or (until is not None and pause.start >= until):
            return
        at = max(at, pause.start)
        end = pause.end if until is None else until if pause.end is None else min(pause.end, until)
        if end is None:
            return
        if at < end:
            yield Segment("paused", at, end, (), pause.why)
            at = end


def _open(calendar: WorkingCalendar | None, start: datetime, end: datetime | None, enough: timedelta) -> Iterator[Segment]:
    """A stretch without pauses."""
    if calendar is None:
        yield Segment("counted", start, end or start + FARTHEST)
        return
    at = start
    for span in _working(calendar, start, end, enough):
        if span.start > at:
            yield Segment("closed", at, span.start, _days_off(calendar, at, span.start))
        yield Segment("counted", span.start, span.end)
        at = span.end
    if end is not None and at < end:
        yield Segment("closed", at, end, _days_off(calendar, at, end))


def _working(calendar: WorkingCalendar, start: datetime, end: datetime | None = None, enough: timedelta = FARTHEST) -> Iterator[Span]:
    """Working spans from ``start`` on; without ``end`` it never stops, or raises :class:`NoWorkingTime`. Looked up some days at a
    time, more and more of them up to a month: most promises are over within hours. What is worked around the clock ends nowhere,
    so a piece of ``enough`` is handed out as soon as it is there."""
    at, step = start, _FIRST_STEP
    joined: Span | None = None
    empty_until = start + FARTHEST
    while end is None or at < end:
        stop = at + step if end is None else min(at + step, end)
        step = min(step * 2, _STEP)
        for span in calendar.spans(at, stop):
            if joined is not None and joined.end == span.start:
                joined = Span(joined.start, span.end)
                continue
            if joined is not None:
                yield joined
            joined = span
            empty_until = span.end + FARTHEST
        at = stop
        if joined is not None and joined.end < at:
            yield joined
            joined = None
        if end is None and at > empty_until:
            raise NoWorkingTime(_("The calendar “{key}” has no working time.", key=calendar.key))
        if end is None and joined is not None and joined.length >= enough:
            yield joined
            joined = None
    if joined is not None:
        yield joined


def _joined(pauses: Iterable[Pause], start: datetime) -> list[Pause]:
    """Pauses after ``start`` in order; where two overlap the first one's reason stands."""
    found: list[Pause] = []
    for pause in sorted(pauses, key=lambda p: p.start):
        if pause.end is not None and (pause.end <= start or pause.end <= pause.start):
            continue
        if found and found[-1].end is None:
            break
        if found and found[-1].end is not None and pause.start < found[-1].end:
            if pause.end is not None and pause.end <= found[-1].end:
                continue
            pause = Pause(found[-1].end, pause.end, pause.why)
        found.append(pause)
    return found


def _days_off(calendar: WorkingCalendar, start: datetime, end: datetime) -> tuple[Day, ...]:
    """Days on which nobody works that lie within a closed stretch, at least partly."""
    on, last = start.astimezone(calendar.zone).date(), end.astimezone(calendar.zone).date()
    days: list[Day] = []
    while on <= last and len(days) < 400:
        day = calendar.day(on)
        if not day.worked:
            days.append(day)
        on += timedelta(days=1)
    return tuple(days)


def _provisional(calendar: WorkingCalendar | None, segments: Sequence[Segment]) -> bool:
    if calendar is None or not segments:
        return False
    years = {segments[0].start.year, *(s.end.year for s in segments)}
    return any(calendar.day(segments[0].start.date().replace(year=y, month=6, day=1)).provisional for y in years)
