"""Asks over the API."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from tests.integration.asks.conftest import change, make


@pytest.fixture
def deal(desk):
    firm = make(desk, "cat", "firm", name="Acme")
    return make(desk, "sam", "deal", name="Big one", firm=firm)


def missing(desk, login, deal, what):
    doors = desk.api(login).get(f"/records/deal/{deal}/transitions").json["items"]
    return next(m for d in doors if d["key"] == "sign" for m in d["missing"] if m["what"].startswith(what))


def body(one, **more):
    path = one["ask"].get("path")
    return {"transition": "sign", "rule": one["rule"], "field": ".".join(path) if path else one["ask"]["field"], **more}


def test_asked_listed_supplied(desk, deal):
    sam, leo = desk.api("sam"), desk.api("leo")
    one = missing(desk, "sam", deal, "Terms")
    made = sam.post(f"/records/deal/{deal}/asks", body(one, role="lawyer", note="Please"), key=f"k-{deal}")
    assert made.status_code == 201 and made.json["told"] == 2 and made.json["what"] == "Terms"
    assert sam.post(f"/records/deal/{deal}/asks", body(one, role="lawyer", note="Please"), key=f"k-{deal}").headers["Idempotency-Replayed"] == "true"
    again = sam.post(f"/records/deal/{deal}/asks", body(one, role="lawyer"))
    assert again.status_code == 200 and again.json["again"] is True and again.json["id"] == made.json["id"]
    listed = leo.get("/asks").json["items"]
    assert listed[0]["id"] == made.json["id"] and listed[0]["asked_by"]["label"] == "Sam" and listed[0]["note"] == "Please"
    assert sam.get("/asks?by=me").json["items"][0]["id"] == made.json["id"]
    document = sam.get("/openapi.json").json
    Draft202012Validator({"$ref": "#/components/schemas/Ask", "components": document["components"]}).validate(made.json)
    change(desk, "leo", "deal", deal, terms="30 days")
    assert sam.get("/asks?by=me&closed=true").json["items"][0]["outcome"] == "supplied"
    assert sam.post(f"/records/deal/{deal}/asks", body(one)).status_code == 409


def test_a_field_of_another_record_by_its_path(desk, deal):
    one = missing(desk, "sam", deal, "Checked (Firm)")
    made = desk.api("sam").post(f"/records/deal/{deal}/asks", body(one))
    assert made.status_code == 201 and made.json["field"] == "firm.checked"
    assert desk.api("cat").get("/asks").json["items"][0]["id"] == made.json["id"]


def test_declined_answered_withdrawn(desk, deal):
    sam, leo, cat = desk.api("sam"), desk.api("leo"), desk.api("cat")
    one = body(missing(desk, "sam", deal, "Terms"), person=desk.people["leo"])
    id_ = sam.post(f"/records/deal/{deal}/asks", one).json["id"]
    assert cat.post(f"/asks/{id_}/decline", {"reason": "x"}).status_code == 404
    assert sam.post(f"/asks/{id_}/decline", {"reason": "x"}).status_code == 403
    assert leo.post(f"/asks/{id_}/decline", {"reason": " "}).status_code == 422
    assert leo.post(f"/asks/{id_}/answer", {"text": "Soon"}).json["answer"] == "Soon"
    assert leo.post(f"/asks/{id_}/decline", {"reason": "No"}).json["outcome"] == "declined"
    assert leo.post(f"/asks/{id_}/decline", {"reason": "No"}).status_code == 409
    id_ = sam.post(f"/records/deal/{deal}/asks", one).json["id"]
    assert leo.post(f"/asks/{id_}/withdraw").status_code == 403
    assert sam.post(f"/asks/{id_}/withdraw").json["outcome"] == "withdrawn"


@pytest.mark.parametrize("given", [{}, {"rule": 3}, {"transition": "sign", "rule": "x", "nonsense": 1}, {"field": "terms", "role": 7}])
def test_what_cannot_be_read_is_said(desk, deal, given):
    answer = desk.api("sam").post(f"/records/deal/{deal}/asks", given)
    assert answer.status_code == 422 and answer.json["problems"]
    assert desk.api("sam").get("/asks?of=you").status_code == 422 and desk.api("sam").get("/asks?x=1").status_code == 422


def test_foreign_and_missing_are_one(desk, deal):
    one = body(missing(desk, "sam", deal, "Terms"))
    assert desk.api("sue").post(f"/records/deal/{deal}/asks", one).status_code == 404
    assert desk.api("sam").post("/records/deal/nothing/asks", one).status_code == 404
    assert desk.api("cat").post(f"/records/deal/{deal}/asks", one).status_code == 404
