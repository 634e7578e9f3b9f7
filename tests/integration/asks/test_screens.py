"""Asks on the screens and over the API: one tap, the dialog, why a field is closed, the way to the right field, the inbox."""

from __future__ import annotations

import re

import pytest

from kernel.platform.database import count_statements
from runtime.notices.tell import tell
from tests.factories.platform import csrf_of
from tests.integration.asks.conftest import as_person, change, make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def deal(desk):
    firm = make(desk, "cat", "firm", name="Acme")
    return make(desk, "sam", "deal", name="Big one", firm=firm)


def get(desk, login, path, **headers):
    return desk.browser(login).get(f"/t/{desk.slug}{path}", headers=headers)


def post(desk, login, path, data=None, **headers):
    browser = desk.browser(login)
    return browser.post(f"/t/{desk.slug}{path}", data=data or {}, headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug), **headers})


def line(text, what):
    return next(part for part in text.split("<li>") if what in part)


def asked(desk, deal, path="terms", rule="needs", login="sam", **more):
    step = desk.application.transition("deal", "sign")[1]
    return post(desk, login, f"/e/deal/{deal}/asks", {"_step": "sign", "_rule": f"{step.uid}#{rule}", "_path": path, **more}, **HTMX)


def the_ask(desk, login="leo"):
    inbox = get(desk, login, "/inbox").text
    return re.search(r"/asks/([0-9a-f-]{36})", inbox).group(1)


def test_the_list_says_how_many_people_it_would_ask_and_one_tap_asks(desk, deal):
    listed = get(desk, "sam", f"/e/deal/{deal}/missing/sign", **HTMX).text
    assert "from 2 people: Lawyer" in line(listed, "Terms") or "from Bob, Boss" in line(listed, "Terms")
    assert "from Cat, Clerk" in line(listed, "Checked (Firm)")
    answer = asked(desk, deal, _line="1", _to="role:lawyer")
    assert answer.status_code == 200 and "Take back" in answer.text and "2 people are told" in answer.headers["HX-Trigger"]
    page = get(desk, "sam", f"/e/deal/{deal}").text
    assert "Take back" in line(page, "Terms")
    again = asked(desk, deal, _to="role:lawyer")
    assert "asked for already" in again.headers["HX-Trigger"]


def test_the_dialog_offers_roles_and_people(desk, deal):
    step = desk.application.transition("deal", "sign")[1]
    dialog = get(desk, "sam", f"/e/deal/{deal}/asks/new?_step=sign&_rule={step.uid}%23needs&_path=terms", **HTMX).text
    assert "Lawyer · 2 people" in dialog and ">Liz<" in dialog and ">Cat<" not in dialog
    assert asked(desk, deal, _to=f"person:{desk.people['liz']}", _note="Please").status_code == 200
    assert "Please" in get(desk, "liz", "/inbox").text
    refused = asked(desk, deal, _to=f"person:{desk.people['cat']}")
    assert refused.status_code == 422 and "Choose one of the people offered" in refused.text


def test_the_task_leads_to_the_field_and_back(desk, deal):
    asked(desk, deal, _to="role:lawyer", _note="Before Friday")
    one = the_ask(desk)
    go = get(desk, "leo", f"/asks/{one}?back=/t/{desk.slug}/inbox")
    assert go.status_code == 303 and f"/e/deal/{deal}?ask={one}" in go.location and go.location.endswith("at=terms#v-terms")
    page = get(desk, "leo", go.location.removeprefix(f"/t/{desk.slug}")).text
    assert "Sam asks you for Terms" in page and "Before Friday" in page and f"/e/deal/{deal}/field/terms" in page
    assert get(desk, "leo", f"/asks/{one}/banner", **HTMX).headers.get("HX-Redirect") is None
    change(desk, "leo", "deal", deal, terms="30 days")
    assert get(desk, "leo", f"/asks/{one}/banner?back=/t/{desk.slug}/inbox", **HTMX).headers["HX-Redirect"] == f"/t/{desk.slug}/inbox?done={one}"
    assert get(desk, "leo", f"/asks/{one}").status_code == 303
    assert get(desk, "sam", f"/asks/{one}").status_code == 404, "it was not asked of Sam"
    assert "Terms is there now" in get(desk, "sam", "/inbox?tab=news").text


