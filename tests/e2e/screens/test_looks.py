"""Board, calendar, timeline and gallery in a real browser, on a phone and on a desktop."""

from __future__ import annotations

import re

import pytest

from runtime.records import reading, road
from runtime.records.record import Input
from tests.e2e.screens.world import make_tasks

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("width", [390, 1280])


def yuan(amount):
    return {"amount": str(amount), "currency": "CNY"}


def record(world, id_, who="ann"):
    with world.home.read() as conn:
        return reading.get(world.ctx(conn, who), "task", id_).record


def card(page, id_, column=None):
    return page.locator(f"{f'[data-column={column}] ' if column else ''}.board-card[data-id='{id_}']")


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def drag(page, element, target, while_there=None):
    """With the mouse, in steps, as a hand does it."""
    element.scroll_into_view_if_needed()
    box, to = element.bounding_box(), target.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 6)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"], steps=4)
    page.mouse.move(to["x"] + to["width"] / 2, to["y"] + 120, steps=8)
    if while_there:
        while_there()
    page.mouse.move(to["x"] + to["width"] / 2, to["y"] + 130, steps=2)
    page.mouse.up()


@SIZES
def test_a_refused_move_says_why_and_a_step_that_asks_lands_the_card(world, open_page, width):
    lacking, ready = make_tasks(world, "ann", {"title": "Not ready", "budget": yuan(100)}, {"title": "Ready", "effort": "2", "budget": yuan(50)})
    page = open_page("ann", "/e/task?view=wall", width)
    card(page, lacking).wait_for()
    page.locator("[data-column=open] .count").get_by_text("2 / 2").wait_for()
    assert "¥150" in page.locator("#col-sum-open").inner_text()
    assert "Effort" in card(page, lacking).inner_text() and "Ready to move on" in card(page, ready).inner_text()
    assert fits(page)
    # What the step needs is asked for where the card was dropped, and then it lands.
    if width > 767:
        def told():
            notice = page.locator("[data-column=doing] .drop-notice")
            assert "1 still missing" in notice.inner_text() and "Effort" in notice.inner_text()

        drag(page, card(page, lacking), page.locator("[data-column=doing]"), told)
        assert page.locator(".drop-notice").count() == 0
    else:
        card(page, lacking).get_by_role("button", name="Move “Not ready”").click()
        assert "Effort" in page.locator("#move-dialog").inner_text()
        page.locator("#move-dialog").get_by_role("button", name="Start").click()
    dialog = page.locator("#step-dialog")
    dialog.get_by_label("Effort").fill("3")
    dialog.get_by_role("button", name="Start").click()
    card(page, lacking, "doing").wait_for(state="attached")
    assert record(world, lacking).state == "doing"
    # The card says at once what its next step lacks; a step nobody can take from here goes back with the reason.
    assert "At least one note" in card(page, lacking).text_content()
    if width > 767:
        drag(page, card(page, lacking, "doing"), page.locator("[data-column=review]"))
    else:
        page.locator(".board-tab", has_text="In progress").click()
        card(page, lacking).get_by_role("button", name="Move “Not ready”").click()
        page.locator("#move-dialog").get_by_role("button", name="Hand in").click()
    page.locator(".toast .grow").get_by_text("At least one note").wait_for()
    card(page, lacking, "doing").wait_for(state="attached")
    assert record(world, lacking).state == "doing"
    page.get_by_role("button", name="See what is missing").click()
    page.locator("#step-dialog").get_by_text("A summary").first.wait_for()


@SIZES
def test_a_stale_card_is_refused_and_shown_as_it_is_now(world, open_page, width):
    (id_,) = make_tasks(world, "ann", {"title": "Old words", "effort": "2"})
    page = open_page("ann", "/e/task?view=wall", width)
    card(page, id_).wait_for()
    with world.home.write() as conn:
        road.update(world.ctx(conn, "cleo"), "task", id_, Input({"title": "New words"}), version=1)

    def move():
        card(page, id_).locator("a").first.focus()
        page.keyboard.press("Alt+ArrowRight")

    move()
    page.locator(".toast .grow").get_by_text("Somebody changed this card").wait_for()
    card(page, id_, "open").get_by_text("New words").wait_for()
    assert record(world, id_).state == "open"
    move()
    card(page, id_, "doing").wait_for(state="attached")
    page.wait_for_function("() => document.querySelector('#col-count-doing').textContent === '1'")
    assert record(world, id_).state == "doing"


