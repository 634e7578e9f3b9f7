"""The arithmetic of calendars and timelines: which days are shown, where a span lies on them. Values only, nothing of any request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 2199


@dataclass(frozen=True, slots=True)
class Range:
    """Days from ``first`` up to, not including, ``until``."""

    first: date
    until: date

    @property
    def days(self) -> list[date]:
        return [self.first + DAY * n for n in range((self.until - self.first).days)]

    def __len__(self) -> int:
        return (self.until - self.first).days


@dataclass(frozen=True, slots=True)
class Span:
    """A record's days, both included. ``item`` is whatever is drawn there."""

    item: Any
    first: date
    last: date
    key: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A span on one week: column 1 to 7, length, lane from 1; whether it goes on before and after."""

    span: Span
    column: int
    length: int
    lane: int
    before: bool
    after: bool


def read_day(text: str, today: date) -> date:
    """The day of an address; today for what is none, or lies beyond every calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else today


def monday(day: date) -> date:
    """The Monday on or before."""
    return day - DAY * day.weekday()


def month_start(day: date, months: int = 0) -> date:
    """The first of the month, ``months`` later or earlier."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def month(day: date) -> Range:
    """The weeks that a month touches."""
    first, last = monday(month_start(day)), month_start(day, 1) - DAY
    return Range(first, monday(last) + DAY * 7)


def week(day: date) -> Range:
    """Monday to Sunday."""
    return Range(monday(day), monday(day) + DAY * 7)


def quarter_start(day: date, quarters: int = 0) -> date:
    """The first day of the quarter, ``quarters`` later or earlier."""
    return month_start(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), quarters * 3)


def bars(scale: str, day: date) -> Range:
    """What a timeline shows: two weeks, the weeks of a month, or a quarter."""
    if scale == "week":
        return Range(monday(day), monday(day) + DAY * 14)
    if scale == "quarter":
        return Range(quarter_start(day), quarter_start(day, 1))
    return month(day)


def step(scale: str, day: date, by: int) -> date:
    """The day one page further or back."""
    if scale == "week":
        return day + DAY * 7 * by
    return quarter_start(day, by) if scale == "quarter" else month_start(day, by)


def day_of(value: Any, zone: ZoneInfo) -> date | None:
    """The day on which a date or moment lies for a reader."""
    if isinstance(value, datetime):
        return value.astimezone(zone).date()
    return value if isinstance(value, date) else None


def span_of(item: Any, starts: Any, ends: Any, zone: ZoneInfo, key: str = "") -> Span | None:
    """The days of a record. One that ends before it starts, or has no end, takes the one day; midnight still belongs to the day before."""
    first = day_of(starts, zone)
    if first is None:
        return None
    last = day_of(ends, zone)
    if last is None or last < first:
        return Span(item, first, first, key)
    if isinstance(ends, datetime) and last > first:
        local = ends.astimezone(zone)
        if (local.hour, local.minute, local.second) == (0, 0, 0):
            last -= DAY
    return Span(item, first, last, key)


def lanes(spans: Iterable[Span], range_: Range) -> list[Placed]:
    """Spans of several days on one week, each in the highest lane that is free: the earlier and longer ones on top."""
    here = sorted((s for s in spans if s.first < range_.until and s.last >= range_.first), key=lambda s: (s.first, -(s.last - s.first).days, s.key))
    free: list[date] = []  # per lane, the first day on which it is free again
    found = []
    for span in here:
        first, last = max(span.first, range_.first), min(span.last, range_.until - DAY)
        lane = next((n for n, day in enumerate(free) if day <= first), len(free))
        if lane == len(free):
            free.append(last + DAY)
        else:
            free[lane] = last + DAY
        found.append(Placed(span, (first - range_.first).days + 1, (last - first).days + 1, lane + 1, span.first < first, span.last > last))
    return found


def by_day(spans: Sequence[Span], range_: Range) -> Mapping[date, list[Span]]:
    """Every span on each of its days that is shown."""
    found: dict[date, list[Span]] = {day: [] for day in range_.days}
    for span in spans:
        day = max(span.first, range_.first)
        while day <= span.last and day < range_.until:
            found[day].append(span)
            day += DAY
    return found


def share(range_: Range, first: date, last: date) -> tuple[float, float]:
    """Where a bar begins and how long it is, in percent of the range, cut at its ends."""
    whole = len(range_)
    begin = max(0, (first - range_.first).days)
    end = min(whole, (last - range_.first).days + 1)
    return round(begin * 100 / whole, 3), round(max(0, end - begin) * 100 / whole, 3)
