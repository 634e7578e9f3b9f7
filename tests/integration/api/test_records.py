"""Records over the API: the fixed shapes, versions, refusals in pairs with successes."""

from __future__ import annotations

import pytest

from kernel.platform.ids import uuid7
from tests.factories.desk import Api, Desk


def problems(answer) -> list[tuple[str, str, str | None]]:
    assert answer.mimetype == "application/problem+json", answer.text
    return [(p["code"], p["path"], p.get("rule")) for p in answer.json["problems"]]


def body(answer) -> dict:
    """A refusal without the number of its request."""
    return {k: v for k, v in answer.json.items() if k != "instance"}


def test_a_record_has_the_fixed_shape(desk: Desk, wen: Api) -> None:
    project = wen.make("project", name="House")
    answer = wen.post(
        "/records/task",
        {
            "fields": {
                "title": "Paint",
                "effort": "7.50",
                "count": 3,
                "budget": {"amount": "1234.5", "currency": "CNY"},
                "share": 0.25,
                "due": "2026-12-01",
                "starts": "2026-12-01T09:30:00+08:00",
                "takes": 5400,
                "done": True,
                "priority": "low",
                "tags": ["red", "blue"],
                "phone": "138 0013 8000",
                "mail": "Wen@Example.com",
                "project": project["id"],
                "helper": desk.people["lin"],
                "helpers": [desk.people["mei"], desk.people["lin"]],
                "lines": [{"fields": {"name": "Brush", "amount": "2.5"}}, {"fields": {"name": "Tape"}}],
            }
        },
    )
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    made = answer.json
    assert answer.headers["Location"] == f"/t/{desk.slug}/api/v1/records/task/{made['id']}"
    assert set(made) == {"id", "version", "state", "state_since", "owner", "team", "created_at", "updated_at", "fields"}
    assert (made["version"], made["state"], made["created_at"]) == (1, "open", "2026-11-24T02:32:00Z")
    assert made["owner"] == {"id": desk.people["wen"], "label": "Wen"} and made["team"] == {"id": desk.teams["east"], "label": "East"}
    fields = made["fields"]
    assert fields["effort"] == "7.50" and fields["weight"] == "15.00" and fields["count"] == 3
    assert fields["budget"] == {"amount": "1234.50", "currency": "CNY"}
    assert float(fields["share"]) == 0.25 and fields["takes"] == 5400 and fields["done"] is True
    assert (fields["due"], fields["starts"]) == ("2026-12-01", "2026-12-01T01:30:00Z")
    assert (fields["priority"], fields["tags"]) == ("low", ["red", "blue"])
    assert (fields["phone"], fields["mail"]) == ("+8613800138000", "Wen@example.com")
    assert fields["project"] == {"id": project["id"], "label": "House"} and fields["helper"] == {"id": desk.people["lin"], "label": "Lin"}
    assert [h["label"] for h in fields["helpers"]] == ["Mei", "Lin"]
    assert [r["fields"] for r in fields["lines"]] == [{"name": "Brush", "amount": "2.50", "double": "5.00"}, {"name": "Tape", "amount": None, "double": None}]
    assert fields["total"] == "2.50" and fields["number"].startswith("T-") and fields["review"] == "waiting"
    assert fields["details"] is None and "secret" not in fields
    read = wen.get(f"/records/task/{made['id']}")
    assert read.json == made and read.headers["ETag"] == '"1"'
    assert desk.api("chen").get(f"/records/task/{made['id']}").json["fields"]["secret"] is None


def test_what_is_read_can_be_sent_back(wen: Api, desk: Desk) -> None:
    made = wen.make(
        effort="7.50",
        helper=desk.people["lin"],
        budget={"amount": "1", "currency": "CNY"},
        helpers=[desk.people["mei"]],
        share="0.125",
        starts="2026-12-01T01:30:00Z",
        takes=60,
        lines=[{"fields": {"name": "One", "amount": "1"}}],
    )
    keep = ("title", "effort", "helper", "budget", "helpers", "share", "starts", "takes")
    fields = {k: made["fields"][k] for k in keep}
    fields["lines"] = [{"id": r["id"], "fields": {k: v for k, v in r["fields"].items() if k != "double"}} for r in made["fields"]["lines"]]
    again = wen.patch(f"/records/task/{made['id']}", {"fields": fields}, version=1)
    assert again.status_code == 200, again.text
    assert again.json["version"] == 1, "nothing changed, so no new version"
    assert again.json["fields"] == made["fields"]