def test_over_a_limit_is_said_and_columns_may_be_people_or_choices(world, open_page):
    ids = make_tasks(world, "ann", *({"title": f"T{n}", "effort": "1", "priority": "low"} for n in range(3)))
    page = open_page("ann", "/e/task?view=wall")
    page.locator("#col-note-open").get_by_text("More than the 2 agreed on").wait_for()
    page.get_by_role("button", name="By Status").click()
    page.get_by_role("menuitem", name="Priority").or_(page.get_by_role("menuitemradio", name="Priority")).first.click()
    page.wait_for_url(re.compile("by=priority"))
    card(page, ids[0], "low").locator("a").first.focus()
    page.keyboard.press("Alt+ArrowLeft")
    card(page, ids[0], "normal").wait_for()
    page.wait_for_function("() => document.querySelector('#col-count-normal').textContent === '1'")
    assert record(world, ids[0]).values["priority"] == "normal"
    page.go_back()
    page.wait_for_url(re.compile("view=wall$"))


@SIZES
def test_a_day_is_changed_by_dragging_typing_or_keys_and_taken_back(world, open_page, width):
    (id_,) = make_tasks(world, "ann", {"title": "Deliver", "due": "2026-11-25"})
    page = open_page("ann", "/e/task?view=plan&on=2026-11-24", width)
    event = page.locator(f".cal-event[data-id='{id_}']:visible")
    event.wait_for()
    assert fits(page)

    def on(day):
        page.locator(f"[data-day='{day}'] .cal-event[data-id='{id_}']:visible").wait_for()

    if width > 767:
        event.drag_to(page.locator("[data-day='2026-11-27']"))
    else:
        event.get_by_role("button", name="Move “Deliver” to another day").click()
        page.locator("#day-input").fill("2026-11-27")
        page.locator("#day-dialog").get_by_role("button", name="Move", exact=True).click()
    on("2026-11-27")
    assert str(record(world, id_).values["due"]) == "2026-11-27"
    page.get_by_role("button", name="Undo").click()
    on("2026-11-25")
    assert str(record(world, id_).values["due"]) == "2026-11-25"
    page.locator(f".cal-event[data-id='{id_}']:visible a").focus()
    page.keyboard.press("Alt+ArrowRight")
    on("2026-11-26")
    # The way back keeps the days that were shown.
    page.locator(f".cal-event[data-id='{id_}']:visible a").click()
    page.wait_for_url(re.compile("/e/task/[0-9a-f-]{36}$"))
    page.go_back()
    page.wait_for_url(re.compile("on=2026-11-24"))


def test_a_press_on_a_day_enters_something_there(world, open_page):
    page = open_page("ann", "/e/task?view=plan&on=2026-11-24")
    page.locator("[data-day='2026-11-26']").click(position={"x": 60, "y": 90})
    form = page.locator("dialog[open]")
    assert form.get_by_label("Due").input_value() == "2026-11-26"
    form.get_by_label("Title").fill("Call back")
    form.get_by_role("button", name="Create").click()
    page.locator("[data-day='2026-11-26'] .cal-event:visible").get_by_text("Call back").wait_for()


@SIZES
@pytest.mark.parametrize("path", ["/e/task?view=bars&on=2026-11-24", "/e/task?view=bars&scale=quarter&on=2026-11-24", "/e/task?view=pictures", "/e/task?view=plan&scale=week&on=2026-11-24"])
def test_every_look_fits_and_leads_to_the_record(world, open_page, width, path):
    make_tasks(world, "ann", {"title": "A rather long title that has to find its place somewhere", "due": "2026-11-27", "budget": yuan(5000)})
    page = open_page("ann", path, width)
    assert fits(page)
    page.get_by_role("link", name=re.compile("A rather long title")).first.click()
    page.wait_for_url(re.compile("/e/task/[0-9a-f-]{36}$"))
    page.go_back()
    page.get_by_role("searchbox").fill("nowhere to be found")
    page.get_by_text(re.compile("Nothing")).first.wait_for()
