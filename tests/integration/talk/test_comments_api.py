"""Comments over the API: who may write, name, change and delete; files and reactions; nothing leaks past the record's rights."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.platform.database import count_statements
from kernel.platform.ids import uuid7
from runtime.notices import inbox
from tests.conftest import NOW
from tests.factories.desk import Api, Desk
from tests.integration.api.test_files import upload
from tests.integration.talk.conftest import as_person, told


def comments(api: Api, task: dict, tail: str = "") -> str:
    return f"/records/task/{task['id']}/comments{tail}"


def say(api: Api, task: dict, body: str, files: list[str] | None = None) -> dict:
    answer = api.post(comments(api, task), {"body": body, **({"files": files} if files else {})})
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def at(desk: Desk, login: str) -> str:
    return f"@{{{desk.people[login]}}}"


def test_a_comment_names_people_and_is_told(desk: Desk) -> None:
    wen, guo = desk.api("wen"), desk.api("guo")
    task = wen.make(title="Fence")
    made = say(guo, task, f"Look {at(desk, 'mei')}, and\nyou {at(desk, 'mei')}!")
    assert made["text"] == "Look @Mei, and\nyou @Mei!" and made["mentions"] == [{"id": desk.people["mei"], "label": "Mei"}]
    assert made["by"] == {"id": desk.people["guo"], "label": "Guo"} and made["editable_until"] is not None
    assert told(desk, task["id"]) == {("mei", "mention"), ("wen", "commented")}
    assert wen.get(comments(wen, task)).json["items"][0]["editable_until"] is None, "somebody else's"
    # Who was named follows now, and so does who wrote; the writer is not told.
    say(desk.api("chen"), task, "again")
    assert told(desk, task["id"]) >= {("guo", "commented"), ("mei", "commented"), ("wen", "commented")}
    found = wen.get(f"/records/task/{task['id']}/follow").json
    assert found["following"] is True and found["followers"][0]["label"] == "Wen"
    assert {f["label"] for f in found["followers"]} == {"Wen", "Guo", "Mei", "Chen"}


def test_who_cannot_see_the_record_cannot_be_named(desk: Desk) -> None:
    wen = desk.api("wen")
    task = wen.make()
    for who in (at(desk, "lin"), at(desk, "out"), f"@{{{uuid7(NOW)}}}"):
        refused = wen.post(comments(wen, task), {"body": f"{who} {at(desk, 'mei')}"})
        assert refused.status_code == 422 and [(p["code"], p["path"], p["rule"]) for p in refused.json["problems"]] == [
            ("not_a_reader", "body", "comment#mention")]
    assert wen.get(comments(wen, task)).json["items"] == [] and told(desk, task["id"]) == set()


def test_a_foreign_record_has_no_comments(desk: Desk) -> None:
    wen, lin = desk.api("wen"), desk.api("lin")
    task, other = wen.make(), lin.make()
    made = say(wen, task, "mine")
    path = comments(lin, task)
    calls = [
        lin.get(path), lin.post(path, {"body": "x"}), lin.patch(f"{path}/{made['id']}", {"body": "x"}), lin.delete(f"{path}/{made['id']}"),
        lin.call("PUT", f"{path}/{made['id']}/reactions/good"), lin.get(f"/records/task/{task['id']}/follow"),
        lin.call("PUT", f"/records/task/{task['id']}/follow"),
        # By way of a record of one's own.
        lin.patch(f"{comments(lin, other)}/{made['id']}", {"body": "x"}), lin.call("PUT", f"{comments(lin, other)}/{made['id']}/reactions/good")]
    assert [c.status_code for c in calls] == [404] * len(calls)
    assert wen.get(comments(wen, task)).json["items"][0]["body"] == "mine"


def test_an_own_comment_can_be_changed_for_a_while(desk: Desk) -> None:
    wen, chen = desk.api("wen"), desk.api("chen")
    task = wen.make()
    made = say(wen, task, "frist")
    path = comments(wen, task, f"/{made['id']}")
    changed = wen.patch(path, {"body": f"first {at(desk, 'mei')}"})
    assert changed.status_code == 200 and changed.json["edited_at"] and changed.json["text"] == "first @Mei"
    assert told(desk, task["id"]) == {("mei", "mention")}
    refused = chen.patch(path, {"body": "mine now"})
    assert refused.status_code == 403 and refused.json["rule"] == "comment#own"
    desk.clock.set(NOW + timedelta(minutes=31))
    try:
        late = wen.patch(path, {"body": "too late"})
        assert late.status_code == 403 and late.json["rule"] == "comment#time"
        assert wen.delete(path).status_code == 204, "deleting has no end"
    finally:
        desk.clock.set(NOW)
    (left,) = wen.get(comments(wen, task)).json["items"]
    assert left["body"] == "" and left["deleted_at"] and left["by"]["label"] == "Wen" and left["mentions"] == []
    assert wen.patch(path, {"body": "back"}).status_code == 404 and wen.delete(path).status_code == 404
    assert chen.call("PUT", f"{path}/reactions/good").status_code == 404


@pytest.mark.parametrize(
    ("sent", "code"),
    [({"body": "  \n "}, "required"), ({}, "required"), ({"body": "x" * 10_001}, "too_long"), ({"body": 7}, "bad_type"), ({"body": "a\x01"}, "control_character"),
     ({"body": "x", "files": "y"}, "bad_type"), ({"body": "x", "files": ["y"]}, "unknown_file"), ({"body": "x", "who": 1}, "unknown_key")])
def test_what_is_not_a_comment(desk: Desk, sent: dict, code: str) -> None:
    wen = desk.api("wen")
    task = wen.make()
    refused = wen.post(comments(wen, task), sent)
    assert refused.status_code == 422 and refused.json["problems"][0]["code"] == code
    assert wen.get(comments(wen, task)).json["items"] == []


def test_files_belong_to_who_reads_the_record(desk: Desk) -> None:
    wen, guo, lin, chen = (desk.api(p) for p in ("wen", "guo", "lin", "chen"))
    task = wen.make()
    file = upload(wen)
    made = say(wen, task, "", [file["id"]])
    assert [f["name"] for f in made["files"]] == ["notes.txt"]
    assert guo.get(f"/files/{file['id']}").status_code == 200 and lin.get(f"/files/{file['id']}").status_code == 404
    # Neither a field nor another comment takes it; nobody's upload but one's own can be taken.
    assert wen.patch(f"/records/task/{task['id']}", {"fields": {"attachment": file["id"]}}, version=1).status_code == 422
    assert chen.post(comments(chen, task), {"body": "x", "files": [file["id"]]}).status_code == 422
    assert chen.post(comments(chen, task), {"body": "x", "files": [upload(wen)["id"]]}).status_code == 422
    held = wen.make(attachment=upload(wen)["id"])
    assert wen.post(comments(wen, held), {"body": "x", "files": [held["fields"]["attachment"]["id"]]}).status_code == 422, "a field's file stays the field's"
    # Changing keeps, drops and adds; deleting lets go.
    more = upload(wen)
    changed = wen.patch(comments(wen, task, f"/{made['id']}"), {"body": "two", "files": [more["id"]]})
    assert [f["id"] for f in changed.json["files"]] == [more["id"]] and guo.get(f"/files/{file['id']}").status_code == 404
    assert wen.delete(comments(wen, task, f"/{made['id']}")).status_code == 204 and guo.get(f"/files/{more['id']}").status_code == 404
    many = [upload(wen)["id"] for _n in range(11)]
    assert wen.post(comments(wen, task), {"body": "x", "files": many}).json["problems"][0]["code"] == "too_many"


def test_reactions(desk: Desk) -> None:
    wen, guo = desk.api("wen"), desk.api("guo")
    task = wen.make()
    made = say(wen, task, "done")
    path = comments(wen, task, f"/{made['id']}/reactions")
    assert guo.call("PUT", f"{path}/heart").status_code == 200
    assert guo.call("PUT", f"{path}/heart").status_code == 200
    assert wen.call("PUT", f"{path}/heart").json["reactions"] == [
        {"key": "heart", "sign": "❤️", "people": [{"id": desk.people[p], "label": p.capitalize()} for p in sorted(("wen", "guo"), key=lambda p: desk.people[p])]}]
    refused = wen.call("PUT", f"{path}/poo")
    assert refused.status_code == 422 and refused.json["problems"][0]["code"] == "unknown_reaction"
    assert guo.delete(f"{path}/heart").json["reactions"][0]["people"] == [{"id": desk.people["wen"], "label": "Wen"}]
    assert wen.delete(f"{path}/heart").json["reactions"] == []


def test_following_is_a_choice_that_stays(desk: Desk) -> None:
    wen, mei = desk.api("wen"), desk.api("mei")
    task = wen.make()
    path = f"/records/task/{task['id']}/follow"
    assert mei.get(path).json == {"following": False, "followers": [{"id": desk.people["wen"], "label": "Wen"}]}
    assert mei.call("PUT", path).json["following"] is True
    assert wen.delete(path).json == {"following": False, "followers": [{"id": desk.people["mei"], "label": "Mei"}]}
    say(wen, task, "I write, and still don't follow")
    assert wen.get(path).json["following"] is False
    # Who loses sight of the record is dropped without a word.
    desk.api("chen").post(f"/records/task/{task['id']}/assign", {"owner": desk.people["lin"]}, version=1)
    found = desk.api("chen").get(path).json["followers"]
    assert [f["label"] for f in found] == ["Lin"]


def test_pages_and_statements(desk: Desk) -> None:
    wen, guo = desk.api("wen"), desk.api("guo")
    task = wen.make()
    counts = []
    for _round in range(2):
        for n in range(4):
            made = say(guo, task, f"{n} {at(desk, 'wen')}", [upload(guo)["id"]])
            wen.call("PUT", comments(wen, task, f"/{made['id']}/reactions/good"))
        with count_statements(desk.home) as count:
            assert wen.get(comments(wen, task)).status_code == 200
        counts.append(count.total)
    assert counts[0] == counts[1]
    items = wen.get(comments(wen, task, "?limit=3")).json["items"]
    rest = wen.get(comments(wen, task, f"?limit=500&before={items[-1]['id']}")).json["items"]
    assert len(items) == 3 and len(rest) == 5 and {i["id"] for i in items}.isdisjoint(i["id"] for i in rest)
    assert wen.get(comments(wen, task, "?before=nonsense")).json["items"] == []


def test_once(desk: Desk) -> None:
    wen = desk.api("wen")
    task = wen.make()
    first = wen.post(comments(wen, task), {"body": "once"}, key="talk-1")
    again = wen.post(comments(wen, task), {"body": "once"}, key="talk-1")
    assert (first.status_code, again.status_code) == (201, 201) and again.json == first.json
    assert len(wen.get(comments(wen, task)).json["items"]) == 1


def test_the_first_words_stand_in_the_inbox(desk: Desk) -> None:
    wen = desk.api("wen")
    task = wen.make(title="Gate")
    say(desk.api("mei"), task, f"{at(desk, 'wen')} please\nlook at this")
    with as_person(desk, "wen") as ctx:
        entry = next(e for e in inbox.entries(ctx, tasks=False) if e.record == task["id"])
        assert str(entry.words) == "Mei mentioned you in Gate" and entry.excerpt == "@Wen please look at this"
    desk.api("chen").post(f"/records/task/{task['id']}/assign", {"owner": desk.people["lin"]}, version=1)
    with as_person(desk, "wen") as ctx:
        entry = next(e for e in inbox.entries(ctx, tasks=False) if e.record == task["id"] and e.kind.key == "mention")
        assert "Gate" not in str(entry.words) and entry.excerpt is None
