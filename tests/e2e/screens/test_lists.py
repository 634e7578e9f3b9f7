"""Lists and boards in a real browser, on a phone and on a desktop."""

from __future__ import annotations

import re

import pytest

from runtime.records import reading
from tests.e2e.screens.world import make_tasks

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("width", [390, 1280])


def titles(page):
    return page.locator(".row-link").all_inner_texts()


@SIZES
def test_filter_sort_search_and_back(world, open_page, width):
    make_tasks(
        world, "ann", {"title": "Paint the hall", "priority": "high", "effort": "5"}, {"title": "Paint the door", "priority": "low", "effort": "1"},
        {"title": "Order chairs", "priority": "high", "effort": "3"})
    page = open_page("ann", "/e/task?view=all_tasks", width)
    assert len(titles(page)) == 3
    page.get_by_role("searchbox").fill("Paint")
    page.wait_for_function("() => document.querySelectorAll('.row-link').length === 2")
    assert page.locator("mark").first.inner_text() == "Paint"
    page.get_by_role("link", name="Add a filter").click()
    page.locator("#filter-field").select_option("priority")
    page.locator("#filter-dialog").get_by_label("High").check()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_function("() => document.querySelectorAll('.row-link').length === 1")
    chip = page.locator(".filter-chip")
    assert "Priority is" in chip.inner_text() and "High" in chip.inner_text()
    page.locator(".row-link").click()
    page.wait_for_url(re.compile("/e/task/[0-9a-f-]{36}$"))
    page.go_back()
    page.wait_for_url(re.compile("q=Paint"))
    page.locator(".filter-remove").click()
    page.wait_for_function("() => document.querySelectorAll('.row-link').length === 2")
    if width > 767:
        page.get_by_role("link", name="Effort").click()
        page.wait_for_url(re.compile("sort=effort"))
        assert titles(page) == ["Paint the door", "Paint the hall"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@SIZES
def test_a_condition_can_be_typed_and_a_wrong_one_says_why(world, open_page, width):
    make_tasks(world, "ann", {"title": "A", "effort": "5"}, {"title": "B", "effort": "1"})
    page = open_page("ann", "/e/task?view=all_tasks&where=effort+%3E+2", width)
    assert titles(page) == ["A"]
    page = open_page("ann", "/e/task?view=all_tasks&where=efort+%3E+2", width)
    assert page.get_by_text("This condition cannot be used.").is_visible()
    # What one may not read can't be found by a condition either.
    page = open_page("ann", "/e/task?view=all_tasks&where=rate+%3E+2", width)
    assert page.get_by_text("This condition cannot be used.").is_visible()


@SIZES
def test_fifty_at_once_then_the_rest_by_scrolling(world, open_page, width):
    make_tasks(world, "ann", *({"title": f"Task {n:03d}"} for n in range(120)))
    page = open_page("ann", "/e/task?view=all_tasks", width)
    assert len(titles(page)) >= 50
    page.locator("#list-total").get_by_text("120").wait_for()
    for _round in range(6):
        page.mouse.wheel(0, 20000)
        page.wait_for_timeout(150)
    page.wait_for_function("() => document.querySelectorAll('.row-link').length === 120")
    assert len(set(titles(page))) == 120


@SIZES
def test_several_at_once(world, open_page, width):
    make_tasks(world, "ann", {"title": "A"}, {"title": "B"}, {"title": "C"})
    page = open_page("ann", "/e/task?view=all_tasks", width)
    boxes = page.locator("[data-select-row]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.locator(".bulk-bar").get_by_role("button", name="Delete").click()
    page.locator("dialog[open]").get_by_role("button", name="Delete 2").click()
    page.wait_for_function("() => document.querySelectorAll('.row-link').length === 1")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => document.querySelectorAll('.row-link').length === 3")


def test_a_refused_drop_goes_back_and_says_why(world, open_page):
    first, second = make_tasks(world, "ann", {"title": "Not ready"}, {"title": "Ready", "effort": "2"})
    page = open_page("ann", "/e/task?view=wall")
    card = page.locator(f".board-card[data-id='{first}']")
    card.wait_for()
    page.locator("[data-column=done] .board-cards").wait_for(state="attached")
    assert "Effort" in card.inner_text()
    assert "Ready to move on" in page.locator(f".board-card[data-id='{second}']").inner_text()

    def drop(id_, column):
        # The keyboard's way: Alt and arrows; the mouse goes through the same code.
        card = page.locator(f".board-card[data-id='{id_}'] a").first
        card.focus()
        for _step in range(column):
            page.keyboard.press("Alt+ArrowRight")

    drop(second, 1)
    page.locator(f"[data-column=doing] .board-card[data-id='{second}']").wait_for()
    page.wait_for_function("() => document.querySelector('#live-polite').textContent.includes('In progress')")
    with world.home.read() as conn:
        assert reading.get(world.ctx(conn, "ann"), "task", second).record.state == "doing"
    drop(second, 1)
    page.locator(".toast .grow").get_by_text("Missing").wait_for()
    page.locator(f"[data-column=doing] .board-card[data-id='{second}']").wait_for()
    with world.home.read() as conn:
        assert reading.get(world.ctx(conn, "ann"), "task", second).record.state == "doing"


@pytest.mark.parametrize("path", ["/e/task?view=all_tasks", "/e/task/board/open?view=wall", "/"])
def test_more_records_ask_no_more_often(world, client, path):
    from kernel.platform.database import count_statements

    def asked():
        signed_in = client("ann")
        # Every home of a server is a proxy of one engine: that one hears all statements.
        with count_statements(world.home.engine._proxied) as counted:
            assert signed_in.get(f"/t/acme{path}").status_code == 200
        assert counted.total > 2
        return counted.total

    make_tasks(world, "ann", *({"title": f"T{n}", "due": "2026-11-25"} for n in range(2)))
    asked()
    few = asked()
    make_tasks(world, "ann", *({"title": f"U{n}", "due": "2026-11-26"} for n in range(40)))
    assert asked() == few
