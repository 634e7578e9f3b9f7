"""Hostile input: whatever comes in, the answer is a problem document, never a fault of ours."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.factories.desk import Api, Desk

DEEP = 10_000


@pytest.fixture(scope="module")
def victim(wen: Api) -> str:
    """A record that nothing here may change."""
    return str(wen.make()["id"])


def raw(api: Api, data: bytes, content_type: str = "application/json", method: str = "POST", path: str = "/records/task", **more):
    return api.call(method, path, data=data, content_type=content_type, **more)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * DEEP + b"]" * DEEP,
        b'{"fields":' * DEEP + b"1" + b"}" * DEEP,
        b'{"fields": {"title": "x", "title": "y"}}',
        b'{"fields": {}, "fields": {}}',
        b'{"fields": {"effort": NaN}}',
        b'{"fields": {"effort": Infinity}}',
        b'{"fields": {"effort": -Infinity}}',
        b'{"fields": {"effort": ' + b"9" * 5000 + b"}}",
        b'{"fields": {"effort": 1e' + b"9" * 70 + b"}}",
        b'{"fields": {"title": "\\u0000"}}',
        b'{"fields": {"title": "\\ud800"}}',
        b'{"fields": {"\\ud800": "x"}}',
        b'{"fields": {"title": "a\x00b"}}',
        b'{"fields": {"title": "\xff\xfe"}}',
        b"\xff\xfe{\x00}\x00",
        b'{"fields": {"title": "x"}',
        b"{'fields': {}}",
        b'{"fields": {"title": "x"}} {}',
        b"null,",
        b"\xef\xbb\xbf{}",
        b'{"fields": {"title": "tab\there"}}',
        b"{fields: {}}",
    ],
)
def test_what_is_no_strict_json(wen: Api, data: bytes) -> None:
    answer = raw(wen, data)
    assert answer.status_code == 400 and answer.mimetype == "application/problem+json", answer.text
    assert answer.json["code"] == "bad_request" and answer.json["title"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml", "text/html"]
)
def test_another_content_type(wen: Api, content_type: str) -> None:
    assert raw(wen, b'{"fields": {"title": "x"}}', content_type).status_code in (400, 422)


@pytest.mark.parametrize(
    "fields",
    [
        {"effort": 1e300},
        {"effort": "9" * 41},
        {"effort": 10**39},
        {"effort": 1e-30},
        {"effort": "1" + "0" * 18},
        {"effort": "٣"},
        {"effort": "1_000"},
        {"effort": "+1"},
        {"count": 10**30},
        {"count": 2**63},
        {"count": 1.5},
        {"count": True},
        {"share": "1e9999"},
        {"takes": 1e18},
        {"takes": "x"},
        {"takes": -(10**30)},
        {"budget": {"amount": "1", "currency": "XXXX"}},
        {"budget": {"amount": {}, "currency": []}},
        {"budget": []},
        {"budget": {"amount": "1"} | {"x": 1}},
        {"due": "2026-02-30"},
        {"due": "10000-01-01"},
        {"due": 20261201},
        {"due": "2026-12-01T00:00:00Z"},
        {"due": "0000-00-00"},
        {"starts": "2026-12-01T00:00:00"},
        {"starts": "2026-12-01"},
        {"starts": "9999-12-31T23:59:59-14:00"},
        {"starts": "0001-01-01T00:00:00+14:00"},
        {"starts": {}},
        {"title": ["x"]},
        {"title": {"a": 1}},
        {"title": True},
        {"title": "line\nbreak\x07bell"},
        {"details": "bell\x07"},
        {"title": "x" * 100_000},
        {"title": "\u202e" * 90},
        {"done": "yes"},
        {"done": 1},
        {"priority": ["low"]},
        {"priority": {}},
        {"tags": "red"},
        {"tags": [["red"]]},
        {"tags": [None]},
        {"phone": "1" * 200},
        {"phone": 13800138000},
        {"mail": "a@" + "b" * 300},
        {"mail": "<script>@x.y"},
        {"project": 7},
        {"project": {"id": []}},
        {"project": []},
        {"helpers": ["x"]},
        {"helpers": "x"},
        {"helpers": [{"id": None}]},
        {"helpers": [[]]},
        {"attachment": "../../etc/passwd"},
        {"attachment": {"id": {}}},
        {"lines": [{"id": ["x"], "fields": {"name": "x"}}]},
        {"lines": [{"id": [], "fields": {}}]},
        {"lines": [{"id": {}, "fields": {"name": "x"}}]},
        {"lines": [{"fields": None}]},
        {"lines": [[]]},
        {"lines": {"id": 1}},
        {"lines": [{"id": 7, "fields": {"name": "x"}}]},
        {"lines": [{"fields": {"name": "x", "": 1}}]},
        {"lines": [{"fields": {"name": "x", "double": 1}}]},
        {"lines": [{"fields": {"name": "x"}}] * 3000},
        {"": "x"},
        {"title.x": "y"},
        {"__class__": "x"},
        {"x" * 5000: 1},
        {"id": "x"},
        {"version": 7},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"tenant": "other"},
        {"owner_id": "x"},
        {"release_id": 1},
        {"deleted_at": None},
        {"lines.name": "x"},
        {"total": "5"},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_values_that_are_none(wen: Api, victim: str, fields) -> None:
    refused = wen.post("/records/task", {"fields": {"title": "x", **fields}})
    assert refused.status_code == 422, (refused.status_code, refused.text[:300])
    assert len(refused.data) < 400_000
    changed = wen.patch(f"/records/task/{victim}", {"fields": fields}, version=1)
    assert changed.status_code == 422, (changed.status_code, changed.text[:300])


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE e_task; --", '" OR 1=1', "{{7*7}}", "${7*7}", "<script>alert(1)</script>", "%s%n", "\\x00", "😀" * 20, "ﷺ", "=1+1", "👨‍👩‍👧", "e\u0301"],
)
def test_odd_texts_are_kept_as_they_are(wen: Api, text: str) -> None:
    import unicodedata

    made = wen.make(title=text, details=f"{text}\n{text}", lines=[{"fields": {"name": text[:40]}}])
    assert made["fields"]["title"] == unicodedata.normalize("NFC", text)
    assert wen.get(f"/records/task/{made['id']}").json == made
    found = wen.get("/records/task?where=" + quote('title = "' + unicodedata.normalize("NFC", text).replace('"', '""') + '"'))
    assert found.status_code == 200, found.text
    assert made["id"] in [i["id"] for i in found.json["items"]]


def test_large_bodies(wen: Api) -> None:
    huge = raw(wen, b'{"fields": {"details": "' + b"x" * (3 * 1024 * 1024) + b'"}}')
    assert huge.status_code == 413 and huge.mimetype == "application/problem+json"
    wide = json.dumps({"fields": {f"key{n}": n for n in range(20_000)}}).encode()
    assert raw(wen, wide).status_code == 422
    many = json.dumps({f"key{n}": n for n in range(20_000)}).encode()
    assert raw(wen, many).status_code == 422


@pytest.mark.parametrize(
    "text",
    [
        "(" * DEEP + "1" + ")" * DEEP,
        "NOT(" * DEEP + "TRUE" + ")" * DEEP,
        "-" * DEEP + "1 = 1",
        "1" + "+1" * 3000 + " = 1",
        "9" * 4000 + " = 1",
        '"' + "a" * 3999,
        "title = 1/0",
        "1/0 = 1",
        'REPT("a", 1000000000) = "x"',
        "title",
        "=",
        "",
        " ",
        "\x01",
        "title = \x01",
        "a.b.c.d.e.f.g.h = 1",
        "me.password = 1",
        "title == 1",
        "import os",
        "title.__class__ = 1",
        "SUM(title) = 1",
        "effort / 0 > 1",
        "DATE(9999,99,99) = due",
        "param.x = 1",
        "this.title = 1",
        "old.title = 1",
        "ask.why = 1",
        'title = "x" ; DROP',
        'ANY(lines, ANY(lines, name = "x"))',
        "COUNT(helpers) > 0",
        "POWER(10, 999999) > 1",
        "10 ^ 99999 > effort",
        "due + 99999999999 > due",
        'MATCHES(title, "(a+)+$")',
        "now > 1",
    ],
    ids=lambda text: text[:20] or "empty",
)
def test_conditions_that_are_none(wen: Api, text: str) -> None:
    answer = wen.get("/records/task?where=" + quote(text))
    assert answer.status_code in (200, 422), answer.text[:300]
    if answer.status_code == 422:
        assert answer.json["problems"][0]["message"]
    assert wen.get("/records/task/count?where=" + quote(text)).status_code == answer.status_code


@pytest.mark.parametrize(
    "path",
    [
        "/records/task/%00",
        "/records/%00",
        "/records/task/%ff%fe",
        "/records/" + "x" * 3000,
        "/records/task/" + "y" * 3000,
        "/records/task/..%2f..%2fproject",
        "/records/TASK",
        "/records/task/x/transitions/%00",
        "/records/task/x/history?before=%00",
        "/records/__class__",
        "/records/change_log",
        "/records/e_task",
        "/records/task%20",
        "/nothing",
        "",
        "/records/task/'",
        "/records/task/x/transitions/" + "z" * 500,
        "/records/sqlite_master",
        "/files/",
        "/records/task/count/x",
    ],
)
def test_addresses_that_lead_nowhere(wen: Api, path: str) -> None:
    for method in ("GET", "POST", "PATCH", "DELETE"):
        answer = wen.call(method, path, {"fields": {}} if method in ("POST", "PATCH") else None, version=1)
        assert answer.status_code in (400, 404, 405), (method, answer.status_code, answer.text[:200])
        assert answer.mimetype == "application/problem+json"


def test_a_redirect_keeps_to_itself(desk: Desk, wen: Api) -> None:
    for path in ("/records//task", ""):
        answer = wen.get(path, headers={"Host": "evil.example"}) if path else desk.app.test_client().get(f"/t/{desk.slug}", headers={"Host": "evil.example"})
        assert answer.status_code == 308 and answer.headers["Location"].startswith(f"/t/{desk.slug}/")


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"' + "9" * 15 + '"'},
        {"If-Match": '"-1"'},
        {"If-Match": "1"},
        {"If-Match": ""},
        {"If-Match": '"1", "2"'},
        {"If-Match": '"1e3"'},
        {"If-Match": '"\xb2"'},
        {"Accept": "text/html"},
        {"Accept": "*/*;q=x"},
        {"Accept-Language": "x" * 500},
        {"Content-Length": "0"},
        {"Range": "bytes=x"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Cookie": "a=b; " * 500},
        {"Host": "evil.example"},
    ],
)
def test_odd_headers(wen: Api, headers: dict[str, str]) -> None:
    made = wen.make()
    for answer in (
        wen.patch(f"/records/task/{made['id']}", {"fields": {"details": "x"}}, headers={"If-Match": '"7"', **headers}),
        wen.get(f"/records/task/{made['id']}", headers=headers),
        wen.post("/records/task", {"fields": {"title": 1}}, headers=headers),
    ):
        assert answer.status_code in (200, 400, 401, 412, 422), answer.text
        assert "evil.example" not in answer.headers.get("Location", "")
    assert wen.get(f"/records/task/{made['id']}").json["version"] == 1


def test_nothing_inside_is_told(desk: Desk, wen: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime.records import road

    def broken(*_a: object, **_k: object) -> None:
        raise RuntimeError("inside detail of /srv/secret")

    monkeypatch.setattr(road, "create", broken)
    answer = wen.post("/records/task", {"fields": {"title": "x"}})
    assert answer.status_code == 500 and answer.mimetype == "application/problem+json"
    assert "inside" not in answer.text and "Traceback" not in answer.text and answer.headers["X-Request-Id"] in answer.text
