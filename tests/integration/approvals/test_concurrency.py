"""Approvers at the same moment, on both databases: one transition, one voice per seat, and nobody decides what was withdrawn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kernel.errors import Busy, FangyuanError
from kernel.platform.clock import FixedClock
from tests.conftest import NOW
from tests.factories.desk import settings_for
from tests.integration.approvals.world import World, make_world


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    steps = {"both": {"relation": "helpers", "mode": "all"}}
    with make_world(settings_for(request.param, tmp_path_factory.mktemp("approvals"), url), FixedClock(NOW), steps) as found:
        yield found


def together(*jobs: Any) -> list[Any]:
    """Run at the same moment; a busy database is asked again, as people's browsers do."""
    gate = threading.Barrier(len(jobs))

    def run(job: Any) -> Any:
        gate.wait(20)
        for _try in range(20):
            try:
                return job()
            except Busy:
                continue
            except FangyuanError as error:
                return error
        raise AssertionError("busy for ever")

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def ask(world: World) -> tuple[str, str]:
    return world.ask(helpers=[world.people[p] for p in ("mei", "lin", "guo")])


@pytest.mark.parametrize("turn", range(4))
def test_the_last_two_at_once_make_one_transition(world: World, turn: int) -> None:
    id_, case = ask(world)
    world.act("guo", case, "approve")
    results = together(lambda: world.act("mei", case, "approve"), lambda: world.act("lin", case, "approve"))
    assert not [r for r in results if isinstance(r, Exception)]
    assert world.state(id_) == "doing" and world.case(case).state == "approved"
    assert world.history(id_).count("transition") == 1 and world.history(id_).count("approve") == 3


@pytest.mark.parametrize("turn", range(3))
def test_a_double_click_is_one_decision(world: World, turn: int) -> None:
    id_, case = ask(world)
    results = together(*[lambda: world.act("mei", case, "approve")] * 3)
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert world.history(id_).count("approve") == 1


@pytest.mark.parametrize("turn", range(4))
def test_withdrawn_while_somebody_decides(world: World, turn: int) -> None:
    id_, case = ask(world)
    for person in ("guo", "lin"):
        world.act(person, case, "approve")
    results = together(lambda: world.act("wen", case, "withdraw"), lambda: world.act("mei", case, "approve"))
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert (world.case(case).state, world.state(id_)) in {("withdrawn", "open"), ("approved", "doing")}


@pytest.mark.parametrize("turn", range(4))
def test_a_change_while_the_last_one_signs(world: World, turn: int) -> None:
    """Either the signature was first and the record moved, or the change was and voided what was given."""
    id_, case = ask(world)
    for person in ("guo", "lin"):
        world.act(person, case, "approve")
    seen = world.case(case).record_version
    together(lambda: world.update(id_, title="another"), lambda: world.act("mei", case, "approve", seen=seen))
    found = world.case(case)
    if found.state == "approved":
        assert world.state(id_) == "doing"
    else:
        assert found.round == 2 and world.state(id_) == "open" and world.waiting(case) == ["guo", "lin", "mei"]


def test_two_requests_at_once_make_one_case(world: World) -> None:
    id_ = world.make(helpers=[world.people["mei"]])
    results = together(*[lambda: world.send(id_)] * 3)
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert world.history(id_).count("request") == 1
