"""What the checks say about working calendars; the same document as YAML, tree and value."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from builder.checks.run import check_tree
from kernel.calendars.compiled import calendar_of
from kernel.model.application import build
from tests.examples.interesting import application, interesting, nodes

WEEK = {"mon": "09:00-18:00"}


def found(*documents: dict[str, Any]) -> set[tuple[str, str]]:
    return {(f.code, f.path) for f in check_tree(nodes(documents)) if f.severity == "error"}


def test_a_sound_calendar_has_no_findings():
    assert found({"calendar": "office", "week": WEEK, "holidays": "DE-BY", "zone": "Europe/Berlin", "make_up": "09:00-12:00", "default": True,
                  "days": {"x": {"from": "2026-12-24", "to": "2026-12-31"}}}) == set()


@pytest.mark.parametrize(("body", "finding"), [
    ({"week": {"mon": "nine to five"}}, ("hours_unreadable", "week.mon")),
    ({"week": {"mon": "09:00-12:00, 11:00-13:00"}}, ("hours_overlap", "week.mon")),
    ({"week": WEEK, "make_up": "late"}, ("hours_unreadable", "make_up")),
    ({"week": {"mon": ""}}, ("no_working_time", "week")),
    ({"week": WEEK, "zone": "Mars/Olympus"}, ("unknown_zone", "zone")),
    ({"week": WEEK, "holidays": "XX"}, ("unknown_country", "holidays")),
    ({"week": WEEK, "days": {"x": {"from": "2026-12-31", "to": "2026-12-24"}}}, ("ends_before", "to")),
    ({"week": WEEK, "days": {"x": {"from": "2026-12-31", "hours": "?"}}}, ("hours_unreadable", "hours")),
    ({"week": {"monday": "09:00-18:00"}}, ("schema_enum", "week")),
    ({}, ("missing", "week")),
])
def test_what_is_wrong_is_named_where_it_stands(body, finding):
    assert finding in found({"calendar": "office", **body})


def test_two_defaults_are_one_too_many():
    assert ("two_defaults", "default") in found({"calendar": "a", "week": WEEK, "default": True}, {"calendar": "b", "week": WEEK, "default": True})


def test_a_calendar_becomes_a_value_once_per_application_and_zone():
    app, zone = interesting(), ZoneInfo("Asia/Shanghai")
    office = calendar_of(app, "office", zone)
    assert office is not None and office is calendar_of(app, None, zone) is calendar_of(app, "gone", zone)
    assert office.is_off(date(2026, 10, 1)) and not office.is_off(date(2026, 10, 10))
    assert office.day(date(2026, 12, 31)).kind == "exception_work"
    assert calendar_of(app, "shop", zone) is not office and calendar_of(application(), None, zone) is None
    assert calendar_of(build(nodes([{"calendar": "x", "week": WEEK, "zone": "Europe/Paris"}])), "x", zone).zone.key == "Europe/Paris"
