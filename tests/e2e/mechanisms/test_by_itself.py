"""What happens by itself, in the browser: a supervisor hands a lead on by turns and sees why it went where; a big deal lost is told at once."""

from __future__ import annotations

import pytest

from tests.e2e.mechanisms import keys
from tests.factories.work import work


@pytest.mark.parametrize("size", ["desktop"])
def test_a_button_hands_on_by_turns_and_the_page_says_why(demo, people, rep, size):
    lead = rep.make("lead", **keys.lead_fields())
    page = people.page("zhou", f"/e/lead/{lead['id']}")
    page.click("#record-head a:has-text('轮流分派')")
    page.wait_for_selector("#action-dialog >> text=分给下一位")
    page.click("#action-dialog button[type=submit]")
    page.wait_for_selector("#action-dialog", state="detached")
    work(demo.app, demo.slug)
    people.go(page, f"/e/lead/{lead['id']}")
    cause = page.locator("#timeline .timeline-cause").first
    assert cause.inner_text() == "轮流分派"
    cause.click()
    page.wait_for_selector("#run-dialog >> text=人轮流，这次轮到")
    # Why not: leads that somebody owns are not handed out.
    page.click("#run-dialog >> text=全部自动化")
    dialog = page.wait_for_selector("#automations-dialog")
    words = dialog.inner_text()
    assert "无主线索轮流分派" in words and "条件不符" in words and "负责人" in words
    owner = demo.api("zhou").get(f"/records/lead/{lead['id']}").json["owner"]["id"]
    assert owner != demo.person("linxiaoman")
    # The admin sees how it went, and switches it off: the button is gone.
    admin = people.page("admin", "/settings/automations")
    admin.locator("a.auto-link").filter(has_text="轮流分派").filter(has_not_text="无主").click()
    admin.wait_for_selector("h1 >> text=轮流分派")
    admin.click("button:has-text('停用')")
    admin.wait_for_selector("button:has-text('启用')")
    people.go(page, f"/e/lead/{lead['id']}")
    assert page.locator("#record-head a", has_text="轮流分派").count() == 0
