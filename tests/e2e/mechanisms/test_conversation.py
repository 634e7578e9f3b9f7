"""Around a record: people talk, are named and told, follow, look back; what belongs to it is made in place; all of it by keyboard."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from kernel.platform import tables as t
from tests.e2e.mechanisms import keys, screen

pytestmark = pytest.mark.browser
PLAN = {"name": "方案.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 plan"}


def notices(demo, login, record):
    """What somebody was told of a record."""
    with demo.home.read() as conn:
        c = t.notice.c
        return set(conn.execute(select(c.kind).where(c.person_id == demo.person(login), c.record_id == record)).scalars())


def test_colleagues_talk_beside_a_record(demo, people, size):
    lead = demo.api(keys.REP).make("lead", **keys.lead_fields(f"杭州湖畔画室{size}", phone=f"1380571{1000 + len(size)}"))["id"]
    page = people.page(keys.SUPERVISOR, f"/e/lead/{lead}")
    box = page.locator("#comment")
    box.click()
    # Who can't see the record is shown with the reason and can't be taken; who can is found by log-in or name.
    box.press_sequentially("请 @dingyi")
    far = page.locator("#comment-people [role=option]")
    far.wait_for()
    assert far.get_attribute("aria-disabled") == "true" and "看不到" in far.inner_text()
    box.fill("")
    box.press_sequentially("请 @linxiao")
    page.locator("#comment-people [role=option]:not([aria-disabled])", has_text="林小满").wait_for()
    page.keyboard.press("Enter")
    assert box.input_value() == "请 @林小满 "
    box.press_sequentially("周五前给报价 <b>急</b> https://example.com/a")
    page.locator(".comment-form [data-upload-input]").set_input_files(PLAN)
    page.locator(".comment-form [data-upload-file] input[name=files]").wait_for(state="attached")
    if size == "desktop":
        page.keyboard.press("Control+Enter")
    else:
        page.locator(".comment-form button[type=submit]").click()
    comment = page.locator(".timeline .comment").first
    comment.wait_for()
    assert comment.locator(".comment-body").inner_text() == "请 @林小满 周五前给报价 <b>急</b> https://example.com/a"
    assert comment.locator(".comment-body a").get_attribute("href") == "https://example.com/a"
    assert comment.locator(".file-link").inner_text().startswith("方案.pdf")
    assert box.input_value() == "" and page.locator(".comment-form .upload-file").count() == 0
    assert notices(demo, keys.REP, lead) == {"mention"} and notices(demo, keys.FAR_REP, lead) == set()

    # React, and take part in following: writing a comment joined, the button leaves for good.
    comment.locator(".reaction-add").click()
    page.locator(".reaction-choices:not([hidden]) [role=menuitem]").first.click()
    given = page.locator(".timeline .comment .reaction[aria-pressed=true]")
    given.wait_for()
    assert "周敏" in given.get_attribute("aria-label")
    page.wait_for_function("() => document.activeElement.matches('.reaction-add')")
    # Who it was is told to whoever has no pointer as well.
    page.locator(".timeline .comment .reaction-who").press("Enter")
    page.locator(".reaction-people:visible", has_text="周敏").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement.matches('.reaction-who')")
    follow = page.locator("#follow form button")
    assert follow.get_attribute("aria-pressed") == "true" and "2" in page.locator("#follow [data-menu-button]").inner_text()
    follow.click()
    page.locator("#follow form button[aria-pressed=false]").wait_for()

    # The timeline by kind, and back; a comment is quoted, changed and taken back.
    page.locator(".timeline-filter .chip", has_text="变更").click()
    page.locator(".timeline-filter .chip[aria-current]", has_text="变更").wait_for()
    assert page.locator(".timeline .comment").count() == 0 and page.locator(".timeline .timeline-entry").count() >= 1
    page.wait_for_function("() => document.activeElement.matches('.timeline-filter .chip[aria-current]')")
    page.locator(".timeline-filter .chip", has_text="留言").click()
    page.locator(".timeline .comment").wait_for()
    assert page.locator(".timeline .timeline-entry:not(.comment)").count() == 0
    menu = page.locator(".timeline .comment [aria-haspopup=menu]").first
    menu.click()
    page.get_by_role("menuitem", name="引用回复").click()
    assert page.locator("#comment").input_value().startswith("> 周敏: 请 @林小满")
    page.locator("#comment").fill("")
    menu.click()
    page.get_by_role("menuitem", name="修改").click()
    editor = page.locator(".timeline .comment-form textarea")
    editor.fill("请 @林小满 周四前")
    editor.press("Control+Enter")
    page.locator(".timeline .comment-body", has_text="周四前").wait_for()
    assert "改过" in page.locator(".timeline .comment .timeline-head").inner_text() and page.locator(".timeline .mention").inner_text() == "@林小满"
    assert screen.fits(page)

    # Who was named sees it marked, and can follow the link to it.
    hers = people.page(keys.REP, f"/e/lead/{lead}")
    assert hers.locator(".comment .mention-me").inner_text() == "@林小满"
    hers.locator(".comment .timeline-time").click()
    hers.wait_for_url(re.compile(r"\?at=[0-9a-f-]{36}#e-"))
    assert hers.locator(".comment.is-asked").count() == 1


def test_what_belongs_to_it_is_made_in_place(demo, people, size):
    api = demo.api(keys.REP)
    company = f"杭州松木茶社{size}"
    lead = api.make("lead", **keys.lead_fields(company, phone=f"1380571{2000 + len(size)}"))["id"]
    customer = api.make("customer", **keys.customer_fields(company))["id"]
    other = api.make("visit", **keys.visit_fields(customer))["id"]
    page = people.page(keys.REP, f"/e/lead/{lead}")
    page.locator("#related").scroll_into_view_if_needed()
    page.locator(".related-bar").wait_for()
    page.locator(".related-bar").get_by_role("link", name="新建拜访").click()
    dialog = page.locator("#new-dialog")
    dialog.wait_for()
    assert company in dialog.locator("[data-field=lead] output").inner_text(), "filled in and locked"
    screen.choose(page, "customer", company, within="#new-dialog")
    dialog.locator("#d-objective").fill("第一次上门")
    screen.save_form(page, "dialog-form")
    dialog.wait_for(state="detached")
    page.locator(".related-rows .row-link", has_text="第一次上门").wait_for()
    page.locator("#related-tabs [aria-selected=true] .tab-count", has_text="1").wait_for()
    assert page.url.split("#")[0].endswith(lead), "the page was never left"

    page.locator(".related-bar").get_by_role("link", name="关联已有").click()
    link = page.locator("#link-dialog")
    link.wait_for()
    link.locator(".ts-control").click()
    link.locator(f".ts-dropdown .option[data-value='{other}']").click()
    link.locator("button[form=link-form]").click()
    link.wait_for(state="detached")
    page.locator("#related-tabs [aria-selected=true] .tab-count", has_text="2").wait_for()
    page.locator(".related-find input").fill("第一次")
    page.locator(".related-rows mark").wait_for()
    assert page.locator(".related-rows .row-link").count() == 1 and screen.fits(page)
    page.locator(".related-all a").click()
    page.wait_for_url(re.compile(r"/e/visit\?"))
    page.locator(".row-link").nth(1).wait_for()
    assert page.locator(".row-link").count() == 2


def test_a_record_by_keyboard_alone(demo, people, size):
    lead = demo.api(keys.REP).make("lead", **keys.lead_fields(f"杭州白墙设计{size}", phone=f"1380571{3000 + len(size)}"))["id"]
    page = people.page(keys.SUPERVISOR, f"/e/lead/{lead}")
    focus = "() => document.activeElement.closest('[data-field]')?.dataset.field || document.activeElement.id"
    press = page.keyboard.press
    press("j")
    first = page.evaluate(focus)
    press("j")
    second = page.evaluate(focus)
    press("ArrowUp")
    assert first and second and first != second and page.evaluate(focus) == first
    press("ArrowDown")
    press("k")
    while page.evaluate(focus) != "name":
        before = page.evaluate(focus)
        press("j")
        assert page.evaluate(focus) != before, "the name is never reached"
    press("e")
    editor = page.locator("#v-name.field-row-edit input[name=name]:focus")
    editor.wait_for()
    press("Control+a")
    page.keyboard.type("白老师")
    press("Enter")
    page.locator("#v-name:not(.field-row-edit) .value", has_text="白老师").wait_for()
    assert page.evaluate(focus) == "name", "back where one was"
    press("e")
    editor.wait_for()
    page.keyboard.type("x")
    press("Escape")
    page.locator("#v-name:not(.field-row-edit)").wait_for()
    assert "x" not in page.locator("#v-name").inner_text()

    press("c")
    assert page.evaluate(focus) == "comment"
    page.keyboard.type("都好")
    press("Control+Enter")
    page.locator(".comment-body", has_text="都好").wait_for()
    page.wait_for_selector("html[data-behaviours=ready]")
    assert page.evaluate(focus) == "comment", "ready for the next one"
    press("Escape")
    press("f")
    page.locator("#follow button[aria-pressed=false]").wait_for()
    press("n")
    step = page.locator("#step-dialog, .path-next [data-menu-panel]:not([hidden])").first
    step.wait_for()
    press("Escape")
    page.locator("#step-dialog[open], .path-next [data-menu-panel]:not([hidden])").first.wait_for(state="detached")
    press("a")
    page.locator("#assign-dialog").wait_for()
    press("Escape")
    page.locator("#assign-dialog").wait_for(state="detached")
    press("?")
    said = page.locator("#shortcuts-dialog")
    said.wait_for()
    assert all(words in said.inner_text() for words in ("下一项、上一项", "写留言", "关注或取消关注", "下一步", "改派", "我的一天"))
