"""Promises that can't be worked out: refused aloud, once per cause, while everything else goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from kernel.jobs.steady import Steady, recent
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from tests.factories.applications import release_again
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.factories.work import make_worker
from tests.integration.clocks.test_clocks import change, clocks, local, make, step

WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-18:00")
RULES = (
    {"calendar": "office", "week": WEEK, "default": True},
    {"calendar": "never", "week": {"mon": "09:00-10:00"}, "days": {"all": {"from": "2020-01-01", "to": "2060-01-01"}}},
    {"parameter": "answer", "type": "duration", "value": 900},
    {"clock": "answer", "on": "task", "labels": {"en": "Answer", "zh": "回应"}, "target": "param.answer / count", "starts": 'state = "open"'},
    {"clock": "stay", "on": "task", "starts": 'state = "doing"', "from": "state_since", "days": "effort", "counts": "never"},
    {"clock": "fine", "on": "task", "counts": "elapsed", "target": "3600", "pauses": 'area = "south"'},
)


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 24, 2, 32, tzinfo=UTC))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: FixedClock):
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    folder: Path = tmp_path_factory.mktemp("faults")
    with make_desk(settings_for(request.param, folder, url), clock, (*DOCUMENTS, *RULES)) as made:
        yield made


def told(desk: Desk) -> list[tuple[str, str, str]]:
    names = {v: k for k, v in desk.people.items()}
    with desk.home.read() as conn:
        found = conn.execute(select(t.notice).where(t.notice.c.kind == "clock_fault").order_by(t.notice.c.id)).all()
    return [(names[r.person_id], r.data["fault"]["at"], r.data["fault"]["code"]) for r in found]


def test_a_formula_that_fails_is_said_on_the_record_and_to_administrators_once(desk):
    ids = [make(desk, count=0), make(desk, count=0)]
    for id_ in ids:
        states = {row.policy: row.state for row in clocks(desk, id_)}
        assert states == {"answer": "refused", "fine": "running"}
    assert told(desk) == [("chen", "target", "#DIV/0!")]
    page = desk.browser("wen").get(f"/t/{desk.slug}/e/task/{ids[0]}").text
    assert "no promise" in page and "Division by zero" in page
    settings = desk.browser("chen").get(f"/t/{desk.slug}/settings/promises").text
    assert "2 records" in settings and "the target can&#39;t be worked out" in settings and ids[0] in settings
    inbox = desk.browser("chen").get(f"/t/{desk.slug}/inbox?tab=news").text
    assert "Answer: the target can&#39;t be worked out: Division by zero." in inbox
    assert desk.browser("wen").get(f"/t/{desk.slug}/settings/promises").status_code == 403
    (one,) = [c for c in desk.api("wen").get(f"/records/task/{ids[0]}/clocks").json["items"] if c["clock"] == "answer"]
    assert (one["state"], one["due_at"]) == ("refused", None) and "Division by zero" in one["refusal"]
    change(desk, ids[0], count=1)
    assert {row.policy: row.state for row in clocks(desk, ids[0])} == {"answer": "running", "fine": "running"}
    change(desk, ids[1], area="north")
    assert len(told(desk)) == 1


def test_a_running_clock_outlives_a_formula_that_fails(desk):
    id_ = make(desk, count=1)
    before = clocks(desk, id_, "answer")[0]
    change(desk, id_, count=0)
    after = clocks(desk, id_, "answer")[0]
    assert (after.state, after.due_at, after.generation) == ("running", before.due_at, 1)


def test_a_calendar_by_which_nobody_works_promises_nothing_and_says_so(desk):
    id_ = make(desk, count=1, effort="3")
    step(desk, id_, "start")
    assert clocks(desk, id_, "stay")[0].state == "refused"
    assert "nobody ever works by the calendar" in desk.browser("wen").get(f"/t/{desk.slug}/e/task/{id_}").text
    assert told(desk)[1:] == [("chen", "counts", "no_working_time")]


@pytest.mark.parametrize("count", ["-1", "0.000001"])
def test_a_length_that_is_none(desk, count):
    id_ = make(desk, effort="1", count=int(float(count)) or None)
    assert clocks(desk, id_, "answer")[0].state == "refused" if count == "-1" else not clocks(desk, id_, "answer")


def test_a_pause_says_in_which_state_the_record_rests(desk):
    id_ = make(desk, count=1)
    change(desk, id_, area="south")
    (row,) = clocks(desk, id_, "fine")
    assert row.state == "paused" and row.pauses[-1].why == {"en": "Open", "zh": "未开始"}
    page = desk.browser("wen").get(f"/t/{desk.slug}/e/task/{id_}/clocks/{row.id}").text
    assert "paused" in page and "Open" in page


def test_a_running_clock_keeps_the_version_it_began_with(desk, clock):
    id_ = make(desk, count=1)
    due = local(clocks(desk, id_, "answer")[0].due_at)
    documents = [{**d, "value": 1800} if d.get("parameter") == "answer" else d for d in (*DOCUMENTS, *RULES)]
    release_again(desk.home, clock, documents)
    change(desk, id_, area="north")
    assert local(clocks(desk, id_, "answer")[0].due_at) == due
    change(desk, id_, count=2)
    row = clocks(desk, id_, "answer")[0]
    assert (row.target, row.generation, row.release_id) == (timedelta(seconds=450), 2, row.plans[-1]["release"])
    fresh = clocks(desk, make(desk, count=1), "answer")[0]
    assert fresh.target == timedelta(seconds=1800) and fresh.release_id > row.release_id


def test_a_jump_of_the_clock_is_noticed_and_shown(desk, clock):
    make(desk, count=1)
    worker = make_worker(desk.app)
    assert worker.steady.look(clock) is None and Steady().look(clock) is None
    clock.advance(minutes=3)
    worker.tick()
    clock.set(clock.now() - timedelta(hours=2))
    worker.tick()
    with desk.home.read() as conn:
        (jump,) = recent(conn, clock.now() - timedelta(days=1))
    assert jump.by == timedelta(hours=-2)
    page = desk.browser("chen").get(f"/t/{desk.slug}/settings/promises").text
    assert "went back by" in page and "jumped by -7200 seconds" in desk.browser("chen").get(f"/t/{desk.slug}/settings/audit?kind=clock").text
    make(desk, count=1)
    clock.set(clock.now() - timedelta(days=1))
    make_worker(desk.app).sweep()  # a process that was not there finds out from what the database holds
    with desk.home.read() as conn:
        assert len(recent(conn, clock.now() - timedelta(days=1))) == 2
    make_worker(desk.app).sweep()
    with desk.home.read() as conn:
        assert len(recent(conn, clock.now() - timedelta(days=1))) == 2
