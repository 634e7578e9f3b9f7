"""M1.1, M1.2, M1.3, M1.5, M1.7: a new lead and its countdown on two screens, cadence by grade, similar deals that were won, customers gone quiet."""

from __future__ import annotations

import itertools
import json
import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from kernel.platform import actors
from kernel.platform import tables as t
from runtime.incoming import sources
from runtime.incoming.signing import sign
from tests.e2e.mechanisms import keys
from tests.factories.work import work

OURS = "+8613800009001"


@pytest.fixture(scope="module")
def telephone(demo):
    """What the telephone system can do: send a call, signed."""
    demo.api(keys.ADMIN)
    with demo.ctx() as ctx:
        identity = actors.identify(ctx.conn, ctx.release, demo.person(keys.ADMIN), tenant=ctx.tenant, now=ctx.now)
        admin = ctx.acting(actor=identity.actor(ctx.tenant))
        source = sources.add(admin, "json", "话机")
        numbers = itertools.count(1)
        key, id_ = sources.new_key(admin, source), source.id

    def call(to, seconds):
        name = str(next(numbers))
        body = json.dumps({
            "id": name, "occurred_at": (demo.clock.now() - timedelta(seconds=seconds)).isoformat(), "direction": "out", "from": OURS, "to": to, "duration_s": seconds,
            "status": "connected"}).encode()
        stamp = str(int(demo.clock.now().timestamp()))
        answer = demo.app.test_client().post(
            f"/t/{demo.slug}/api/v1/events/call?source={id_}", data=body, content_type="application/json",
            headers={"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": sign(key, name, stamp, body)})
        assert answer.status_code in (200, 201, 202), answer.text
    return call


def clock_of(api, lead, policy="first_response"):
    found = [c for c in api.get(f"/records/lead/{lead}/clocks").json["items"] if c["clock"] == policy]
    return found[0] if found else None


def told(demo, login, step, record):
    with demo.home.read() as conn:
        rows = conn.execute(select(t.notice).where(t.notice.c.person_id == demo.person(login), t.notice.c.kind == "clock", t.notice.c.record_id == record)).all()
    return [r.urgency for r in rows if r.cause.endswith(f":{step}")]


def advance(demo, pages, **units):
    """Time passes, on the server and on every screen; what fell due is carried out."""
    now = demo.clock.advance(**units)
    work(demo.app, demo.slug)
    for page in pages:
        page.context.clock.set_fixed_time(now)


@pytest.mark.browser
@pytest.mark.parametrize("size", ["phone"], indirect=True)
def test_m1_1_a_new_lead_counts_down_and_a_breach_reaches_the_supervisor(demo, people, rep, telephone):
    phone = people.page(keys.REP, "/")
    boss = people.page(keys.SUPERVISOR, "/e/customer", size="desktop")
    lead = rep.make("lead", **keys.lead_fields("启帆教育", phone="13805719001", need="想看四十人的培训教室"))["id"]
    row = phone.locator(f"#day-first[data-live-watch='lead/{lead}'], [id='day-clock-{lead}']")
    expect(row).to_be_visible()  # it came in while the page was open
    expect(row.locator("[data-clock-text]")).to_contain_text("15:00")
    assert row.locator("a[href='tel:+8613805719001'], a[href='tel:13805719001']").count() >= 1, "one tap calls"
    advance(demo, [phone, boss], minutes=12)
    expect(row).to_have_class(re.compile("tone-warning"))
    expect(row.locator("[data-clock-text]")).to_contain_text("03:00")
    assert told(demo, keys.REP, "soon", lead) == ["normal"]

    # M1.2: a click on "contacted" stops nothing at the shipped level.
    stands = rep.get(f"/records/lead/{lead}")
    assert rep.post(f"/records/lead/{lead}/transitions/contact", {}, version=stands.json["version"]).status_code == 200
    assert clock_of(rep, lead)["state"] == "running"
    telephone("13805719001", 30)
    assert clock_of(rep, lead)["state"] == "running", "a call of half a minute is no answer"

    advance(demo, [phone, boss], minutes=4)
    popup = boss.locator(".alert-popup, [role=alertdialog]").first
    expect(popup).to_be_visible()
    expect(popup).to_contain_text("首次响应超时了")
    expect(popup).to_contain_text("启帆教育")
    expect(phone.locator(f"[id='day-clock-{lead}']")).to_contain_text("超时")
    assert told(demo, keys.SUPERVISOR, "late", lead) == ["high"] and told(demo, keys.REP, "late", lead) == ["high"]

    advance(demo, [phone, boss], minutes=5)
    telephone("13805719001", 90)
    work(demo.app, demo.slug)
    ended = clock_of(rep, lead)
    assert ended["state"] == "met" and ended["late"] > 0
    expect(phone.locator(f"[id='day-clock-{lead}'].task-breach")).to_have_count(0)  # and it left the list by itself
    advance(demo, [phone, boss], minutes=20)
    assert told(demo, keys.DIRECTOR, "later", lead) == []


