"""The OpenAPI document: valid, true, and only of what its reader may do."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from runtime.web.api.urls import BASE, ROUTES
from tests.factories.desk import PEOPLE, Api, Desk


def document(api: Api) -> dict:
    answer = api.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


def operations(doc: dict) -> set[str]:
    return {f"{method.upper()} {path}" for path, item in doc["paths"].items() for method in item if method in ("get", "post", "patch", "delete", "put")}


def validator(doc: dict, schema: dict) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": doc["components"]})


@pytest.mark.parametrize("login", PEOPLE)
def test_the_document_is_valid(desk: Desk, login: str) -> None:
    doc = document(desk.api(login))
    assert list(OpenAPIV31SpecValidator(doc).iter_errors()) == []
    ids = [op["operationId"] for item in doc["paths"].values() for op in item.values() if isinstance(op, dict) and "operationId" in op]
    assert len(ids) == len(set(ids))
    for schema in doc["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_it_shows_only_what_the_reader_may_do(desk: Desk, wen: Api, guo: Api) -> None:
    everything = operations(document(desk.api("chen")))
    worker, guest, out = operations(document(wen)), operations(document(guo)), operations(document(desk.api("out")))
    assert {"POST /records/task", "PATCH /records/task/{id}", "DELETE /records/task/{id}", "POST /records/task/{id}/transitions/drop"} <= everything
    assert "DELETE /records/task/{id}" not in worker and "POST /records/task/{id}/assign" not in worker
    assert "POST /records/task/{id}/transitions/start" in worker and "POST /records/task/{id}/transitions/drop" not in worker
    assert "POST /records/task/{id}/transitions/check" in operations(document(desk.api("mei")))
    # Whoever may read a record may join the conversation beside it, and ask for what it lacks.
    guest_writes = {o for o in guest if o.startswith(("PATCH", "DELETE", "PUT", "POST /records"))}
    assert all("/comments" in o or "/views/" in o or o.endswith(("/follow", "/asks")) or o.startswith("POST /asks/") for o in guest_writes) and "GET /records/task" in guest
    assert not any("task" in o for o in out) and "GET /records/project" in out
    assert all(o.startswith("GET") for o in operations(document(desk.api("chen", scopes=("read",)))))


def test_hidden_fields_stand_nowhere(wen: Api, guo: Api, desk: Desk) -> None:
    assert "secret" in str(document(desk.api("chen")))
    for api in (wen, guo):
        text = str(document(api))
        assert "secret" not in text and "'hidden'" not in text
    schemas = document(wen)["components"]["schemas"]
    assert "grade" in schemas["TaskFields"]["properties"] and "grade" not in schemas["TaskInput"]["properties"]
    assert "weight" not in schemas["TaskInput"]["properties"]
    assert set(schemas["TaskInput"]["properties"]["lines"]["items"]["properties"]["fields"]["properties"]) == {"name", "amount"}
    assert "budget" not in schemas["Task" + "Fields"]["properties"] or "budget" not in document(guo)["components"]["schemas"]["TaskFields"]["properties"]


def test_every_route_is_documented(desk: Desk) -> None:
    """A new address of the API fails here until the document knows it."""
    doc = document(desk.api("chen"))
    shown = {re.sub(r"/transitions/\w+$", "/transitions/{key}", o).replace("/records/task", "/records/{entity}").replace("/views/task", "/views/{entity}") for o in operations(doc)}
    for route in ROUTES:
        path = route.rule.removeprefix(BASE).replace("<int:", "<").replace("<", "{").replace(">", "}")
        for method in route.methods:
            assert path == "/openapi.json" or f"{method} {path}" in shown, f"{method} {path}"


def test_answers_fit_their_schemas(desk: Desk, wen: Api) -> None:
    made = wen.make(
        effort=5,
        details="x",
        budget={"amount": "1", "currency": "CNY"},
        share=0.5,
        starts="2026-12-01T00:00:00Z",
        takes=60,
        tags=["red"],
        helper=desk.people["lin"],
        helpers=[desk.people["mei"]],
        lines=[{"fields": {"name": "L", "amount": "1"}}],
        phone="13800138000",
        mail="a@example.com",
        due="2026-12-01",
        done=True,
    )
    doc = document(wen)
    url = f"/records/task/{made['id']}"
    for path, template in (
        (url, "/records/task/{id}"),
        ("/records/task?total=true", "/records/task"),
        ("/records/task/count", "/records/task/count"),
        ("/views/task", "/views/task"),
        (f"{url}/history", "/records/task/{id}/history"),
        (f"{url}/transitions", "/records/task/{id}/transitions"),
    ):
        schema = doc["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        errors = [f"{e.json_path}: {e.message}" for e in validator(doc, schema).iter_errors(wen.get(path).json)]
        assert errors == [], path
    refused = wen.patch(url, {"fields": {"effort": "x"}}, version=1)
    assert list(validator(doc, {"$ref": "#/components/schemas/Problem"}).iter_errors(refused.json)) == []
    closed = wen.post(f"{url}/transitions/drop", {}, version=1)
    assert closed.status_code == 409 and list(validator(doc, {"$ref": "#/components/schemas/Problem"}).iter_errors(closed.json)) == []


@pytest.mark.parametrize(
    ("fields", "good"),
    [
        ({"title": "x", "effort": "1.5", "budget": {"amount": "1", "currency": "CNY"}, "lines": [{"fields": {"name": "x"}}]}, True),
        ({"title": 7}, False),
        ({"effort": "x"}, False),
        ({"budget": "7"}, False),
        ({"weight": "1"}, False),
        ({"nonsense": 1}, False),
        ({"lines": [{"fields": {"double": 1}}]}, False),
        ({"priority": "never"}, False),
        ({"tags": ["red", "pink"]}, False),
    ],
)
def test_the_schema_of_input_agrees_with_the_road(wen: Api, fields, good) -> None:
    doc = document(wen)
    fits = validator(doc, {"$ref": "#/components/schemas/TaskInput"}).is_valid(fields)
    assert fits is good
    assert (wen.post("/records/task", {"fields": {"title": "x", **fields}}).status_code == 201) is good