def test_the_way_never_leads_elsewhere(desk, deal):
    asked(desk, deal, _to="role:lawyer")
    go = get(desk, "leo", f"/asks/{the_ask(desk)}?back=https://evil.example/x")
    assert "evil" not in go.location


def test_another_record_and_one_yet_to_be_made(desk, deal):
    step = desk.application.transition("deal", "sign")[1]
    guards = {g.key: g.uid for g in step.guards}
    assert post(desk, "sam", f"/e/deal/{deal}/asks", {"_step": "sign", "_rule": guards["known"], "_path": "firm.checked"}, **HTMX).status_code == 200
    go = get(desk, "cat", f"/asks/{the_ask(desk, 'cat')}")
    assert "/e/firm/" in go.location and "at=checked" in go.location
    assert get(desk, "cat", go.location.removeprefix(f"/t/{desk.slug}")).status_code == 200
    assert post(desk, "sam", f"/e/deal/{deal}/asks", {"_step": "sign", "_rule": guards["called"]}, **HTMX).status_code == 200
    go = get(desk, "bob", f"/asks/{the_ask(desk, 'bob')}?back=/t/{desk.slug}/inbox")
    assert f"/e/call/new?deal={deal}&ask=" in go.location
    form = get(desk, "bob", go.location.removeprefix(f"/t/{desk.slug}")).text
    assert "Two calls" in form and 'name="_ask"' in form
    saved = post(desk, "bob", "/e/call/new", {"topic": "x", "deal": deal, "_ask": the_ask(desk, "bob"), "_back": f"/t/{desk.slug}/inbox"})
    assert saved.status_code == 303 and saved.location == f"/t/{desk.slug}/inbox"


def test_declined_on_the_screen(desk, deal):
    asked(desk, deal, _to=f"person:{desk.people['liz']}")
    one = the_ask(desk, "liz")
    assert "Answer Sam" in get(desk, "liz", f"/asks/{one}/decline", **HTMX).text
    empty = post(desk, "liz", f"/asks/{one}/decline", {"reason": ""}, **HTMX)
    assert empty.status_code == 422 and "Say why" in empty.text
    assert post(desk, "liz", f"/asks/{one}/decline", {"reason": "Not me"}, **HTMX).status_code == 200
    assert "Not me" in get(desk, "sam", "/inbox?tab=news").text
    assert get(desk, "cat", f"/asks/{one}/decline").status_code == 404


@pytest.mark.parametrize(("field", "state", "words"), [
    ("agreed", {}, "Seller may read this field, but not change it"), ("double", {}, "This follows from: Amount"), ("locked", {"done": True}, "It opens when this changes"),
    ("amount", {}, "You may change this yourself")])
def test_why_a_field_is_closed(desk, deal, field, state, words):
    if state:
        change(desk, "sam", "deal", deal, **state)
    text = get(desk, "sam", f"/e/deal/{deal}/why/{field}", **HTMX)
    assert text.status_code == 200 and words in text.text
    if field == "agreed":
        assert "Bob" in text.text and "Ask for the change" in text.text
        assert post(desk, "sam", f"/e/deal/{deal}/asks", {"_path": "agreed"}, **HTMX).status_code == 200
        assert "You asked Boss" in get(desk, "sam", f"/e/deal/{deal}/why/{field}", **HTMX).text
    assert get(desk, "sue", f"/e/deal/{deal}/why/{field}").status_code == 404
    assert get(desk, "sam", f"/e/deal/{deal}/why/nothing").status_code == 404


def test_a_form_says_why_a_rule_closes_a_field_as_it_stands(desk, deal):
    form = get(desk, "sam", f"/e/deal/{deal}/edit").text
    assert re.search(r'data-why hx-post="[^"]*/e/deal/why/locked[^"]*"[^>]* hidden>', form), "it comes with the rule, and is open as things stand"
    # What stands in the form decides, saved or not; the way out is a field of the form.
    closed = post(desk, "sam", f"/e/deal/why/locked?id={deal}&in=f", {"done": ["", "1"]}, **HTMX)
    assert closed.status_code == 200 and "It opens when this changes" in closed.text and 'href="#f-done"' in closed.text
    assert "You may change this yourself" in post(desk, "sam", f"/e/deal/why/locked?id={deal}", {"done": ""}, **HTMX).text
    new = post(desk, "sam", "/e/deal/why/locked?in=d", {"done": ["", "1"], "name": "x"}, **HTMX)
    assert "It opens when this changes" in new.text and 'href="#d-done"' in new.text and "Ask for the change" not in new.text
    for login, path in (("sue", f"/e/deal/why/locked?id={deal}"), ("sam", "/e/deal/why/nothing"), ("sam", "/e/deal/why/locked?id=x")):
        assert post(desk, login, path, {}, **HTMX).status_code == 404
    # Nothing but the system fills it in: no way out is shown.
    fixed = post(desk, "sam", f"/e/deal/why/fixed?id={deal}", {}, **HTMX).text
    assert "not changed by hand" in fixed and "Who could" not in fixed
    assert "not changed by hand" in post(desk, "sam", f"/e/deal/{deal}/asks", {"_path": "fixed"}, **HTMX).text


