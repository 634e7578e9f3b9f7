"""Why not, and what would open it: a rep on the phone asks, a colleague at the desk supplies, the button opens by itself."""

from __future__ import annotations

import re

import pytest

from runtime.web.live import hub_of
from tests.e2e.mechanisms import keys, screen

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def _quick(demo):
    hub_of(demo.app).every = 0.1


@pytest.fixture
def size():
    """The rep's."""
    return "phone"


@pytest.fixture
def deal(demo, rep):
    """An opportunity that lacks one thing for the contract: a supervisor must agree to the discount."""
    customer = rep.make("customer", **keys.customer_fields("杭州折扣学校"))["id"]
    made = rep.make(
        "opportunity", name="教室桌椅", customer=customer, amount=keys.cny(6000), needs="四十人的教室", close_on="2026-12-20", solution="两种桌椅",
        deciders=[{"fields": {"name": "郭主任", "influence": "decides"}}], payment=_first(demo, "payment"), deliver_on="2026-12-28",
        quote=[{"fields": {"item": "桌椅", "quantity": 10, "price": "1000", "discount": "0.4"}}])
    visit = rep.make("visit", **keys.visit_fields(customer, opportunity=made["id"]))
    assert visit["id"]
    with demo.ctx() as ctx:
        from runtime.records import road
        from runtime.records.record import Input

        lead = road.create(ctx, "lead", Input(keys.lead_fields()), owner=demo.person(keys.REP)).id
        road.update(ctx, "opportunity", made["id"], Input({"lead": lead}), version=None)
        for step in ("to_demo", "to_confirmation"):
            road.transition(ctx, "opportunity", made["id"], step, version=None)
    return made["id"]


def _first(demo, options):
    with demo.ctx() as ctx:
        return ctx.app.option_set(options).options[0].key


def test_ask_supply_and_the_button_opens(demo, people, rep, deal):
    page = people.page(keys.REP, f"/e/opportunity/{deal}")
    boss = people.page(keys.SUPERVISOR, "/", size="desktop")
    for one in (page, boss):
        one.wait_for_selector("body[data-live=stream]")
    page.evaluate("window.still_here = true")
    # Closed, and it says what is missing, from whom, and how many that are.
    locked = page.locator(".path-next .btn-locked")
    assert "1" in locked.inner_text()
    locked.click()
    line = page.locator(".missing-list li").first
    line.get_by_text(re.compile("周敏")).wait_for()
    assert screen.fits(page)
    line.get_by_role("link", name="请求").or_(line.locator(".btn-primary")).first.click()
    page.locator(".missing-asked").wait_for()
    assert "主管" in page.locator(".missing-asked").inner_text() and screen.fits(page)
    # The colleague sees the badge without a reload, and the task in the inbox.
    badge = boss.locator(".rail [data-inbox-count]")
    badge.wait_for()
    assert int(badge.inner_text()) >= 1
    boss.locator(".rail-item", has=boss.locator("[data-inbox-count]")).click()
    boss.wait_for_url(re.compile("/inbox$"))
    row = boss.locator(".inbox-row", has_text="教室桌椅").first
    assert "林小满" in row.inner_text()
    row.locator(".task-act .btn").click()
    # The right form at the right field, with the asker's words on top.
    boss.locator("form#v-discount_agreed.is-asked").wait_for()
    assert "林小满" in boss.locator("#ask-banner").inner_text() and screen.fits(boss)
    field = boss.locator("form#v-discount_agreed")
    field.locator("input[type=checkbox]").check()
    field.locator("button.btn-primary").click()
    # Done: back where they were, the task is gone.
    boss.wait_for_url(re.compile("/inbox"))
    assert boss.locator(".inbox-row", has_text="教室桌椅").count() == 0
    # The rep's button opens without a reload.
    page.locator(".path-next a.btn-primary", has_text=re.compile("合同")).wait_for()
    assert page.locator("#toasts").get_by_text("现在可以执行").count() == 1
    assert page.evaluate("window.still_here"), "without a reload"
    page.locator(".path-next a.btn-primary").click()
    page.locator("#step-dialog").wait_for()
    with page.expect_navigation():
        page.locator("button[form=step-form]").click()
    assert rep.get(f"/records/opportunity/{deal}").json["state"] == "contract_approval"


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
    page = people.page(keys.REP, f"/e/opportunity/{deal}")
    page.locator("#v-discount_agreed .field-lock").click()
    dialog = page.locator("#why-dialog")
    dialog.wait_for()
    assert "销售" in dialog.inner_text() and "周敏" in dialog.inner_text() and screen.fits(page)
    page.locator("#why-note").fill("客户很重要")
    page.locator("button[form=why-form]").click()
    dialog.wait_for(state="detached")
    boss = people.page(keys.SUPERVISOR, "/inbox", size="desktop")
    assert "客户很重要" in boss.locator(".inbox-row", has_text="教室桌椅").first.inner_text()


def test_a_refused_drag_is_opened_by_a_colleague(demo, people, rep, deal):
    """The card goes back and says what is missing; asked from there, supplied by the supervisor, the same drag is taken."""
    page = people.page(keys.REP, "/e/opportunity", size="desktop")
    page.locator(".tabs a.tab", has_text="看板").first.click()
    card = page.locator(f".board-card[data-id='{deal}']")
    card.wait_for()

    def drag():
        target = page.locator("[data-column=contract_approval] .board-cards")
        card.scroll_into_view_if_needed()
        start = card.bounding_box()
        page.mouse.move(start["x"] + 40, start["y"] + 20)
        page.mouse.down()
        end = target.bounding_box()
        page.mouse.move(end["x"] + 20, end["y"] + 20, steps=12)
        page.mouse.move(end["x"] + 40, end["y"] + 30, steps=4)
        page.mouse.up()

    drag()
    page.locator("#toasts .btn-link").first.click()
    page.locator("#step-dialog .missing-list [hx-post*='/asks']").click()
    page.locator("#step-dialog .missing-asked").wait_for()
    page.keyboard.press("Escape")
    boss = people.page(keys.SUPERVISOR, "/inbox", size="desktop")
    boss.locator(".inbox-row", has_text="教室桌椅").first.locator(".task-act .btn").click()
    field = boss.locator("form#v-discount_agreed")
    field.locator("input[type=checkbox]").check()
    field.locator("button.btn-primary").click()
    boss.wait_for_url(re.compile("/inbox"))
    drag()
    page.locator(f"[data-column=contract_approval] .board-card[data-id='{deal}']").wait_for()
    assert rep.get(f"/records/opportunity/{deal}").json["state"] == "contract_approval"
