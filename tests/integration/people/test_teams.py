"""The tree of teams: made, moved, refused in a circle, dissolved into another with everything in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from kernel.platform.teams import teams_below
from runtime.people import teams
from runtime.records import road
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.platform import csrf_of
from tests.factories.work import work

BASE = "/settings/teams"


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock) as made:
        yield made


def get(desk: Desk, path: str, login: str = "chen", **more):
    return desk.browser(login).get(f"/t/{desk.slug}{path}", **more)


def post(desk: Desk, path: str, data: dict | None = None, login: str = "chen", **more):
    browser = desk.browser(login)
    headers = {"X-CSRFToken": csrf_of(browser, desk.app, desk.slug), **more.pop("headers", {})}
    return browser.post(f"/t/{desk.slug}{path}", data=data, headers=headers, **more)


def move(desk: Desk, id: str, to: str | None, login: str = "chen"):
    return post(desk, f"{BASE}/move", json={"id": id, "to": to or ""}, headers={"Accept": "application/json"}, login=login)


def below(desk: Desk, team: str) -> frozenset[str]:
    with desk.home.read() as conn:
        return teams_below(conn, team)


def test_only_administrators(desk):
    east = desk.teams["east"]
    for path in (BASE, f"{BASE}/new", f"{BASE}/{east}", f"{BASE}/{east}/dissolve"):
        assert get(desk, path, "mei").status_code == 403 and get(desk, path).status_code == 200, path
    assert move(desk, east, None, "mei").status_code == 403
    for path in (f"{BASE}/new", f"{BASE}/{east}", f"{BASE}/{east}/dissolve"):
        assert post(desk, path, {"name": "x"}, "mei").status_code == 403, path
    assert get(desk, f"{BASE}/nobody").status_code == 404


def test_made_renamed_and_moved_by_the_record_road(desk):
    east, west = desk.teams["east"], desk.teams["west"]
    assert post(desk, f"{BASE}/new", {"name": "Shop", "parent": east, "manager": desk.people["mei"]}).status_code == 303
    with desk.ctx() as ctx:
        shop = next(team for team, _depth in teams.flat(teams.tree(ctx)) if team.name == "Shop")
    assert shop.id in below(desk, east) and shop.manager == "Mei"
    assert post(desk, f"{BASE}/{shop.id}", {"name": "Store", "parent": west, "manager": ""}).status_code == 303
    assert shop.id in below(desk, west) and shop.id not in below(desk, east)
    assert move(desk, shop.id, east).status_code == 200 and shop.id in below(desk, east)
    assert move(desk, shop.id, None).status_code == 200 and shop.id not in below(desk, desk.teams["all"])
    for data in ({"name": "", "parent": ""}, {"name": "x" * 101}, {"name": "x", "parent": "nothing"}):
        assert post(desk, f"{BASE}/new", data).status_code == 422, data
    with desk.home.read() as conn:
        kinds = conn.execute(select(t.change_log.c.kind, t.change_log.c.actor_id).where(t.change_log.c.record_id == shop.id)).all()
        assert len(kinds) == 4 and {row.actor_id for row in kinds} == {desk.people["chen"]}
        assert len(conn.execute(select(t.audit).where(t.audit.c.kind == "team.changed", t.audit.c.subject == shop.id)).all()) == 4


def test_a_circle_is_refused_with_words(desk):
    whole, east = desk.teams["all"], desk.teams["east"]
    answer = move(desk, whole, east)
    assert answer.status_code == 422 and answer.json["problems"][0]["message"] == "A team can't stand below itself."
    page = post(desk, f"{BASE}/{whole}", {"name": "All", "parent": east})
    assert page.status_code == 422 and "can&#39;t stand below itself" in page.text
    assert east in below(desk, whole) and move(desk, whole, whole).status_code == 422
    for bad in ({"id": 5, "to": ""}, {"id": whole, "to": 5}, {}):
        assert post(desk, f"{BASE}/move", json=bad, headers={"Accept": "application/json"}).status_code == 404


def test_the_page_needs_no_more_statements_for_more_teams(desk):
    with count_statements(desk.home) as few:
        get(desk, BASE)
    for n in range(12):
        post(desk, f"{BASE}/new", {"name": f"Team {n}", "parent": desk.teams["east"]})
    with count_statements(desk.home) as many:
        page = get(desk, BASE).text
    assert many.total == few.total and "Team 11" in page


def test_an_empty_team_goes_at_once(desk):
    post(desk, f"{BASE}/new", {"name": "Empty"})
    with desk.ctx() as ctx:
        empty = next(team.id for team, _d in teams.flat(teams.tree(ctx)) if team.name == "Empty")
    assert "can go at once" in get(desk, f"{BASE}/{empty}/dissolve").text
    assert post(desk, f"{BASE}/{empty}/dissolve", {}).status_code == 303 and "Empty" not in get(desk, BASE).text


def test_a_team_is_dissolved_into_another_with_people_records_and_teams(desk, monkeypatch):
    monkeypatch.setattr(teams, "BATCH", 2)
    east, west = desk.teams["east"], desk.teams["west"]
    post(desk, f"{BASE}/new", {"name": "Shop", "parent": east})
    tasks = [desk.api("wen").make(title=f"T{n}")["id"] for n in range(5)]
    page = get(desk, f"{BASE}/{east}/dissolve").text
    assert all(word in page for word in ("People", "Teams below", "Task")) and '<span class="count">5</span>' in page
    assert post(desk, f"{BASE}/{east}/dissolve", {"into": ""}).status_code == 422
    assert post(desk, f"{BASE}/{east}/dissolve", {"into": east}).status_code == 422
    with desk.ctx() as ctx:
        shop = next(team.id for team, _d in teams.flat(teams.tree(ctx)) if team.name == "Shop")
    assert post(desk, f"{BASE}/{east}/dissolve", {"into": shop}).status_code == 422, "not into what stands below it"
    assert post(desk, f"{BASE}/{east}/dissolve", {"into": west}).status_code == 303
    assert post(desk, f"{BASE}/{east}/dissolve", {"into": west}).status_code == 409
    assert "Moving people and records" in get(desk, BASE).text
    work(desk.app, desk.slug)
    with desk.ctx() as ctx:
        assert {road.load(ctx, "task", id_).team for id_ in tasks} == {west} and {road.load(ctx, "task", id_).owner for id_ in tasks} == {desk.people["wen"]}
        assert {road.load(ctx, "person", desk.people[login]).values["team"] for login in ("wen", "mei", "chen")} == {west}
        assert road.load(ctx, "team", east).deleted_at is not None
    assert shop in below(desk, west) and get(desk, f"{BASE}/{east}").status_code == 404
