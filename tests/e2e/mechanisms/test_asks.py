"""Why not, and what would open it: a rep on the phone asks, a colleague at the desk supplies, the button opens by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from runtime.records import road
from runtime.records.record import Input
from runtime.web.live import hub_of
from tests.e2e.mechanisms import keys, screen

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module", autouse=True)
def _quick(demo):
    hub_of(demo.app).every = 0.1


@pytest.fixture
def size():
    """The rep's."""
    return "phone"


@pytest.fixture
def deal(demo, rep):
    """An opportunity that lacks one thing for the contract: how it is paid."""
    customer = rep.make("customer", **keys.customer_fields("杭州折扣学校"))["id"]
    made = rep.make(
        "opportunity", name="教室桌椅", customer=customer, amount=keys.cny(10000), needs="四十人的教室", close_on="2026-12-20", solution="两种桌椅",
        deciders=[{"fields": {"name": "郭主任", "influence": "decides"}}], deliver_on="2026-12-28",
        quote=[{"fields": {"item": "桌椅", "quantity": 10, "price": "1000", "discount": "0"}}])["id"]
    with demo.ctx() as ctx:
        found = road.create(ctx, "lead", Input(keys.lead_fields()), owner=demo.person(keys.REP)).id
        road.update(ctx, "opportunity", made, Input({"lead": found}), version=None)
        for step in ("to_demo", "to_confirmation"):
            road.transition(ctx, "opportunity", made, step, version=None)
    return made


def pay(demo, deal):
    """What was missing, by the supervisor."""
    with demo.ctx() as ctx:
        first = ctx.app.option_set("payment").options[0].key
    boss = demo.api(keys.SUPERVISOR)
    version = boss.get(f"/records/opportunity/{deal}").json["version"]
    assert boss.patch(f"/records/opportunity/{deal}", {"fields": {"payment": first}}, version=version).status_code == 200


def test_the_last_fact_opens_the_button_without_a_reload(demo, people, rep, deal):
    page = people.page(keys.REP, f"/e/opportunity/{deal}")
    page.wait_for_selector("body[data-live=stream]")
    page.evaluate("window.still_here = true")
    page.locator(".path-next .btn-locked").wait_for()
    pay(demo, deal)
    page.locator(".path-next a.btn-primary", has_text=re.compile("合同")).wait_for()
    assert page.locator("#toasts").get_by_text("现在可以执行").count() == 1
    assert page.evaluate("window.still_here"), "without a reload"
    page.locator(".path-next a.btn-primary").click()
    page.locator("#step-dialog").wait_for()
    with page.expect_navigation():
        page.locator("button[form=step-form]").click()
    assert rep.get(f"/records/opportunity/{deal}").json["state"] == "contract_approval"


def test_ask_and_a_colleague_supplies(demo, people, rep, deal):
    pay(demo, deal)
    with demo.ctx() as ctx:
        road.transition(ctx, "opportunity", deal, "to_contract", version=None)
    page = people.page(keys.REP, f"/e/opportunity/{deal}")
    boss = people.page(keys.SUPERVISOR, "/", size="desktop")
    for one in (page, boss):
        one.wait_for_selector("body[data-live=stream]")
    page.evaluate("window.still_here = true")
    # Closed, and it says what is missing, and whom it would be asked of.
    page.locator(".path-next .btn-locked").click()
    line = page.locator(".missing-list li").first
    line.get_by_text(re.compile("周敏")).wait_for()
    assert screen.fits(page)
    line.locator(".btn-primary").click()
    page.locator(".missing-asked").wait_for()
    assert screen.fits(page)
    # The colleague sees the badge without a reload, and the task in the inbox.
    boss.locator(".rail [data-inbox-count]:not([hidden])").wait_for()
    boss.locator(".rail-item[href$='/inbox']").click()
    expect(boss).to_have_url(re.compile("/inbox$"))
    row = boss.locator(".inbox-row", has_text="教室桌椅").first
    assert "林小满" in row.inner_text()
    row.locator(".task-act .btn").click()
    # The right form, with the asker's words on top.
    dialog = boss.locator("#step-dialog")
    dialog.wait_for()
    assert "林小满" in dialog.inner_text() and screen.fits(boss)
    dialog.locator("input[type=date]").first.fill("2026-12-01")
    boss.locator("button[form=step-form]").click()
    # Done: back where they were, the task is gone; the other one's page has followed.
    expect(boss).to_have_url(re.compile("/inbox"))
    expect(boss.locator(".inbox-row", has_text="教室桌椅")).to_have_count(0)
    page.keyboard.press("Escape")
    page.locator(".path-here", has_text="成交").wait_for()
    assert page.evaluate("window.still_here"), "without a reload"