def test_child_rows_replace_stay_and_go(wen: Api) -> None:
    made = wen.make(lines=[{"fields": {"name": "A", "amount": "1"}}, {"fields": {"name": "B", "amount": "2"}}])
    url = f"/records/task/{made['id']}"
    a, b = made["fields"]["lines"]
    kept = wen.patch(url, {"fields": {"title": "Other"}}, version=1).json
    assert [r["id"] for r in kept["fields"]["lines"]] == [a["id"], b["id"]]
    changed = wen.patch(url, {"fields": {"lines": [{"fields": {"name": "C"}}, {"id": b["id"], "fields": {"amount": "5"}}]}}, version=2).json
    assert [r["fields"]["name"] for r in changed["fields"]["lines"]] == ["C", "B"]
    assert changed["fields"]["lines"][1]["id"] == b["id"] and changed["fields"]["total"] == "5.00"
    gone = wen.patch(url, {"fields": {"lines": None}}, version=3).json
    assert gone["fields"]["lines"] == [] and gone["version"] == 4
    wrong = wen.patch(url, {"fields": {"lines": [{"id": a["id"], "fields": {}}, {"fields": {"name": "D", "hidden": "x"}}]}}, version=4)
    assert wrong.status_code == 422
    assert {(c, p) for c, p, _r in problems(wrong)} == {("unknown_row", "fields.lines[0].id"), ("unknown_field", "fields.lines[1].hidden")}


@pytest.mark.parametrize(
    ("fields", "code", "path", "rule"),
    [
        ({"title": None}, "required", "fields.title", "test:task.title#required"),
        ({"title": "x" * 81}, None, "fields.title", "test:task.title#type"),
        ({"title": 7}, "type", "fields.title", "test:task.title#type"),
        ({"effort": "1e5"}, "type", "fields.effort", "test:task.effort#type"),
        ({"effort": "1.234"}, "too_many_places", "fields.effort", "test:task.effort#type"),
        ({"effort": -1}, "too_small", "fields.effort", "test:task.effort#type"),
        ({"budget": "12"}, "type", "fields.budget", "test:task.budget#type"),
        ({"priority": "never"}, "unknown_option", "fields.priority", "test:task.priority#type"),
        ({"priority": "old"}, "not_offered", "fields.priority", "test:task.priority#type"),
        ({"area": "north", "spot": "bottom"}, "not_offered", "fields.spot", "test:task.spot#type"),
        ({"priority": "high"}, "required", "fields.reason", "test:task.reason#required_when"),
        ({"count": 366}, "validation", "fields.count", "test:task.validations.within_year"),
        ({"grade": 1}, "no_right", "fields.grade", "test:role/worker.task"),
        ({"weight": "1"}, "not_writable", "fields.weight", "test:task.weight#type"),
        ({"number": "T-1"}, "not_writable", "fields.number", "test:task.number#type"),
        ({"review": "checked"}, "not_writable", "fields.review", None),
        ({"state": "closed"}, "not_writable", "fields.state", "test:task#system"),
        ({"owner": "x"}, "not_writable", "fields.owner", "test:task#system"),
        ({"secret": "x"}, "unknown_field", "fields.secret", "test:task#fields"),
        ({"nonsense": "x"}, "unknown_field", "fields.nonsense", "test:task#fields"),
        ({"helper": "nobody"}, "bad_id", "fields.helper", "test:task.helper#type"),
        ({"lines": [{"fields": {}}]}, "required", "fields.lines[0].name", "test:task.lines.name#required"),
        ({"lines": "x"}, "type", "fields.lines", "test:task.lines#type"),
        ({"lines": [7]}, "type", "fields.lines[0]", "test:task.lines#type"),
    ],
)
def test_a_bad_value_is_named_with_its_rule(wen: Api, fields, code, path, rule) -> None:
    refused = wen.post("/records/task", {"fields": {"title": "Paint", **fields}})
    assert refused.status_code == 422, refused.text
    found = problems(refused)
    assert any((code is None or c == code) and p == path and (rule is None or r == rule) for c, p, r in found), found
    made = wen.make()
    again = wen.patch(f"/records/task/{made['id']}", {"fields": fields}, version=1)
    assert again.status_code == 422 and any(p == path and (rule is None or r == rule) for _c, p, r in problems(again)), again.text
    assert wen.get(f"/records/task/{made['id']}").json["version"] == 1


