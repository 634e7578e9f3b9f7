"""Approvals over HTTP for programs, and the same refusals by the same rules on every channel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from kernel.platform.clock import FixedClock
from tests.conftest import NOW
from tests.factories.desk import settings_for
from tests.factories.platform import csrf_of
from tests.integration.approvals.world import World, make_world

SEND = "test:machine/task.transitions.send"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_world(settings_for(request.param, tmp_path_factory.mktemp("approvals"), url), FixedClock(NOW)) as found:
        yield found


def test_a_transition_answers_202_and_the_case_can_be_decided(world: World) -> None:
    wen, mei = world.desk.api("wen"), world.desk.api("mei")
    id_ = world.make()
    answer = wen.post(f"/records/task/{id_}/transitions/send", {"asks": {"why": "x"}, "note": "please"}, version=1, key="once")
    assert answer.status_code == 202 and answer.json["state"] == "open" and answer.json["note"] == "please" and answer.json["may"] == ["withdraw"]
    case = answer.json["id"]
    again = wen.post(f"/records/task/{id_}/transitions/send", {"asks": {"why": "x"}, "note": "please"}, version=1, key="once")
    assert again.status_code == 202 and again.json["id"] == case and again.headers["Idempotency-Replayed"] == "true"
    door = next(d for d in wen.get(f"/records/task/{id_}/transitions").json["items"] if d["key"] == "send")
    assert not door["open"] and door["case"] == case and door["missing"][0]["rule"] == f"{SEND}#approvals"
    second = wen.post(f"/records/task/{id_}/transitions/send", {"asks": {"why": "x"}}, version="*")
    assert second.status_code == 409 and second.json["missing"][0]["ask"] == {"kind": "approval", "case": case}
    assert [c["id"] for c in mei.get("/approvals").json["items"]] == [case]
    assert mei.get(f"/approvals/{case}").json["may"] == ["approve", "decline", "return", "pass_on", "add"]
    done = mei.post(f"/approvals/{case}/approve", {"note": "fine", "seen": answer.json["record_version"]}, key="mine")
    assert done.status_code == 200 and done.json["state"] == "approved"
    assert mei.post(f"/approvals/{case}/approve", {"note": "fine", "seen": answer.json["record_version"]}, key="mine").json["state"] == "approved"
    assert wen.get(f"/records/task/{id_}").json["state"] == "doing"
    items = wen.get(f"/records/task/{id_}/approvals").json["items"]
    assert [c["id"] for c in items] == [case] and items[0]["steps"][0]["seats"][0]["note"] == "fine"
    last = wen.get(f"/records/task/{id_}/history").json["items"][0]
    assert last["kind"] == "transition" and last["reason"]["approved_by"] == [world.people["mei"]]


def test_an_open_door_says_who_has_to_agree(world: World) -> None:
    door = next(d for d in world.desk.api("wen").get(f"/records/task/{world.make(effort=500)}/transitions").json["items"] if d["key"] == "send")
    assert door["open"] and door["approval"] == ["Keeper", "Chief"] and door["case"] is None


@pytest.mark.parametrize(("body", "status", "path"), [
    ({"note": 5}, 422, "note"), ({"files": "x"}, 422, "files"), ({"files": [1]}, 422, "files"), ({"seen": "1"}, 422, "seen"), ({"why": "x"}, 422, "why"),
    ({"note": ""}, 422, "note"), ([], 422, ""),
])
def test_bad_input_says_what_where_and_changes_nothing(world: World, body: object, status: int, path: str) -> None:
    _id, case = world.ask()
    answer = world.desk.api("mei").post(f"/approvals/{case}/decline", body)
    assert answer.status_code == status and path in {p["path"] for p in answer.json["problems"]}, answer.text
    assert world.waiting(case) == ["mei"]


def test_foreign_hidden_and_missing_are_the_same(world: World) -> None:
    _id, case = world.ask()
    lin = world.desk.api("lin")
    missing = "01900000-0000-7000-8000-000000000000"
    for path in (f"/approvals/{case}", f"/approvals/{missing}", f"/records/task/{world.make()}/approvals", f"/records/nothing/{missing}/approvals"):
        assert lin.get(path).status_code == 404
    for id_ in (case, missing):
        assert lin.post(f"/approvals/{id_}/approve", {}).status_code == 404
    assert world.desk.api("mei").post(f"/approvals/{case}/explode", {}).status_code == 404


def test_a_reading_token_decides_nothing(world: World) -> None:
    _id, case = world.ask()
    answer = world.desk.api("mei", scopes=["read"]).post(f"/approvals/{case}/approve", {})
    assert answer.status_code == 403 and world.waiting(case) == ["mei"]


def test_the_document_describes_it(world: World) -> None:
    document = world.desk.api("mei").get("/openapi.json").json
    assert "202" in document["paths"]["/records/task/{id}/transitions/send"]["post"]["responses"]
    _id, case = world.ask()
    schema = {**document["components"]["schemas"]["Approval"], "components": document["components"]}
    found = world.desk.api("mei").get(f"/approvals/{case}").json
    assert list(Draft202012Validator(schema).iter_errors(found)) == []


# --- parity: the step that everybody agreed to is refused by the same rules, whoever carries it out ---------------------


def _by_api(world: World, case: str) -> None:
    assert world.desk.api("mei").post(f"/approvals/{case}/approve", {}).status_code == 200


def _by_dialog(world: World, case: str) -> None:
    browser = world.desk.browser("mei")
    headers = {"X-CSRFToken": csrf_of(browser, world.desk.app, world.desk.slug)}
    assert browser.post(f"/t/{world.desk.slug}/approvals/{case}/approve", data={"note": ""}, headers=headers).status_code == 303


def _several(world: World, case: str) -> None:
    browser = world.desk.browser("mei")
    headers = {"X-CSRFToken": csrf_of(browser, world.desk.app, world.desk.slug)}
    answer = browser.post(f"/t/{world.desk.slug}/approvals/several", data={"verb": "approve", "ids": [case], "go": "1"}, headers=headers)
    assert answer.status_code == 200 and "went back to whoever asked" in answer.text


@pytest.mark.parametrize("channel", [_by_api, _by_dialog, _several], ids=["API", "dialog", "several"])
@pytest.mark.parametrize(("change", "rule"), [({"effort": 1}, f"{SEND}.guards.some"), ({"details": None}, f"{SEND}#needs")], ids=["guard", "needs"])
def test_the_final_step_is_refused_by_the_same_rule(world: World, channel: object, change: dict[str, object], rule: str) -> None:
    """The record is changed past the watch (as a release without these approvals would), so that only the road can refuse."""
    id_, case = world.ask()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runtime.approvals.watch._knows", lambda shape: False)
        patch.setattr("runtime.approvals.watch.check", lambda ctx, found: None)
        world.update(id_, "mei", **change)
        channel(world, case)  # type: ignore[operator]
    found = world.case(case)
    assert (found.state, world.state(id_)) == ("returned", "open")
    assert [w["rule"] for w in found.outcome["why"]] == [rule]


def test_a_requester_who_lost_the_role_is_refused_by_the_same_rule(world: World) -> None:
    id_, case = world.ask("lin")
    world.roles("lin", "guest")
    (waiting,) = world.waiting(case)
    world.act(waiting, case, "approve")
    world.roles("lin", "worker")
    assert world.case(case).outcome["why"][0]["rule"] == f"{SEND}#who" and world.state(id_) == "open"