def test_what_is_typed_stays_while_others_change_the_record(demo, people, rep, deal):
    page = people.page(keys.REP, f"/e/opportunity/{deal}")
    page.wait_for_selector("body[data-live=stream]")
    page.locator("#v-competitor .value-edit").click()
    box = page.locator("#i-competitor")
    box.wait_for()
    box.fill("对手甲")
    version = rep.get(f"/records/opportunity/{deal}").json["version"]
    demo.api(keys.SUPERVISOR).patch(f"/records/opportunity/{deal}", {"fields": {"solution": "三种桌椅"}}, version=version)
    page.locator("#v-solution", has_text="三种桌椅").wait_for(state="attached")
    assert box.input_value() == "对手甲" and page.evaluate("document.activeElement.id") == "i-competitor"


def test_why_a_field_is_closed_and_asking_for_it(demo, people, rep, deal):
    pay(demo, deal)
    with demo.ctx() as ctx:
        road.transition(ctx, "opportunity", deal, "to_contract", version=None)
    page = people.page(keys.REP, f"/e/opportunity/{deal}")
    page.locator("#v-amount .field-lock").click()
    dialog = page.locator("#why-dialog")
    dialog.wait_for()
    assert "合同审批" in dialog.inner_text() and screen.fits(page)
    page.locator("#why-note").fill("客户很重要")
    with page.expect_response(lambda answer: answer.request.method == "POST") as asked:
        page.locator("button[form=why-form]").click()
    assert asked.value.ok
    dialog.wait_for(state="detached")
    boss = people.page(keys.SUPERVISOR, "/inbox", size="desktop")
    assert "客户很重要" in boss.locator(".inbox-row", has_text="教室桌椅").first.inner_text()


def test_a_drag_that_is_refused_is_opened_by_a_colleague(demo, people, rep):
    """On the board at the desk: the card goes back and says why; once the supervisor has linked where the deal came from, it lands."""
    customer = rep.make("customer", **keys.customer_fields("杭州拖不动学校"))["id"]
    deal = rep.make("opportunity", name="礼堂排椅", customer=customer, amount=keys.cny(10000), needs="三百人的礼堂", close_on="2026-12-20")["id"]
    page = people.page(keys.REP, "/e/opportunity?view=opportunity_board&q=礼堂排椅", size="desktop")
    there = page.locator(f"[data-column=solution_demo] .board-card[data-id='{deal}']")
    card = page.locator(f"[data-column=needs_diagnosis] .board-card[data-id='{deal}']")
    card.wait_for()
    screen.drag(page, card, page.locator("[data-column=solution_demo]"))
    page.locator(".toast .grow", has_text="先上门看过现场").wait_for()
    card.wait_for()
    assert rep.get(f"/records/opportunity/{deal}").json["state"] == "needs_diagnosis" and there.count() == 0
    with demo.ctx() as ctx:
        found = road.create(ctx, "lead", Input(keys.lead_fields()), owner=demo.person(keys.REP)).id
    boss = demo.api(keys.SUPERVISOR)
    version = boss.get(f"/records/opportunity/{deal}").json["version"]
    assert boss.patch(f"/records/opportunity/{deal}", {"fields": {"lead": found}}, version=version).status_code == 200
    page.reload()
    card.wait_for()
    with page.expect_response(lambda answer: "/board/move" in answer.url) as moved:
        screen.drag(page, card, page.locator("[data-column=solution_demo]"))
    assert moved.value.ok
    there.wait_for()
    assert rep.get(f"/records/opportunity/{deal}").json["state"] == "solution_demo"
