"""A discount that three people look at, with a return and a delegation in between; then several approved at once with one thumb."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from tests.e2e.mechanisms import keys, screen

pytestmark = pytest.mark.browser

# Titles of their own: a second try must not meet what the first one left.
NUMBERS = itertools.count(1)
NAME = {keys.SUPERVISOR: "周敏", "xu": "徐嘉", keys.DIRECTOR: "沈岚", keys.REP: "林小满"}


def opportunity(api: Any, name: str, discount: str, amount: str) -> str:
    """One with a quotation that is ready for the contract, but for its discount."""
    customer = api.make("customer", **keys.customer_fields(f"{name}公司"))["id"]
    source = api.make("lead", **keys.lead_fields(f"{name}公司"))["id"]
    made = api.make("opportunity", name=name, customer=customer, lead=source, amount=keys.cny(amount), needs="四间教室")
    path = f"/records/opportunity/{made['id']}"
    made = api.post(f"{path}/transitions/to_demo", {}, version=made["version"]).json
    more = {"close_on": "2026-12-10", "solution": "叠放椅", "deciders": [{"fields": {"name": "郭校长", "influence": "decides"}}]}
    made = api.post(f"{path}/transitions/to_confirmation", {"fields": more}, version=made["version"]).json
    quote = [{"fields": {"item": "叠放椅", "quantity": 10, "price": "1000", "discount": discount}}]
    answer = api.patch(path, {"fields": {"quote": quote, "payment": "in_full", "deliver_on": "2026-12-20"}}, version=made["version"])
    assert answer.status_code == 200, answer.text
    return str(made["id"])


def send(page: Any, note: str) -> str:
    """Ask for approval on the record page; who would be asked."""
    screen.next_step(page).click()
    dialog = page.locator("#step-dialog")
    dialog.wait_for()
    told = str(dialog.locator(".approval-line").inner_text())
    dialog.locator("#step-note").fill(note)
    assert screen.fits(page)
    with page.expect_navigation():
        dialog.get_by_role("button", name="提交审批").click()
    screen.ready(page)
    return told


def act(page: Any, label: str, note: str = "", to: str = "") -> None:
    """Do it on the page of a case, through its dialog."""
    foot = page.locator(".approval-foot")
    if label in ("转交", "加签"):
        foot.locator("[data-menu-button]").click()
        foot.locator(".menu-item", has_text=label).click()
    else:
        foot.locator("a.btn", has_text=label).click()
    dialog = page.locator("#act-dialog")
    dialog.wait_for()
    if to:
        screen.choose(page, "to", to, within="#act-dialog")
    if note:
        dialog.locator("#act-note").fill(note)
    assert screen.fits(page)
    with page.expect_navigation():
        dialog.locator("button[form=act-form]").click()
    screen.ready(page)


def open_case(people: Any, login: str, title: str) -> Any:
    """Through the inbox, as approvers come."""
    page = people.page(login, "/approvals")
    page.locator("a.row-link", has_text=title).click()
    page.locator(".approval-steps").wait_for()
    screen.ready(page)
    assert screen.fits(page)
    return page


def test_three_people_a_return_and_a_delegation(people, rep, demo, size):
    title = f"四间教室 {next(NUMBERS)} 号 {size}"
    id_ = opportunity(rep, title, "0.25", "7500")
    page = people.page(keys.REP, f"/e/opportunity/{id_}")
    told = send(page, "样椅清库")
    assert NAME[keys.SUPERVISOR] in told and NAME[keys.DIRECTOR] in told
    panel = page.locator(".approval-panel")
    assert "审批中" in panel.inner_text() and "等待 周敏" in panel.inner_text() and "样椅清库" in panel.inner_text()
    assert rep.get(f"/records/opportunity/{id_}").json["state"] == "solution_confirmed"

    day = people.page(keys.SUPERVISOR, "/")
    day.locator("#day", has_text=title).wait_for()
    boss = open_case(people, keys.SUPERVISOR, title)
    assert "叠放椅" in boss.locator("#content").inner_text() and "25%" in boss.locator("#content").inner_text()
    boss.locator(".approval-foot a.btn", has_text="退回").click()
    boss.locator("#act-dialog button[form=act-form]").click()
    boss.locator("#act-dialog .field-error", has_text="请写明原因").wait_for()
    boss.locator("#act-note").fill("毛利写一下")
    with boss.expect_navigation():
        boss.locator("#act-dialog button[form=act-form]").click()

    people.go(page, f"/e/opportunity/{id_}")
    assert "毛利写一下" in panel.inner_text() and "已退回" in panel.inner_text()
    version = rep.get(f"/records/opportunity/{id_}").json["version"]
    assert rep.patch(f"/records/opportunity/{id_}", {"fields": {"margin": "0.12"}}, version=version).status_code == 200
    people.go(page, f"/e/opportunity/{id_}")
    send(page, "毛利补上了")

    boss = open_case(people, keys.SUPERVISOR, title)
    act(boss, "转交", "这批椅子你店里更清楚", "徐嘉")
    other = open_case(people, "xu", title)
    assert other.get_by_text("打开记录").count() == 0, "a seat shows what is asked, not the record of another store"
    assert "12%" in other.locator("#content").inner_text()
    act(other, "同意", "清掉好")
    assert rep.get(f"/records/opportunity/{id_}").json["state"] == "solution_confirmed"
    act(open_case(people, keys.DIRECTOR, title), "同意", "下不为例")
    assert rep.get(f"/records/opportunity/{id_}").json["state"] == "contract_approval"

    people.go(page, f"/e/opportunity/{id_}")
    assert "已批准" in panel.inner_text() and screen.present_state(page) == "合同审批"
    page.locator(".approval-more > summary").click()
    said = panel.inner_text()
    assert all(words in said for words in ("徐嘉", "由 周敏 转交", "清掉好", "沈岚", "下不为例"))
    assert "退回了" in screen.timeline(page) and "同意了" in screen.timeline(page)
    last = rep.get(f"/records/opportunity/{id_}/history").json["items"][0]
    assert last["kind"] == "transition" and len(last["reason"]["approved_by"]) == 2
    assert screen.fits(page)


def test_a_small_discount_needs_nobody(people, rep, size):
    id_ = opportunity(rep, f"小折扣 {size}", "0.05", "9500")
    page = people.page(keys.REP, f"/e/opportunity/{id_}")
    screen.take_step(page)
    assert screen.present_state(page) == "合同审批" and page.locator(".approval-panel").count() == 0


@pytest.mark.parametrize("size", ["phone"])
def test_several_at_once_with_one_thumb(people, rep, size):
    name = f"一起批 {next(NUMBERS)}"
    ids = [opportunity(rep, f"{name}-{n}", "0.15", "8500") for n in (1, 2)]
    for id_ in ids:
        version = rep.get(f"/records/opportunity/{id_}").json["version"]
        assert rep.post(f"/records/opportunity/{id_}/transitions/to_contract", {"note": "量大"}, version=version).status_code == 202
    page = people.page(keys.SUPERVISOR, "/approvals")
    for n in (1, 2):
        page.locator("tr", has_text=f"{name}-{n}").locator("label.check").click()
    bar = page.locator(".bulk-bar")
    bar.wait_for()
    box = bar.get_by_role("button", name="同意").bounding_box()
    assert box["height"] >= 44 and box["y"] > 844 / 2, "within reach of the thumb"
    assert screen.fits(page)
    bar.get_by_role("button", name="同意").click()
    dialog = page.locator("#several-dialog")
    dialog.wait_for()
    assert all(f"{name}-{n}" in dialog.inner_text() for n in (1, 2))
    dialog.locator("#several-note").fill("都同意")
    dialog.locator("button[form=several-form]").click()
    page.get_by_text("2 条中完成 2 条").wait_for()
    assert screen.fits(page)
    for id_ in ids:
        assert rep.get(f"/records/opportunity/{id_}").json["state"] == "contract_approval"
    page.locator("#several-dialog .dialog-foot a.btn").click()
    page.wait_for_url(re.compile("/approvals$"))
    assert page.locator("tr", has_text=name).count() == 0
