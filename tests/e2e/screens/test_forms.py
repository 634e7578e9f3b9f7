"""Forms in a real browser, on a phone and on a desktop."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from kernel.platform import tables as t
from runtime.records import reading, road
from runtime.records.record import Input
from tests.e2e.screens.world import make_tasks

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("width", [390, 1280])


def stored(world, id_, who="cleo"):
    with world.home.read() as conn:
        return reading.get(world.ctx(conn, who), "task", id_).record


def id_of(page):
    return re.search(r"/e/task/([0-9a-f-]{36})", page.url)[1]


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@SIZES
def test_a_form_follows_its_rules_while_one_types(world, open_page, width):
    page = open_page("ann", "/e/task/new", width)
    page.get_by_label("Title").fill("Repair the roof")
    reason = page.locator("[data-field=reason]")
    assert reason.is_hidden()
    page.get_by_role("switch", name="Urgent").check()
    reason.wait_for(state="visible")
    assert reason.get_attribute("data-required") is not None
    page.get_by_role("button", name="Create").click()
    page.locator(".error-summary").wait_for()
    assert "needed" in page.locator("#f-reason-error").inner_text()
    assert page.get_by_label("Title").input_value() == "Repair the roof"
    assert page.get_by_role("switch", name="Urgent").is_checked()
    page.locator("#f-reason").fill("It rains in")
    # Computed at once, without the server.
    page.locator("#f-effort").fill("41")
    page.locator("[data-output=level]").get_by_text("L", exact=True).wait_for()
    # The kinds on offer follow the place.
    page.locator("#f-area").select_option("site")
    page.wait_for_function("() => !document.querySelector('#f-kind option[value=call]') && document.querySelector('#f-kind option[value=repair]')")
    page.locator("#f-kind").select_option("repair")
    page.get_by_role("button", name="Add a row").click()
    page.locator("#f-items-0-name").fill("Tiles")
    page.locator("#f-items-0-hours").fill("2")
    page.locator("#f-items-0-price").fill("1,250.5")
    page.get_by_role("button", name="Add a row").click()
    page.locator("#f-items-1-name").fill("Ladder")
    page.locator("#f-items-1-hours").fill("1")
    page.locator("#f-items-1-price").fill("100")
    page.locator("[data-output=total]").get_by_text("2,601", exact=False).wait_for()
    assert fits(page)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/e/task/[0-9a-f-]{36}$"))
    record = stored(world, id_of(page))
    assert (record.values["reason"], record.values["kind"], record.values["level"]) == ("It rains in", "repair", "L")
    assert [row.values["name"] for row in record.values["items"]] == ["Tiles", "Ladder"]
    assert fits(page)


@SIZES
def test_errors_stand_beside_their_rows_and_on_top(world, open_page, width):
    page = open_page("ann", "/e/task/new", width)
    page.get_by_label("Title").fill("Paint")
    page.get_by_role("button", name="Add a row").click()
    page.locator("#f-items-0-hours").fill("many")
    page.get_by_role("button", name="Create").click()
    page.locator(".error-summary").wait_for()
    assert page.locator("#f-items-0-hours").input_value() == "many"
    assert "no number" in page.locator("#f-items-0-hours-error").inner_text()
    assert fits(page)
    page.locator("#f-items-0-hours").fill("3")
    page.locator("#f-items-0-name").fill("Brush")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/e/task/[0-9a-f-]{36}$"))


@SIZES
def test_a_closed_tab_loses_nothing(world, open_page, width):
    page = open_page("ann", "/e/task/new", width)
    page.get_by_label("Title").fill("Half a thought")
    page.get_by_role("button", name="Add a row").click()
    page.locator("#f-items-0-name").fill("Wood")
    page.get_by_text("Draft saved").wait_for()
    page.context.close()
    # Another device: nothing but the server knows of it.
    page = open_page("ann", "/e/task/new", width)
    page.get_by_text("You have a draft of 10:32.").wait_for()
    assert page.get_by_label("Title").input_value() == ""
    page.get_by_role("link", name="Go on with it").click()
    page.locator("#f-items-0-name").wait_for()
    assert page.get_by_label("Title").input_value() == "Half a thought"
    assert page.locator("#f-items-0-name").input_value() == "Wood"
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/e/task/[0-9a-f-]{36}$"))
    with world.home.read() as conn:
        assert conn.execute(select(func.count()).select_from(t.form_draft)).scalar_one() == 0


def test_a_draft_can_be_thrown_away_and_is_nobody_elses(world, open_page):
    page = open_page("ann", "/e/task/new")
    page.get_by_label("Title").fill("Not this")
    page.get_by_text("Draft saved").wait_for()
    page.context.close()
    other = open_page("bob", "/e/task/new")
    assert other.get_by_text("You have a draft").count() == 0
    page = open_page("ann", "/e/task/new")
    # Enter sends the form; it is not the draft's "Discard", though that button stands first.
    page.get_by_label("Title").press("Enter")
    page.locator(".error-summary").wait_for()
    page = open_page("ann", "/e/task/new")
    page.get_by_role("button", name="Discard").click()
    page.wait_for_load_state()
    assert page.get_by_text("You have a draft").count() == 0


@SIZES
def test_what_is_not_there_yet_is_made_in_place(world, open_page, width):
    page = open_page("ann", "/e/task/new", width)
    page.get_by_label("Title").fill("Plan the move")
    box = page.locator("[data-field=project] .ts-control input")
    box.fill("Warehouse")
    page.locator("[data-field=project] .ts-dropdown .create").click()
    dialog = page.locator("#new-dialog")
    dialog.wait_for()
    assert dialog.locator("#d-name").input_value() == "Warehouse"
    dialog.get_by_role("button", name="Create").click()
    dialog.wait_for(state="detached")
    page.locator("[data-field=project] .item").get_by_text("Warehouse").wait_for()
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/e/task/[0-9a-f-]{36}$"))
    assert stored(world, id_of(page)).values["project"] is not None


@SIZES
def test_a_value_is_changed_where_it_stands_and_taken_back(world, open_page, width):
    id_ = make_tasks(world, "ann", {"title": "Sweep", "effort": "2"})[0]
    page = open_page("ann", f"/e/task/{id_}", width)
    page.locator("#v-effort .value-edit").click()
    box = page.locator("#i-effort")
    box.wait_for()
    box.fill("nonsense")
    page.locator("#v-effort").get_by_role("button", name="Save").click()
    page.locator("#i-effort-error").get_by_text("no number", exact=False).wait_for()
    page.locator("#i-effort").fill("50")
    page.locator("#i-effort").press("Enter")
    page.locator("#v-effort .saved").wait_for()
    assert stored(world, id_).values["effort"] == 50
    # What follows from it moves along.
    page.locator("#v-level").get_by_text("L", exact=True).wait_for()
    page.locator("#v-effort").get_by_role("button", name="Undo").click()
    page.locator("#v-effort").get_by_text("2.0", exact=False).wait_for()
    assert stored(world, id_).values["effort"] == 2
    assert fits(page)


@SIZES
def test_nobody_overwrites_anybody_unseen(world, open_page, width):
    id_ = make_tasks(world, "ann", {"title": "Sweep", "effort": "2", "contact": "13800138000"})[0]
    page = open_page("ann", f"/e/task/{id_}/edit", width)
    with world.home.write() as conn:
        road.update(world.ctx(conn, "cleo"), "task", id_, Input({"effort": "8", "contact": "13900139000"}), version=1)
    page.locator("#f-effort").fill("3")
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.locator("#conflict-dialog")
    dialog.wait_for()
    row = dialog.locator("[data-conflict=effort]").inner_text()
    assert "2.0" in row and "8.0" in row and "3.0" in row
    assert stored(world, id_).values["effort"] == 8
    dialog.get_by_role("button", name="Save what is chosen").click()
    page.wait_for_url(re.compile(r"/e/task/[0-9a-f-]{36}$"))
    record = stored(world, id_)
    # My change stands; what I did not touch stays theirs.
    assert record.values["effort"] == 3
    assert "13900139000" in record.values["contact"]


@SIZES
def test_a_closed_step_says_what_is_missing_and_opens(world, open_page, width):
    id_ = make_tasks(world, "ann", {"title": "Sweep"})[0]
    page = open_page("ann", f"/e/task/{id_}", width)
    page.locator("#record-head").get_by_role("button", name=re.compile("Start")).click()
    page.get_by_text("Effort", exact=True).first.wait_for()
    page.get_by_role("link", name="Fill in").click()
    dialog = page.locator("#step-dialog")
    dialog.locator("#t-effort").fill("4")
    dialog.get_by_role("button", name="Start").click()
    page.get_by_text("now here").wait_for(state="attached")
    page.wait_for_function("() => document.querySelector('.path-current')?.textContent.includes('In progress')")
    assert stored(world, id_).state == "doing"
    # The next one lacks a note and a summary.
    page.locator("#record-head").get_by_role("button", name=re.compile("Hand in")).click()
    missing = page.locator(".missing")
    assert "At least one note" in missing.inner_text() and "A summary" in missing.inner_text()
    assert fits(page)


def test_what_is_missing_is_added_in_place_and_the_step_opens(world, open_page):
    id_ = make_tasks(world, "ann", {"title": "Sweep", "effort": "2", "summary": "Sweep the whole yard"})[0]
    with world.home.write() as conn:
        road.transition(world.ctx(conn, "ann"), "task", id_, "start", version=None)
    page = open_page("ann", f"/e/task/{id_}")
    page.locator("#record-head").get_by_role("button", name=re.compile("Hand in")).click()
    page.locator(".missing").get_by_role("link", name="Add").click()
    dialog = page.locator("#new-dialog")
    dialog.get_by_role("button", name="Create").click()
    dialog.locator(".error-summary").wait_for()
    dialog.locator("#d-text").fill("Looked at it")
    dialog.get_by_role("button", name="Create").click()
    page.locator("#record-head").get_by_role("link", name="Hand in").wait_for()
    page.locator("#record-head").get_by_role("link", name="Hand in").click()
    page.locator("#step-dialog").get_by_role("button", name="Hand in").click()
    page.wait_for_function("() => document.querySelector('.path-current')?.textContent.includes('In review')")
    assert stored(world, id_).state == "review"


def test_long_tables_draw_what_is_seen_and_send_everything(world, open_page):
    items = [{"fields": {"name": f"Item {n}", "hours": "1", "price": "2"}} for n in range(200)]
    [id_] = make_tasks(world, "ann", {"title": "Long", "items": items})
    page = open_page("ann", f"/e/task/{id_}/edit")
    assert page.locator("[data-child-row]").count() == 200 and page.locator("[data-undrawn]").count() == 100
    # What is not drawn counts: in what follows from it, and in what is found on the page.
    page.locator("#f-items-0-hours").fill("11")
    page.locator("[data-output=total]").get_by_text("420", exact=False).wait_for()
    page.get_by_text("Item 150 · 1", exact=False).wait_for()
    # The keyboard reaches it: the row has its controls, the focus stands in the first, and what follows is in words.
    page.locator("[data-undrawn='150'] [data-child-draw]").focus()
    page.wait_for_function("() => document.activeElement.id === 'f-items-150-name'")
    assert page.locator("#f-items-150-name").input_value() == "Item 150" and "2" in page.locator("#f-items-150-cost").inner_text()
    page.keyboard.press("Control+A")
    page.keyboard.type("In the middle")
    # So does whoever scrolls.
    page.locator("[data-undrawn='199']").scroll_into_view_if_needed()
    page.locator("#f-items-199-name").fill("")
    page.locator("#f-items-199-price").fill("4")
    page.locator("[data-output=total]").get_by_text("422", exact=False).wait_for()
    page.get_by_role("button", name="Save").click()
    # A row far down is refused: the summary leads to it.
    page.locator(".error-summary").get_by_role("link").click()
    page.wait_for_function("() => document.activeElement.id === 'f-items-199-name'")
    assert page.locator("[data-undrawn='150']").count() == 1 and page.locator("[data-undrawn='199']").count() == 0
    page.locator("#f-items-199-name").fill("The last")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/e/task/[0-9a-f-]{36}$"))
    rows = stored(world, id_).values["items"]
    assert len(rows) == 200 and [rows[n].values["name"] for n in (0, 120, 150, 199)] == ["Item 0", "Item 120", "In the middle", "The last"]
    assert (rows[0].values["hours"], rows[199].values["price"], rows[120].values["price"]) == (11, 4, 2)
