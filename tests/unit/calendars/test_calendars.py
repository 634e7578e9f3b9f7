"""Days, hours, holidays, ledgers: what a calendar says and how it explains itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kernel.calendars import country, reckon
from kernel.calendars.calendar import Exception_, Span, WorkingCalendar, first_instant
from kernel.calendars.hours import Shift, parse, text_of
from kernel.calendars.reckon import NoWorkingTime, Pause
from kernel.errors import Invalid

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = parse("09:00-12:00, 13:00-18:00")


def office(**more) -> WorkingCalendar:
    return WorkingCalendar("office", SHANGHAI, [OFFICE] * 5 + [(), ()], **{"holidays": "CN", **more})


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def wall(moment: datetime | None) -> str:
    assert moment is not None
    return moment.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")


@pytest.mark.parametrize(("text", "shifts"), [
    ("", ()),
    ("9:00-18:00", (Shift(540, 1080),)),
    ("13:00–18:00，9：00至12：00", (Shift(540, 720), Shift(780, 1080))),
    ("22:00-06:00", (Shift(1320, 1800),)),
    ("00:00-24:00", (Shift(0, 1440),)),
])
def test_hours_are_read_as_people_write_them(text, shifts):
    assert parse(text) == shifts
    assert parse(text_of(shifts)) == shifts


@pytest.mark.parametrize(("text", "part"), [("9-18", "9-18"), ("09:00-25:00", "25:00"), ("24:00-25:00", "24:00"), ("09:60-10:00", "09:60"), ("nine", "nine")])
def test_hours_that_cant_be_read_are_named(text, part):
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert part in str(refused.value.problems[0].message)


def test_overlapping_hours_are_refused():
    with pytest.raises(Invalid) as refused:
        parse("09:00-12:00, 11:00-13:00")
    assert refused.value.problems[0].code == "hours_overlap"


def test_the_chinese_calendar_knows_make_up_days():
    calendar = office()
    assert calendar.day(date(2026, 10, 1)).kind == "holiday" and calendar.day(date(2026, 10, 1)).names["zh"] == "国庆节"
    assert calendar.day(date(2026, 10, 10)).kind == "make_up" and calendar.day(date(2026, 10, 10)).shifts == OFFICE
    assert calendar.day(date(2026, 10, 11)).kind == "off" and calendar.day(date(2026, 10, 12)).kind == "work"
    assert not calendar.day(date(2026, 10, 10)).provisional


def test_a_year_that_is_not_published_is_provisional():
    assert country.year_of("CN", 2031).provisional and not country.year_of("CN", 2025).provisional and not country.year_of("DE", 2031).provisional
    assert reckon.add(office(), at("2031-03-03 09:00"), timedelta(minutes=15)).provisional
    assert not reckon.add(office(), at("2026-03-03 09:00"), timedelta(minutes=15)).provisional


def test_an_unknown_country_is_refused():
    with pytest.raises(Invalid, match="XX"):
        country.year_of("XX", 2026)
    assert country.year_of("CN", 2026).off and country.year_of("DE", 2026).off


def test_own_days_stand_above_everything_and_the_last_one_counts():
    own = [
        Exception_(date(2026, 10, 1), date(2026, 10, 2), parse("10:00-14:00"), {"en": "Sale"}),
        Exception_(date(2026, 10, 2), date(2026, 10, 2), (), {"en": "Closed after all"})]
    calendar = office(exceptions=own)
    assert calendar.day(date(2026, 10, 1)).kind == "exception_work" and calendar.day(date(2026, 10, 2)).names == {"en": "Closed after all"}
    assert calendar.is_off(date(2026, 10, 2)) and not calendar.is_off(date(2026, 10, 1))


def test_a_promise_at_closing_time_goes_on_after_the_holidays_and_says_so():
    found = reckon.add(office(), at("2026-09-30 17:55"), timedelta(minutes=15))
    assert wall(found.due) == "10-08 09:10:00"
    assert [s.kind for s in found.segments] == ["counted", "closed", "counted"]
    assert [day.on.day for day in found.segments[1].days] == [1, 2, 3, 4, 5, 6, 7]


def test_a_target_reached_at_closing_time_is_due_then():
    assert wall(reckon.add(office(), at("2026-11-24 17:45"), timedelta(minutes=15)).due) == "11-24 18:00:00"
    assert wall(reckon.add(office(), at("2026-11-24 17:45:30"), timedelta(minutes=15)).due) == "11-25 09:00:30"


def test_a_target_of_nothing_is_due_at_once():
    found = reckon.add(office(), at("2026-11-22 12:00"), timedelta(0))
    assert found.due == at("2026-11-22 12:00") and found.segments == ()


def test_a_pause_that_lasts_leaves_no_due_time():
    found = reckon.add(office(), at("2026-11-24 10:00"), timedelta(hours=2), [Pause(at("2026-11-24 11:00"), None, "waiting")])
    assert found.due is None and found.left == timedelta(hours=1) and found.counted == timedelta(hours=1)


def test_what_was_paused_stands_in_the_ledger_with_its_reason():
    found = reckon.add(office(), at("2026-11-24 10:00"), timedelta(hours=1), [Pause(at("2026-11-24 10:30"), at("2026-11-24 11:10"), "customer")])
    assert [(s.kind, s.length, s.why) for s in found.segments] == [
        ("counted", timedelta(minutes=30), ""), ("paused", timedelta(minutes=40), "customer"), ("counted", timedelta(minutes=30), "")]
    assert wall(found.due) == "11-24 11:40:00"


@pytest.mark.parametrize(("start", "days", "due"), [
    ("2026-09-30 10:00", 5, "10-13 10:00:00"),  # eight days off, the 10th worked in exchange
    ("2026-11-24 10:00", 0, "11-24 10:00:00"),
    ("2026-11-27 17:00", 1, "11-30 17:00:00"),
    ("2026-11-28 12:00", 1, "12-01 09:00:00"),  # on a Saturday: from Monday's opening
    ("2026-11-24 19:00", 1, "11-26 09:00:00"),
])
def test_working_days_keep_the_time_of_the_day(start, days, due):
    assert wall(reckon.add_days(office(), at(start), days).due) == due


def test_working_days_end_at_the_closing_time_of_a_shorter_day():
    calendar = office(exceptions=[Exception_(date(2026, 11, 25), date(2026, 11, 25), parse("09:00-12:00"))])
    assert wall(reckon.add_days(calendar, at("2026-11-24 17:00"), 1).due) == "11-25 12:00:00"


def test_a_calendar_without_working_time_says_so():
    empty = WorkingCalendar("empty", SHANGHAI, [()] * 7)
    for wrong in (lambda: reckon.add(empty, at("2026-11-24 10:00"), timedelta(minutes=1)), lambda: reckon.subtract(empty, at("2026-11-24 10:00"), timedelta(minutes=1)),
                  lambda: reckon.add_days(empty, at("2026-11-24 10:00"), 1)):
        with pytest.raises(NoWorkingTime, match="empty"):
            wrong()
    assert reckon.between(empty, at("2026-11-24 10:00"), at("2026-11-25 10:00")).counted == timedelta(0)


def test_round_the_clock_is_one_stretch():
    calendar = WorkingCalendar("always", SHANGHAI, [parse("00:00-24:00")] * 7)
    found = reckon.add(calendar, at("2026-11-24 10:00"), timedelta(days=40))
    assert len(found.segments) == 1 and found.due == at("2026-11-24 10:00") + timedelta(days=40)


@pytest.mark.parametrize(("zone", "text", "expected"), [
    ("America/New_York", "2026-03-08 02:30", "2026-03-08T07:00"),  # skipped: the moment clocks jump
    ("America/New_York", "2026-11-01 01:30", "2026-11-01T05:30"),  # twice: the first one
    ("Asia/Shanghai", "1986-05-04 02:30", "1986-05-03T18:00"),
    ("Asia/Shanghai", "1990-09-16 01:30", "1990-09-15T16:30"),
    ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00"),  # a whole day was skipped
])
def test_wall_times_that_are_skipped_or_come_twice(zone, text, expected):
    assert first_instant(datetime.fromisoformat(text), ZoneInfo(zone)) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_night_shift_is_longer_or_shorter_when_clocks_change():
    night = WorkingCalendar("night", ZoneInfo("America/New_York"), [parse("22:00-06:00")] * 7)
    assert [night.begun_on(date(2026, m, d))[0].length for m, d in ((3, 6), (3, 7), (10, 31))] == [timedelta(hours=8), timedelta(hours=7), timedelta(hours=9)]


def test_spans_are_joined_and_cut():
    calendar = WorkingCalendar("shifts", SHANGHAI, [parse("08:00-16:00, 16:00-24:00")] * 7)
    (only,) = calendar.spans(at("2026-11-24 10:00"), at("2026-11-24 20:00"))
    assert only == Span(at("2026-11-24 10:00"), at("2026-11-24 20:00"))
