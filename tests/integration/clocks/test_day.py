"""My day: one list of what waits, by the time that is left; one's own or the team's, in a number of statements that does not grow."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.integration.clocks.test_clocks import as_person, change, make, step

MACHINE = {
    "machine": "task", "on": "task", "states": {"open": {"category": "open"}, "doing": {"category": "open"}, "closed": {"category": "closed"}},
    "transitions": {"start": {"from": "open", "to": "doing", "primary": True}, "finish": {"from": "doing", "to": "closed", "needs": ["details"]}}}
TASK = next(d for d in DOCUMENTS if d.get("entity") == "task")
RULES = (
    *(d for d in DOCUMENTS if d.get("machine") not in ("task", "review") and d is not TASK), {**TASK, "facts": ["due"]}, MACHINE,
    {"clock": "answer", "on": "task", "labels": {"en": "Answer", "zh": "回应"}, "counts": "elapsed", "target": "3600", "starts": 'AND(state = "open", priority = "low")',
     "pauses": 'area = "south"', "act": "call:phone"},
    {"clock": "care", "on": "task", "labels": {"en": "Care", "zh": "关照"}, "counts": "elapsed", "target": "86400", "starts": "grade >= 1", "done": "FALSE", "act": "edit:details"},
)


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, clock: FixedClock):
    folder: Path = tmp_path_factory.mktemp("day")
    with make_desk(settings_for("sqlite", folder, None), clock, RULES) as made:
        yield made


def day(desk: Desk, login: str, args: str = "", **headers: str) -> str:
    return desk.browser(login).get(f"/t/{desk.slug}/{args}", headers=headers).text


def titles(page: str) -> list[str]:
    return re.findall(r'class="task-title truncate" href="[^"]+">([^<]+)<', page)


def test_an_empty_day_offers_the_next_useful_thing(desk):
    page = day(desk, "wen")
    assert "All done" in page and "/e/task/new" in page


def test_one_list_by_the_time_that_is_left(desk, clock):
    make(desk, title="late", priority="low", phone="13800138000")
    make(desk, title="dated", due="2026-11-25")
    make(desk, title="resting")
    clock.advance(minutes=61)
    make(desk, title="next", priority="low", phone="13900139000")
    paused = make(desk, title="paused", priority="low")
    change(desk, paused, area="south")
    with as_person(desk, "chen") as ctx:
        other = road.create(ctx, "task", Input({"title": "cared for", "grade": 2}), owner=desk.people["wen"], team=desk.teams["east"]).id
    page = day(desk, "wen")
    assert titles(page) == ["late", "next", "cared for", "dated", "paused", "resting"]
    assert re.search(r'href="tel:[^"]*13800138000"', page) and "overdue 1 min" in page and page.count('id="day-first"') == 1
    assert f'href="/t/{desk.slug}/e/task/{other}?at=details"' in page and "Fill in Details" in page
    assert re.findall(r'class="dot dot-(\w+)"></span>([^<]+) <b>(\d)', page) == [("breach", "Overdue", "1"), ("ontime", "In good time", "3")]
    assert "My team" not in page and "player-pause" in page
    assert titles(day(desk, "wen", "?show=overdue")) == ["late"]


def test_what_is_done_leaves_the_list_and_counts(desk):
    page = day(desk, "wen")
    id_ = re.search(r'id="day-clock-([0-9a-f-]+)"[^>]*tone-breach|task-breach[^>]*id="day-clock-([0-9a-f-]+)"', page)
    assert id_ is not None
    step(desk, next(filter(None, id_.groups())), "start")
    page = day(desk, "wen", **{"HX-Request": "true", "HX-Target": "div#day"})
    assert page.lstrip().startswith('<div id="day"') and "late" not in titles(page)[:1]
    assert "1 done today" in day(desk, "wen")


def test_who_hands_work_out_sees_the_teams_day(desk):
    page = day(desk, "mei")
    assert "My team" in page and titles(page) == []
    page = day(desk, "mei", "?whose=team")
    assert titles(page) == ["next", "cared for", "paused"] and "Wen" in page and 'href="tel:' not in page and "/assign" in page
    assert titles(day(desk, "lin", "?whose=team")) == []


def test_statements_do_not_grow_with_what_waits(desk):
    from runtime.web.day import rows

    def count() -> int:
        with as_person(desk, "wen") as ctx, count_statements(ctx.conn) as found:
            rows.of_clocks(ctx)
            rows.of_records(ctx, frozenset())
        return int(found.total)

    few = count()
    for n in range(6):
        make(desk, title=f"more {n}", priority="low", due="2026-11-26")
    assert count() == few

