"""Clocks as conditions and order of lists, in saved views and over the API; what a reader may not know stays out of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.clocks.find import Wanted, find
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.integration.clocks.test_clocks import as_person, change, make, step

RULES = (
    {"clock": "answer", "on": "task", "labels": {"en": "Answer", "zh": "回应"}, "counts": "elapsed", "target": "3600", "starts": 'state = "open"', "pauses": 'area = "south"'},
    {"clock": "costly", "on": "task", "labels": {"en": "Costly", "zh": "贵"}, "counts": "elapsed", "target": "600", "starts": "NOT(ISBLANK(budget))", "done": "FALSE"},
)


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: FixedClock):
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    folder: Path = tmp_path_factory.mktemp("finding")
    with make_desk(settings_for(request.param, folder, url), clock, (*DOCUMENTS, *RULES)) as made:
        made.ids = _fill(made, clock)  # type: ignore[attr-defined]
        yield made


def _fill(desk: Desk, clock: FixedClock) -> dict[str, str]:
    """One in each state, seen an hour and five minutes after the first."""
    ids = {name: make(desk, title=name) for name in ("overdue", "kept", "late")}
    clock.advance(minutes=15)
    step(desk, ids["kept"], "start")
    ids["soon"], ids["paused"] = make(desk, title="soon"), make(desk, title="paused", area="south")
    clock.advance(minutes=48)
    ids["intime"] = make(desk, "chen", title="intime", budget={"amount": "5", "currency": "CNY"})
    ids["other"] = make(desk, "lin", title="other")
    step(desk, ids["late"], "start")
    return ids


def titles(desk: Desk, login: str, **args: str) -> list[str]:
    answer = desk.api(login).get(f"/records/task?{urlencode(args)}")
    assert answer.status_code == 200, answer.text
    return [r["fields"]["title"] for r in answer.json["items"]]


@pytest.mark.parametrize(("state", "found"), [
    ("overdue", {"overdue"}), ("soon", {"soon"}), ("intime", {"intime", "other"}), ("paused", {"paused"}), ("kept", {"kept"}), ("late", {"late"}),
    ("running", {"overdue", "soon", "intime", "other"})])
def test_states_as_conditions(desk, state, found):
    assert set(titles(desk, "chen", where=f"clock.answer_{state}")) == found
    assert set(titles(desk, "chen", where=f"NOT(clock.answer_{state})")) == set(desk.ids) - found


def test_least_time_first_and_page_by_page(desk):
    order = titles(desk, "chen", sort="clock.due")
    assert order[:4] == ["overdue", "soon", "intime", "other"] or order[:4] == ["overdue", "intime", "soon", "other"]
    first = desk.api("chen").get("/records/task?sort=clock.due&limit=3").json
    second = desk.api("chen").get(f"/records/task?sort=clock.due&limit=3&cursor={first['next_cursor']}").json
    assert [r["fields"]["title"] for r in (*first["items"], *second["items"])] == order[:6]
    assert titles(desk, "chen", where="clock.due < NOW()") == ["overdue"]


def test_a_promise_that_rests_on_a_hidden_field_is_not_known(desk):
    answer = desk.api("guo").get("/records/task?where=clock.costly_running")
    assert answer.status_code == 422 and "costly" in answer.json["problems"][0]["message"]
    assert set(titles(desk, "guo", where="clock.running")) == {"overdue", "soon", "intime", "other"}
    assert set(titles(desk, "chen", where="clock.costly_running")) == {"intime"}
    assert [c["clock"] for c in desk.api("guo").get(f"/clocks?record={desk.ids['intime']}").json["items"]] == ["answer"]
    assert desk.api("out").get("/records/task?where=clock.running").status_code == 404


def test_chips_filter_and_sort_the_list_and_a_view_keeps_them(desk):
    browser = desk.browser("mei")
    page = browser.get(f"/t/{desk.slug}/e/task").text
    assert "f=clock.in.overdue" in page and "sort=clock.due" in page
    page = browser.get(f"/t/{desk.slug}/e/task?f=clock.in.overdue~soon").text
    assert "soon</a>" in page and "kept</a>" not in page and page.count('aria-current="true"') >= 2
    form = browser.get(f"/t/{desk.slug}/e/task/filter?field=clock:answer").text
    assert "kept late" in form and "Answer" in form
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    made = browser.post(f"/t/{desk.slug}/e/task/views?f=clock.in.overdue&sort=clock.due", data={"csrf_token": token, "name": "Urgent", "audience": "me"})
    assert made.status_code == 303, made.text
    page = browser.get(made.headers["Location"]).text
    assert "Urgent" in page and "overdue</a>" in page and "kept</a>" not in page and "left out" not in page


def test_the_api_finds_clocks(desk, clock):
    api = desk.api("mei")
    found = api.get("/clocks?policy=answer&state=running,paused").json
    assert [c["record"]["label"] for c in found["items"]] == ["overdue", "soon", "intime", "paused"] and found["next_cursor"] is None
    assert [c["tone"] for c in found["items"]] == ["breach", "warning", "ontime", "paused"] and found["items"][3]["paused"] == 48 * 60
    pages, cursor = [], ""
    while cursor is not None:
        answer = api.get(f"/clocks?policy=answer&state=running,paused&limit=1{f'&cursor={cursor}' if cursor else ''}").json
        pages += [c["record"]["label"] for c in answer["items"]]
        cursor = answer["next_cursor"]
    assert pages == ["overdue", "soon", "intime", "paused"]
    late = api.get("/clocks?state=late&policy=answer").json["items"]
    assert [(c["record"]["id"], c["late"]) for c in late] == [(desk.ids["late"], 180)]
    assert [c["record"]["label"] for c in api.get(f"/clocks?state=running&due_before={clock.now():%Y-%m-%dT%H:%M:%SZ}").json["items"]] == ["overdue"]
    assert [c["record"]["label"] for c in desk.api("wen").get("/clocks?state=running&owner=me").json["items"]] == ["overdue", "soon"]
    assert "/clocks" in api.get("/openapi.json").json["paths"]


@pytest.mark.parametrize("query", [
    "state=gone", "due_before=soon", "due_before=2026-11-24T03:10:00", "limit=0", "limit=501", "cursor=x", "stat=running", "cursor=00000000-0000-7000-8000-000000000000"])
def test_what_cant_be_read_is_refused(desk, query):
    answer = desk.api("chen").get(f"/clocks?{query}")
    assert answer.status_code == 422 and answer.json["problems"][0]["message"]


def test_statements_do_not_grow(desk):
    with as_person(desk, "chen") as ctx:
        with count_statements(ctx.conn) as one:
            find(ctx, Wanted(limit=1))
        with count_statements(ctx.conn) as many:
            find(ctx, Wanted(limit=100))
        assert one.total == many.total <= 2
    change(desk, desk.ids["soon"], details="x")
