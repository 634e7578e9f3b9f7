"""What is decided without a database: matching, cutting, programs, rhythms, dates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from kernel.calendars import rhythm
from kernel.calendars.calendar import WorkingCalendar
from kernel.calendars.hours import parse
from kernel.model.elements import Automation, AutomationStep
from runtime.automations import dates, matching
from runtime.automations.matching import Change
from runtime.automations.program import compiled
from runtime.automations.spans import read

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
OFFICE = WorkingCalendar("office", SHANGHAI, [parse("09:00-18:00")] * 5 + [(), ()], holidays="CN")


def automation(**when):
    return Automation(uid="a", key="a", entity="task", when=when)


def step(do, *inner, otherwise=(), **more):
    return AutomationStep(uid=f"{do}-{len(inner)}", key=do, do=do, steps=inner, otherwise=otherwise, **more)


@pytest.mark.parametrize(("when", "change", "found"), [
    ({"created": True}, Change("created"), {"trigger": "created"}),
    ({"created": True}, Change("restored"), None),
    ({"created": True}, Change("updated", frozenset({"a"})), None),
    ({"changed": ("a", "b")}, Change("updated", frozenset({"b", "c"})), {"trigger": "changed", "fields": ["b"]}),
    ({"changed": ("a",)}, Change("derived", frozenset({"a"})), {"trigger": "changed", "fields": ["a"]}),
    ({"changed": ("a",)}, Change("created"), None),
    ({"changed": ("a",)}, Change("deleted", frozenset({"a"})), None),
    ({"step": "go"}, Change("updated", frozenset({"state"}), "go"), {"trigger": "step", "step": "go"}),
    ({"step": ("come", "go")}, Change("updated", frozenset(), "go"), {"trigger": "step", "step": "go"}),
    ({"step": "go"}, Change("updated", frozenset({"state"})), None),
    ({"button": True}, Change("created"), None),
])
def test_what_matches(when, change, found):
    assert matching.matches(automation(**when), change) == found


def test_chains_are_cut_and_the_circle_is_named():
    assert matching.cut("a", ("a", "b") * 4, 8) is None
    assert matching.cut("a", ("a", "b") * 5, 10) == "depth"
    assert matching.cut("a", ("a",), matching.MOST_PER_ROOT) == "budget"
    assert matching.circle("a", ("x", "a", "b", "a", "c")) == ("a", "c", "a")
    assert matching.circle("z", ("x", "y")) == ("x", "y", "z")


def test_a_program_jumps_where_it_should():
    program = compiled((step("set"), step("branch", step("wait"), otherwise=(step("stop"),)), step("each", step("notify"), step("set")), step("comment")))
    assert [(i.op, i.to) for i in program] == [
        ("do", 1), ("test", 4), ("wait", 3), ("jump", 5), ("stop", 5), ("begin", 9), ("do", 7), ("do", 8), ("next", 6), ("do", 10)]
    assert compiled(()) == ()


@pytest.mark.parametrize(("text", "after", "next_one"), [
    ("mon 09:00", "2026-11-24 10:00", "2026-11-30 09:00"),
    ("mon,tue 11:00", "2026-11-24 10:00", "2026-11-24 11:00"),
    ("day 10:00", "2026-11-24 10:00", "2026-11-25 10:00"),
    ("workday 09:00", "2026-09-30 10:00", "2026-10-08 09:00"),
    ("month 31 09:00", "2026-11-24 10:00", "2026-11-30 09:00"),
    ("month last 18:00", "2027-02-01 00:00", "2027-02-28 18:00"),
    ("hour", "2026-11-24 10:00", "2026-11-24 11:00"),
    ("15 minutes", "2026-11-24 10:01", "2026-11-24 10:15"),
])
def test_rhythms(text, after, next_one):
    moment = datetime.fromisoformat(after).replace(tzinfo=SHANGHAI)
    found = rhythm.read(text).after(moment, SHANGHAI, OFFICE)
    assert found is not None and found.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") == next_one


def test_a_rhythm_happens_once_a_day_across_clock_changes():
    how, moment, days = rhythm.read("day 02:30"), datetime(2026, 3, 1, tzinfo=UTC), []
    for _n in range(300):
        moment = how.after(moment, BERLIN, None)
        days.append(moment.astimezone(BERLIN).date())
    assert len(set(days)) == 300 and days == sorted(days) and (days[-1] - days[0]).days == 299


@pytest.mark.parametrize("text", ["", "mon", "09:00", "monday 09:00", "mon 25:00", "month 32 09:00", "7 minutes", "day 9:00", "mon,,tue 09:00"])
def test_what_is_no_rhythm_is_refused(text):
    with pytest.raises(ValueError):
        rhythm.read(text)


def test_no_day_ever_counts():
    assert rhythm.read("workday 09:00").after(datetime(2026, 1, 1, tzinfo=UTC), SHANGHAI, WorkingCalendar("never", SHANGHAI, [()] * 7)) is None


@pytest.mark.parametrize(("when", "day", "found"), [
    ({"date": "due"}, date(2026, 11, 24), [date(2026, 11, 24)]),
    ({"date": "due", "before": "2 days"}, date(2026, 11, 24), [date(2026, 11, 26)]),
    ({"date": "due", "after": "1 week"}, date(2026, 11, 24), [date(2026, 11, 17)]),
    # Friday stands for the week-end and Monday, Saturday for nothing.
    ({"date": "due", "before": "1 working day"}, date(2026, 11, 27), [date(2026, 11, 28), date(2026, 11, 29), date(2026, 11, 30)]),
    ({"date": "due", "before": "1 working day"}, date(2026, 11, 28), []),
    ({"date": "due", "before": "1 working day"}, date(2026, 9, 30), [date(2026, 10, d) for d in range(1, 9)]),
    ({"date": "due", "after": "2 working days"}, date(2026, 12, 1), [date(2026, 11, 29), date(2026, 11, 28), date(2026, 11, 27)]),
])
def test_which_dates_are_reached_on_a_day(when, day, found):
    assert dates.days_at(automation(**when), day, OFFICE) == found


def test_spans_are_read():
    assert read("2 working days").days == 2 and read("1 week").days == 7 and read("90 minutes").length.total_seconds() == 5400
    with pytest.raises(ValueError):
        read("0 days")
