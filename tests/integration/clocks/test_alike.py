"""Records alike: the likest first, why, and the way they took; names and values only for whoever may read them. On both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.alike import find
from runtime.alike.score import likeness
from runtime.records import reading
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.integration.clocks.test_clocks import as_person, make, step

ALIKE = {
    "similarity": "past", "on": "task", "labels": {"en": "Like this one", "zh": "相似"}, "among": 'state = "closed"', "when": 'state <> "closed"', "beyond": True, "most": 3,
    "compares": {
        "priority": {"field": "priority", "weight": 2}, "area": {"field": "project.name"}, "effort": {"field": "effort", "how": "near", "weight": 2},
        "tags": {"field": "tags", "how": "shared"}, "words": {"field": "details", "how": "text"}}}


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock):
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock, (*DOCUMENTS, ALIKE)) as made:
        yield made


def closed(desk: Desk, clock: FixedClock, login: str, days: int, **fields) -> str:
    id_ = make(desk, login, reason="r", details="paint", **fields)
    clock.advance(days=days)
    step(desk, id_, "start", login)
    clock.advance(days=1)
    step(desk, id_, "finish", login)
    return id_


def test_the_likest_first_with_reasons_and_ways(desk, clock):
    near = closed(desk, clock, "wen", 4, title="near", priority="high", effort="10", tags=["red", "green"])
    closed(desk, clock, "lin", 2, title="secret name", priority="high", effort="20", tags=["red"])
    closed(desk, clock, "wen", 1, title="far", priority="low", effort="900", tags=["blue"])
    id_ = make(desk, "wen", title="now", priority="high", reason="r", effort="11", tags=["red", "green"], details="paint the fence")
    (group,) = desk.api("wen").get(f"/records/task/{id_}/similar").json["items"]
    first, second = group["records"][:2]
    assert first["id"] == near and first["score"] > second["score"] and second["id"] is None
    because = {b["field"]: b["likeness"] for b in first["because"]}
    assert because["priority"] == because["tags"] == 1 and because["effort"] == pytest.approx(10 / 11, abs=0.01) and 0 < because["details"] < 1
    assert [w["state"] for w in first["way"]] == ["open", "doing", "closed"] and first["way"][0]["seconds"] == 4 * 86400
    page = desk.browser("wen").get(f"/t/{desk.slug}/e/task/{id_}/alike").text
    assert "near" in page and "secret name" not in page and "A record of colleagues" in page and "4 days" in page
    assert f"/e/task/{id_}/alike" in desk.browser("wen").get(f"/t/{desk.slug}/e/task/{id_}").text
    assert f"/e/task/{near}/alike" not in desk.browser("wen").get(f"/t/{desk.slug}/e/task/{near}").text
    with as_person(desk, "wen") as ctx:
        record = reading.get(ctx, "task", id_).record
        with count_statements(ctx.conn) as found:
            find.find(ctx, ctx.app.similarities[0], record)
        assert found.total <= 2
    assert desk.api("lin").get(f"/records/task/{id_}/similar").status_code == 404


@pytest.mark.parametrize(("how", "mine", "other", "expected"), [
    ("equal", "a", "a", 1), ("equal", "a", "b", 0), ("equal", None, "a", None), ("equal", "a", None, 0), ("near", 10, 20, 0.5), ("near", 0, 0, 1), ("near", 5, -5, 0),
    ("shared", ("a", "b"), "|b|c|", 1 / 3), ("text", "二楼培训教室", "培训教室二楼", 0.8), ("text", "椅", "椅", 1), ("text", "", "x", None)])
def test_likeness(how, mine, other, expected):
    assert likeness(how, mine, other) == (pytest.approx(expected) if expected is not None else None)

