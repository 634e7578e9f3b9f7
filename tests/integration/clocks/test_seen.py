"""What people and programs see of clocks, and that the ledger gives the due time to a stranger."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.platform.database import count_statements
from tests.factories.desk import Desk
from tests.integration.clocks.test_clocks import change, desk, go, make, step  # noqa: F401 - a fixture


def seen(desk: Desk, id: str, login: str = "wen"):  # noqa: F811
    answer = desk.api(login).get(f"/records/task/{id}/clocks")
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_stranger_can_recompute_the_due_time_from_the_ledger(desk, clock):  # noqa: F811
    id = make(desk, priority="high", reason="r")
    clock.advance(minutes=5)
    change(desk, id, area="south")
    clock.advance(minutes=20)
    change(desk, id, area="north")
    (one,) = seen(desk, id)
    assert (one["state"], one["tone"], one["target"], one["calendar"], one["label"]) == ("running", "ontime", 900, "office", "First answer")
    assert [(s["kind"], s["seconds"]) for s in one["segments"]] == [("counted", 300), ("paused", 1200), ("counted", 600)]
    assert moment(one["segments"][0]["from"]) == moment(one["started_at"]) and one["segments"][-1]["to"] == one["due_at"]
    assert all(a["to"] == b["from"] for a, b in zip(one["segments"], one["segments"][1:], strict=False))
    assert sum(s["seconds"] for s in one["segments"] if s["kind"] == "counted") == one["target"]
    assert [p["why"] for p in one["plans"]] == [["started"], ["paused"], ["resumed"]]
    assert [s["label"] for s in one["steps"]] == ["answer soon", "not answered in time", "Later"]


def test_tones_follow_the_time(desk, clock):  # noqa: F811
    id = make(desk, priority="high", reason="r")
    assert seen(desk, id)[0]["tone"] == "ontime"
    go(desk, clock, "11-24 10:45")
    assert seen(desk, id)[0]["tone"] == "warning"
    go(desk, clock, "11-24 10:50")
    (one,) = seen(desk, id)
    assert one["tone"] == "breach" and one["breached_at"] == one["due_at"] and one["left"] == 0
    step(desk, id, "start")
    tones = {c["clock"]: (c["tone"], c["late"]) for c in seen(desk, id)}
    assert tones == {"stay": ("ontime", None), "answer": ("late", 180)}


def test_foreign_and_hidden_are_the_same_404(desk):  # noqa: F811
    id = make(desk)
    for login in ("lin", "out"):
        assert desk.api(login).get(f"/records/task/{id}/clocks").status_code == 404
    assert desk.browser("lin").get(f"/t/{desk.slug}/e/task/{id}/clocks/x").status_code == 404
    assert desk.browser("wen").get(f"/t/{desk.slug}/e/task/{id}/clocks/x").status_code == 404


def test_who_may_not_read_what_a_promise_looks_at_sees_no_clock(desk):  # noqa: F811
    """Guo reads tasks, but not their budget."""
    id = make(desk, priority="high", reason="r", budget={"amount": "5", "currency": "CNY"})
    assert [c["clock"] for c in seen(desk, id, "wen")] == ["answer", "costly"]
    assert [c["clock"] for c in seen(desk, id, "guo")] == ["answer"]
    assert "Costly" not in desk.browser("guo").get(f"/t/{desk.slug}/e/task/{id}").text


def test_the_record_page_shows_the_clocks_and_why(desk, clock):  # noqa: F811
    id = make(desk, priority="high", reason="r")
    browser = desk.browser("wen")
    page = browser.get(f"/t/{desk.slug}/e/task/{id}").text
    assert "First answer" in page and 'data-behaviour="clock"' in page
    (one,) = seen(desk, id)
    why = browser.get(f"/t/{desk.slug}/e/task/{id}/clocks/{one['id']}").text
    assert "How it was counted" in why and "answer soon" in why and "15 min" in why
    go(desk, clock, "11-24 11:00")
    assert "past due" in browser.get(f"/t/{desk.slug}/e/task/{id}").text


def test_lists_show_the_most_urgent_clock_in_one_statement(desk, clock):  # noqa: F811
    make(desk, priority="high", reason="r")
    browser = desk.browser("wen")
    with count_statements(desk.home) as few:
        assert "clock-pill" in browser.get(f"/t/{desk.slug}/e/task").text
    for _n in range(8):
        make(desk, priority="high", reason="r")
    with count_statements(desk.home) as many:
        assert browser.get(f"/t/{desk.slug}/e/task").text.count("clock-pill") == 9
    assert many.total == few.total
    clock.advance(timedelta(hours=1))
    assert "overdue" in browser.get(f"/t/{desk.slug}/e/task").text


def test_the_api_says_that_there_are_clocks(desk):  # noqa: F811
    paths = desk.api("wen").get("/openapi.json").json["paths"]
    assert "/records/task/{id}/clocks" in paths
