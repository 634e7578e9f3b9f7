"""Nothing is lost: two people at one record, the bin with what belongs together, a copy, a page for paper."""

from __future__ import annotations

import pytest

from tests.e2e.mechanisms import keys, screen

pytestmark = pytest.mark.browser


def test_two_people_at_one_record(demo, people, rep):
    """What they change apart is saved for both with one line; the same field is chosen among three values."""
    lead = rep.make("lead", **keys.lead_fields(need="二楼教室", source="exhibition", budget=keys.cny(120000)))["id"]
    boss = demo.api(keys.SUPERVISOR)
    page = people.page(keys.REP, f"/e/lead/{lead}/edit")
    assert boss.patch(f"/records/lead/{lead}", {"fields": {"deciders": 4}}, version=1).status_code == 200
    page.locator("#f-company").fill("云栖培训")
    screen.save_form(page)
    screen.saved(page, "lead")
    told = page.locator(".merged-note").inner_text()
    assert "周敏" in told and "决策人数" in told and screen.fits(page)
    assert {k: rep.get(f"/records/lead/{lead}").json["fields"][k] for k in ("company", "deciders")} == {"company": "云栖培训", "deciders": 4}
    people.go(page, f"/e/lead/{lead}/edit")
    assert boss.patch(f"/records/lead/{lead}", {"fields": {"need": "一楼和二楼"}}, version=3).status_code == 200
    page.locator("#f-need").fill("只做三楼")
    screen.save_form(page)
    choice = page.locator("[data-conflict=need]")
    choice.wait_for()
    assert all(value in choice.inner_text() for value in ("二楼教室", "一楼和二楼", "只做三楼")) and screen.fits(page)
    choice.locator("input[value=theirs]").check()
    page.get_by_role("button", name="按选择保存").click()
    screen.saved(page, "lead")
    screen.shows(page, "need", "一楼和二楼")


def test_a_customer_comes_back_with_the_contacts(demo, people):
    admin = demo.api(keys.ADMIN)
    customer = admin.make("customer", **keys.customer_fields("杭州来去自如公司"))["id"]
    contact = admin.make("contact", name="来经理", customer=customer, phone="13805710009")["id"]
    page = people.page(keys.ADMIN, f"/e/customer/{customer}")
    page.locator("#record-head").get_by_role("button", name="更多").click()
    page.get_by_role("menuitem", name="删除").click()
    page.wait_for_url("**/e/customer**")
    screen.ready(page)
    assert admin.get(f"/records/contact/{contact}").status_code == 404
    people.go(page, "/bin")
    row = page.locator(f"#row-{customer}")
    assert "杭州来去自如公司" in row.inner_text() and "1 条联系人" in row.inner_text() and screen.fits(page)
    row.get_by_role("button", name="恢复 杭州来去自如公司").click()
    screen.saved(page, "customer")
    assert admin.get(f"/records/contact/{contact}").status_code == 200


def test_a_copy_says_what_it_left_out(people, rep):
    lead = rep.make("lead", **keys.lead_fields("杭州复印公司", need="换桌椅"))["id"]
    page = people.page(keys.REP, f"/e/lead/{lead}")
    page.locator("#record-head").get_by_role("button", name="更多").click()
    page.get_by_role("menuitem", name="复制").first.click()
    page.wait_for_url(f"**/e/lead/new?copy={lead}")
    screen.ready(page)
    assert "复制自“杭州复印公司" in page.locator(".form-intro").inner_text() and page.locator("#f-need").input_value() == "换桌椅" and screen.fits(page)
    screen.save_form(page)
    assert screen.saved(page, "lead") != lead


def test_a_sheet_has_nothing_around_it(people, rep):
    lead = rep.make("lead", **keys.lead_fields("杭州纸张公司"))["id"]
    page = people.page(keys.REP, f"/e/lead/{lead}/print?history=1")
    assert page.locator(".rail, .topbar, .bottom-bar").count() == 0 and "杭州纸张公司" in page.locator(".sheet").inner_text() and screen.fits(page)
    page.emulate_media(media="print")
    assert not page.locator(".print-bar").is_visible() and page.locator(".sheet .timeline-entry").count() >= 1
    people.go(page, "/e/lead/print")
    assert page.locator(".sheet-table tbody tr").count() >= 1 and page.locator(".rail").count() == 0
