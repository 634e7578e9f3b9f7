"""A list arranged, saved, shared and worked in, on a phone and on a desktop."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.e2e.mechanisms import keys, screen

pytestmark = pytest.mark.browser
NUMBERS = itertools.count(1)  # a second try of a test makes views of its own


@pytest.fixture(scope="module")
def leads(demo):
    """Two leads of the rep and one of a colleague, with a word that nothing else holds."""
    rep, other = demo.api(keys.REP), demo.api(keys.OTHER_REP)
    return [
        rep.make("lead", **keys.lead_fields("雁荡培训", source="exhibition", fair="秋季展", budget=keys.cny(120000), email="yandang@example.com"))["id"],
        rep.make("lead", **keys.lead_fields("雁荡书院", source="exhibition", fair="雁荡展", budget=keys.cny(80000)))["id"],
        other.make("lead", **keys.lead_fields("雁荡茶社", source="exhibition", fair="秋季展", budget=keys.cny(50000)))["id"]]


def heads(page):
    return page.locator("thead th[data-key]").evaluate_all("all => all.map(th => th.dataset.key)")


def test_a_view_is_arranged_saved_shared_and_seen_by_a_colleague(people, leads, size):
    name = f"展会 {size} {next(NUMBERS)}"
    page = people.page(keys.SUPERVISOR, "/e/lead?q=雁荡")
    page.get_by_role("link", name="加条件").click()
    page.locator("#filter-field").select_option("source")
    page.locator("#filter-dialog").get_by_label("展会").check()
    page.locator("#filter-dialog").get_by_role("button", name="应用").click()
    page.locator(".filter-chip").wait_for()
    # Columns, a figure, groups: one panel.
    page.get_by_role("link", name="显示", exact=True).click()
    panel = page.locator("#display-dialog")
    panel.locator("#display-group").select_option("owner")
    panel.locator("input[name=columns][value=fair]").check()
    panel.locator("input[name=columns][value=next_on]").uncheck()
    panel.locator("select[name=total-budget]").select_option("max")
    panel.locator(".column-line[data-id=budget] input").focus()
    page.keyboard.press("Alt+ArrowUp")
    panel.get_by_role("button", name="应用").click()
    page.locator(".group-row").first.wait_for()
    assert heads(page) == ["_title", "grade", "state", "owner", "budget", "source", "fair"]
    page.locator("#list-figures").get_by_text("最大").wait_for()
    page.locator('.row-link:has-text("雁荡茶社")').wait_for()
    assert page.locator(".group-row").count() == 2
    page.locator(".view-changed").get_by_role("link", name="存为视图").click()
    page.locator("#view-name").fill(name)
    page.locator("#view-dialog").get_by_label("我的团队").check()
    page.locator("#view-dialog").get_by_role("button", name="保存").click()
    page.wait_for_url(re.compile(r"view=[0-9a-f-]{36}$"))
    screen.ready(page)
    assert page.locator(".view-changed").count() == 0 and screen.fits(page)
    address = page.url.partition("/e/lead")[2]

    colleague = people.page(keys.REP, "/e/lead")
    tab = colleague.locator("#list-tabs .tab", has_text=name)
    tab.wait_for()
    colleague.goto(tab.evaluate("tab => tab.href"))
    screen.ready(colleague)
    assert heads(colleague) == ["_title", "grade", "state", "owner", "budget", "source", "fair"]
    colleague.locator('.row-link:has-text("雁荡书院")').wait_for()
    assert colleague.locator(".group-row").count() == 1 and colleague.locator('.row-link:has-text("雁荡茶社")').count() == 0, "a view widens no rights"
    # What the colleague changes is the colleague's own until somebody saves it.
    colleague.locator(".filter-chip .filter-remove").last.click()
    colleague.locator(".view-changed").wait_for()
    assert colleague.locator(".view-changed button", has_text="保存").count() == 0, "it belongs to somebody else"
    colleague.locator(".view-changed").get_by_role("button", name="放弃改动").click()
    colleague.wait_for_url(re.compile(rf"{re.escape(address)}$"))
    screen.ready(colleague)
    assert colleague.locator(".filter-chip").count() >= 1 and screen.fits(colleague)

    # Removed with a way back.
    people.go(page, f"/e/lead/views/{address[-36:]}")
    page.locator("form[action$='/delete'] button").click()
    page.locator(".toast .btn-link").click()
    page.wait_for_url(re.compile(rf"{re.escape(address)}$"))


def test_widths_are_kept_and_the_keyboard_is_enough(people, leads, size):
    page = people.page(keys.REP, "/e/lead?view=lead_all&q=雁荡")
    assert page.locator(".row-link").count() == 2
    marks = page.locator("#records mark").all_inner_texts()
    assert marks.count("雁荡") == 2, "the title, in every row"
    if size == "phone":
        assert screen.fits(page)
        return
    edge = page.locator("th[data-key=source] .col-edge")
    edge.focus()
    before = page.locator("th[data-key=source]").bounding_box()["width"]
    with page.expect_response(re.compile("/layout")):
        for _press in range(4):
            page.keyboard.press("ArrowRight")
    page.reload()
    screen.ready(page)
    assert page.locator("th[data-key=source]").bounding_box()["width"] >= before + 40
    page.locator("body").click(position={"x": 5, "y": 700})
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    assert page.locator("[data-bulk-count]").inner_text().startswith("已选") or page.locator("[data-select-row]:checked").count() == 1
    page.keyboard.press("ArrowDown")
    title = page.locator("tr:focus .row-link").inner_text()
    page.keyboard.press("?")
    page.locator("#shortcuts-dialog[open]").wait_for()
    assert "上下移动行" in page.locator("#shortcuts-dialog").inner_text()
    page.keyboard.press("Escape")
    page.locator("#shortcuts-dialog").wait_for(state="detached")  # the browser closes it after the key, not with it
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "list-q"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/e/lead/[0-9a-f-]{36}$"))
    assert title.partition(" ")[0] in page.locator("h1").inner_text()


def test_a_condition_is_completed_while_one_types(people):
    page = people.page(keys.REP, "/e/lead/filter?typed=1")
    box, options = page.locator("#filter-typed"), page.locator("#filter-typed-list [role=option]")
    box.fill("")
    box.press_sequentially("bud")
    options.first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('filter-typed').value === 'budget'")
    assert options.first.is_hidden() and box.get_attribute("aria-expanded") == "false"
    box.press_sequentially(" > gra")
    options.first.wait_for()
    page.keyboard.press("Escape")
    options.first.wait_for(state="hidden")
    assert box.input_value() == "budget > gra"


def test_a_value_is_changed_in_its_cell(demo, people, leads, size):
    rep = demo.api(keys.REP)
    page = people.page(keys.REP, "/e/lead?view=lead_mine&q=雁荡培训")
    if size == "phone":
        # A row is a card there: a tap anywhere opens the record, whose values are changed in place.
        page.locator(f"#row-{leads[0]} td[data-edit=budget]").click(force=True)  # the link covers its row
        page.wait_for_url(re.compile(leads[0]))
        return
    cell = page.locator(f"#row-{leads[0]} td[data-edit=budget]")
    cell.click(position={"x": 60, "y": 20})
    typed = page.locator(".cell-form #i-budget")
    typed.fill("很多")
    page.keyboard.press("Enter")
    page.locator(".cell-form .field-error:not([hidden])").wait_for()
    assert typed.input_value() == "很多", "what was typed stays"
    typed.fill("500000")
    page.keyboard.press("Tab")
    page.locator(f"#row-{leads[0]} td[data-edit=next_on] .cell-form").wait_for()
    assert rep.get(f"/records/lead/{leads[0]}").json["fields"]["budget"]["amount"] == "500000.00"
    assert "A" in page.locator(f"#row-{leads[0]}").inner_text(), "the grade follows"
    page.keyboard.press("Escape")
    page.locator(".toast .btn-link").click()
    page.locator(f"#row-{leads[0]} td[data-edit=budget]", has_text="12 万").wait_for()
    assert rep.get(f"/records/lead/{leads[0]}").json["fields"]["budget"]["amount"] == "120000.00"
    # Somebody else was faster: both values are shown, nothing is lost.
    cell = page.locator(f"#row-{leads[0]} td[data-edit=budget]")
    cell.click(position={"x": 60, "y": 20})
    typed.fill("90000")
    version = rep.get(f"/records/lead/{leads[0]}").json["version"]
    assert demo.api(keys.SUPERVISOR).patch(f"/records/lead/{leads[0]}", {"fields": {"budget": keys.cny(70000)}}, version=version).status_code == 200
    page.keyboard.press("Enter")
    page.locator("#conflict-dialog").wait_for()
    assert "70,000" in page.locator("#conflict-dialog").inner_text() and "90,000" in page.locator("#conflict-dialog").inner_text()
