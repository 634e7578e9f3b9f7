"""Promises on records: started, paused, kept, broken, planned anew; each step once, also after a night of downtime. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from kernel.errors import Invalid
from kernel.platform import actors
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.clocks import rows
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.factories.work import work

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-18:00")
CLOCKS: tuple[dict[str, Any], ...] = (
    {"calendar": "office", "week": WEEK, "holidays": "CN", "default": True},
    {"calendar": "shop", "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "10:00-22:00")},
    {"parameter": "answer", "type": "duration", "value": 900},
    {
        "clock": "answer", "on": "task", "labels": {"en": "First answer", "zh": "首次回应"}, "target": "IF(priority = \"high\", param.answer, param.answer * 4)",
        "starts": 'state = "open"', "pauses": 'area = "south"', "cancels": "done", "done": 'state = "doing"',
        "steps": {
            "soon": {"at": 0.8, "tell": ["owner"], "labels": {"en": "answer soon", "zh": "快要超时"}},
            "late": {"tell": ["role:keeper"], "urgency": "high", "labels": {"en": "not answered in time", "zh": "没有按时回应"}},
            "later": {"after": "1800", "tell": ["owner.manager"]},
        },
    },
    {"clock": "stay", "on": "task", "starts": 'state = "doing"', "from": "state_since", "days": "2", "restarts": True},
    {"clock": "costly", "on": "task", "counts": "elapsed", "target": "86400", "starts": "NOT(ISBLANK(budget))", "done": "FALSE"},
    {"clock": "helped", "on": "task", "counts": "elapsed", "target": "3600", "starts": "NOT(ISBLANK(project))", "done": "NOT(ISBLANK(project.note))", "from": "project.created_at"},
)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock, (*DOCUMENTS, *CLOCKS)) as made:
        yield made


@contextmanager
def as_person(desk: Desk, login: str):
    with desk.ctx() as ctx:
        identity = actors.identify(ctx.conn, ctx.release, desk.people[login], tenant=ctx.tenant, now=ctx.now)
        assert identity is not None
        yield ctx.acting(actor=identity.actor(ctx.tenant))


def make(desk: Desk, login: str = "wen", **fields: Any) -> str:
    with as_person(desk, login) as ctx:
        return road.create(ctx, "task", Input({"title": "Fence", **fields})).id


def change(desk: Desk, id: str, login: str = "wen", **fields: Any) -> None:
    with as_person(desk, login) as ctx:
        road.update(ctx, "task", id, Input(fields), version=None)


def step(desk: Desk, id: str, key: str, login: str = "wen", **fields: Any) -> None:
    with as_person(desk, login) as ctx:
        road.transition(ctx, "task", id, key, input=Input(fields), asks={"why": "done"} if key == "finish" else {}, version=None)


def clocks(desk: Desk, id: str, policy: str | None = None) -> list[rows.ClockRow]:
    with desk.ctx() as ctx:
        return [row for row in rows.all_of(ctx, "task", [id]) if policy is None or row.policy == policy]


def local(moment: datetime | None) -> str:
    assert moment is not None
    return moment.astimezone(SHANGHAI).strftime("%m-%d %H:%M")


def told(desk: Desk, kind: str = "clock") -> list[tuple[str, str, str]]:
    names = {v: k for k, v in desk.people.items()}
    with desk.home.read() as conn:
        found = conn.execute(select(t.notice.c.person_id, t.notice.c.urgency, t.notice.c.cause).where(t.notice.c.kind == kind).order_by(t.notice.c.id)).all()
    return [(names[p], u, c.rsplit(":", 1)[1]) for p, u, c in found]


def go(desk: Desk, clock: FixedClock, to: str) -> None:
    """Let time pass to a moment in Shanghai, with whatever falls due on the way carried out at its time."""
    goal = datetime.strptime(f"2026-{to}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
    while clock.now() < goal:
        with desk.home.read() as conn:
            due = conn.execute(select(t.job.c.due_at).where(t.job.c.state == "waiting", t.job.c.due_at > clock.now()).order_by(t.job.c.due_at)).scalar()
        clock.set(min(due, goal) if due else goal)
        work(desk.app, desk.slug)


def test_a_promise_runs_in_working_time_and_is_told_step_by_step(desk, clock):
    id = make(desk, priority="high", reason="r")
    (row,) = clocks(desk, id)
    assert (row.policy, row.state, local(row.started_at), local(row.due_at), row.calendar) == ("answer", "running", "11-24 10:32", "11-24 10:47", "office")
    go(desk, clock, "11-24 10:45")
    (row,) = clocks(desk, id)
    assert row.breached_at is None and [f["step"] for f in row.fired] == ["soon"]


def test_steps_are_told_to_whom_they_name(desk, clock):
    with as_person(desk, "chen") as ctx:
        road.update(ctx, "person", desk.people["wen"], Input({"manager": desk.people["chen"]}), version=None)
    id = make(desk, priority="high", reason="r")
    go(desk, clock, "11-24 10:44")
    assert told(desk) == [("wen", "normal", "soon")]
    go(desk, clock, "11-24 10:47")
    assert told(desk)[1:] == [("mei", "high", "late")]
    (row,) = clocks(desk, id)
    assert local(row.breached_at) == "11-24 10:47" and row.state == "running"
    go(desk, clock, "11-24 11:20")
    assert told(desk)[2:] == [("chen", "normal", "later")]
    step(desk, id, "start")
    row = clocks(desk, id, "answer")[0]
    assert (row.state, row.late) == ("met", timedelta(minutes=33))
    go(desk, clock, "11-30 09:00")
    assert len(told(desk)) == 3


def test_kept_in_time_nobody_is_told(desk, clock):
    id = make(desk, priority="high", reason="r")
    clock.advance(minutes=10)
    step(desk, id, "start")
    row = clocks(desk, id, "answer")[0]
    assert (row.state, row.late, row.breached_at) == ("met", timedelta(0), None)
    go(desk, clock, "11-24 18:00")
    assert told(desk) == []


def test_another_target_is_another_plan_with_its_reason(desk, clock):
    id = make(desk)
    assert local(clocks(desk, id)[0].due_at) == "11-24 11:32"
    clock.advance(minutes=20)
    change(desk, id, priority="high", reason="r")
    row = clocks(desk, id)[0]
    assert (row.generation, local(row.due_at), [p["why"] for p in row.plans]) == (2, "11-24 10:47", [["started"], ["target"]])
    work(desk.app, desk.slug)
    row = clocks(desk, id)[0]
    assert local(row.breached_at) == "11-24 10:47"  # it would have been due five minutes ago: late, and it says how late
    assert {f["step"]: f["late_s"] for f in row.fired} == {"soon": 8 * 60, "late": 5 * 60}
    change(desk, id, priority="low")
    row = clocks(desk, id)[0]
    assert row.breached_at is None and local(row.due_at) == "11-24 11:32"
    go(desk, clock, "11-24 11:40")
    assert [c for _p, _u, c in told(desk)].count("late") == 2  # broken again, by the new plan


def test_a_step_of_an_old_plan_is_not_told_again_where_the_new_one_has_it_in_the_past(desk, clock):
    id = make(desk, priority="high", reason="r")
    go(desk, clock, "11-24 10:46")
    assert told(desk) == [("wen", "normal", "soon")]
    change(desk, id, area="south")
    change(desk, id, area="north")
    go(desk, clock, "11-24 10:46")
    work(desk.app, desk.slug)
    assert told(desk) == [("wen", "normal", "soon")]
    go(desk, clock, "11-24 10:48")
    assert [c for _p, _u, c in told(desk)] == ["soon", "late"]


def test_paused_time_does_not_count(desk, clock):
    id = make(desk, priority="high", reason="r")
    clock.advance(minutes=5)
    change(desk, id, area="south")
    row = clocks(desk, id)[0]
    assert (row.state, row.due_at) == ("paused", None)
    go(desk, clock, "11-25 09:30")
    assert told(desk) == []
    change(desk, id, area="north")
    row = clocks(desk, id)[0]
    assert (row.state, local(row.due_at)) == ("running", "11-25 09:40")


def test_over_night_and_the_week_end(desk, clock):
    clock.set(datetime(2026, 11, 27, 17, 50, tzinfo=SHANGHAI))
    id = make(desk, priority="high", reason="r")
    assert local(clocks(desk, id)[0].due_at) == "11-30 09:05"


def test_the_hours_of_the_records_team_count_and_a_move_is_a_new_plan(desk, clock):
    with as_person(desk, "chen") as ctx:
        road.update(ctx, "team", desk.teams["west"], Input({"calendar": "shop"}), version=None)
    clock.set(datetime(2026, 11, 24, 17, 55, tzinfo=SHANGHAI))
    id = make(desk, priority="high", reason="r")
    assert local(clocks(desk, id)[0].due_at) == "11-25 09:10"
    with as_person(desk, "chen") as ctx:
        road.assign(ctx, "task", id, owner=desk.people["lin"], version=None)
    row = clocks(desk, id)[0]
    assert (row.calendar, local(row.due_at), row.plans[-1]["why"]) == ("shop", "11-24 18:10", ["calendar"])


def test_working_days_and_starting_again(desk, clock):
    id = make(desk)
    step(desk, id, "start")
    (stay,) = clocks(desk, id, "stay")
    assert local(stay.due_at) == "11-26 10:32"
    clock.advance(days=1)
    step(desk, id, "finish", details="d", effort="6")
    (stay,) = clocks(desk, id, "stay")
    assert stay.state == "met" and stay.late == timedelta(0)


def test_cancelled_falls_away(desk, clock):
    id = make(desk, priority="high", reason="r")
    change(desk, id, done=True)
    assert clocks(desk, id)[0].state == "cancelled"
    go(desk, clock, "11-24 12:00")
    assert told(desk) == []


def test_in_the_bin_no_time_passes(desk, clock):
    id = make(desk, priority="high", reason="r")
    clock.advance(minutes=5)
    with as_person(desk, "chen") as ctx:
        road.delete(ctx, "task", id, version=None)
    assert clocks(desk, id)[0].state == "paused" and clocks(desk, id)[0].pauses[-1].why == "bin"
    go(desk, clock, "11-25 09:00")
    with as_person(desk, "chen") as ctx:
        road.restore(ctx, "task", id)
    row = clocks(desk, id)[0]
    assert (row.state, local(row.due_at)) == ("running", "11-25 09:10")
    assert told(desk) == []


def test_what_another_record_says_moves_the_clock(desk, clock):
    with as_person(desk, "chen") as ctx:
        project = road.create(ctx, "project", Input({"name": "Garden"})).id
    clock.advance(minutes=10)
    id = make(desk, "chen", project=project)
    (row,) = clocks(desk, id, "helped")
    assert local(row.due_at) == "11-24 11:32"
    clock.advance(minutes=10)
    with as_person(desk, "chen") as ctx:
        road.update(ctx, "project", project, Input({"note": "Here you are"}), version=None)
    (row,) = clocks(desk, id, "helped")
    assert (row.state, row.late) == ("met", timedelta(0))


def test_a_night_of_downtime_loses_no_step_and_doubles_none(desk, clock):
    id = make(desk, priority="high", reason="r")
    clock.advance(hours=20)
    work(desk.app, desk.slug)
    work(desk.app, desk.slug)
    assert sorted(c for _p, _u, c in told(desk)) == ["late", "soon"]
    row = clocks(desk, id)[0]
    assert [f["late_s"] for f in row.fired if f["step"] == "late"] == [20 * 3600 - 15 * 60]
    assert local(row.breached_at) == "11-24 10:47"


def test_a_clock_that_jumps_back_rings_nothing_early_and_nothing_twice(desk, clock):
    make(desk, priority="high", reason="r")
    go(desk, clock, "11-24 10:45")
    clock.set(clock.now() - timedelta(hours=3))
    work(desk.app, desk.slug)
    go(desk, clock, "11-24 10:50")
    assert [c for _p, _u, c in told(desk)] == ["soon", "late"]


def test_an_alarm_of_an_old_plan_does_nothing(desk, clock):
    id = make(desk, priority="high", reason="r")
    old = clocks(desk, id)[0].alarm
    change(desk, id, priority="low")
    with desk.home.write() as conn:
        conn.execute(t.job.update().where(t.job.c.key == old).values(state="waiting", due_at=clock.now()))
    work(desk.app, desk.slug)
    assert clocks(desk, id)[0].fired == () and told(desk) == []


def test_who_may_not_see_the_record_is_not_told(desk, clock):
    with as_person(desk, "chen") as ctx:
        road.update(ctx, "person", desk.people["wen"], Input({"manager": desk.people["lin"]}), version=None)
    make(desk, priority="high", reason="r")
    go(desk, clock, "11-24 12:00")
    assert "lin" not in {p for p, _u, _c in told(desk)}


def test_a_write_that_is_refused_leaves_the_clock_alone(desk, clock):
    id = make(desk, priority="high", reason="r")
    before = clocks(desk, id)
    with pytest.raises(Invalid):
        change(desk, id, priority="low", count=999)  # the priority alone would move the due time
    assert clocks(desk, id) == before


def test_what_a_promise_costs_does_not_grow_with_the_promises_that_dont_move(desk, clock):
    id = make(desk, priority="high", reason="r")
    with as_person(desk, "wen") as ctx, count_statements(ctx.conn) as idle:
        road.update(ctx, "task", id, Input({"title": "Another"}), version=None)
    with as_person(desk, "wen") as ctx, count_statements(ctx.conn) as looked:
        road.update(ctx, "task", id, Input({"priority": "high", "area": "north"}), version=None)
    assert not any("FROM clock" in s.replace('"', "") for s in idle.statements)
    assert sum("clock" in s for s in looked.statements) == 1