def test_all_problems_come_at_once(wen: Api) -> None:
    refused = wen.post("/records/task", {"fields": {"effort": "x", "mail": "nobody", "bad": 1, "lines": [{"fields": {"amount": "y"}}]}})
    assert {p for _c, p, _r in problems(refused)} >= {"fields.effort", "fields.mail", "fields.bad", "fields.lines[0].amount", "fields.title"}


def test_hidden_and_unknown_fields_are_one_answer(wen: Api) -> None:
    answers = []
    for name in ("secret", "sacred"):
        answer = body(wen.post("/records/task", {"fields": {"title": "x", name: "y"}}))
        assert answer["problems"][0].pop("hint").count(name) == 0
        answers.append(str(answer).replace(name, "..."))
    assert answers[0] == answers[1]
    assert "secret" not in wen.post("/records/task", {"fields": {"title": "x", "secrets": "y"}}).json["problems"][0]["hint"]


def test_a_value_is_unique(wen: Api, lin: Api) -> None:
    wen.make(code="K1")
    taken = lin.post("/records/task", {"fields": {"title": "x", "code": "K1"}})
    assert taken.status_code == 422 and problems(taken) == [("not_unique", "fields.code", "test:task.code#unique")]
    assert lin.post("/records/task", {"fields": {"title": "x", "code": "K2"}}).status_code == 201


def test_a_locked_field_stays(wen: Api) -> None:
    made = wen.make(locked="old")
    assert wen.patch(f"/records/task/{made['id']}", {"fields": {"done": True}}, version=1).status_code == 200
    refused = wen.patch(f"/records/task/{made['id']}", {"fields": {"locked": "new"}}, version=2)
    assert refused.status_code == 422 and problems(refused)[0][1:] == ("fields.locked", "test:task.locked#read_only_when")
    assert wen.patch(f"/records/task/{made['id']}", {"fields": {"locked": "new", "done": False}}, version=2).status_code == 200


def test_a_field_that_is_not_shown_keeps_no_value(wen: Api) -> None:
    shown = wen.make(priority="high", reason="because", extra="kept")
    assert shown["fields"]["extra"] == "kept"
    after = wen.patch(f"/records/task/{shown['id']}", {"fields": {"priority": "low"}}, version=1)
    assert after.status_code == 200 and after.json["fields"]["extra"] is None


def test_versions_guard_every_change(wen: Api, chen: Api) -> None:
    made = wen.make()
    url = f"/records/task/{made['id']}"
    without = wen.patch(url, {"fields": {"title": "a"}})
    assert without.status_code == 428 and without.json["code"] == "version_required"
    assert wen.patch(url, {"fields": {"title": "a"}}, version="nonsense").status_code == 400
    done = wen.patch(url, {"fields": {"title": "a"}}, version=1)
    assert done.status_code == 200 and done.headers["ETag"] == '"2"'
    stale = wen.patch(url, {"fields": {"title": "b"}}, version=1)
    assert stale.status_code == 412 and stale.json["current"] == 2
    assert wen.patch(url, {"fields": {"title": "b"}}, version="*").json["version"] == 3
    for path, sent in ((f"{url}/transitions/start", {}), (f"{url}/assign", {"owner": "x"})):
        assert chen.post(path, sent).status_code == 428
        assert chen.post(path, sent, version=1).status_code in (412, 422)
    assert chen.delete(url).status_code == 428 and chen.delete(url, version=1).status_code == 412
    assert chen.delete(url, version=3).status_code == 204
    assert chen.get(url).status_code == 404


