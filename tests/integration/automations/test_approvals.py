"""Approvals and automations: one asks for approval, another hears how it ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.platform.clock import FixedClock
from runtime.approvals import acts
from runtime.approvals import case as cases
from runtime.records import road
from runtime.records.record import Input
from tests.conftest import NOW
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.factories.work import work
from tests.integration.automations.world import as_person, auto, change, done, make, one, record

# Whoever drops a task needs the keeper's consent.
MACHINE = {
    **next(d for d in DOCUMENTS if d.get("machine") == "task"),
    "transitions": {"start": {"from": "open", "to": "doing"}, "ask": {"from": "open", "to": "closed", "approvals": {"keeper": {"role": "keeper", "within": "anywhere"}}}},
}
ASKING = (
    *(MACHINE if d.get("machine") == "task" else d for d in DOCUMENTS),
    auto("close", {"changed": ["code"]}, {"ask": {"do": "transition", "step": "ask"}}),
    auto("agreed", {"approval": "approved"}, {"mark": {"do": "set", "fields": {"details": '"agreed"'}}}),
    auto("declined", {"approval": "declined"}, {"mark": {"do": "set", "fields": {"details": '"declined"'}}}),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with make_desk(settings_for("sqlite", tmp_path_factory.mktemp("asking"), None), FixedClock(NOW), ASKING) as made:
        yield made


@pytest.mark.parametrize(("verb", "heard", "state"), [("approve", "agreed", "closed"), ("decline", "declined", "open")])
def test_asked_in_the_owners_name_and_heard(desk, verb, heard, state):
    id = make(desk, "wen", code=None)
    change(desk, id, code=verb)
    run = done(desk, id, "close")
    with as_person(desk, "mei") as ctx:
        (case,) = cases.of_records(ctx, "task", [id])
        assert (case.requested_by, run.log[0]["case"]) == (desk.people["wen"], case.id)
        acts.act(ctx, case.id, verb, note="so be it")
    assert done(desk, id, heard).cause["outcome"] == f"{verb}d"
    assert (record(desk, id).state, record(desk, id).values["details"]) == (state, heard)


def test_nobody_owns_it_nobody_is_asked(desk):
    with desk.ctx() as ctx:
        id = road.create(ctx, "task", Input({"title": "t"})).id
    change(desk, id, code="nobody")
    work(desk.app, desk.slug)
    assert (one(desk, id, "close").state, "nobody owns" in one(desk, id, "close").error["words"][0]["en"]) == ("failed", True)
