"""A working calendar: what each day is, and its working spans as instants."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from kernel.calendars import country
from kernel.calendars.hours import DAY, Shift

Kind = Literal["work", "off", "holiday", "make_up", "exception_off", "exception_work"]
_LONGEST_SHIFT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Day:
    """What a local date is: worked or not, why (``names`` per language), in which shifts."""

    on: date
    kind: Kind
    shifts: tuple[Shift, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    provisional: bool = False

    @property
    def worked(self) -> bool:
        return bool(self.shifts)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From ``start`` up to, but without, ``end``; both UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Exception_:
    """Own days on top of everything: from ``first`` to ``last`` these shifts (none: off). Of several the last one listed counts."""

    first: date
    last: date
    shifts: tuple[Shift, ...]
    names: Mapping[str, str] = field(default_factory=dict)


class WorkingCalendar:
    """``week`` are the shifts of Monday to Sunday. ``make_up`` are those of a weekend day that is worked in exchange for a
    holiday (default: Monday's). Immutable; what it works out is kept, so share one per release."""

    def __init__(
        self, key: str, zone: ZoneInfo, week: Sequence[tuple[Shift, ...]], *, holidays: str | None = None, make_up: tuple[Shift, ...] | None = None,
        exceptions: Sequence[Exception_] = (),
    ) -> None:
        if len(week) != 7:
            raise ValueError("a week has seven days")
        self.key, self.zone, self.week = key, zone, tuple(week)
        self.country, _, part = (holidays or "").partition("-")
        self.subdivision = part or None
        self.make_up = make_up if make_up is not None else next((shifts for shifts in self.week if shifts), ())
        self.exceptions = tuple(exceptions)
        self._days: dict[date, Day] = {}
        self._spans: dict[date, tuple[Span, ...]] = {}

    # --- days ---------------------------------------------------------------------------------------------------------

    def day(self, on: date) -> Day:
        """What this local date is."""
        found = self._days.get(on)
        if found is None:
            found = self._days[on] = self._find(on)
        return found

    def _find(self, on: date) -> Day:
        provisional = bool(self.country) and country.year_of(self.country, on.year, self.subdivision).provisional
        for own in reversed(self.exceptions):
            if own.first <= on <= own.last:
                return Day(on, "exception_work" if own.shifts else "exception_off", own.shifts, own.names)
        usual = self.week[on.weekday()]
        if self.country:
            year = country.year_of(self.country, on.year, self.subdivision)
            if on in year.off:
                return Day(on, "holiday", (), year.off[on], provisional)
            if on in year.worked and not usual:
                return Day(on, "make_up", self.make_up, {}, provisional)
        return Day(on, "work" if usual else "off", usual, {}, provisional)

    def is_off(self, on: date) -> bool:
        """Whether nobody works on this date: what WORKDAY and NETWORKDAYS ask."""
        return not self.day(on).worked

    # --- spans --------------------------------------------------------------------------------------------------------

    def begun_on(self, on: date) -> tuple[Span, ...]:
        """The working spans of the shifts that begin on a local date."""
        found = self._spans.get(on)
        if found is None:
            spans = (Span(self.instant(on, s.start), self.instant(on, s.end)) for s in self.day(on).shifts)
            # A clock change can swallow a short shift whole.
            found = self._spans[on] = tuple(span for span in spans if span.start < span.end)
        return found

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Working spans between two instants, in order, touching and overlapping ones joined, cut to the bounds."""
        if start >= end:
            return
        on, last = (start - _LONGEST_SHIFT).astimezone(self.zone).date(), end.astimezone(self.zone).date()
        joined: Span | None = None
        while on <= last:
            for span in self.begun_on(on):
                if joined is not None and span.start <= joined.end:
                    joined = Span(joined.start, max(joined.end, span.end))
                    continue
                if joined is not None and joined.end > start:
                    yield from _cut(joined, start, end)
                joined = span
            on += timedelta(days=1)
        if joined is not None:
            yield from _cut(joined, start, end)

    def instant(self, on: date, minutes: int) -> datetime:
        """The instant of a wall time, ``minutes`` after midnight (1440 and more: on the following day)."""
        return first_instant(datetime.combine(on + timedelta(days=minutes // DAY), time(minutes % DAY // 60, minutes % 60)), self.zone)


def _cut(span: Span, start: datetime, end: datetime) -> Iterator[Span]:
    a, b = max(span.start, start), min(span.end, end)
    if a < b:
        yield Span(a, b)


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which clocks in ``zone`` show ``wall`` (naive) or later, in UTC."""
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return early
    # Clocks skip this time. Both readings enclose the moment they do; it is the first one at which clocks are past it.
    late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    low, high = min(early, late), max(early, late)
    seconds = range(int((high - low).total_seconds()) + 1)
    at = bisect_right(seconds, 0, key=lambda n: int((low + timedelta(seconds=n)).astimezone(zone).replace(tzinfo=None) >= wall))
    return low + timedelta(seconds=at)