def test_foreign_hidden_and_missing_are_one_answer(desk: Desk, wen: Api, lin: Api) -> None:
    foreign, missing = wen.make()["id"], uuid7(desk.clock.now())
    gone = lin.make()
    assert desk.api("chen").delete(f"/records/task/{gone['id']}", version=1).status_code == 204
    answers = []
    for id_ in (foreign, missing, gone["id"], "nonsense"):
        one = f"/records/task/{id_}"
        answers.append(
            [
                body(lin.get(one)),
                body(lin.patch(one, {"fields": {"title": "x"}}, version=1)),
                body(lin.delete(one, version=1)),
                body(lin.get(f"{one}/history")),
                body(lin.get(f"{one}/transitions")),
                body(lin.post(f"{one}/transitions/start", {}, version=1)),
                body(lin.post(f"{one}/assign", {"team": None}, version=1)),
            ]
        )
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert all(a["status"] == 404 for a in answers[0])


def test_an_entity_out_of_sight_does_not_exist(desk: Desk) -> None:
    out = desk.api("out")
    assert out.get("/records/project").status_code == 200
    for path in ("/records/task", "/records/task/count", f"/records/task/{uuid7(desk.clock.now())}"):
        assert body(out.get(path)) == body(out.get(path.replace("task", "nothing")))
        assert out.get(path).status_code == 404
    assert out.post("/records/task", {"fields": {"title": "x"}}).status_code == 404


def test_reading_is_not_changing(desk: Desk, wen: Api, guo: Api) -> None:
    made = wen.make(budget={"amount": "5", "currency": "CNY"}, lines=[{"fields": {"name": "x"}}])
    seen = guo.get(f"/records/task/{made['id']}").json
    assert not {"budget", "lines", "secret", "total"} & set(seen["fields"])
    refused = guo.patch(f"/records/task/{made['id']}", {"fields": {"title": "x"}}, version=1)
    assert refused.status_code == 403 and refused.json["rule"] == "test:role/guest.task"
    assert guo.post("/records/task", {"fields": {"title": "x"}}).status_code == 403
    assert guo.delete(f"/records/task/{made['id']}", version=1).status_code == 403


def test_assigning(desk: Desk, wen: Api) -> None:
    mei, made = desk.api("mei"), wen.make()
    url = f"/records/task/{made['id']}/assign"
    assert wen.post(url, {"owner": desk.people["lin"]}, version=1).status_code == 403
    for sent in ({}, {"owner": 7}, {"owner": desk.people["lin"], "more": 1}, {"owner": "nobody"}, {"team": uuid7(desk.clock.now())}):
        assert mei.post(url, sent, version=1).status_code == 422, sent
    done = mei.post(url, {"owner": desk.people["mei"]}, version=1)
    assert done.status_code == 200 and done.json["owner"]["label"] == "Mei" and done.json["version"] == 2
    assert wen.get(f"/records/task/{made['id']}").status_code == 404
    away = mei.post(url, {"owner": desk.people["lin"]}, version=2)
    assert away.status_code == 200 and away.json == {"id": made["id"], "version": 3} and away.headers["ETag"] == '"3"'
    assert desk.api("lin").get(f"/records/task/{made['id']}").json["team"]["label"] == "West"


def test_a_reference_to_what_is_out_of_sight(desk: Desk, wen: Api, lin: Api) -> None:
    hidden, missing = lin.make("project", name="Theirs")["id"], uuid7(desk.clock.now())
    first = wen.post("/records/task", {"fields": {"title": "x", "project": hidden}})
    second = wen.post("/records/task", {"fields": {"title": "x", "project": missing}})
    assert first.status_code == 422 and body(first) == body(second)
    assert problems(first) == [("not_found", "fields.project", "test:task.project#reference")]


@pytest.mark.parametrize("sent", [[], "x", 7, {"fields": []}, {"fields": None}, {}, {"fields": {}, "version": 3}, {"fields": {}, "owner": "x"}])
def test_a_body_of_another_shape(wen: Api, sent) -> None:
    assert wen.post("/records/task", sent).status_code == 422
    assert wen.get("/records/task", headers={"Content-Type": "application/json"}).status_code == 200
