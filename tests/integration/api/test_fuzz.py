"""Random requests built from the document, and garbage: no fault of ours, and only statuses that the document names."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from typing import Any

import pytest

from kernel.platform.ids import uuid7
from tests.factories.desk import Api, Desk
from tests.scale import scaled

GARBAGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    " ",
    "x",
    "null",
    "%00",
    "'",
    '"',
    "0" * 50,
    "e\u0301",
    "\u202e",
    "1e9",
    "2026-13-45",
    "x" * 3000,
    [],
    {},
    [[]],
    [{}],
    {"id": "x"},
    {"fields": {}},
    [None],
    {"amount": None},
    "; DROP TABLE x",
    "(",
    "a.b",
    "-",
    ",,",
    "*",
    "\n",
)
CONDITIONS = (
    "title",
    "effort > 1",
    "effort >",
    "secret = 1",
    "ISBLANK(due)",
    "SUM(lines.amount) > 1",
    "NOT(done)",
    'project.name = "x"',
    "now > starts",
    "1/0 > effort",
    "'",
)


class Maker:
    """Requests after the document; a third of them as it says, the others more or less spoilt."""

    def __init__(self, doc: dict[str, Any], seed: int, ids: list[str]) -> None:
        self.doc, self.random, self.ids = doc, random.Random(seed), ids
        self.garbage = 0.0  # how much of a request is garbage

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self.doc
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def value(self, schema: dict[str, Any], depth: int = 0) -> Any:
        r, schema = self.random, self.resolve(schema)
        if r.random() < self.garbage or depth > 6:
            return r.choice(GARBAGE)
        if "enum" in schema:
            return r.choice(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self.value(r.choice(schema[word]), depth + 1)
        kind = schema.get("type", "string")
        kind = r.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            properties = schema.get("properties", {})
            wanted = [k for k in properties if k in (*schema.get("required", ()), "title", "name") or r.random() < 0.12]
            found = {k: self.value(properties[k], depth + 1) for k in wanted}
            return found | ({"".join(r.choices(string.printable, k=5)): 1} if r.random() < 0.05 else {})
        if kind == "array":
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(r.randrange(4))]
        if kind == "boolean":
            return r.random() < 0.5
        if kind == "integer":
            return r.choice((0, 1, 7, -3, 10**6, 2**40))
        if kind == "number":
            return r.choice((0, 0.5, -1.25, 1e6, 1e-9, 1e17))
        if kind == "null":
            return None
        return self.text(schema)

    def text(self, schema: dict[str, Any]) -> str:
        r = self.random
        pattern = schema.get("pattern", "")
        if "0-9a-f" in pattern:
            return r.choice([*self.ids, "x"])
        known = {"date": "2026-12-01", "date-time": "2026-12-01T01:02:03Z", "email": "a@example.com", "uri": "https://example.com/"}
        if schema.get("format") in known:
            return known[schema["format"]]
        if "0-9" in pattern:
            return r.choice(("1", "0.5", "-3", "CNY", "999999"))
        return "".join(r.choices("abc XYZ中文1%_'\"\\/<>&{}$\t\n😀", k=r.randrange(1, 12)))

    def requests(self, count: int) -> Iterator[tuple[str, str, str, dict[str, str], dict[str, str], Any, dict[str, Any]]]:
        r = self.random
        all_of = [(path, method, item) for path, item in self.doc["paths"].items() for method in item if method in ("get", "post", "patch", "delete")]
        for n in range(count):
            path, method, item = all_of[n % len(all_of)] if n < len(all_of) else r.choice(all_of)
            operation = item[method]
            self.garbage = r.choice((0.0, 0.01, 0.15))
            url, query, headers = path, {}, {}
            for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
                given = self.resolve(parameter)
                name = given["name"]
                if given["in"] == "path":
                    url = url.replace("{" + name + "}", str(r.choice([*self.ids, "x", "%FF", "a b", "'"]) if name == "id" else "x"))
                elif given["in"] == "query" and r.random() < 0.4:
                    query[name] = r.choice(CONDITIONS) if name == "where" and r.random() < 0.7 else str(self.value(given["schema"])).replace("\x00", "")
                elif given["in"] == "header" and r.random() < 0.9:
                    headers[name] = r.choice(('"1"', '"2"', "*", '"x"', "1")) if name == "If-Match" else f"k{r.randrange(40)}"
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            yield path, method, url, query, headers, (self.value(body) if body else None), operation


@pytest.mark.parametrize("login", ["wen", "chen"])
def test_random_requests(desk: Desk, login: str) -> None:
    api: Api = desk.api(login)
    ids = [api.make(effort=6, details="x")["id"] for _ in range(12)] + [desk.people["wen"], desk.people["lin"], desk.teams["east"], uuid7(desk.clock.now())]
    doc = api.get("/openapi.json").json
    seen: dict[int, int] = {}
    for path, method, url, query, headers, body, operation in Maker(doc, 7, ids).requests(scaled(200, 5000)):
        more: dict[str, Any] = {"query_string": query} if query else {}
        if path == "/files":
            more |= {"data": b"garbage", "content_type": "multipart/form-data; boundary=x"}
        answer = api.call(method.upper(), url, body, headers=headers, **more)
        status = answer.status_code
        seen[status] = seen.get(status, 0) + 1
        assert str(status) in operation["responses"], (method, url, query, headers, body, status, answer.text[:400])
        if status >= 400:
            assert answer.mimetype == "application/problem+json" and answer.json["status"] == status and answer.json["title"]
        answer.close()
    assert {200, 201, 404, 422} <= set(seen), seen
    assert max(seen) < 500