def test_a_state_that_closes_the_record_is_named(desk):
    deal = make(desk, "bob", "deal", name="Done", amount="50", terms="x", firm=make(desk, "cat", "firm", name="F", checked=True))
    for n in range(2):
        make(desk, "bob", "call", topic=str(n), deal=deal)
    from runtime.records import road

    with as_person(desk, "bob") as ctx:
        road.assign(ctx, "deal", deal, owner=desk.people["sam"], version=None)
        road.transition(ctx, "deal", deal, "sign", version=None)
    assert "In “Signed” Seller may not change this" in get(desk, "sam", f"/e/deal/{deal}/why/amount", **HTMX).text


def test_the_inbox(desk, deal):
    for login in ("leo", "sue"):
        post(desk, login, "/inbox/read")
    page = get(desk, "sue", "/inbox").text
    assert "All done" in page and "data-inbox-count hidden" in page
    with desk.ctx() as ctx:
        for n in range(35):
            tell(ctx, [desk.people["sue"]], "handed_over", f"i:{deal}:{n}", entity="deal", record=deal, urgency="high" if n == 3 else "normal")
    home = desk.app.extensions["fangyuan"].tenants.get(desk.slug)[1]
    with count_statements(home) as counted:
        page = get(desk, "sue", "/inbox?tab=news").text
    few = counted.total
    assert page.count("inbox-row") == 30 and "Show older entries" in page and "Big one" not in page, "Sue can't see the deal"
    assert re.search(r"data-inbox-count>\d+<", page)
    older = re.search(r'hx-get="([^"]*before=[^"]*)"', page).group(1).replace("&amp;", "&").removeprefix(f"/t/{desk.slug}")
    assert get(desk, "sue", older, **HTMX).text.count("inbox-row") >= 5
    assert "Needs you now" in get(desk, "sue", "/inbox/popup", **HTMX).text
    assert post(desk, "sue", "/inbox/read").status_code == 303
    with count_statements(home) as counted:
        page = get(desk, "sue", "/inbox?tab=news").text
    assert counted.total <= few and "is-new" not in page
    assert get(desk, "sue", "/inbox/popup", **HTMX).status_code == 204
    assert get(desk, "sue", "/inbox?tab=nonsense").status_code == 400


def test_the_record_page_needs_no_more_statements_when_more_is_asked_for(desk, deal):
    home = desk.app.extensions["fangyuan"].tenants.get(desk.slug)[1]
    asked(desk, deal, _to=f"person:{desk.people['leo']}")
    get(desk, "sam", f"/e/deal/{deal}")
    with count_statements(home) as counted:
        get(desk, "sam", f"/e/deal/{deal}")
    before = counted.total
    for person in ("liz", "bob"):
        asked(desk, deal, _to=f"person:{desk.people[person]}")
    with count_statements(home) as counted:
        get(desk, "sam", f"/e/deal/{deal}")
    assert counted.total == before


def test_the_open_page_asks_for_its_parts(desk, deal):
    text = get(desk, "sam", f"/e/deal/{deal}/live", **HTMX).text
    assert 'id="record-head"' in text and 'id="v-amount"' in text and "data-open-steps" in text
    assert get(desk, "sue", f"/e/deal/{deal}/live", **HTMX).status_code == 404


def test_a_form_says_why_a_field_is_closed(desk, deal):
    text = get(desk, "sam", f"/e/deal/{deal}/edit").text
    assert f"/e/deal/{deal}/why/agreed" in text and f"/e/deal/{deal}/why/amount" not in text
