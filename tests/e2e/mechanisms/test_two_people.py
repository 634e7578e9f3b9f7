"""Two people on one record, one value changed in place, and a tab that was closed too early."""

from __future__ import annotations

import re

import pytest

from tests.e2e.mechanisms import keys, screen

pytestmark = pytest.mark.browser


@pytest.fixture
def lead(rep):
    """A lead of the rep, seen by the supervisor as well."""
    return rep.make("lead", **keys.lead_fields(need="二楼教室", source="exhibition", budget=keys.cny(120000)))["id"]


def test_a_stale_form_shows_what_both_changed(demo, people, rep, lead):
    page = people.page(keys.REP, f"/e/lead/{lead}/edit")
    boss = demo.api(keys.SUPERVISOR).patch(f"/records/lead/{lead}", {"fields": {"need": "一楼和二楼", "deciders": 4}}, version=1)
    assert boss.status_code == 200
    page.locator("#f-need").fill("只做三楼")
    page.locator("#f-company").fill("云栖培训")
    screen.save_form(page)
    dialog = page.locator("#conflict-dialog")
    dialog.wait_for()
    told = dialog.inner_text()
    assert "周敏" in told and "只做三楼" in told and "一楼和二楼" in told and "二楼教室" in told
    assert dialog.locator("[data-conflict]").count() == 1, "only what both changed is asked for"
    assert screen.fits(page)
    stands = rep.get(f"/records/lead/{lead}").json
    assert (stands["version"], stands["fields"]["need"]) == (2, "一楼和二楼"), "nothing was overwritten unseen"
    dialog.get_by_role("button", name="按选择保存").click()
    screen.saved(page, "lead")
    stands = rep.get(f"/records/lead/{lead}").json
    assert (stands["fields"]["need"], stands["fields"]["company"], stands["fields"]["deciders"]) == ("只做三楼", "云栖培训", 4), "mine on top, the rest of theirs stays"


def test_theirs_can_be_kept(demo, people, rep, lead):
    page = people.page(keys.REP, f"/e/lead/{lead}/edit")
    demo.api(keys.SUPERVISOR).patch(f"/records/lead/{lead}", {"fields": {"need": "一楼和二楼"}}, version=1)
    page.locator("#f-need").fill("只做三楼")
    screen.save_form(page)
    page.locator("#conflict-dialog").get_by_role("button", name="全用对方的").click()
    screen.saved(page, "lead")
    screen.shows(page, "need", "一楼和二楼")
    assert rep.get(f"/records/lead/{lead}").json["version"] == 2


def test_a_value_is_changed_where_it_stands(people, rep, lead, size):
    page = people.page(keys.REP, f"/e/lead/{lead}")
    screen.shows(page, "grade", "B")
    row = page.locator("#v-budget, [data-field=budget]").first
    row.locator(".value-edit").click()
    box = page.locator("#i-budget")
    box.wait_for()
    box.fill("九十万左右吧")
    page.locator("[data-field=budget]").get_by_role("button", name="保存").click()
    page.locator("[data-field=budget] .field-error", has_text=re.compile("[一-鿿]")).wait_for()
    assert box.input_value() == "九十万左右吧"
    box.fill("900000")
    page.locator("[data-field=budget]").get_by_role("button", name="保存").click()
    screen.shows(page, "budget", "900,000")
    screen.shows(page, "grade", "A")
    assert screen.fits(page)
    page.locator("[data-field=budget]").get_by_role("button", name="撤销").click()
    screen.shows(page, "budget", "120,000")
    screen.shows(page, "grade", "B")
    history = rep.get(f"/records/lead/{lead}/history").json["items"]
    assert [e["kind"] for e in history] == ["update", "update", "create"], "taking it back is a change like any other"


def test_a_value_changed_in_place_meets_a_newer_one(demo, people, rep, lead):
    page = people.page(keys.REP, f"/e/lead/{lead}")
    page.locator("[data-field=need] .value-edit").first.click()
    page.locator("#i-need").wait_for()
    demo.api(keys.SUPERVISOR).patch(f"/records/lead/{lead}", {"fields": {"need": "一楼和二楼"}}, version=1)
    page.locator("#i-need").fill("只做三楼")
    page.locator("[data-field=need]").get_by_role("button", name="保存").click()
    dialog = page.locator("#conflict-dialog")
    dialog.wait_for()
    assert "一楼和二楼" in dialog.inner_text() and "只做三楼" in dialog.inner_text()
    assert rep.get(f"/records/lead/{lead}").json["fields"]["need"] == "一楼和二楼"


def test_a_step_from_a_stale_page_is_not_taken_unseen(demo, people, rep, lead):
    page = people.page(keys.REP, f"/e/lead/{lead}")
    screen.next_step(page).click()
    page.locator("#step-dialog").wait_for()
    demo.api(keys.SUPERVISOR).patch(f"/records/lead/{lead}", {"fields": {"need": "先不做了"}}, version=1)
    page.locator("button[form=step-form]").click()
    page.locator("#step-dialog .callout", has_text="改过").wait_for()
    assert rep.get(f"/records/lead/{lead}").json["state"] == "new"
    assert screen.fits(page)
    with page.expect_navigation():
        page.locator("button[form=step-form]").click()
    assert rep.get(f"/records/lead/{lead}").json["state"] == "contacted", "having seen it, the step can be taken"


def test_a_step_that_somebody_else_took_says_so(demo, people, rep, lead):
    page = people.page(keys.REP, f"/e/lead/{lead}")
    screen.next_step(page).click()
    page.locator("#step-dialog").wait_for()
    assert demo.api(keys.SUPERVISOR).post(f"/records/lead/{lead}/transitions/contact", {}, version=1).status_code == 200
    page.locator("button[form=step-form]").click()
    page.locator("#toasts:popover-open .toast", has_text="改过").wait_for()
    assert rep.get(f"/records/lead/{lead}").json["version"] == 2


def test_a_closed_tab_loses_nothing(people, rep):
    page = people.page(keys.OTHER_REP, "/e/lead/new")
    page.locator("#f-company").fill("杭州半句话公司")
    page.locator("#f-source").select_option("referral")
    page.locator("#f-budget").fill("250000")
    page.locator("[data-draft-state]", has_text="草稿").wait_for()
    page.context.close()
    page = people.page(keys.OTHER_REP, "/e/lead/new")
    page.locator("[data-server-draft]").wait_for()
    assert page.locator("#f-company").input_value() == ""
    page.locator("[data-server-draft] a").click()
    page.wait_for_url(re.compile("draft=1"))
    screen.ready(page)
    assert (page.locator("#f-company").input_value(), page.locator("#f-source").input_value()) == ("杭州半句话公司", "referral")
    screen.live(page, "grade", "B")
    page.locator("#f-name").fill("柳经理")
    page.locator("#f-phone").fill("13805710003")
    screen.save_form(page)
    screen.saved(page, "lead")
    people.go(page, "/e/lead/new")
    assert page.locator("[data-server-draft]").count() == 0
    assert screen.fits(page)
