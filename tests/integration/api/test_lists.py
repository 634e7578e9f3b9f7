"""Lists over the API: filter, order, pages, totals, and what the reader may not see."""

from __future__ import annotations

import itertools
from urllib.parse import quote

import pytest

from tests.factories.desk import Api, Desk

_marks = itertools.count(1)


@pytest.fixture
def mark() -> str:
    """A word that marks the records of one test."""
    return f"mark{next(_marks)}x"


def items(api: Api, query: str, entity: str = "task") -> list[dict]:
    answer = api.get(f"/records/{entity}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def titles(api: Api, query: str) -> list[str]:
    return [i["fields"]["title"] for i in items(api, query)]


def where(text: str) -> str:
    return "where=" + quote(text)


def test_a_list_shows_own_records_only(wen: Api, lin: Api, chen: Api, mark: str) -> None:
    wen.make(title=f"{mark} a")
    lin.make(title=f"{mark} b")
    found = where(f'CONTAINS(title, "{mark}")')
    assert titles(wen, found) == [f"{mark} a"] and titles(lin, found) == [f"{mark} b"]
    assert sorted(titles(chen, found)) == [f"{mark} a", f"{mark} b"]
    assert chen.get(f"/records/task/count?{found}").json == {"total": 2} and wen.get(f"/records/task/count?{found}").json == {"total": 1}
    both = chen.get(f"/records/task?{found}&total=true&limit=1").json
    assert both["total"] == 2 and len(both["items"]) == 1 and both["next_cursor"]


def test_conditions(wen: Api, desk: Desk, mark: str) -> None:
    project = wen.make("project", name=f"{mark} house")
    wen.make(title=f"{mark} one", effort=3, due="2026-12-01", priority="low", project=project["id"], tags=["red"])
    wen.make(title=f"{mark} two", effort="3.5", due="2026-12-02", priority="high", reason="x", lines=[{"fields": {"name": "L", "amount": 4}}])
    wen.make(title=f"{mark} six")
    mine = f'AND(CONTAINS(title, "{mark}"), %s)'
    for text, found in (
        ("effort > 3", ["two"]),
        ("effort >= 3", ["one", "two"]),
        ("ISBLANK(effort)", ["six"]),
        ('priority = "low"', ["one"]),
        ('OR(priority = "low", priority = "high")', ["one", "two"]),
        ("due < DATE(2026,12,2)", ["one"]),
        (f'project.name = "{mark} house"', ["one"]),
        ("total > 3", ["two"]),
        ("SUM(lines.amount) > 3", ["two"]),
        ('state = "open"', ["one", "six", "two"]),
        ("owner.id = me.id", ["one", "six", "two"]),
        ("effort > 100", []),
        ("NOT(ISBLANK(project))", ["one"]),
    ):
        answer = wen.get(f"/records/task?sort=title&{where(mine % text)}")
        assert answer.status_code == 200, (text, answer.text)
        assert [i["fields"]["title"].split()[-1] for i in answer.json["items"]] == found, text


def test_fields_narrow_the_answer(wen: Api, mark: str) -> None:
    wen.make(title=mark)
    found = where(f'title = "{mark}"')
    assert items(wen, f"{found}&fields=title,weight")[0]["fields"].keys() == {"title", "weight"}
    assert items(wen, f"{found}&fields=")[0]["fields"] == {}
    assert len(items(wen, found)[0]["fields"]) > 20
    for name in ("secret", "zecret", "lines.hidden", "id"):
        refused = wen.get(f"/records/task?fields={name}")
        assert refused.status_code == 422 and refused.json["problems"][0]["code"] == "unknown_field"


@pytest.mark.parametrize("sort", ["title", "-title", "effort", "-effort", "priority,-effort", "due", "-budget", "-created_at", "project.name", "done,title"])
def test_pages_follow_on_without_gap_or_double(wen: Api, mark: str, sort: str) -> None:
    """Ties and blanks everywhere: every page size gives the same order."""
    project = wen.make("project", name=f"{mark}")
    for n in range(11):
        wen.make(
            title=f"{mark} {n // 4}",
            **({"effort": n % 3} if n % 4 else {}),
            **({"priority": "low"} if n % 2 else {}),
            **({"done": n % 3 == 0} if n % 5 else {}),
            **({"due": f"2026-12-0{n % 3 + 1}"} if n % 3 else {}),
            **({"budget": {"amount": n % 2, "currency": "CNY"}} if n % 4 else {}),
            **({"project": project["id"]} if n % 2 else {}),
        )
    found = where(f'CONTAINS(title, "{mark}")') + f"&sort={sort}"
    whole = [i["id"] for i in items(wen, f"{found}&limit=500")]
    assert len(whole) == len(set(whole)) == 11
    for size in (1, 3, 10, 11):
        seen: list[str] = []
        cursor = ""
        while True:
            answer = wen.get(f"/records/task?{found}&limit={size}{cursor}").json
            seen.extend(i["id"] for i in answer["items"])
            if answer["next_cursor"] is None:
                break
            cursor = "&cursor=" + quote(answer["next_cursor"])
            assert len(seen) < 20
        assert seen == whole, (sort, size)


def test_blanks_are_the_smallest(wen: Api, mark: str) -> None:
    for effort in (None, 2, 1):
        wen.make(title=mark, effort=effort)
    found = where(f'title = "{mark}"')
    assert [i["fields"]["effort"] for i in items(wen, f"{found}&sort=effort")] == [None, "1.00", "2.00"]
    assert [i["fields"]["effort"] for i in items(wen, f"{found}&sort=-effort")] == ["2.00", "1.00", None]


def test_quick_search(wen: Api, lin: Api, guo: Api, chen: Api, mark: str) -> None:
    made = chen.make(title=f"粉刷围墙 {mark}", secret=f"verborgen{mark}")
    wen.make(title=f"100% done_{mark}")
    assert [i["id"] for i in items(chen, f"q={quote('围墙')}%20{mark}")] == [made["id"]]
    assert [i["id"] for i in items(chen, f"q=verborgen{mark}")] == [made["id"]]
    assert items(guo, f"q=verborgen{mark}") == [] and items(wen, f"q=verborgen{mark}") == []
    assert guo.get(f"/records/task/count?q=verborgen{mark}").json["total"] == 0
    assert items(lin, f"q={mark}") == []
    for odd in ("%", "_", "100%", "' OR 1=1 --", '"', "*", "AND", "(", "a" * 200, "%25%25", "  "):
        answer = wen.get(f"/records/task?q={quote(odd)}")
        assert answer.status_code == 200, (odd, answer.text)
    assert len(items(wen, f"q={quote('100% done_' + mark)}")) == 1
    assert items(wen, f"q={quote('1%0 d_ne ' + mark)}") == [], "neither is a wildcard"


def hidden_and_unknown(api: Api, query: str, entity: str = "task") -> tuple[object, object]:
    found = []
    for name in ("secret", "zecret"):
        answer = api.get(f"/records/{entity}{query.replace('NAME', name)}")
        body = answer.json
        body.pop("instance", None)
        for problem in body.get("problems", ()):
            problem.pop("hint", None)
        found.append((answer.status_code, str(body).replace(name, "NAME")))
    return found[0], found[1]


@pytest.mark.parametrize(
    "query",
    [
        "?where=" + quote('NAME = "x"'),
        "?where=" + quote("ISBLANK(NAME)"),
        "?sort=NAME",
        "?sort=-NAME",
        "?fields=NAME",
        "/count?where=" + quote("LEN(NAME) > 2"),
        "?where=" + quote('project.NAME = "x"'),
        "?sort=project.NAME",
    ],
)
def test_hidden_and_unknown_names_are_one_answer(desk: Desk, wen: Api, query: str) -> None:
    desk.api("chen").make(secret="x", title="has a secret")
    hidden, unknown = hidden_and_unknown(wen, query)
    assert hidden == unknown and hidden[0] == 422


def test_a_hidden_field_of_another_entity(wen: Api, lin: Api, desk: Desk) -> None:
    """``note`` of a project exists, but not for workers, not through a reference, not in rows."""
    for text in ('project.note = "x"', "ISBLANK(project.note)", 'ANY(lines, hidden = "x")'):
        assert wen.get("/records/task?" + where(text)).status_code == 422
    # A project out of sight gives no value, in filter and order alike.
    project = lin.make("project", name="aaa out of sight")
    chen = desk.api("chen")
    task = chen.make(title="points there", project=project["id"])
    assert chen.post(f"/records/task/{task['id']}/assign", {"owner": desk.people["wen"]}, version=1).status_code == 200
    seen = wen.get(f"/records/task/{task['id']}").json["fields"]["project"]
    assert seen is None or seen["label"] is None
    assert titles(wen, where('project.name = "aaa out of sight"')) == []


def test_a_guest_can_not_find_by_hidden_fields(guo: Api, chen: Api, mark: str) -> None:
    chen.make(title=mark, budget={"amount": "77", "currency": "CNY"}, lines=[{"fields": {"name": "inside", "amount": "3"}}])
    for text in ("budget > 1", "total > 1", "SUM(lines.amount) > 1", 'ANY(lines, name = "inside")', "weight > 1 AND"):
        assert guo.get("/records/task?" + where(text)).status_code == 422, text
    for name in ("budget", "total", "lines", "-total"):
        assert guo.get(f"/records/task?sort={name}").status_code == 422, name


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=x",
        "limit=1e3",
        "limit=%C2%B2",
        "limit=",
        "nonsense=1",
        "total=maybe",
        "cursor=x",
        "sort=,title,,x",
        "where=" + quote("title ="),
        "where=" + quote('title = "a'),
        "where=" + quote("1 + 1"),
        "where=" + quote('effort = "x"'),
        "sort=lines",
        "sort=title.name",
        "sort=me.name",
        "sort=-",
        "sort=project.name.x",
        "sort=owner.zecret",
        "where=" + "(" * 10_000,
        "where=" + "-" * 9000,
        "where=" + quote("NOT(" * 60 + "done" + ")" * 60),
        "where=" + quote("title = '; DROP TABLE e_task; --'"),
    ],
)
def test_a_question_that_can_not_be_asked(wen: Api, query: str) -> None:
    answer = wen.get(f"/records/task?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json["problems"] and all(p["message"] for p in answer.json["problems"])


def test_a_cursor_of_another_list(wen: Api, mark: str) -> None:
    for _ in range(3):
        wen.make(title=mark)
    cursor = wen.get(f"/records/task?limit=1&sort=title&{where(f'title = {chr(34)}{mark}{chr(34)}')}").json["next_cursor"]
    for query in (
        f"sort=effort&cursor={quote(cursor)}",
        f"sort=-title&cursor={quote(cursor)}",
        f"cursor={quote(cursor)}",
        f"sort=title&cursor={quote(cursor[:-3])}",
    ):
        assert wen.get(f"/records/task?{query}").status_code == 422, query
    assert wen.get(f"/records/person?sort=name&cursor={quote(cursor)}").status_code == 422


def test_counting_stops(desk: Desk, chen: Api, monkeypatch: pytest.MonkeyPatch, mark: str) -> None:
    from runtime.records import counting

    for _ in range(4):
        chen.make(title=mark)
    found = where(f'title = "{mark}"')
    assert chen.get(f"/records/task/count?{found}").json == {"total": 4}
    monkeypatch.setattr(counting, "MOST", 3)
    monkeypatch.setattr(counting, "_FIRST", 2)
    assert chen.get(f"/records/task/count?{found}").json == {"total": 3, "at_least": True}
    assert chen.get(f"/records/task?{found}&total=true").json["at_least"] is True
