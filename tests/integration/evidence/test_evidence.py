"""What counts as done (M1.2's engine): levels, typed-in evidence, order of arrival, what stays as it was, and clicks that stop nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from kernel.errors import Forbidden, Invalid
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.records import history, road
from runtime.records.record import Input
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.integration.evidence.desk import TALKS, as_person, make_task, mark, received, task_of

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("evidence"), url), FixedClock(NOW), TALKS) as made:
        yield made


def stamps(desk: Desk, task: str) -> tuple[Any, ...]:
    values = task_of(desk, task).values
    return values["first_talk_at"], values["second_talk_at"], values["last_talk_at"]


def log(desk: Desk, task: str) -> list[Any]:
    c = t.behaviour.c
    with desk.ctx() as ctx:
        return list(ctx.conn.execute(select(t.behaviour).where(c.record_id == task).order_by(c.id)))


def set_parameter(desk: Desk, key: str, value: Any) -> None:
    """A release with another value of a parameter, as publishing makes it."""
    with desk.ctx() as ctx:
        row = ctx.conn.execute(select(t.release).order_by(t.release.c.id.desc())).first()
        assert row is not None
        tree = [{**n, "props": {**n["props"], "value": value}} if n["kind"] == "parameter" and n["key"] == key else n for n in row.tree]
        new = {**row._mapping, "id": row.id + 1, "hash": f"{row.hash[:40]}{row.id + 1}", "tree": tree}
        ctx.conn.execute(t.release.insert().values(new))
        ctx.conn.execute(update(t.tenant_state).values(release_id=row.id + 1))


def test_a_long_call_from_a_verified_source_counts_from_when_it_was(desk: Desk) -> None:
    task = make_task(desk)
    received(desk, task, NOW - 3 * MINUTE, 90)
    assert stamps(desk, task) == (NOW - 3 * MINUTE, None, NOW - 3 * MINUTE)
    row = log(desk, task)[0]
    assert (row.counts, row.level, row.verified, row.counted_at) == (True, 2, True, NOW - 3 * MINUTE)
    assert len(row.hash) == 64


def test_a_short_call_is_kept_with_the_reason(desk: Desk) -> None:
    task = make_task(desk)
    received(desk, task, NOW - 3 * MINUTE, 30)
    assert stamps(desk, task) == (None, None, None)
    row = log(desk, task)[0]
    assert not row.counts and row.counted_at is None
    assert row.because[0]["says"] == {"en": "a call lasts 1m 30s, this one 30s", "zh": "通话要满 1 分 30 秒，这通 30 秒"}


def test_typed_in_evidence_satisfies_only_levels_that_say_so(desk: Desk) -> None:
    task = make_task(desk)
    mark(desk, task, duration=600)
    assert stamps(desk, task)[0] is None
    assert log(desk, task)[0].because[0]["why"] == "typed_in"
    with pytest.raises(Invalid), as_person(desk, "wen") as ctx:
        road.create(ctx, "talk", Input({"task": task, "verified": True}))


def test_the_earliest_that_counts_wins_whenever_it_arrives(desk: Desk) -> None:
    task = make_task(desk)
    received(desk, task, NOW - 10 * MINUTE, 100)
    received(desk, task, NOW - 200 * MINUTE, 100)
    assert stamps(desk, task) == (NOW - 200 * MINUTE, NOW - 10 * MINUTE, NOW - 10 * MINUTE)
    received(desk, task, NOW - 190 * MINUTE, 100)  # ten minutes after the first: the same touch
    assert stamps(desk, task) == (NOW - 200 * MINUTE, NOW - 10 * MINUTE, NOW - 10 * MINUTE)
    received(desk, task, NOW - 100 * MINUTE, 100)
    assert stamps(desk, task)[1] == NOW - 100 * MINUTE


def test_a_message_counts_once_it_is_answered(desk: Desk) -> None:
    task = make_task(desk)
    sent = received(desk, task, NOW - 20 * MINUTE, kind="message")
    assert stamps(desk, task)[0] is None
    received(desk, task, NOW - 5 * MINUTE, kind="message", direction="in", replies_to=sent)
    assert stamps(desk, task)[0] == NOW - 5 * MINUTE


def test_an_event_that_is_assigned_later_counts_from_when_it_was(desk: Desk) -> None:
    task = make_task(desk)
    talk = received(desk, None, NOW - 30 * MINUTE, 120)
    assert log(desk, task) == []
    with as_person(desk, "mei") as ctx:
        road.update(ctx, "talk", talk, Input({"task": task}), version=None)
    assert stamps(desk, task)[0] == NOW - 30 * MINUTE
    other = make_task(desk)
    with pytest.raises(Forbidden) as caught, as_person(desk, "chen") as ctx:
        road.update(ctx, "talk", talk, Input({"task": other}), version=None)
    assert caught.value.rule == "test:intake/talks#append_only"


@pytest.mark.parametrize("login", ["wen", "chen"])
def test_evidence_is_never_changed_nor_deleted(desk: Desk, login: str) -> None:
    task = make_task(desk)
    talk = mark(desk, task, duration=30)
    with pytest.raises(Forbidden), as_person(desk, login) as ctx:
        road.update(ctx, "talk", talk, Input({"duration": 600}), version=None)
    with pytest.raises(Forbidden), as_person(desk, login) as ctx:
        road.delete(ctx, "talk", talk, version=None)
    with as_person(desk, login) as ctx:
        road.update(ctx, "talk", talk, Input({"note": "asks for a call back"}), version=None)
    assert len(log(desk, task)) == 1


def test_nobody_but_the_platform_writes_the_moment(desk: Desk) -> None:
    task = make_task(desk)
    for login in ("wen", "chen"):
        with pytest.raises(Invalid), as_person(desk, login) as ctx:
            road.update(ctx, "task", task, Input({"first_talk_at": "2026-11-24T02:00:00Z"}), version=None)


def test_a_click_stops_nothing_and_is_noted_beside_the_evidence(desk: Desk) -> None:
    task = make_task(desk)
    received(desk, task, NOW - 3 * MINUTE, 30)
    with as_person(desk, "wen") as ctx:
        road.transition(ctx, "task", task, "start", version=None)
    assert stamps(desk, task)[0] is None
    click = next(row for row in log(desk, task) if row.kind == "click")
    assert (click.what, click.counts, click.person_id, click.because) == ("start", False, desk.people["wen"], [{"why": "click", "attempts": 1, "counted": 0}])


def test_the_history_says_by_what_it_counted(desk: Desk) -> None:
    task = make_task(desk)
    talk = received(desk, task, NOW - 3 * MINUTE, 90)
    with as_person(desk, "wen") as ctx:
        entry = history.of(ctx, "task", task)[0]
    assert entry.actor_id == "system" and entry.channel == "events"
    assert entry.reason == {
        "evidence": [
            {"field": field, "policy": "test:evidence/answer", "level": 2, "event": talk, "event_entity": "talk"} for field in ("first_talk_at", "last_talk_at")]}
    with as_person(desk, "guo") as ctx:  # may read tasks, but no talks
        assert "event" not in (history.of(ctx, "task", task)[0].reason or {})["evidence"][0]


def test_a_task_that_was_in_the_bin_keeps_its_moment_and_takes_no_event_meanwhile(desk: Desk) -> None:
    task = make_task(desk, "chen")
    received(desk, task, NOW - 3 * MINUTE, 90)
    with as_person(desk, "chen") as ctx:
        road.delete(ctx, "task", task, version=None)
    with pytest.raises(Invalid):
        received(desk, task, NOW - 10 * MINUTE, 90)
    with as_person(desk, "chen") as ctx:
        road.restore(ctx, "task", task)
    assert stamps(desk, task)[0] == NOW - 3 * MINUTE


def test_a_task_without_talks_pays_one_look(desk: Desk) -> None:
    task = make_task(desk)
    with as_person(desk, "wen") as ctx, count_statements(ctx.conn) as counted:
        road.update(ctx, "task", task, Input({"details": "blue"}), version=None)
    assert not any("behaviour" in statement for statement in counted.statements)


def test_another_level_holds_for_what_comes_later(desk: Desk) -> None:
    before, after = make_task(desk), make_task(desk)
    mark(desk, before)
    received(desk, before, NOW - 50 * MINUTE, 95)
    set_parameter(desk, "level", 1)
    mark(desk, after)
    assert stamps(desk, after)[0] == NOW
    assert stamps(desk, before)[0] == NOW - 50 * MINUTE  # what was judged stays judged
    talk = received(desk, None, NOW - 30 * MINUTE, 10)
    set_parameter(desk, "level", 2)
    set_parameter(desk, "at_sending", True)
    with as_person(desk, "mei") as ctx:
        road.update(ctx, "talk", talk, Input({"task": after}), version=None)
    assert stamps(desk, after)[0] == NOW, "it became known at level 2"
    sending = make_task(desk)
    sent = received(desk, sending, NOW - 20 * MINUTE, kind="message")
    received(desk, sending, NOW - 5 * MINUTE, kind="message", direction="in", replies_to=sent)
    assert stamps(desk, sending)[0] == NOW - 20 * MINUTE
