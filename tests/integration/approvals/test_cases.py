"""A case from request to end on both databases: refusals, steps, returns, substitutes, changes, deadlines, people who leave."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.records import changelog, road
from runtime.records.record import Input
from tests.conftest import NOW
from tests.factories.desk import settings_for
from tests.factories.work import make_worker, work
from tests.integration.approvals.world import STEPS, World, make_world


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None

    @contextmanager
    def make(approvals: Any = STEPS, **more: Any) -> Iterator[World]:
        with make_world(settings_for(request.param, tmp_path_factory.mktemp("approvals"), url), FixedClock(NOW), approvals, **more) as world:
            yield world

    return make


@pytest.fixture(scope="module")
def world(places: Any) -> Iterator[World]:
    """Read and written by many tests, each with a record of its own; nobody changes people here."""
    with places() as found:
        yield found


def test_the_step_waits_and_moves_when_the_last_agrees(world: World) -> None:
    id_, case = world.ask(effort=200)
    assert world.state(id_) == "open" and world.waiting(case) == ["mei"]
    world.act("mei", case, "approve", "fine")
    assert world.state(id_) == "open" and world.waiting(case) == ["chen"]
    world.act("chen", case, "approve")
    assert world.state(id_) == "doing" and world.case(case).state == "approved"
    assert world.history(id_) == ["create", "request", "approve", "approve", "transition"]
    with world.desk.ctx() as ctx:
        assert changelog.verify(ctx, "task", id_)
        last = changelog.heads(ctx, "task", [id_])
        assert last
    assert "approval_agreed" in world.news("wen")


def test_a_small_one_needs_only_the_first(world: World) -> None:
    id_, case = world.ask(effort=50)
    world.act("mei", case, "approve")
    assert world.state(id_) == "doing"


@pytest.mark.parametrize(("fields", "asks", "rules"), [
    ({"effort": 1}, {"why": "x"}, {"test:machine/task.transitions.send.guards.some"}),
    ({"details": None}, {"why": "x"}, {"test:machine/task.transitions.send#needs"}),
    ({}, {}, {"test:machine/task.transitions.send.asks.why#required"}),
])
def test_a_request_is_refused_like_the_step_itself(world: World, fields: Any, asks: Any, rules: Any) -> None:
    id_ = world.make(**fields)
    with pytest.raises((Refused, Invalid)) as caught, world.ctx("wen") as ctx:
        road.transition(ctx, "task", id_, "send", asks=asks, version=None)
    error = caught.value
    found = {m.rule for m in error.missing} if isinstance(error, Refused) else {p.rule for p in error.problems}
    assert rules <= found
    with world.desk.ctx() as ctx:
        from runtime.approvals import case

        assert case.of_records(ctx, "task", [id_]) == []


def test_asking_twice_is_refused_and_makes_one_case(world: World) -> None:
    id_, case = world.ask()
    with pytest.raises(Refused) as caught:
        world.send(id_)
    assert caught.value.missing[0].rule == "test:machine/task.transitions.send#approvals"
    assert caught.value.missing[0].ask == {"kind": "approval", "case": case}


def test_what_is_filled_in_with_the_request_stands_in_the_record(world: World) -> None:
    id_ = world.make(details=None)
    world.send(id_, details="written with the request")
    with world.desk.ctx() as ctx:
        assert road.load(ctx, "task", id_).values["details"] == "written with the request"


def test_declining_needs_words_and_ends_it(world: World) -> None:
    id_, case = world.ask()
    with pytest.raises(Invalid):
        world.act("mei", case, "decline")
    world.act("mei", case, "decline", "too dear")
    assert (world.case(case).state, world.state(id_)) == ("declined", "open")
    assert world.case(case).outcome["note"] == "too dear" and "approval_declined" in world.news("wen")
    again = world.send(id_).waits
    assert again not in (None, case)


def test_a_return_goes_on_with_a_new_round_of_the_same_case(world: World) -> None:
    id_, case = world.ask(effort=200)
    world.act("mei", case, "approve")
    world.act("chen", case, "return", "which colour?")
    assert world.case(case).state == "returned" and world.waiting(case) == [] and "approval_returned" in world.tasks("wen")
    world.update(id_, title="Paint it blue")
    assert world.send(id_).waits == case
    assert (world.case(case).round, world.waiting(case)) == (2, ["mei"]) and "approval_returned" not in world.tasks("wen")
    world.act("mei", case, "approve")
    world.act("chen", case, "approve")
    assert world.state(id_) == "doing"


def test_passing_on_and_adding(world: World) -> None:
    id_, case = world.ask()
    with pytest.raises(Invalid):
        world.act("mei", case, "pass_on", to="wen")
    with pytest.raises(Invalid):
        world.act("mei", case, "pass_on", to="mei")
    with pytest.raises(Invalid):
        world.act("mei", case, "pass_on")
    world.act("mei", case, "pass_on", "you know this", to="guo")
    assert world.waiting(case) == ["guo"] and "approval" in world.tasks("guo")
    world.act("guo", case, "add", to="lin")
    world.act("guo", case, "approve")
    assert world.state(id_) == "open" and world.waiting(case) == ["lin"]
    world.act("lin", case, "approve")
    assert world.state(id_) == "doing"


def test_only_who_sits_there_decides_and_only_once(world: World) -> None:
    _id, case = world.ask(effort=200)
    with pytest.raises(Forbidden):
        world.act("chen", case, "approve")
    with pytest.raises(NotFound):
        world.act("out", case, "approve")
    with pytest.raises(Forbidden):
        world.act("wen", case, "approve")
    world.act("mei", case, "approve")
    with pytest.raises(Forbidden):
        world.act("mei", case, "approve")


def test_the_requester_never_approves_their_own(world: World) -> None:
    """The keeper of the team asks: the step goes to her manager."""
    _id, case = world.ask("mei")
    assert world.waiting(case) == ["chen"]


def test_withdrawing_ends_it_for_everybody(world: World) -> None:
    id_, case = world.ask()
    with pytest.raises(Forbidden):
        world.act("mei", case, "withdraw")
    world.act("wen", case, "withdraw", "not needed")
    with pytest.raises(Conflict):
        world.act("mei", case, "approve")
    assert world.state(id_) == "open"
    with pytest.raises(Conflict):
        world.act("wen", case, "withdraw")


def test_a_change_voids_what_was_approved(world: World) -> None:
    id_, case = world.ask(effort=200)
    world.act("mei", case, "approve")
    world.update(id_, effort=300)
    found = world.case(case)
    assert (found.state, found.round, world.waiting(case)) == ("open", 2, ["mei"]) and "void" in world.history(id_)
    assert found.outcome["fields"] == ["effort"]
    world.act("mei", case, "approve")
    world.act("chen", case, "approve")
    assert world.state(id_) == "doing"


def test_a_change_before_anybody_signed_keeps_the_round(world: World) -> None:
    id_, case = world.ask()
    seen = world.case(case).record_version
    world.update(id_, title="Paint more")
    assert world.case(case).round == 1 and world.waiting(case) == ["mei"]
    with pytest.raises(Conflict):
        world.act("mei", case, "approve", seen=seen)
    world.act("mei", case, "approve", seen=world.case(case).record_version)


def test_another_way_on_ends_the_approval(world: World) -> None:
    id_, case = world.ask()
    with world.ctx("wen") as ctx:
        road.transition(ctx, "task", id_, "give_up", version=None)
    assert world.case(case).state == "void" and world.waiting(case) == []


def test_the_bin_ends_the_approval(world: World) -> None:
    id_, case = world.ask()
    with world.ctx("chen") as ctx:
        road.delete(ctx, "task", id_, version=None)
    assert world.case(case).state == "void" and world.case(case).outcome["kind"] == "deleted"


def test_a_guard_that_no_longer_holds_returns_the_case(places: Any) -> None:
    with places({"mate": {"role": "keeper"}}, on_change="allow") as world:
        id_, case = world.ask()
        world.update(id_, effort=1)
        world.act("mei", case, "approve")
        found = world.case(case)
        assert (found.state, world.state(id_)) == ("returned", "open")
        assert found.outcome["why"][0]["rule"] == "test:machine/task.transitions.send.guards.some"
        world.update(id_, effort=9)
        world.send(id_)
        world.act("mei", case, "approve")
        assert world.state(id_) == "doing"


def test_free_fields_may_change(places: Any) -> None:
    with places(STEPS, free_fields=["code"]) as world:
        id_, case = world.ask(effort=200)
        world.act("mei", case, "approve")
        world.update(id_, code="X-1")
        assert world.case(case).round == 1 and world.waiting(case) == ["chen"]


def test_no_step_counts_no_approval(places: Any) -> None:
    with places({"chief": STEPS["chief"]}) as world:
        id_ = world.make(effort=50)
        assert world.send(id_).waits is None and world.state(id_) == "doing"


def test_everybody_side_by_side_and_votes(places: Any) -> None:
    steps = {
        "one": {"relation": "owner.manager", "side_by_side": "both"}, "two": {"chain": 2, "side_by_side": "both"},
        "three": {"relation": "helpers", "mode": "votes", "votes": 2},
    }
    with places(steps) as world:
        id_, case = world.ask(helpers=[world.people[p] for p in ("lin", "guo", "wen", "out")])
        assert world.waiting(case) == ["chen", "mei"]
        world.act("chen", case, "approve")
        world.act("mei", case, "approve")
        assert world.waiting(case) == ["guo", "lin", "out"]  # wen asked
        world.act("out", case, "approve")
        world.act("lin", case, "approve")
        assert world.state(id_) == "doing"


def test_a_return_to_the_step_before(places: Any) -> None:
    steps = {"one": {"role": "keeper"}, "two": {"role": "chief", "within": "anywhere", "returns_to": "previous"}}
    with places(steps) as world:
        _id, case = world.ask()
        world.act("mei", case, "approve")
        world.act("chen", case, "return", "look again")
        assert world.case(case).state == "open" and world.waiting(case) == ["mei"]


def test_a_person_by_rule_and_the_requester_when_allowed(places: Any) -> None:
    with places({"own": {"person": "owner", "self": True}}) as world:
        id_, case = world.ask()
        assert world.waiting(case) == ["wen"]
        world.act("wen", case, "approve")
        assert world.state(id_) == "doing"


def absent(world: World, person: str, substitute: str, hours: int = 48) -> None:
    with world.desk.ctx() as ctx:
        ctx.conn.execute(insert(t.absence).values(
            id=ctx.new_id(), person_id=world.people[person], substitute_id=world.people[substitute], from_at=ctx.now - timedelta(hours=1),
            to_at=ctx.now + timedelta(hours=hours), created_at=ctx.now))


def test_a_substitute_decides_too_and_never_their_own(places: Any) -> None:
    with places() as world:
        absent(world, "mei", "lin")
        id_, case = world.ask()
        assert world.waiting(case) == ["lin", "mei"]
        world.act("lin", case, "approve")
        assert world.state(id_) == "doing" and world.waiting(case) == []
        _id, own = world.ask("lin")
        assert "lin" not in world.waiting(own)


@pytest.mark.parametrize(("on_due", "ends"), [("approve", "doing"), ("decline", "open")])
def test_time_decides_when_it_is_told_to(places: Any, on_due: str, ends: str) -> None:
    with places({"one": {"role": "keeper", "due": 24, "on_due": on_due}}) as world:
        id_, case = world.ask()
        work(world.desk.app, world.desk.slug)
        assert world.state(id_) == "open"
        world.desk.clock.advance(hours=25)  # type: ignore[attr-defined]
        work(world.desk.app, world.desk.slug)
        assert world.state(id_) == ends and world.case(case).state == ("approved" if ends == "doing" else "declined")
        work(world.desk.app, world.desk.slug)
        assert world.history(id_).count(on_due) == 1


def test_time_reminds_and_passes_up(places: Any) -> None:
    with places({"one": {"role": "keeper", "due": 24, "on_due": "pass_up"}}) as world:
        _id, case = world.ask()
        world.desk.clock.advance(hours=25)  # type: ignore[attr-defined]
        work(world.desk.app, world.desk.slug)
        assert world.waiting(case) == ["chen", "mei"]
    with places({"one": {"role": "keeper", "due": 24}}) as world:
        _id, case = world.ask()
        for _day in range(3):
            world.desk.clock.advance(hours=25)  # type: ignore[attr-defined]
            work(world.desk.app, world.desk.slug)
            work(world.desk.app, world.desk.slug)
        assert world.news("mei").count("approval_due") == 3


def test_a_decided_step_is_left_alone_by_its_deadline(places: Any) -> None:
    with places({"one": {"role": "keeper", "due": 24, "on_due": "decline"}, "two": {"role": "chief", "within": "anywhere"}}) as world:
        _id, case = world.ask()
        world.act("mei", case, "approve")
        world.desk.clock.advance(hours=25)  # type: ignore[attr-defined]
        work(world.desk.app, world.desk.slug)
        assert world.case(case).state == "open" and world.waiting(case) == ["chen"]


def test_somebody_who_lost_the_role_or_left_is_replaced(places: Any) -> None:
    with places() as world:
        _id, case = world.ask()
        world.roles("mei", "guest")
        with pytest.raises(Forbidden) as caught:
            world.act("mei", case, "approve")
        assert caught.value.rule == "test:machine/task.transitions.send.approvals.keeper"
        world.roles("lin", "keeper")
        world.desk.clock.advance(hours=2)  # type: ignore[attr-defined]
        make_worker(world.desk.app).sweep()
        # Nobody in the team keeps it now: the requester's manager decides in that case.
        assert world.waiting(case) == ["mei"]
        world.leave("mei")
        world.desk.clock.advance(hours=2)  # type: ignore[attr-defined]
        make_worker(world.desk.app).sweep()
        assert world.waiting(case) == ["chen"]


def test_what_a_requester_who_left_asked_for_comes_back_to_whoever_has_the_record(places: Any) -> None:
    with places() as world:
        id_, case = world.ask()
        with world.desk.ctx() as ctx:
            road.assign(ctx, "task", id_, owner=world.people["lin"], version=None)
        world.leave("wen")
        world.act("mei", case, "approve")
        assert world.tasks("lin") == ["approval_returned"]
        assert world.case(case).outcome["kind"] == "requester_gone" and world.state(id_) == "open"
        world.act("chen", case, "withdraw")
        assert world.case(case).state == "withdrawn"


def test_a_running_case_keeps_the_version_it_began_with(places: Any) -> None:
    from tests.factories.applications import install
    from tests.integration.approvals.world import documents

    with places() as world:
        id_, case = world.ask(effort=200)
        new = [d for d in documents({"chief": {"role": "chief", "within": "anywhere"}}) if d.get("parameter") != "limit"]
        _publish(world, [*new, {"parameter": "limit", "type": "number", "value": 100000}], install)
        assert world.waiting(case) == ["mei"]
        world.act("mei", case, "approve")
        assert world.waiting(case) == ["chen"], "the old limit and the old steps"
        world.act("chen", case, "approve")
        assert world.state(id_) == "doing"
        _other, later = world.ask(effort=200)
        assert world.waiting(later) == ["chen"]


def _publish(world: World, docs: Any, install: Any) -> None:
    """Another release with the same tables."""
    from sqlalchemy import select, update

    from kernel.model.tree import to_json
    from kernel.platform.releases import release_hash
    from tests.factories.applications import make_tree

    content = to_json(make_tree(docs))
    with world.desk.home.write() as conn:
        old = conn.execute(select(t.release.c.id, t.release.c.columns).order_by(t.release.c.id.desc())).first()
        assert old is not None
        conn.execute(insert(t.release).values(
            id=old.id + 1, hash=release_hash(content, old.columns), kind="published", tree=content, columns=old.columns, packages=[], published_at=world.desk.clock.now()))
        conn.execute(update(t.tenant_state).values(release_id=old.id + 1))


def test_a_note_is_cleaned_and_bounded(world: World) -> None:
    _id, case = world.ask()
    with pytest.raises(Invalid):
        world.act("mei", case, "approve", "x" * 2001)
    with pytest.raises(Invalid):
        world.act("mei", case, "approve", "a\x00b")


def test_somebody_elses_file_can_not_be_attached(world: World) -> None:
    _id, case = world.ask()
    with pytest.raises(Invalid):
        world.act("mei", case, "approve", files=["01900000-0000-7000-8000-000000000000"])


def test_input_is_not_lost_on_refusal(world: World) -> None:
    id_ = world.make(effort=1)
    with pytest.raises(Refused), world.ctx("wen") as ctx:
        road.transition(ctx, "task", id_, "send", input=Input({"title": "kept?"}), asks={"why": "x"}, version=None)
    with world.desk.ctx() as ctx:
        assert road.load(ctx, "task", id_).values["title"] == "Paint"
