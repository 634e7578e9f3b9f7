"""Transitions over the API: taken, refused with what is missing, asked for."""

from __future__ import annotations

from tests.factories.desk import Api, Desk


def test_the_doors_of_a_record(wen: Api) -> None:
    made = wen.make()
    doors = {d["key"]: d for d in wen.get(f"/records/task/{made['id']}/transitions").json["items"]}
    assert doors["start"]["open"] and doors["start"]["missing"] == [] and doors["start"]["primary"]
    assert not doors["drop"]["open"] and doors["drop"]["missing"][0]["ask"] == {"kind": "role", "roles": ["chief"]}
    assert "finish" not in doors, "it does not start from here"
    assert set(doors["start"]) == {"key", "label", "to", "open", "primary", "needs", "asks", "missing", "approval", "case"}


def test_a_step_is_taken(wen: Api) -> None:
    made = wen.make(effort=7, details="all of it")
    url = f"/records/task/{made['id']}/transitions"
    doing = wen.post(f"{url}/start", {}, version=1)
    assert doing.status_code == 200 and (doing.json["state"], doing.json["version"], doing.headers["ETag"]) == ("doing", 2, '"2"')
    done = wen.post(f"{url}/finish", {"asks": {"why": "ready"}}, version=2)
    assert done.status_code == 200 and done.json["state"] == "closed"
    entry = wen.get(f"/records/task/{made['id']}/history").json["items"][0]
    assert "ready" in str(entry["reason"])


def test_a_closed_door_says_what_is_missing(wen: Api) -> None:
    made = wen.make()
    url = f"/records/task/{made['id']}/transitions"
    assert wen.post(f"{url}/start", version=1).status_code == 200
    refused = wen.post(f"{url}/finish", {"asks": {"why": "ready"}}, version=2)
    assert refused.status_code == 409 and refused.mimetype == "application/problem+json"
    missing = {m["rule"]: m for m in refused.json["missing"]}
    assert set(missing) == {"test:machine/task.transitions.finish#needs", "test:machine/task.transitions.finish.guards.enough"}
    assert missing["test:machine/task.transitions.finish#needs"]["ask"] == {"kind": "field", "field": "details"}
    assert missing["test:machine/task.transitions.finish.guards.enough"]["what"] == "Effort of at least 5"
    assert all(m["from"] == "you" for m in missing.values())
    assert wen.get(f"/records/task/{made['id']}").json["state"] == "doing"
    # The values may come with the step: guards see the new ones.
    done = wen.post(f"{url}/finish", {"fields": {"details": "now", "effort": "5"}, "asks": {"why": "ready"}}, version=2)
    assert done.status_code == 200 and done.json["fields"]["details"] == "now"


def test_what_a_step_asks(wen: Api) -> None:
    made = wen.make(effort=9, details="x")
    url = f"/records/task/{made['id']}/transitions"
    wen.post(f"{url}/start", version=1)
    for asks, code, path in (({}, "required", "asks.why"), ({"why": 7}, "type", "asks.why"), ({"why": "x", "more": 1}, "unknown_field", "asks.more")):
        refused = wen.post(f"{url}/finish", {"asks": asks}, version=2)
        assert refused.status_code == 422 and (code, path) in [(p["code"], p["path"]) for p in refused.json["problems"]], refused.text
    assert wen.post(f"{url}/finish", {"asks": [], "fields": {}}, version=2).status_code == 422


def test_a_step_from_elsewhere_or_nowhere(wen: Api) -> None:
    made = wen.make()
    url = f"/records/task/{made['id']}/transitions"
    refused = wen.post(f"{url}/finish", {"asks": {"why": "x"}}, version=1)
    assert refused.status_code == 409 and any(m["ask"]["kind"] == "state" for m in refused.json["missing"])
    assert wen.post(f"{url}/nowhere", {}, version=1).status_code == 404
    assert wen.post(f"{url}/drop", {}, version=1).json["missing"][0]["rule"] == "test:machine/task.transitions.drop#who"


def test_a_further_machine(desk: Desk, wen: Api) -> None:
    made = wen.make()
    refused = wen.post(f"/records/task/{made['id']}/transitions/check", {}, version=1)
    assert refused.status_code == 409
    done = desk.api("mei").post(f"/records/task/{made['id']}/transitions/check", {}, version=1)
    assert done.status_code == 200 and (done.json["state"], done.json["fields"]["review"]) == ("open", "checked")


def test_rights_narrow_with_the_state(desk: Desk, wen: Api) -> None:
    mei, made = desk.api("mei"), wen.make()
    url = f"/records/task/{made['id']}"
    assert mei.patch(url, {"fields": {"details": "x"}}, version=1).status_code == 200
    assert desk.api("chen").post(f"{url}/transitions/drop", {}, version=2).json["state"] == "closed"
    assert mei.patch(url, {"fields": {"details": "y"}}, version=3).status_code == 403
