"""When a notice goes out: never into quiet hours unless it is essential and the recipient is at work, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.calendars.calendar import WorkingCalendar
from kernel.calendars.hours import parse
from runtime.notices.decide import HELD, SKIPPED, WAITING, Asked, Spared, decide
from runtime.notices.wishes import CHOICES, DAILY, HOURLY, NOW, Wishes, read

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca")]
OFFICE = WorkingCalendar("office", SHANGHAI, [parse("09:00-12:00, 13:00-18:00")] * 5 + [(), ()], holidays="CN")
NIGHT = WorkingCalendar("night", SHANGHAI, [parse("20:00-04:00")] * 7)
MORNING = datetime(2026, 11, 24, 2, 32, tzinfo=UTC)  # 10:32 on a Tuesday in Shanghai


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=SHANGHAI).astimezone(UTC)


def asked(**more: object) -> Asked:
    return Asked(**{"channel": "mail", "urgency": "high", "essential": False, "reachable": True, **more})  # type: ignore[arg-type]


def test_by_day_it_goes_out_and_by_night_it_waits_for_the_morning() -> None:
    wishes = Wishes(SHANGHAI)
    assert decide(asked(), wishes, OFFICE, None, MORNING).state == WAITING
    night = decide(asked(), wishes, OFFICE, None, at("24 23:10"))
    assert (night.state, night.due, night.why["code"]) == (HELD, at("25 07:00"), "quiet")
    assert decide(asked(), wishes, OFFICE, None, at("25 06:59")).due == at("25 07:00")


def test_what_is_essential_pierces_only_in_service_hours() -> None:
    wishes = Wishes(SHANGHAI, quiet=(22 * 60, 10 * 60))
    assert decide(asked(essential=True), wishes, NIGHT, None, at("24 23:10")).why == {"code": "essential"}
    held = decide(asked(essential=True), wishes, OFFICE, None, at("24 23:10"))
    assert (held.state, held.due) == (HELD, at("25 09:00")), "the first service hour, though the quiet time ends at ten"
    assert decide(asked(essential=True), wishes, OFFICE, None, at("28 03:00")).due == at("28 10:00"), "nobody works on a Saturday"
    assert decide(asked(essential=True), wishes, None, None, at("24 23:10")).due == at("25 10:00"), "no calendar, no service hours"


def test_what_a_person_chose_and_what_the_words_allow() -> None:
    wishes = Wishes(SHANGHAI, {"mail": {"high": "off", "normal": "collected"}})
    assert decide(asked(), wishes, OFFICE, None, MORNING).why == {"code": "not_chosen", "urgency": "high"}
    collected = decide(asked(urgency="normal"), wishes, OFFICE, None, MORNING)
    assert (collected.state, collected.due, collected.digest) == (HELD, at("25 08:30"), True)
    hourly = Wishes(SHANGHAI, wishes.ways, digest=HOURLY)
    assert decide(asked(urgency="normal"), hourly, OFFICE, None, MORNING).due == at("24 11:00")
    assert decide(asked(urgency="normal"), hourly, OFFICE, None, at("24 21:30")).due == at("25 07:00"), "not in the night either"
    assert decide(asked(offered=False), wishes, OFFICE, None, MORNING).why == {"code": "not_offered"}
    assert decide(asked(reachable=False), Wishes(SHANGHAI), OFFICE, None, MORNING).why == {"code": "no_way"}
    assert decide(asked(urgency="low"), Wishes(SHANGHAI), OFFICE, None, MORNING).state == SKIPPED


def test_a_quiet_period_spares_what_is_not_essential() -> None:
    wishes = Wishes(SHANGHAI)
    assert decide(asked(), wishes, OFFICE, Spared("q"), MORNING).why == {"code": "spared", "rule": "q"}
    assert decide(asked(essential=True), wishes, OFFICE, Spared("q"), MORNING).state == WAITING
    until = at("30 00:00")
    assert decide(asked(), wishes, OFFICE, Spared("q", until), MORNING).due == until
    assert decide(asked(), wishes, OFFICE, Spared("q", until), until).due == at("30 07:00"), "then the night counts"


def test_what_was_kept_reads_back() -> None:
    wishes = Wishes(SHANGHAI, {"mail": {"high": "off"}}, None, HOURLY, 600)
    assert read(wishes.dump(), SHANGHAI) == wishes and read(None, SHANGHAI) == Wishes(SHANGHAI) and read({"quiet": [60, 120]}, SHANGHAI).quiet == (60, 120)


minutes = st.integers(0, 24 * 60 - 1)
wishes_of = st.builds(
    Wishes, zone=st.sampled_from(ZONES), ways=st.fixed_dictionaries({"mail": st.fixed_dictionaries({"high": st.sampled_from(CHOICES)})}),
    quiet=st.none() | st.tuples(minutes, minutes), digest=st.sampled_from([HOURLY, DAILY]), daily_at=minutes)
moments = st.integers(0, 366 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))


def quiet_by_the_clock_on_the_wall(wishes: Wishes, now: datetime) -> bool:
    """An independent reading: what the clock shows. In the hour that a clock shows twice, no answer (False)."""
    local = now.astimezone(wishes.zone)
    if wishes.quiet is None or wishes.quiet[0] == wishes.quiet[1]:
        return False
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return False
    start, end = (time(m // 60, m % 60) for m in wishes.quiet)
    shown = local.time().replace(tzinfo=None)
    return start <= shown < end if start < end else shown >= start or shown < end


@settings(max_examples=400, deadline=None)
@given(wishes_of, moments, st.booleans(), st.sampled_from([OFFICE, NIGHT, None]), st.none() | st.integers(0, 60 * 24 * 40))
def test_never_in_quiet_hours_and_never_lost(wishes: Wishes, now: datetime, essential: bool, hours: WorkingCalendar | None, spared: int | None) -> None:
    one = asked(essential=essential)
    rule = None if spared is None else Spared("q", now + timedelta(minutes=spared) if spared else None)
    for _step in range(8):
        decision = decide(one, wishes, hours, rule, now)
        if decision.state == SKIPPED:
            assert decision.why["code"] and (wishes.way("mail", "high") == "off" or (rule is not None and rule.until is None and not essential))
            return
        if decision.state == HELD:
            assert decision.due is not None and now < decision.due <= now + timedelta(days=41) and decision.why["code"]
            if decision.digest:
                assert wishes.quiet_until(decision.due) is None
                assert not quiet_by_the_clock_on_the_wall(wishes, decision.due)
                return
            now = decision.due
            continue
        assert wishes.way("mail", "high") == NOW
        working = hours is not None and any(span.start <= now for span in hours.spans(now, now + timedelta(minutes=1)))
        assert not quiet_by_the_clock_on_the_wall(wishes, now) or (essential and working)
        assert essential or rule is None or (rule.until is not None and rule.until <= now)
        return
    raise AssertionError("it is put off for ever")
