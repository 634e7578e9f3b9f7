"""Whose hours count, and the page that shows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.clocks import whose
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for

WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-18:00")
CALENDARS = (
    {"calendar": "office", "labels": {"en": "Office", "zh": "办公"}, "week": WEEK, "holidays": "CN", "default": True,
     "days": {"party": {"from": "2026-12-31", "labels": {"en": "Party", "zh": "年会"}}}},
    {"calendar": "open", "labels": {"en": "Opening hours", "zh": "营业"}, "week": {**WEEK, "sat": "10:00-16:00"}},
)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock, (*DOCUMENTS, *CALENDARS)) as made:
        yield made


def test_a_team_without_a_calendar_follows_the_team_above_it(desk):
    with desk.ctx() as ctx:
        assert whose.of_team(ctx, desk.teams["east"]).key == whose.of_team(ctx, None).key == "office"
        road.update(ctx, "team", desk.teams["all"], Input({"calendar": "open"}), version=None)
        assert whose.keys_of(ctx, [desk.teams["east"], desk.teams["west"], None]) == {desk.teams["east"]: "open", desk.teams["west"]: "open"}
        road.update(ctx, "team", desk.teams["west"], Input({"calendar": "office"}), version=None)
        assert whose.of_team(ctx, desk.teams["west"]).key == "office" and whose.of_team(ctx, desk.teams["east"]).key == "open"
        with count_statements(ctx.conn) as count:
            whose.keys_of(ctx, list(desk.teams.values()))
        assert count.total == 1


def test_without_calendars_there_is_none(tmp_path, clock):
    with make_desk(settings_for("sqlite", tmp_path, None), clock) as desk:
        with desk.ctx() as ctx:
            assert whose.of_team(ctx, desk.teams["east"]) is None
        assert "No calendar yet" in desk.browser("wen").get(f"/t/{desk.slug}/settings/calendars").text


def test_the_year_shows_what_differs(desk):
    with desk.ctx() as ctx:
        road.update(ctx, "team", desk.teams["east"], Input({"calendar": "open"}), version=None)
    page = desk.browser("wen").get(f"/t/{desk.slug}/settings/calendars?year=2026").text
    assert "National Day" in page and "Make-up working day" in page and "Party" in page and "every team without a calendar of its own" in page
    assert page.count("<table") == 12 and page.count('datetime="2026-') == 365
    other = desk.browser("wen").get(f"/t/{desk.slug}/settings/calendars?calendar=open").text
    assert "10:00-16:00" in other and "East" in other and "National Day" not in other
    assert "not published yet" in desk.browser("wen").get(f"/t/{desk.slug}/settings/calendars?year=2031").text


@pytest.mark.parametrize("asked", ["?year=abc", "?year=99999", "?calendar=gone&year=-1", "?year=²"])
def test_what_cant_be_shown_falls_back(desk, asked):
    answer = desk.browser("wen").get(f"/t/{desk.slug}/settings/calendars{asked}")
    assert answer.status_code == 200 and "Office" in answer.text


def test_an_unknown_calendar_is_refused(desk):
    answer = desk.api("chen").patch(f"/records/team/{desk.teams['east']}", {"fields": {"calendar": "moon"}}, version=1)
    assert answer.status_code == 422 and answer.json["problems"][0]["path"] == "fields.calendar"
