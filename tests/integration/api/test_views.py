"""Views of lists over the API: made, changed, shared and read with the rights of the screens."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from kernel.platform import tables as t
from kernel.platform.database import count_statements
from tests.factories.desk import Api, Desk

ARRANGEMENT = {
    "filters": [{"field": "effort", "op": "ge", "values": ["5"]}], "where": 'priority = "low"', "base": "tasks", "sort": "-effort,title", "columns": ["effort", "project.name"],
    "widths": {"effort": 120}, "totals": {"effort": "sum"}, "group": "due:month", "density": "compact", "look": "calendar", "look_settings": {"by": "due"}}


def saved(api: Api, name: str = "Mine", audience: str = "me", **arrangement: object) -> dict:
    answer = api.post("/views/task", {"name": name, "audience": audience, "arrangement": arrangement})
    assert answer.status_code == 201, answer.text
    return answer.json


def problems(answer) -> list[tuple[str, str]]:
    return [(p["code"], p["path"]) for p in answer.json["problems"]]


def test_the_application_s_views_come_first_and_can_be_asked_by_key(wen: Api) -> None:
    (first, *_rest) = wen.get("/views/task").json["items"]
    assert (first["id"], first["kind"], first["version"], first["editable"]) == ("tasks", "application", None, False)
    assert first["arrangement"]["columns"] == ["title", "effort", "project.name"] and first["arrangement"]["sort"] == "-created_at" and first["condition"] is None
    assert wen.get("/views/task/tasks").json == first
    assert wen.delete("/views/task/tasks", version="*").status_code == wen.get("/views/task/nothing").status_code == wen.get("/views/nothing").status_code == 404


def test_a_view_is_made_once_changed_by_version_removed_and_brought_back(wen: Api) -> None:
    body = {"name": "  Big   and low ", "arrangement": ARRANGEMENT}
    made = wen.post("/views/task", body, key="view-1")
    again = wen.post("/views/task", body, key="view-1")
    assert made.status_code == 201 and again.json == made.json and again.headers["Idempotency-Replayed"] == "true"
    view, path = made.json, f"/views/task/{made.json['id']}"
    assert made.headers["ETag"] == '"1"' and made.headers["Location"].endswith(path)
    assert (view["name"], view["audience"], view["owner"]["label"], view["team"], view["editable"]) == ("Big and low", "me", "Wen", None, True)
    assert view["arrangement"] == ARRANGEMENT
    assert view["condition"] == 'AND(effort >= 5.00, priority = "low")'
    assert wen.get(path).json == view and view in wen.get("/views/task").json["items"]
    # One part changes, the others stay.
    assert wen.patch(path, {"name": "x"}).status_code == 428
    changed = wen.patch(path, {"name": "Big", "arrangement": {"where": "", "look": "table"}}, version=1)
    assert changed.status_code == 200 and changed.headers["ETag"] == '"2"', changed.text
    assert changed.json["arrangement"] == {**ARRANGEMENT, "where": "", "look": "table"} and changed.json["condition"] == "effort >= 5.00"
    stale = wen.patch(path, {"name": "y"}, version=1)
    assert stale.status_code == 412 and stale.json["current"] == 2
    assert wen.delete(path).status_code == 428 and wen.delete(path, version=1).status_code == 412 and wen.delete(path, version=2).status_code == 204
    assert wen.get(path).status_code == 404
    assert wen.post(f"{path}/restore").json["name"] == "Big" and wen.get(path).status_code == 200
    assert wen.post(f"{path}/restore").status_code == 404, "it is there already"


def test_a_list_is_read_through_a_view(wen: Api, lin: Api) -> None:
    for n in (2, 9, 7):
        wen.make(title=f"through {n}", effort=n, priority="low")
    lin.make(title="through 8", effort=8, priority="low")
    view = saved(wen, filters=[{"field": "effort", "op": "ge", "values": ["5"]}, {"field": "owner", "op": "in", "values": ["me"]}], sort="-effort")
    asked = f"view={view['id']}&where=STARTSWITH(title,%20%22through%22)"
    found = wen.get(f"/records/task?{asked}&total=true").json
    assert [i["fields"]["title"] for i in found["items"]] == ["through 9", "through 7"] and found["total"] == 2
    assert wen.get(f"/records/task/count?{asked}").json == {"total": 2}
    turned = wen.get(f"/records/task?{asked}&sort=effort&fields=title&limit=1").json
    assert turned["items"][0]["fields"] == {"title": "through 7"}
    after = wen.get(f"/records/task?{asked}&sort=effort&fields=title&limit=1&cursor={turned['next_cursor']}").json
    assert after["items"][0]["fields"] == {"title": "through 9"}
    assert [i["fields"]["title"] for i in wen.get("/records/task?view=tasks&q=through&limit=1").json["items"]] == ["through 7"]
    assert problems(lin.get(f"/records/task?view={view['id']}")) == problems(lin.get("/records/task?view=nonsense")) == [("unknown_view", "view")]
    refused = wen.get(f"/records/task?view={view['id']}&where=nonsense%20%3E%201")
    assert refused.status_code == 422 and refused.json["problems"][0]["path"] == "where"


def test_who_sees_and_changes_what(wen: Api, lin: Api, desk: Desk, chen: Api) -> None:
    mei = desk.api("mei")
    mine, team = saved(wen, "Only mine"), saved(wen, "The team's", "team")
    assert {v["name"] for v in mei.get("/views/task").json["items"]} & {"Only mine", "The team's"} == {"The team's"}
    assert team["team"] == {"id": desk.teams["east"], "label": "East"} and mei.get(f"/views/task/{team['id']}").json["editable"] is False
    assert lin.get(f"/views/task/{team['id']}").status_code == mei.get(f"/views/task/{mine['id']}").status_code == 404
    assert mei.patch(f"/views/task/{team['id']}", {"name": "z"}, version=1).status_code == mei.delete(f"/views/task/{team['id']}", version=1).status_code == 403
    assert wen.post("/views/task", {"name": "x", "audience": "all"}).status_code == 403
    everybody = saved(chen, "Everybody's", "all")
    assert lin.get(f"/views/task/{everybody['id']}").json["audience"] == "all"
    assert desk.api("wen", scopes=("read",)).post("/views/task", {"name": "x"}).status_code == 403
    assert desk.api("out").get("/views/task").status_code == 404


def test_a_view_widens_no_rights(wen: Api, chen: Api, desk: Desk) -> None:
    closed = saved(chen, "Secret", "all", where='secret = "x"', columns=["title", "secret"])
    seen = wen.get(f"/views/task/{closed['id']}").json
    assert seen["closed"] and seen["condition"] is None and seen["arrangement"] is None and "secret" not in str(seen).replace("Secret", "")
    for path in ("/records/task", "/records/task/count"):
        refused = wen.get(f"{path}?view={closed['id']}")
        assert refused.status_code == 422 and problems(refused) == [("closed_view", "where")]
    shown = saved(chen, "Columns", "all", columns=["title", "secret", "effort"], filters=[{"field": "secret", "op": "not_blank"}])
    assert wen.get(f"/views/task/{shown['id']}").json["closed"] and wen.get(f"/records/task?view={shown['id']}").status_code == 422
    # A condition that the application no longer has is not dropped silently.
    gone = saved(chen, "Outlived", filters=[{"field": "effort", "op": "ge", "values": ["1"]}])
    with desk.home.write() as conn:
        conn.execute(update(t.saved_view).where(t.saved_view.c.id == gone["id"]).values(data={"filters": ["vanished.ge.1", "effort.ge.1"]}))
    assert problems(chen.get(f"/records/task?view={gone['id']}")) == [("outdated_view", "view")]
    assert "vanished" in chen.get(f"/views/task/{gone['id']}").json["notes"][0]


@pytest.mark.parametrize(
    ("arrangement", "found"),
    [
        ({"nonsense": 1}, "unknown_key nonsense"),
        ({"filters": "effort.ge.1"}, "bad_type filters"),
        ({"filters": [{"field": "secret", "op": "blank"}]}, "unknown_field filters[0].field"),
        ({"filters": [{"field": "effort", "op": "has"}]}, "unknown_value filters[0].op"),
        ({"filters": [{"field": "effort", "op": "ge", "values": ["many"]}]}, "type filters[0].values"),
        ({"filters": [{"field": "effort", "op": "ge"}]}, "missing filters[0].values"),
        ({"filters": [{"field": "title", "op": "eq", "values": ["a~b"]}]}, "bad_value filters[0].values"),
        ({"filters": [{"field": "effort", "op": "ge", "values": [1]}]}, "bad_type filters[0]"),
        ({"where": "secret = 1"}, "unknown_name where"),
        ({"where": 7}, "bad_type where"),
        ({"base": "nothing"}, "unknown_value base"),
        ({"sort": "secret"}, "unknown_name sort"),
        ({"sort": "title,effort,count,due"}, "too_many sort"),
        ({"columns": ["title", "secret"]}, "unknown_field columns[1]"),
        ({"columns": ["project.note"]}, "unknown_field columns[0]"),
        ({"widths": {"effort": 5}}, "bad_type widths"),
        ({"totals": {"title": "sum"}}, "unknown_field totals.title"),
        ({"totals": {"effort": "median"}}, "unknown_value totals.effort"),
        ({"group": "title"}, "unknown_value group"),
        ({"density": "airy"}, "unknown_value density"),
        ({"look": "map"}, "unknown_value look"),
        ({"look_settings": {"at": "x"}}, "bad_type look_settings"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(wen: Api, arrangement: dict, found: str) -> None:
    answer = wen.post("/views/task", {"name": "x", "arrangement": arrangement})
    assert answer.status_code == 422, answer.text
    code, path = found.split(" ")
    assert (code, f"arrangement.{path}") in [(c, p) for c, p in problems(answer)], answer.json["problems"]


def test_bodies_that_are_none(wen: Api) -> None:
    for body, path in (({}, "name"), ({"name": 3}, "name"), ({"name": " "}, "name"), ({"name": "x", "audience": "world"}, "audience"), ({"name": "x", "arrangement": []}, "arrangement"),
                       ({"name": "x" * 61}, "name"), ({"name": "x", "rows": 1}, "rows")):
        answer = wen.post("/views/task", body)
        assert answer.status_code == 422 and path in [p["path"] for p in answer.json["problems"]], (body, answer.text)


def test_more_views_need_no_more_statements(desk: Desk, chen: Api) -> None:
    saved(chen, "One", "team")
    chen.get("/views/task")
    counts = []
    for _ in range(2):
        with count_statements(desk.home) as found:
            chen.get("/views/task")
        counts.append(found.total)
        for n in range(5):
            saved(chen, f"More {n}", "team")
    assert counts[0] == counts[1]
