"""Who sees what: a rep's records are the rep's, the floor price is not for reps, and nothing of either can be found another way."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.e2e.mechanisms import keys, screen

SECRET_COMPANY = "杭州凤起路密封小店"
FLOOR = "76543"
OWNERS = {keys.REP, keys.OTHER_REP, keys.FAR_REP}


def where(condition):
    """A filter as the API takes it in the address."""
    return f"?where={quote(condition)}"


def total(api, entity, condition=None):
    """How many records of this kind somebody sees."""
    answer = api.get(f"/records/{entity}/count{where(condition) if condition else ''}")
    assert answer.status_code == 200, answer.text
    return answer.json["total"]


@pytest.fixture(scope="module")
def foreign(demo):
    """A lead of another rep of the same store."""
    return demo.api(keys.OTHER_REP).make("lead", **keys.lead_fields(SECRET_COMPANY, need="密封件陈列柜"))


@pytest.fixture(scope="module")
def deal(demo, rep):
    """An opportunity of the rep; the supervisor wrote a floor price into it, twice."""
    customer = rep.make("customer", **keys.customer_fields())["id"]
    made = rep.make("opportunity", name="云栖 · 培训教室", customer=customer, amount=keys.cny(90000))
    boss = demo.api(keys.SUPERVISOR)
    path = f"/records/opportunity/{made['id']}"
    first = boss.patch(path, {"fields": {"floor_price": keys.cny(70000)}}, version=made["version"])
    assert first.status_code == 200, first.text
    assert boss.patch(path, {"fields": {"floor_price": keys.cny(FLOOR)}}, version=first.json["version"]).status_code == 200
    return made["id"]


def problem(answer):
    """A refusal without what differs from request to request."""
    return {k: v for k, v in answer.json.items() if k != "instance"}


def test_a_foreign_record_answers_as_one_that_never_was(rep, foreign):
    nowhere = "01a20b65-0000-7000-8000-000000000000"
    for method, tail, body in (("GET", "", None), ("GET", "/history", None), ("GET", "/transitions", None), ("PATCH", "", {"fields": {"need": "x"}}),
                               ("DELETE", "", None), ("POST", "/transitions/contact", {}), ("POST", "/assign", {"owner": nowhere})):
        answers = [rep.call(method, f"/records/lead/{id_}{tail}", body, version=1) for id_ in (foreign["id"], nowhere)]
        assert [a.status_code for a in answers] == [404, 404], (method, tail)
        assert problem(answers[0]) == problem(answers[1])
    refused = rep.post("/records/visit", {"fields": keys.visit_fields(nowhere, lead=foreign["id"])})
    assert refused.status_code == 422, "it can't be pointed at either"
    other = rep.post("/records/visit", {"fields": keys.visit_fields(nowhere, lead=nowhere)})
    assert [(p["code"], p["path"]) for p in refused.json["problems"]] == [(p["code"], p["path"]) for p in other.json["problems"]]


def test_a_foreign_record_is_in_no_list_count_or_search(rep, foreign):
    for path in ("/records/lead?limit=200", "/records/lead?limit=200&q=" + quote(SECRET_COMPANY), "/records/lead" + where(f'company = "{SECRET_COMPANY}"')):
        answer = rep.get(path)
        assert answer.status_code == 200 and foreign["id"] not in answer.text and SECRET_COMPANY not in answer.text, path
    assert total(rep, "lead", f'company = "{SECRET_COMPANY}"') == 0
    assert {i["owner"]["label"] for i in rep.get("/records/lead?limit=200").json["items"]} == {"林小满"}


@pytest.mark.browser
def test_a_foreign_record_on_the_screens(people, foreign):
    page = people.page(keys.REP, f"/e/lead/{foreign['id']}")
    assert page.locator("h1").count() == 1 and SECRET_COMPANY not in page.content()
    gone = page.locator("main").inner_text()
    assert people.go(page, "/e/lead/01a20b65-0000-7000-8000-000000000000").status == 404
    assert page.locator("main").inner_text() == gone, "the same words for what is hidden and what never was"
    for path in (f"/e/lead/{foreign['id']}/edit", f"/e/lead/{foreign['id']}/do/contact", f"/e/lead/{foreign['id']}/assign"):
        assert people.go(page, path).status == 404, path
    for path in ("/e/lead?view=lead_all", "/e/lead?q=" + quote(SECRET_COMPANY), "/search?q=" + quote(SECRET_COMPANY)):
        assert people.go(page, path).status == 200
        assert foreign["id"] not in page.content() and screen.fits(page)
    answer = page.request.get(f"{people.demo.base}/lookup/visit/lead?q={quote(SECRET_COMPANY)}")
    assert answer.status == 200 and answer.json()["options"] == []


def test_team_supervisor_director_and_finance(demo, rep, foreign):
    boss, director, finance, far = (demo.api(login) for login in (keys.SUPERVISOR, keys.DIRECTOR, keys.FINANCE, keys.FAR_REP))
    assert boss.get(f"/records/lead/{foreign['id']}").status_code == 200
    assert director.get(f"/records/lead/{foreign['id']}").status_code == 200
    assert far.get(f"/records/lead/{foreign['id']}").status_code == 404
    assert total(rep, "lead") < total(boss, "lead") < total(director, "lead")
    teams = {i["team"]["label"] for i in boss.get("/records/lead?limit=200").json["items"]}
    assert teams == {"滨江店"}, "a supervisor sees the own store"
    for entity in ("lead", "visit", "contact"):
        assert finance.get(f"/records/{entity}").status_code == 404, "finance has nothing to do with these"
    states = {i["state"] for i in finance.get("/records/opportunity?limit=200").json["items"]}
    assert states == keys.FINANCE_STATES
    everything = director.get("/records/opportunity?limit=200").json["items"]
    assert total(finance, "opportunity") == len([i for i in everything if i["state"] in keys.FINANCE_STATES])
    hidden = next(i["id"] for i in everything if i["state"] not in keys.FINANCE_STATES)
    assert finance.get(f"/records/opportunity/{hidden}").status_code == 404
    shown = finance.get("/records/opportunity?limit=1").json["items"][0]
    assert not {"needs", "deciders", "competitor"} & set(shown["fields"])
    assert finance.patch(f"/records/opportunity/{shown['id']}", {"fields": {"name": "x"}}, version=shown["version"]).status_code == 403


def test_the_floor_price_is_nowhere_in_a_reps_api(demo, rep, deal):
    path = f"/records/opportunity/{deal}"
    assert json.loads(demo.api(keys.SUPERVISOR).get(path).text)["fields"]["floor_price"]["amount"] == f"{FLOOR}.00"
    for answer in (rep.get(path), rep.get(f"{path}/history"), rep.get(f"{path}/transitions"), rep.get("/records/opportunity?limit=200"), rep.get("/openapi.json")):
        assert answer.status_code == 200 and "floor_price" not in answer.text and FLOOR not in answer.text
    unknown = [rep.get("/records/opportunity" + tail.format(name)) for tail in ("?where={}%20%3E%201", "?sort={}", "?fields={}") for name in ("floor_price", "floor_prise")]
    for hidden, missing in zip(unknown[::2], unknown[1::2], strict=True):
        assert hidden.status_code == missing.status_code and hidden.status_code in (400, 422)
        same = [json.loads(a.text.replace("floor_prise", "floor_price")) for a in (hidden, missing)]
        # A hint at a field with a similar name may differ: it follows from what was typed alone.
        for answer in same:
            answer.pop("instance")
            answer["problems"] = [{k: v for k, v in p.items() if k != "hint"} for p in answer["problems"]]
        assert same[0] == same[1]
    refused = rep.patch(path, {"fields": {"floor_price": keys.cny(1)}}, version=3)
    assert refused.status_code in (403, 422)
    assert rep.get(f"/records/opportunity?q={FLOOR}").json["items"] == []


@pytest.mark.browser
def test_the_floor_price_is_nowhere_on_a_reps_screens(people, deal):
    words = ("底价", FLOOR, "76,543", "floor_price")
    page = people.page(keys.REP, None)
    for path in (f"/e/opportunity/{deal}", f"/e/opportunity/{deal}/edit", "/e/opportunity?view=opportunity_all", "/e/opportunity/new",
                 "/e/opportunity?view=opportunity_board", f"/e/opportunity/new?copy={deal}", f"/search?q={FLOOR}"):
        answer = page.goto(f"{people.demo.base}{path}")
        assert answer.status == 200, path
        found = [w for w in words if w in page.content().replace(f"q={FLOOR}", "").replace(f'value="{FLOOR}"', "").replace(f"“{FLOOR}”", "")]
        assert found == [], path
        assert screen.fits(page)
    offered = page.request.get(f"{people.demo.base}/e/opportunity/filter").text()
    assert "floor_price" not in offered and "底价" not in offered
    assert people.demo.base in page.url
    typed = page.request.get(f"{people.demo.base}/e/opportunity?where={quote('floor_price > 1')}")
    unknown = page.request.get(f"{people.demo.base}/e/opportunity?where={quote('floor_prise > 1')}")
    assert typed.status == unknown.status and deal not in typed.text()

    boss = people.page(keys.SUPERVISOR, f"/e/opportunity/{deal}")
    assert "76,543" in boss.locator("main").inner_text() and "底价" in boss.locator("main").inner_text()