def test_m1_1_nobody_hears_of_it_twice_and_it_climbs(demo, rep):
    lead = rep.make("lead", **keys.lead_fields("没人理"))["id"]
    advance(demo, [], minutes=16)
    advance(demo, [], minutes=16)
    work(demo.app, demo.slug)
    assert clock_of(rep, lead)["tone"] == "breach" and told(demo, keys.DIRECTOR, "later", lead) == ["high"]


def test_m1_3_each_grade_has_its_cadence_and_a_change_leaves_a_trace(demo, rep, telephone):
    lead = rep.make("lead", **keys.lead_fields("等级会变", phone="13805719003", budget=keys.cny(1000)))
    assert lead["fields"]["grade"] == "C"
    telephone("13805719003", 120)
    first = clock_of(rep, lead["id"], "first_visit")
    assert first["target"] == 72 * 3600 and clock_of(rep, lead["id"], "second_touch") is None
    stands = rep.get(f"/records/lead/{lead['id']}").json
    stands = rep.patch(f"/records/lead/{lead['id']}", {"fields": {"budget": keys.cny(150000)}}, version=stands["version"]).json
    again = clock_of(rep, lead["id"], "first_visit")
    assert (stands["fields"]["grade"], again["id"], again["target"]) == ("B", first["id"], 48 * 3600) and again["plans"][-1]["why"] == ["target"]
    page = demo.app.test_client()
    page.set_cookie(demo.cookie(keys.REP)["name"], demo.cookie(keys.REP)["value"])
    assert "C → B" in page.get(f"/t/{demo.slug}/e/lead/{lead['id']}/clocks/{again['id']}").text
    stands = rep.patch(f"/records/lead/{lead['id']}", {"fields": {"source": "exhibition", "fair": "家博会", "budget": keys.cny(900000)}}, version=stands["version"]).json
    assert stands["fields"]["grade"] == "A", stands
    assert clock_of(rep, lead["id"], "first_visit")["state"] == "cancelled" and clock_of(rep, lead["id"], "second_touch")["target"] == 24 * 3600


def test_m1_5_a_stuck_demo_comes_with_similar_deals_that_were_won(demo, rep):
    with demo.home.read() as conn:
        rows = conn.execute(select(t.clock.c.record_id).where(t.clock.c.policy == "demo_stay", t.clock.c.state == "running")).scalars().all()
    boss = demo.api(keys.DIRECTOR)
    found = [boss.get(f"/records/opportunity/{id_}/similar").json["items"] for id_ in rows]
    with_matches = [items[0]["records"] for items in found if items and items[0]["records"]]
    assert with_matches, "half a year of deals holds some that are like those at hand"
    best = with_matches[0][0]
    assert best["score"] >= 0.3 and best["way"][-1]["state"] == "won" and best["because"]


def test_m1_7_a_keen_customer_without_a_touch_alerts(demo, rep):
    customer = rep.make("customer", **keys.customer_fields("冷下来的客户", intent="high"))["id"]
    advance(demo, [], days=7, minutes=1)
    assert told(demo, keys.SUPERVISOR, "quiet", customer) and told(demo, keys.REP, "quiet", customer)
    (one,) = rep.get(f"/clocks?record={customer}").json["items"]
    assert (one["clock"], one["tone"], one["target"]) == ("quiet_customer", "breach", 7 * 86400)
