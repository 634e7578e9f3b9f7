"""The arithmetic of working time against a simulator that knows nothing of it: one byte per minute, worked or not.

The simulator finds the minute of a wall time by walking through the minutes of UTC and looking at the clock on the wall.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from kernel.calendars import reckon
from kernel.calendars.calendar import Exception_, WorkingCalendar
from kernel.calendars.hours import parse
from kernel.calendars.reckon import Pause
from tests.scale import scaled

MINUTE = timedelta(minutes=1)
FIRST = datetime(2026, 1, 20, tzinfo=UTC)
DAYS = 420

OFFICE = "09:00-12:00, 13:00-18:00"
# name: zone, week, country, own days (first, last, hours)
CALENDARS = {
    "china": ("Asia/Shanghai", [OFFICE] * 5 + ["", ""], "CN", []),
    "shop": ("Asia/Shanghai", ["10:00-22:00"] * 7, None, [("2026-02-16", "2026-02-18", ""), ("2026-03-01", "2026-03-01", "12:00-16:00")]),
    "night": ("America/New_York", ["22:00-06:00"] * 5 + ["", "20:00-24:00"], "US", []),
    "three shifts": ("Europe/Berlin", ["00:00-08:00, 08:00-16:00, 16:00-24:00"] * 6 + [""], "DE", []),
    "early": ("Europe/London", ["01:00-02:30, 02:45-05:00"] * 7, None, []),
    "half hour": ("Australia/Lord_Howe", ["01:30-02:15, 09:00-17:00"] * 6 + [""], None, []),
    "islands": ("Pacific/Auckland", ["08:30-17:00"] * 5 + ["09:00-12:00", ""], "NZ", [("2026-04-04", "2026-04-06", "02:00-03:30")]),
    "south": ("America/Sao_Paulo", ["07:00-11:00, 12:00-15:00"] * 5 + ["", ""], "BR", []),
}


@cache
def calendar_of(name: str) -> WorkingCalendar:
    zone, week, country, own = CALENDARS[name]
    days = [Exception_(date.fromisoformat(a), date.fromisoformat(b), parse(hours)) for a, b, hours in own]
    return WorkingCalendar(name, ZoneInfo(zone), [parse(text) for text in week], holidays=country, exceptions=days)


@cache
def worked_minutes(name: str) -> bytes:
    """A byte per minute from ``FIRST`` on: 1 where somebody works."""
    zone = ZoneInfo(CALENDARS[name][0])
    walls = [(FIRST + n * MINUTE).astimezone(zone).replace(tzinfo=None) for n in range(DAYS * 1440)]
    # The latest wall time seen so far never goes back, so the first minute at or after a wall time can be looked up.
    latest, highest = [], walls[0]
    for wall in walls:
        highest = max(highest, wall)
        latest.append(highest)
    found = bytearray(len(walls))
    calendar = calendar_of(name)
    for n in range(-2, DAYS + 2):
        on = (FIRST + timedelta(days=n)).date()
        for shift in calendar.day(on).shifts:
            midnight = datetime.combine(on, datetime.min.time())
            a, b = (bisect_left(latest, midnight + timedelta(minutes=m)) for m in (shift.start, shift.end))
            found[a:b] = b"\x01" * max(b - a, 0)
    return bytes(found)


def simulate(name: str | None, start: int, minutes: int, pauses: list[tuple[int, int]]) -> int | None:
    """The minute at whose end ``minutes`` were counted."""
    counted = bytearray(worked_minutes(name) if name else b"\x01" * (DAYS * 1440))
    for a, b in pauses:
        counted[a:b] = bytes(b - a)
    low, high = start, len(counted)
    if counted.count(1, start) < minutes:
        return None
    while low < high:
        middle = (low + high) // 2
        if counted.count(1, start, middle) >= minutes:
            high = middle
        else:
            low = middle + 1
    return low


def cases(name: str, number: int):
    chance = random.Random(name)
    for _n in range(number):
        start = chance.randrange(3 * 1440, (DAYS - 120) * 1440)
        length = chance.choice([15, 60, 480, chance.randrange(1, 14 * 480)])
        pauses = []
        at = start + chance.randrange(-300, 600)
        for _pause in range(chance.choice([0, 0, 1, 2, 4])):
            at += chance.randrange(0, 2000)
            until = at + chance.randrange(1, 3000)
            pauses.append((max(at, 0), until))
            at = until if chance.random() < 0.8 else at + 1  # some overlap
        yield start, length, pauses


@pytest.mark.parametrize("name", list(CALENDARS))
def test_the_engine_agrees_with_the_simulator(name):
    calendar = calendar_of(name)
    for start, length, pauses in cases(name, scaled(150, 1250)):
        begin = FIRST + start * MINUTE
        kept = [Pause(FIRST + a * MINUTE, FIRST + b * MINUTE) for a, b in pauses]
        found = reckon.add(calendar, begin, length * MINUTE, kept)
        expected = simulate(name, start, length, pauses)
        assert expected is not None and found.due == FIRST + expected * MINUTE, (start, length, pauses)
        check_ledger(found, begin, length * MINUTE)
        assert reckon.between(calendar, begin, found.due, kept).counted == length * MINUTE
        if not pauses:
            back = reckon.subtract(calendar, found.due, length * MINUTE)
            assert reckon.between(calendar, back, found.due).counted == length * MINUTE and back >= begin


def check_ledger(found: reckon.Reckoning, begin: datetime, amount: timedelta) -> None:
    """Segments follow each other from the start to the due time; the counted ones add up to the target."""
    assert found.segments[0].start == begin and found.segments[-1].end == found.due
    assert all(a.end == b.start for a, b in zip(found.segments, found.segments[1:], strict=False))
    assert all(segment.start < segment.end for segment in found.segments)
    assert sum((s.length for s in found.segments if s.kind == "counted"), timedelta()) == amount == found.counted


def test_every_second_counts_without_a_calendar():
    for start, length, pauses in cases("elapsed", scaled(200, 2000)):
        kept = [Pause(FIRST + a * MINUTE, FIRST + b * MINUTE) for a, b in pauses]
        found = reckon.add(None, FIRST + start * MINUTE, length * MINUTE, kept)
        expected = simulate(None, start, length, pauses)
        assert expected is not None and found.due == FIRST + expected * MINUTE
        check_ledger(found, FIRST + start * MINUTE, length * MINUTE)
