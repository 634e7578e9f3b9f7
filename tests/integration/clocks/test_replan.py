"""Running clocks and another release: they keep their version, follow when the publisher wants it, end when nothing is promised any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from kernel.platform import releases
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.clocks.replan import Promises, difference
from tests.factories.applications import release_again
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.factories.work import work
from tests.integration.clocks.test_clocks import change, clocks, make, step

OFFICE = {"calendar": "office", "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-18:00"), "holidays": "CN", "default": True}
PARAMETER = {"parameter": "answer", "type": "duration", "value": 900}
ANSWER = {"clock": "answer", "on": "task", "labels": {"en": "Answer", "zh": "回应"}, "target": 'IF(priority = "low", param.answer, param.answer * 2)', "starts": 'state = "open"'}
GRADED = {"clock": "graded", "on": "task", "counts": "elapsed", "restarts": True, "target": "3600", "starts": 'priority = "low"', "cancels": 'priority <> "low"', "done": "done"}


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock):
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    clock.set(datetime(2026, 11, 24, 2, 32, tzinfo=UTC))
    with make_desk(settings_for(request.param, tmp_path, url), clock, (*DOCUMENTS, OFFICE, PARAMETER, ANSWER, GRADED)) as made:
        yield made


def publish(desk: Desk, clock: FixedClock, *rules: dict, replan: bool) -> tuple[int, object]:
    """Another release of the same tables; returns its id and what was foretold."""
    with desk.ctx() as ctx:
        base = ctx.release
    id_ = release_again(desk.home, clock, (*DOCUMENTS, *rules))
    with desk.home.read() as conn:
        new = releases.load(conn, id_).application
    with desk.ctx() as ctx:
        told = Promises().reach(replace(ctx, release=base), new)
        Promises().follow(ctx.conn, base.id, id_, replan, clock.now())
    work(desk.app, desk.slug)
    return id_, told


def test_running_clocks_follow_when_the_publisher_wants_it(desk, clock):
    ids = [make(desk, priority="low", reason="r") for _n in range(2)]
    _id, told = publish(desk, clock, OFFICE, {**PARAMETER, "value": 1800}, ANSWER, GRADED, replan=False)
    assert (told.moves, told.starts, told.ends) == (2, 0, 0)
    assert {clocks(desk, i, "answer")[0].target for i in ids} == {timedelta(minutes=15)}
    release, told = publish(desk, clock, OFFICE, {**PARAMETER, "value": 3600}, ANSWER, GRADED, replan=True)
    row = clocks(desk, ids[0], "answer")[0]
    assert (row.target, row.generation, row.release_id) == (timedelta(hours=1), 2, release)
    assert row.plans[-1]["released"] == release and "released" in row.plans[-1]["why"] and row.plans[-1]["target"] == [900, 3600]
    page = desk.browser("wen").get(f"/t/{desk.slug}/e/task/{ids[0]}/clocks/{row.id}").text
    assert f"Published release {release}" in page and "15 min → 1 h" in page
    work(desk.app, desk.slug)
    assert clocks(desk, ids[0], "answer")[0].generation == 2


def test_new_promises_begin_and_those_that_are_gone_end(desk, clock):
    id_ = make(desk, priority="low", reason="r")
    fresh = {"clock": "fresh", "on": "task", "counts": "elapsed", "target": "600", "starts": 'state = "open"'}
    _release, told = publish(desk, clock, OFFICE, PARAMETER, ANSWER, fresh, replan=True)
    assert (told.starts, told.moves, told.ends) == (1, 0, 1)
    found = {r.policy: r.state for r in clocks(desk, id_)}
    assert found == {"answer": "running", "graded": "cancelled", "fresh": "running"}


def test_a_new_promise_is_not_begun_for_what_is_there_unless_asked_for(desk, clock):
    id_ = make(desk, priority="low", reason="r")
    publish(desk, clock, OFFICE, PARAMETER, ANSWER, {**GRADED, "clock": "other"}, replan=False)
    assert {r.policy: r.state for r in clocks(desk, id_)} == {"answer": "running", "graded": "cancelled"}


def test_a_change_leaves_a_trace_of_why_and_what_was_called_off_begins_again(desk, clock):
    id_ = make(desk, priority="low")
    change(desk, id_, priority="high", reason="r")
    row = clocks(desk, id_, "answer")[0]
    assert row.plans[-1]["because"] == [{"field": "priority", "old": "low", "new": "high"}] and row.plans[-1]["target"] == [900, 1800]
    page = desk.browser("wen").get(f"/t/{desk.slug}/e/task/{id_}/clocks/{row.id}").text
    assert "Priority: Low → High" in page
    assert [r.state for r in clocks(desk, id_, "graded")] == ["cancelled"]
    change(desk, id_, priority="low")
    assert [r.state for r in clocks(desk, id_, "graded")] == ["cancelled", "running"]
    step(desk, id_, "start")
    assert clocks(desk, id_, "answer")[0].plans[-1]["why"] == ["met"]


def test_another_calendar_is_another_promise(desk, clock):
    with desk.ctx() as ctx:
        old = ctx.app
    release_again(desk.home, clock, (*DOCUMENTS, {**OFFICE, "week": {"mon": "09:00-10:00"}}, PARAMETER, ANSWER, GRADED))
    with desk.ctx() as ctx:
        assert difference(old, ctx.app).changed == {("task", "answer")}


def test_a_year_that_is_published_plans_what_was_provisional_anew(desk, clock):
    id_ = make(desk, priority="low")
    row = clocks(desk, id_, "answer")[0]
    work(desk.app, desk.slug)
    with desk.home.write() as conn:  # as it was planned when less was known
        conn.execute(update(t.clock).where(t.clock.c.id == row.id).values(due_at=row.due_at - timedelta(minutes=5), definition={**row.definition, "provisional": True}))
        from kernel import jobs
        jobs.add(conn, "clocks_years", {"known": "0"}, now=clock.now(), key="years-test")
    work(desk.app, desk.slug)
    again = clocks(desk, id_, "answer")[0]
    assert (again.due_at, again.generation, again.plans[-1]["why"]) == (row.due_at, 2, ["year"]) and "provisional" not in again.definition
