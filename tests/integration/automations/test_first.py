"""Automations: what sets them off, what they do, how they end. On both databases where it matters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.automations import rows
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.factories.work import work

AUTOMATIONS: tuple[dict[str, Any], ...] = (
    {"automation": "hand_out", "on": "task", "when": {"created": True}, "if": 'area = "north"', "labels": {"en": "Hand out", "zh": "分派"},
     "steps": {"give": {"do": "assign", "among": "role:worker", "within": "anywhere"}}},
    {"automation": "rush", "on": "task", "when": {"changed": ["priority"]}, "if": 'priority = "high"',
     "steps": {"mark": {"do": "set", "fields": {"grade": "5", "details": '"rushed"'}}, "tell": {"do": "notify", "who": ["owner"], "text": {"en": "Rush", "zh": "加急"}}}},
    {"automation": "started", "on": "task", "when": {"step": "start"}, "steps": {"check": {"do": "transition", "step": "check"}}},
)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock, (*DOCUMENTS, *AUTOMATIONS)) as made:
        yield made


def runs(desk: Desk, id: str) -> list[rows.Run]:
    with desk.ctx() as ctx:
        return list(reversed(rows.of_record(ctx, "task", id)))


def test_turns_are_taken_one_after_the_other(desk, clock):
    chen = desk.api("chen")
    owners = []
    for _n in range(4):
        id = chen.make(area="north")["id"]
        work(desk.app, desk.slug)
        owners.append(chen.get(f"/records/task/{id}").json["owner"]["id"])
    assert owners == [desk.people["wen"], desk.people["lin"]] * 2
    (run,) = runs(desk, id)
    assert run.state == "done", run.error
    assert (run.log[0]["did"], run.log[0]["to"], run.log[0]["among"]) == ("assign", desk.people["lin"], 2)
    history = chen.get(f"/records/task/{id}/history").json["items"]
    assert history[0]["reason"]["automation"]["run"] == run.id


def test_a_condition_that_does_not_hold_is_noted_with_what_it_read(desk, clock):
    id = desk.api("chen").make(area="south")["id"]
    (run,) = runs(desk, id)
    assert (run.state, run.inputs) == ("not_met", [{"path": "area", "value": "south"}])
    assert work(desk.app, desk.slug) >= 0 and runs(desk, id) == [run]


def test_a_changed_field_sets_fields_and_tells(desk, clock):
    wen = desk.api("wen")
    task = wen.make()
    assert wen.patch(f"/records/task/{task['id']}", {"fields": {"priority": "high", "reason": "r"}}, version=1).status_code == 200
    work(desk.app, desk.slug)
    (_created, run) = runs(desk, task["id"])
    assert run.state == "done", run.error
    fields = desk.api("chen").get(f"/records/task/{task['id']}").json["fields"]
    assert (fields["grade"], fields["details"]) == (5, "rushed")
    with desk.home.read() as conn:
        assert conn.execute(select(t.notice.c.person_id, t.notice.c.data).where(t.notice.c.kind == "automation")).all() != []


def test_a_step_sets_off_a_step(desk, clock):
    wen = desk.api("wen")
    task = wen.make()
    assert wen.post(f"/records/task/{task['id']}/transitions/start", {}, version=1).status_code == 200
    work(desk.app, desk.slug)
    run = runs(desk, task["id"])[-1]
    assert run.state == "done", run.error
    assert desk.api("chen").get(f"/records/task/{task['id']}").json["fields"]["review"] == "checked"
