"""Deadlines count the hours in which people work: a weekend is nobody's lateness. Who is late is passed over upwards, a level at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.approvals import case, deadlines
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import settings_for
from tests.factories.work import work
from tests.integration.approvals.world import World, make_world

WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-18:00")
CALENDARS = (
    {"calendar": "office", "week": WEEK, "default": True, "zone": "Asia/Shanghai"},
    {"calendar": "shop", "week": {**WEEK, "sat": "09:00-12:00, 13:00-18:00"}, "zone": "Asia/Shanghai"},
)
FRIDAY = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)  # four in the afternoon in Shanghai: two hours left of the day


@contextmanager
def places(tmp_path: Any, steps: Any) -> Iterator[World]:
    with make_world(settings_for("sqlite", tmp_path, None), FixedClock(FRIDAY), steps, beside=CALENDARS) as world:
        yield world


def due(world: World, id_: str) -> dict[str, datetime]:
    """Until when each person is waited for."""
    names = {v: k for k, v in world.people.items()}
    s = t.approval_seat.c
    with world.desk.ctx() as ctx:
        rows = ctx.conn.execute(select(s.person_id, s.due_at).where(s.case_id == id_, s.state == "waiting")).all()
    return {names[r.person_id]: r.due_at for r in rows}


def at(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_the_hours_that_count(tmp_path):
    ways = ("team", "owner", "office", "elapsed")
    with places(tmp_path, {way: {"role": "keeper", "due": 8, "counts": way, "side_by_side": "all", "may": []} for way in ways}) as world:
        with world.desk.ctx() as ctx:
            road.update(ctx, "team", world.desk.teams["east"], Input({"calendar": "shop"}), version=None)
            road.update(ctx, "person", world.people["wen"], Input({"team": world.desk.teams["west"]}), version=None)
            id_ = road.create(ctx, "task", Input({"title": "Paint", "details": "all", "effort": 10}), owner=world.people["wen"], team=world.desk.teams["east"]).id
            found = road.transition(ctx, "task", id_, "send", asks={"why": "so"}, version=None).waits
        assert found is not None
        # The team's shop is open on Saturday: two hours on Friday, six on Saturday with its lunch. The owner's team keeps office hours.
        expected = [at(28, 8), at(30, 8), at(30, 8), at(27, 16)]
        s, job = t.approval_seat.c, t.job.c
        with world.desk.ctx() as ctx:
            assert [r.due_at for r in ctx.conn.execute(select(s.due_at).where(s.case_id == found).order_by(s.step))] == expected
            assert [r.due_at for r in ctx.conn.execute(select(job.due_at).where(job.kind == "approval_due").order_by(job.id))] == expected
            # What began before hours could be told apart keeps counting every hour.
            row = case.load(ctx, found)
            steps = [{k: v for k, v in step.items() if k != "counts"} for step in row.definition["steps"]]
            old = case.change(ctx, row, definition={**row.definition, "steps": steps})
            assert set(deadlines.begin(ctx, old, range(4)).values()) == {at(27, 16)}


def test_nobody_is_late_over_a_weekend_and_who_is_late_is_passed_over_a_level_at_a_time(tmp_path):
    with places(tmp_path, {"one": {"role": "keeper", "within": "anywhere", "due": 8, "on_due": "pass_up"}}) as world:
        world.roles("mei", "worker")
        world.roles("lin", "keeper")
        _id, found = world.ask()
        clock: Any = world.desk.clock
        clock.set(at(29, 12))
        work(world.desk.app, world.desk.slug)
        assert world.waiting(found) == ["lin"]
        world.act("lin", found, "pass_on", to="guo")
        assert due(world, found) == {"guo": at(30, 8)}, "passing on gains no time"
        world.act("guo", found, "pass_on", to="lin")
        for moment, waits in ((at(30, 8), ["lin", "mei"]), (at(1, 8, 12), ["chen", "lin", "mei"]), (at(2, 8, 12), ["chen", "lin", "mei"])):
            clock.set(moment)
            work(world.desk.app, world.desk.slug)
            assert world.waiting(found) == waits
        assert due(world, found) == {"lin": at(30, 8), "mei": at(1, 8, 12), "chen": at(2, 8, 12)}
        assert world.news("chen").count("approval_due") == 1, "above the topmost nobody stands: everybody is reminded"
        world.act("chen", found, "approve")
        assert world.case(found).state == "approved"
