"""From signing in to a qualified lead, as a rep works: the one flow everything else stands on."""

from __future__ import annotations

import pytest

from tests.e2e.mechanisms import keys, screen
from tests.factories.applications import jpeg

pytestmark = pytest.mark.browser
PHOTO = {"name": "site.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}


def test_a_lead_from_first_word_to_qualified(demo, people, size):
    page = people.stranger()
    screen.sign_in(page, demo.base, keys.REP, demo.password)
    assert screen.fits(page)

    # A lead by the form, graded while one types.
    company = f"杭州云栖培训学校{size}"
    people.go(page, "/e/lead/new")
    assert screen.fits(page)
    page.locator("#f-company").fill(company)
    page.locator("#f-name").fill("郭主任")
    page.locator("#f-phone").fill("138 0571 0001")
    page.locator("#f-source").select_option("exhibition")
    screen.live(page, "grade", "C")
    page.locator("#f-budget").fill("100000")
    screen.live(page, "grade", "B")
    page.locator("#f-budget").fill("600000")
    screen.live(page, "grade", "A")
    page.locator("#f-deciders").fill("3")
    screen.save_form(page)
    lead = screen.saved(page, "lead")
    screen.shows(page, "grade", "A")
    assert screen.present_state(page) == "新线索" and screen.fits(page)

    # Reached; but a lead is not qualified before anybody was there.
    screen.take_step(page)
    assert screen.present_state(page) == "已联系"
    assert "至少要有一次拜访" in screen.what_is_missing(page)

    # A visit, made from the lead it belongs to; the customer is made in place.
    customer = demo.api(keys.REP).make("customer", **keys.customer_fields(company))["id"]
    page.get_by_role("tab", name="拜访").click()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")  # what is related loads when it comes into sight
    page.get_by_role("link", name="新建拜访").click()
    dialog = page.locator("#new-dialog")
    dialog.wait_for()
    screen.choose(page, "customer", company, within="#new-dialog")
    dialog.locator("#d-objective").fill("看现场，量尺寸")
    dialog.locator("#d-reading").fill(keys.READING)
    screen.save_form(page, "dialog-form")
    dialog.wait_for(state="detached")
    visit = demo.api(keys.REP).get(f"/records/visit?where=lead.id%20%3D%20%22{lead}%22").json["items"]
    assert [(v["fields"]["customer"]["id"], v["state"]) for v in visit] == [(customer, "draft")]

    # Without material it can't be submitted, and says of each thing what it is.
    people.go(page, f"/e/visit/{visit[0]['id']}")
    said = screen.what_is_missing(page)
    for thing in ("现场照片", "需求小结至少 50 个字（还差 50）", "下一步哪天", "下一步交什么"):
        assert thing in said, said
    assert screen.fits(page)

    # The material, one piece after the other, through the form.
    people.go(page, f"/e/visit/{visit[0]['id']}/edit")
    screen.upload(page, "photos", PHOTO)
    screen.uploaded(page, "photos")
    page.locator("#f-reading").fill("招生旺季，九月前要坐得下四十人")
    page.locator("#f-summary").fill(keys.SHORT_SUMMARY)
    page.locator("#f-next_on").fill("2026-11-27")
    page.locator("#f-deliverable").fill("平面方案")
    assert screen.fits(page)
    screen.save_form(page)
    screen.saved(page, "visit")
    said = screen.what_is_missing(page)
    assert f"还差 {keys.SUMMARY_MIN - len(keys.SHORT_SUMMARY)}" in said and "照片" not in said and "下一步" not in said

    people.go(page, f"/e/visit/{visit[0]['id']}/edit")
    page.locator("#f-summary").fill(keys.SUMMARY)
    screen.save_form(page)
    screen.saved(page, "visit")
    screen.take_step(page)
    assert screen.present_state(page) == "已提交" and screen.fits(page)

    # Now the lead is open for the next step, and its page tells how it got there.
    people.go(page, f"/e/lead/{lead}")
    screen.take_step(page)
    assert screen.present_state(page) == "有效"
    told = screen.timeline(page)
    assert "新线索 → 已联系" in told and "已联系 → 有效" in told and "林小满" in told and "创建" in told
    assert screen.fits(page)
