"""One act on many records: each by itself, kept, told, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.desk import Api, Desk
from tests.factories.work import work

PATH = "/records/task/bulk"


def tasks(api: Api, n: int, **fields: Any) -> list[dict[str, Any]]:
    return [api.make(title=f"Task {i}", **fields) for i in range(n)]


def ids(records: list[dict[str, Any]], versions: bool = True) -> list[Any]:
    return [{"id": r["id"], "version": r["version"]} if versions else r["id"] for r in records]


def ask(api: Api, act: str, records: list[dict[str, Any]] | None = None, **body: Any) -> dict[str, Any]:
    if records is not None:
        body["ids"] = ids(records)
    answer = api.post(PATH, {"act": act, **body})
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"].endswith(f"/jobs/{answer.json['id']}")
    return dict(answer.json)


def now(api: Api, record: dict[str, Any]) -> dict[str, Any]:
    return dict(api.get(f"/records/task/{record['id']}").json)


def field(api: Api, records: list[dict[str, Any]], key: str) -> list[Any]:
    return [now(api, r)["fields"][key] for r in records]


def test_one_refusal_does_not_undo_the_others(desk: Desk) -> None:
    wen = desk.api("wen")
    closed = wen.make(locked="old")
    made = [*tasks(wen, 3, count=1), wen.patch(f"/records/task/{closed['id']}", {"fields": {"done": True}}, version=1).json]
    job = ask(wen, "update", made, fields={"locked": "new"})
    assert (job["state"], job["total"], job["done"], job["refused"]) == ("done", 4, 3, 1)
    assert field(wen, made, "locked") == ["new", "new", "new", "old"]
    assert job["reasons"][0]["rule"] == "test:task.locked#read_only_when" and job["reasons"][0]["n"] == 1
    found = wen.get(f"/jobs/{job['id']}/items?outcome=refused").json["items"]
    assert [i["id"] for i in found] == [made[3]["id"]] and found[0]["label"] == "Paint the fence" and found[0]["reasons"][0]["words"]
    assert wen.get(f"/records/task/{made[0]['id']}/history").json["items"][0]["channel"] == "bulk"


def test_a_change_of_other_fields_meanwhile_is_no_obstacle(desk: Desk) -> None:
    wen = desk.api("wen")
    one, two, three = tasks(wen, 3)
    wen.patch(f"/records/task/{one['id']}", {"fields": {"effort": "3"}}, version=1)
    wen.patch(f"/records/task/{two['id']}", {"fields": {"priority": "low"}}, version=1)
    job = ask(wen, "update", [one, two, three], fields={"effort": "9"})
    assert (job["done"], job["changed"]) == (2, 1)
    assert [e.split(".")[0] for e in field(wen, [one, two, three], "effort")] == ["3", "9", "9"]


def test_steps_and_deletions_want_the_version_that_was_looked_at(desk: Desk) -> None:
    chen = desk.api("chen")
    one, two = tasks(chen, 2)
    chen.patch(f"/records/task/{one['id']}", {"fields": {"effort": "3"}}, version=1)
    job = ask(chen, "transition", [one, two], transition="start")
    assert (job["done"], job["changed"]) == (1, 1)
    assert (now(chen, one)["state"], now(chen, two)["state"]) == ("open", "doing")
    assert ask(chen, "delete", [one, two])["changed"] == 2, "both have moved on since"


def test_what_is_foreign_or_gone_is_told_alike(desk: Desk) -> None:
    wen, lin = desk.api("wen"), desk.api("lin")
    theirs, mine = lin.make(), wen.make()
    job = ask(wen, "update", [theirs, mine, {"id": "0" * 36, "version": 1}], fields={"effort": "1"})
    assert (job["done"], job["gone"]) == (1, 2)
    assert len(job["reasons"]) == 1 and lin.get(f"/records/task/{theirs['id']}").json["version"] == 1


def test_several_choices_are_added_and_removed(desk: Desk) -> None:
    wen = desk.api("wen")
    one, two = wen.make(tags=["red"]), wen.make(tags=["green", "blue"])
    mei, chen = desk.people["mei"], desk.people["chen"]
    ask(wen, "update", [one, two], add={"tags": ["red"], "helpers": [mei, chen]}, remove={"tags": ["blue"]})
    assert field(wen, [one, two], "tags") == [["red"], ["red", "green"]]
    ask(wen, "update", ids_now(wen, one, two), remove={"tags": ["red", "green"], "helpers": [mei]})
    assert field(wen, [one, two], "tags") == [None, None]
    assert [[h["id"] for h in helpers] for helpers in field(wen, [one, two], "helpers")] == [[chen], [chen]]


def ids_now(api: Api, *records: dict[str, Any]) -> list[dict[str, Any]]:
    return [now(api, r) for r in records]


def test_a_step_for_all_that_asks_once(desk: Desk) -> None:
    wen = desk.api("wen")
    ready = [wen.make(effort="9") for _ in range(2)]
    weak = wen.make(effort="1")
    for record in (*ready, weak):
        wen.post(f"/records/task/{record['id']}/transitions/start", {}, version=1)
    job = ask(wen, "transition", ids_now(wen, *ready, weak), transition="finish", fields={"details": "all of it"}, asks={"why": "done"})
    assert (job["done"], job["refused"], job["can_undo"]) == (2, 1, False)
    assert job["reasons"][0] == job["reasons"][0] | {"rule": "test:machine/task.transitions.finish.guards.enough", "n": 1}
    assert "Effort of at least 5" in job["reasons"][0]["words"] and job["reasons"][0]["from"]
    assert wen.post(f"/jobs/{job['id']}/undo", {}).status_code == 409


def test_many_run_as_a_job_and_whoever_asked_is_told(desk: Desk) -> None:
    chen = desk.api("chen")
    made = tasks(chen, 120, effort="2", code=None)
    job = ask(chen, "update", made, fields={"effort": "4"})
    assert job["state"] == "waiting" and job["waiting"] == 120
    assert work(desk.app, desk.slug) >= 3
    job = chen.get(f"/jobs/{job['id']}").json
    assert (job["state"], job["done"], job["waiting"]) == ("done", 120, 0)
    with desk.ctx() as ctx:
        from kernel.platform import tables as t

        rows = ctx.conn.execute(t.notice.select().where(t.notice.c.cause == f"job:{job['id']}")).all()
    assert [(r.person_id, r.kind) for r in rows] == [(desk.people["chen"], "job_done")] and "120 done" in rows[0].data["detail"]
    back = chen.post(f"/jobs/{job['id']}/undo", {}).json
    assert back["act"] == "undo" and back["state"] == "waiting"
    work(desk.app, desk.slug)
    assert chen.get(f"/jobs/{back['id']}").json["done"] == 120
    assert {e.split(".")[0] for e in field(chen, made[::20], "effort")} == {"2"}
    assert chen.get(f"/jobs/{job['id']}").json["undone_by"] == back["id"]


def test_all_that_match_are_noted_before_the_first_changes(desk: Desk) -> None:
    """The act changes what the condition looks at: still each is done once, and none is missed."""
    chen = desk.api("chen")
    made = tasks(chen, 70, count=77, effort="1")
    job = ask(chen, "update", where="count = 77", fields={"count": 78})
    assert job["state"] == "waiting"
    work(desk.app, desk.slug)
    assert chen.get(f"/jobs/{job['id']}").json["done"] == 70
    assert set(field(chen, made[::10], "count")) == {78}
    few = ask(chen, "update", where=f'AND(count = 78, id = "{made[0]["id"]}")', fields={"count": 79})
    assert (few["state"], few["done"]) == ("done", 1)


def test_the_condition_sees_what_its_reader_sees(desk: Desk) -> None:
    wen, lin = desk.api("wen"), desk.api("lin")
    theirs, mine = lin.make(count=55), wen.make(count=55)
    assert ask(wen, "update", where="count = 55", fields={"effort": "8"})["total"] == 1
    assert now(lin, theirs)["version"] == 1 and now(wen, mine)["version"] == 2
    hidden = wen.post(PATH, {"act": "update", "where": 'secret = "x"', "fields": {"effort": "1"}})
    assert hidden.status_code == 422


def test_an_edit_is_taken_back_where_nobody_changed_it_since(desk: Desk) -> None:
    wen = desk.api("wen")
    made = [wen.make(effort="1", priority="low"), wen.make(effort="2"), wen.make(effort="3")]
    job = ask(wen, "update", made, fields={"effort": "7", "priority": "low"})
    wen.patch(f"/records/task/{made[0]['id']}", {"fields": {"effort": "8"}}, version=2)
    wen.patch(f"/records/task/{made[1]['id']}", {"fields": {"effort": "8"}}, version=2)
    wen.patch(f"/records/task/{made[2]['id']}", {"fields": {"title": "Other"}}, version=2)
    back = wen.post(f"/jobs/{job['id']}/undo", {}).json
    assert (back["done"], back["changed"]) == (2, 1)
    assert [e.split(".")[0] for e in field(wen, made, "effort")] == ["8", "8", "3"]
    assert field(wen, made, "priority") == ["low", None, None]
    stays = [i for i in wen.get(f"/jobs/{back['id']}/items?outcome=done").json["items"] if i["reasons"]]
    assert len(stays) == 1 and "changed since" in stays[0]["reasons"][0]["words"]
    assert wen.post(f"/jobs/{job['id']}/undo", {}).json["id"] == back["id"], "asked twice, it is done once"


def test_what_a_rule_cleared_comes_back_too(desk: Desk) -> None:
    wen = desk.api("wen")
    record = wen.make(priority="high", reason="r", extra="kept words")
    job = ask(wen, "update", [record], fields={"priority": "low"})
    assert now(wen, record)["fields"]["extra"] is None
    assert wen.post(f"/jobs/{job['id']}/undo", {}).json["done"] == 1
    assert (now(wen, record)["fields"]["priority"], now(wen, record)["fields"]["extra"]) == ("high", "kept words")


def test_nobody_takes_back_what_somebody_else_did(desk: Desk) -> None:
    """An edit that changed nothing made no version: the version of another is not touched."""
    wen = desk.api("wen")
    record = wen.make(effort="5")
    job = ask(wen, "update", [record], fields={"effort": "5"})
    assert job["done"] == 1 and not wen.get(f"/jobs/{job['id']}/items").json["items"][0]["version"]
    assert wen.post(f"/jobs/{job['id']}/undo", {}).status_code == 409


def test_assigning_and_deleting_are_taken_back(desk: Desk) -> None:
    chen = desk.api("chen")
    made = tasks(chen, 2)
    job = ask(chen, "assign", made, owner=desk.people["lin"])
    assert {now(chen, r)["owner"]["id"] for r in made} == {desk.people["lin"]}
    assert chen.post(f"/jobs/{job['id']}/undo", {}).json["done"] == 2
    assert {(now(chen, r)["owner"]["id"], now(chen, r)["team"]["id"]) for r in made} == {(desk.people["chen"], desk.teams["east"])}
    job = ask(chen, "delete", ids_now(chen, *made))
    assert chen.get(f"/records/task/{made[0]['id']}").status_code == 404
    assert chen.post(f"/jobs/{job['id']}/undo", {}).json["done"] == 2
    assert chen.get(f"/records/task/{made[0]['id']}").status_code == 200


def test_only_whoever_asked_reads_a_job(desk: Desk) -> None:
    wen = desk.api("wen")
    job = ask(wen, "update", [wen.make()], fields={"effort": "1"})
    for path in ("", "/items"):
        assert desk.api("chen").get(f"/jobs/{job['id']}{path}").status_code == 404
    for path in ("undo", "cancel"):
        assert desk.api("chen").post(f"/jobs/{job['id']}/{path}", {}).status_code == 404
    assert wen.get("/jobs/99999999").status_code == wen.get("/jobs/x").status_code == 404
    assert wen.post(f"/jobs/{job['id']}/cancel", {}).status_code == 409


def test_the_same_key_does_it_once(desk: Desk) -> None:
    wen = desk.api("wen")
    record = wen.make()
    body = {"act": "update", "ids": [record["id"]], "fields": {"effort": "6"}}
    first, again = (wen.post(PATH, body, key="bulk-once") for _ in range(2))
    assert first.json == again.json and again.headers["Idempotency-Replayed"] == "true"
    assert now(wen, record)["version"] == 2


def test_a_job_that_is_called_off_keeps_what_it_did(desk: Desk) -> None:
    chen = desk.api("chen")
    made = tasks(chen, 60)
    job = ask(chen, "update", made, fields={"effort": "4"})
    assert chen.post(f"/jobs/{job['id']}/cancel", {}).json["state"] == "cancelled"
    work(desk.app, desk.slug)
    assert chen.get(f"/jobs/{job['id']}").json["waiting"] == 60 and now(chen, made[0])["version"] == 1


@pytest.mark.parametrize(("body", "path"), [
    ({"act": "paint", "ids": []}, "act"),
    ({"act": "delete"}, "ids"),
    ({"act": "delete", "ids": ["x"], "where": "TRUE"}, "ids"),
    ({"act": "delete", "ids": [7]}, "ids[0]"),
    ({"act": "delete", "ids": [{"id": "x", "version": "1"}]}, "ids[0]"),
    ({"act": "delete", "ids": ["x"], "fields": {}}, "fields"),
    ({"act": "delete", "where": "   "}, "where"),
    ({"act": "delete", "where": "nonsense ="}, "where"),
    ({"act": "assign", "ids": ["x"]}, "owner"),
    ({"act": "assign", "ids": ["x"], "owner": 5}, "owner"),
    ({"act": "transition", "ids": ["x"]}, "transition"),
    ({"act": "update", "ids": ["x"], "fields": {}}, "fields"),
    ({"act": "update", "ids": ["x"], "add": {"tags": "red"}}, "add"),
    ({"act": "update", "ids": ["x"], "fields": {"title": "x"}, "colour": 1}, "colour"),
])
def test_what_is_wrong_is_named(desk: Desk, body: dict[str, Any], path: str) -> None:
    answer = desk.api("chen").post(PATH, body)
    assert answer.status_code == 422 and any(p["path"].startswith(path) for p in answer.json["problems"]), answer.text


def test_nothing_to_do_is_said(desk: Desk) -> None:
    assert desk.api("chen").post(PATH, {"act": "delete", "ids": []}).status_code == 400
    assert desk.api("chen").post(PATH, {"act": "delete", "where": 'title = "no such title"'}).status_code == 400
    assert desk.api("chen").post("/records/nothing/bulk", {"act": "delete", "ids": ["x"]}).status_code == 404
    assert desk.api("out").post(PATH, {"act": "delete", "ids": ["x"]}).status_code == 404
