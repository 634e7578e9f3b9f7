"""The arithmetic of calendars and timelines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.web import dates
from runtime.web.calendar import shift
from runtime.web.dates import Range, Span
from runtime.web.gantt import ticks

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


def day(n: int) -> date:
    return date(2026, 11, n)


@given(DAYS)
def test_a_month_is_whole_weeks_around_it(d: date) -> None:
    found = dates.month(d)
    assert found.first.weekday() == 0 and len(found) % 7 == 0 and found.first <= dates.month_start(d) and d in found.days
    assert found.until >= dates.month_start(d, 1) and (found.until - dates.month_start(d, 1)).days < 7


@given(DAYS, st.integers(-30, 30))
def test_steps_lead_back(d: date, n: int) -> None:
    assert dates.month_start(dates.month_start(d, n), -n) == dates.month_start(d)
    assert dates.quarter_start(dates.quarter_start(d, n), -n) == dates.quarter_start(d)
    assert dates.step("week", dates.step("week", d, n), -n) == d


@pytest.mark.parametrize(("text", "found"), [("2026-11-03", day(3)), ("", day(24)), ("soon", day(24)), ("0001-01-01", day(24)), ("9999-12-31", day(24)), ("2026-02-30", day(24))])
def test_a_day_of_an_address(text: str, found: date) -> None:
    assert dates.read_day(text, day(24)) == found


@pytest.mark.parametrize(
    ("starts", "ends", "first", "last"),
    [
        (day(3), None, day(3), day(3)),
        (day(3), day(5), day(3), day(5)),
        (day(5), day(3), day(5), day(5)),
        (datetime(2026, 11, 3, 17, tzinfo=UTC), None, day(4), day(4)),
        # Until midnight is until the end of the day before.
        (datetime(2026, 11, 3, 2, tzinfo=UTC), datetime(2026, 11, 5, 16, tzinfo=UTC), day(3), day(5)),
        (datetime(2026, 11, 3, 2, tzinfo=UTC), datetime(2026, 11, 5, 17, tzinfo=UTC), day(3), day(6)),
        (day(3), datetime(2026, 11, 5, 2, tzinfo=UTC), day(3), day(5)),
    ],
)
def test_the_days_of_a_record(starts: date, ends: date | None, first: date, last: date) -> None:
    found = dates.span_of("x", starts, ends, SHANGHAI)
    assert found is not None and (found.first, found.last) == (first, last)
    assert dates.span_of("x", None, ends, SHANGHAI) is None


@given(st.lists(st.tuples(st.integers(-10, 16), st.integers(0, 12)), max_size=12))
def test_spans_on_a_week_never_cross(spans: list[tuple[int, int]]) -> None:
    week = Range(day(2), day(9))
    made = [Span(n, day(2) + timedelta(days=at), day(2) + timedelta(days=at + length), str(n)) for n, (at, length) in enumerate(spans)]
    placed = dates.lanes(made, week)
    taken: set[tuple[int, int]] = set()
    for p in placed:
        cells = {(p.lane, c) for c in range(p.column, p.column + p.length)}
        assert not cells & taken and 1 <= p.column <= 7 and 1 <= p.length <= 8 - p.column
        taken |= cells
    assert {p.span.item for p in placed} == {s.item for s in made if s.first < week.until and s.last >= week.first}
    per_day = dates.by_day(made, week)
    assert sum(len(v) for v in per_day.values()) == sum(p.length for p in placed)


def test_bars_are_cut_at_the_edges() -> None:
    ten = Range(day(1), day(11))
    assert dates.share(ten, day(1), day(10)) == (0, 100)
    assert dates.share(ten, day(6), day(6)) == (50, 10)
    assert dates.share(ten, date(2026, 10, 1), day(2)) == (0, 20)
    assert dates.share(ten, day(9), date(2026, 12, 9)) == (80, 20)


@pytest.mark.parametrize("scale", ["week", "month", "quarter"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_axis_has_words(scale: str, language: str) -> None:
    found = ticks(scale, dates.bars(scale, day(24)), language)
    assert 3 <= sum(1 for t in found if t["label"]) <= 14 and all(0 <= t["at"] < 100 for t in found)


@given(st.integers(-3000, 3000), st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)))
def test_another_day_has_the_same_time_of_day(days: int, local: datetime) -> None:
    at = local.replace(tzinfo=BERLIN).astimezone(UTC)
    moved = shift(at, days, BERLIN)
    assert isinstance(moved, datetime)
    before, after = at.astimezone(BERLIN), moved.astimezone(BERLIN)
    assert (after.date() - before.date()).days == days
    # In the hour that a clock change leaves out, the first moment after it is taken.
    assert after.time() == before.time() or abs((after.replace(tzinfo=None) - datetime.combine(after.date(), before.time())).total_seconds()) <= 3600
    assert shift(day(3), days, BERLIN) == day(3) + timedelta(days=days)
