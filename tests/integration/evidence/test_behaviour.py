"""The behaviour log: who sees which line of it, in a fixed number of statements; the line on a record page, and marking by hand in one tap."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.records import road
from runtime.records.purging import purge
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.integration.evidence.desk import TALKS, as_person, make_task, mark, received, task_of

MINUTE = timedelta(minutes=1)
MARKING = tuple({**d, "marks": {"kind": "call", "direction": "out"}} if d.get("evidence") else d for d in TALKS)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with make_desk(settings_for("sqlite", tmp_path_factory.mktemp("behaviour"), None), FixedClock(NOW), MARKING) as made:
        yield made


@pytest.fixture(scope="module")
def task(desk: Desk) -> str:
    """A task of wen's with a short call, a typed-in one, and a click."""
    made = make_task(desk)
    received(desk, made, NOW - 20 * MINUTE, 30)
    mark(desk, made, duration=600)
    with as_person(desk, "wen") as ctx:
        road.transition(ctx, "task", made, "start", version=None)
    return made


def text(desk: Desk, login: str, path: str) -> str:
    answer = desk.browser(login).get(f"/t/{desk.slug}{path}")
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text.split('id="content"')[-1])))


def test_the_record_page_says_why_nothing_counts_yet(desk: Desk, task: str) -> None:
    page = text(desk, "wen", f"/e/task/{task}")
    assert "Answer: 2 tries, none counts yet" in page
    assert "a call lasts 1m 30s, this one 30s" in page and "typed in by hand, which does not count at this level" in page


def test_the_log_of_a_record_and_of_people(desk: Desk, task: str) -> None:
    page = text(desk, "mei", "/behaviour")
    assert "clicked “Start”" in page and "Without evidence" in page and "2 tries until then, 0 counted" in page
    assert re.search(r"Wen .*2 .*0 .*1 .*1", page), "two tries, none counts, one click, which stands alone"
    assert "Does not count" not in text(desk, "mei", "/behaviour?what=bare").split("What is shown")[-1]
    assert "Fence" in text(desk, "mei", f"/behaviour?record=task/{task}")


def test_nobody_sees_what_is_not_theirs_to_see(desk: Desk, task: str) -> None:
    other = make_task(desk, "lin")
    received(desk, other, NOW - 3 * MINUTE, 90, owner="lin")
    assert "clicked “Start”" not in text(desk, "lin", "/behaviour")  # the other team's
    assert desk.api("lin").get(f"/records/task/{task}/behaviour").status_code == 404
    assert {i["record"] for i in desk.api("wen").get("/behaviour").json["items"]} == {task}
    assert {i["record"] for i in desk.api("chen").get("/behaviour").json["items"]} == {task, other}
    assert desk.browser("out").get(f"/t/{desk.slug}/behaviour").status_code == 404
    # Who may read tasks but no talks learns that something was tried, not what.
    seen = desk.api("guo").get(f"/records/task/{task}/behaviour").json["items"]
    assert [i["why"] for i in seen if i["kind"] == "event"] == [["typed in by hand, which does not count at this level"], []]
    assert all(i["event"] is None for i in seen)


def test_the_api_filters_and_pages(desk: Desk, task: str) -> None:
    api = desk.api("chen")
    first = api.get(f"/records/task/{task}/behaviour?limit=2").json
    rest = api.get(f"/records/task/{task}/behaviour?limit=2&before={first['next']}").json
    assert len(first["items"]) == 2 and len(rest["items"]) == 1 and rest["next"] is None
    assert [i["kind"] for i in api.get("/behaviour?kind=click").json["items"]] == ["click"]
    assert {i["counts"] for i in api.get("/behaviour?counts=true").json["items"]} <= {True}
    for wrong in ("kind=x", "counts=1", "person=x", "before=1", "what=1"):
        assert api.get(f"/behaviour?{wrong}").status_code == 422, wrong


def test_one_tap_marks_by_hand_and_is_told_apart(desk: Desk) -> None:
    made = make_task(desk)
    client = desk.browser("wen")
    page = client.get(f"/t/{desk.slug}/e/task/{made}").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    url = f"/t/{desk.slug}/e/task/{made}/evidence/answer/mark"
    assert token is not None and url in page
    answer = client.post(url, data={"csrf_token": token[1]}, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "does not count" in answer.headers["HX-Trigger"]
    assert "1 tries, none counts yet" in html.unescape(answer.text)
    assert task_of(desk, made).values["first_talk_at"] is None
    line = desk.api("chen").get(f"/records/task/{made}/behaviour").json["items"][0]
    assert (line["verified"], line["counts"], line["person"]) == (False, False, desk.people["wen"])
    assert client.post(f"/t/{desk.slug}/e/task/{made}/evidence/nothing/mark", data={"csrf_token": token[1]}).status_code == 404
    assert "/evidence/answer/mark" not in desk.browser("guo").get(f"/t/{desk.slug}/e/task/{made}").text


def test_the_log_of_a_record_goes_when_it_is_purged(desk: Desk) -> None:
    made = make_task(desk, "chen")
    received(desk, made, NOW - 3 * MINUTE, 10)
    with as_person(desk, "chen") as ctx:
        road.delete(ctx, "task", made, version=None)
        purge(ctx, [("task", made)], {})
        assert ctx.conn.execute(select(t.behaviour.c.id).where(t.behaviour.c.record_id == made)).all() == []


def test_more_lines_need_no_more_statements(desk: Desk, task: str) -> None:
    def statements() -> int:
        with count_statements(desk.home) as counted:
            desk.browser("mei").get(f"/t/{desk.slug}/behaviour")
        return len(counted.statements)

    statements()
    before = statements()
    for n in range(6):
        received(desk, make_task(desk), NOW - n * MINUTE, 10)
    assert statements() <= before
