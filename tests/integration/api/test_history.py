"""The history over the API: for each reader what that reader may see."""

from __future__ import annotations

from tests.factories.desk import Api, Desk


def entries(api: Api, id_: str, query: str = "") -> list[dict]:
    answer = api.get(f"/records/task/{id_}/history{query}")
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def changed(entry: dict) -> set[str]:
    return {c["field"] for c in entry["changes"]}


def test_what_happened(desk: Desk, wen: Api) -> None:
    made = wen.make(title="One", helper=desk.people["lin"])
    wen.patch(f"/records/task/{made['id']}", {"fields": {"title": "Two"}}, version=1)
    wen.post(f"/records/task/{made['id']}/transitions/start", version=2)
    found = entries(wen, made["id"])
    assert [e["kind"] for e in found] == ["transition", "update", "create"] and [e["seq"] for e in found] == [3, 2, 1]
    assert found[1]["changes"] == [{"field": "title", "from": "One", "to": "Two"}]
    assert found[0]["changes"] == [{"field": "state", "from": "open", "to": "doing"}]
    assert {"field": "helper", "from": None, "to": {"id": desk.people["lin"], "label": "Lin"}} in found[2]["changes"]
    assert found[0]["actor"] == {"id": desk.people["wen"], "label": "Wen"} and found[0]["channel"] == "api" and found[0]["at"] == "2026-11-24T02:32:00Z"
    assert set(found[0]) == {"id", "seq", "at", "actor", "channel", "kind", "changes", "reason"}


def test_each_reader_sees_their_own(desk: Desk, chen: Api, guo: Api, wen: Api) -> None:
    made = chen.make(title="One", secret="before", budget={"amount": "1", "currency": "CNY"}, lines=[{"fields": {"name": "L", "hidden": "h"}}])
    url = f"/records/task/{made['id']}"
    chen.patch(url, {"fields": {"secret": "after"}}, version=1)
    chen.patch(url, {"fields": {"title": "Two", "secret": "more"}}, version=2)
    chen.post(f"{url}/assign", {"owner": desk.people["wen"]}, version=3)
    assert [changed(e) for e in entries(chen, made["id"])][1:3] == [{"title", "secret"}, {"secret"}]
    for reader in (guo, wen):
        seen = entries(reader, made["id"])
        assert [e["kind"] for e in seen] == ["assign", "update", "create"], "a change of hidden fields did not happen"
        assert changed(seen[1]) == {"title"}
        text = str(seen)
        assert not any(word in text for word in ("before", "after", "more", "'h'"))
    assert "budget" not in changed(entries(guo, made["id"])[-1]) and "lines" not in changed(entries(guo, made["id"])[-1])
    rows = next(c for c in entries(wen, made["id"])[-1]["changes"] if c["field"] == "lines")["rows"]
    assert rows[0]["did"] == "added" and set(rows[0]["fields"]) == {"name"}


def test_pages_of_history(wen: Api, lin: Api) -> None:
    made = wen.make(title="0")
    for n in range(1, 5):
        wen.patch(f"/records/task/{made['id']}", {"fields": {"title": str(n)}}, version=n)
    whole = entries(wen, made["id"])
    first = entries(wen, made["id"], "?limit=2")
    rest = entries(wen, made["id"], f"?limit=500&before={first[-1]['id']}")
    assert first + rest == whole and len(whole) == 5
    other = lin.make()
    foreign = entries(lin, other["id"])[0]["id"]
    for before in ("x", "%C2%A0", foreign):
        assert entries(wen, made["id"], f"?before={before}") == []
    for query in ("?limit=0", "?limit=501", "?nonsense=1", "?before=%00"):
        assert wen.get(f"/records/task/{made['id']}/history{query}").status_code in (400, 422)
