"""M1.2 on the shipped template, on a phone and a desktop: a click on "contacted" stops nothing, a call of 90 s from the telephone system does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from runtime.incoming import sources
from runtime.incoming.signing import sign
from tests.e2e.mechanisms.keys import REP, SUPERVISOR, lead_fields
from tests.e2e.mechanisms.screen import ready

PHONE, OURS = "13805719971", "13800571007"


def send(demo: Any, source: tuple[str, str], event: dict[str, Any]) -> None:
    """What the telephone system sends."""
    raw, stamp = json.dumps(event).encode(), str(int(demo.clock.now().timestamp()))
    headers = {"webhook-id": event["id"], "webhook-timestamp": stamp, "webhook-signature": sign(source[1], event["id"], stamp, raw)}
    answer = demo.app.test_client().post(f"/t/{demo.slug}/api/v1/events/call?source={source[0]}", data=raw, headers=headers)
    assert answer.status_code == 201 and answer.json["outcome"] == "taken", answer.text


@pytest.mark.parametrize("size", ["phone"])
def test_m1_2_a_click_stops_nothing_and_a_call_does(demo: Any, people: Any) -> None:
    lead = demo.api(REP).make("lead", **lead_fields("杭州云栖九中", phone=PHONE))
    with demo.ctx() as ctx:
        made = sources.add(ctx, "json", "话务系统")
        source = made.id, sources.new_key(ctx, made)
    call = {"direction": "out", "from": OURS, "to": PHONE, "status": "connected"}
    at = demo.clock.now()

    page: Page = people.page(REP, f"/e/lead/{lead['id']}", size="phone")
    line = page.locator('[data-evidence="response"]')
    expect(line).to_contain_text("还没有")
    # One tap marks a call by hand: kept, told apart, and at level 2 it does not count.
    line.get_by_role("button", name="手工记一次").click()
    expect(page.locator("#toasts")).to_contain_text("不算数")
    expect(line).to_contain_text("联系 1 次，还没有一次算数")
    demo.api(REP).post(f"/records/lead/{lead['id']}/transitions/contact", {}, version=demo.api(REP).get(f"/records/lead/{lead['id']}").json["version"])
    send(demo, source, {"id": "c1", "occurred_at": (at - timedelta(minutes=2)).isoformat(), "duration_s": 30, **call})
    page.reload()
    ready(page)
    expect(line).to_contain_text("联系 2 次，还没有一次算数")
    expect(line).to_contain_text("通话要满 1 分 30 秒，这通 30 秒")
    assert demo.api(REP).get(f"/records/lead/{lead['id']}").json["fields"]["first_response_at"] is None
    # It happened before the click and arrives after it: it counts from when it was.
    send(demo, source, {"id": "c2", "occurred_at": (at - timedelta(minutes=5)).isoformat(), "duration_s": 90, **call})
    page.reload()
    ready(page)
    expect(line).to_contain_text("联系 3 次，1 次算数")
    expect(page.locator('[data-field="first_response_at"]')).to_contain_text("10:27")

    desk: Page = people.page(SUPERVISOR, f"/behaviour?record=lead/{lead['id']}", size="desktop")
    log = desk.get_by_role("list", name="行为记录")
    expect(log.locator("> li")).to_have_count(4)
    expect(log).to_contain_text("点了“已联系上”")
    expect(log).to_contain_text("没有凭据")
    expect(log).to_contain_text("手工记的，这个等级不算数")
