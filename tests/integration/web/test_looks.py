"""Board, calendar, timeline and gallery: what they show, to whom, in how many statements; hard limits on every road."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime.records import reading, road
from runtime.records.record import Input
from runtime.web.cards import doors_of
from tests.conftest import NOW
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.factories.platform import csrf_of

ORDER = (
    {
        "entity": "order", "title": "{name}",
        "fields": {"name": {"type": "text", "required": True}, "task": {"type": "reference", "to": "task"}, "due": "date", "starts": "datetime", "ends": "datetime"},
    },
    {
        "machine": "order", "on": "order", "states": {"asked": {}, "made": {}, "full": {}, "over": {"category": "closed"}},
        "transitions": {
            "make": {"from": "asked", "to": "made", "guards": {
                "near": {"holds": 'task.project.name = "Bridge"'}, "rows": {"holds": "COUNT(task.lines) >= 1"}, "people": {"holds": 'ANY(task.helpers, name = "Wen")'},
                "owner": {"holds": "NOT(ISBLANK(owner.team.name))"}}},
            "fill": {"from": ["asked", "made"], "to": "full", "primary": True},
            "end": {"from": "full", "to": "over"},
            "sign": {"from": "asked", "to": "over", "approvals": {"look": "chief"}},
        },
    },
    {"view": "orders", "entity": "order", "as": "board", "group_by": "state", "limits": {"full": {"most": 2, "hard": True}, "asked": 3}},
    {"view": "wall", "entity": "task", "as": "board", "group_by": "state", "total": "budget", "card": ["priority", "project", "budget", "due"]},
    {"view": "plan", "entity": "order", "as": "calendar", "starts": "starts", "ends": "ends"},
    {"role": "dealer", "rights": {
        "order": {"read": "all", "create": True, "update": "all"}, "task": {"read": "own", "create": True, "update": "own"}, "person": {"read": "all"}, "team": {"read": "all"}}},
)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), FixedClock(NOW), (*DOCUMENTS, *ORDER)) as made:
        from sqlalchemy import insert

        from kernel.platform import tables as t

        with made.home.write() as conn:
            conn.execute(insert(t.person_role), [{"person_id": made.people[who], "role": "dealer"} for who in ("chen", "wen")])
        yield made


def asked(desk: Desk, path: str, login: str = "chen", status: int = 200) -> str:
    answer = desk.browser(login).get(f"/t/{desk.slug}/e/{path}")
    assert answer.status_code == status, answer.text[:500]
    return answer.text


def sent(desk: Desk, path: str, body: Any, login: str = "chen") -> Any:
    browser = desk.browser(login)
    headers = {"X-CSRFToken": csrf_of(browser, desk.app, desk.slug), "Accept": "application/json"}
    return browser.post(f"/t/{desk.slug}/e/{path}", json=body, headers=headers)


def tasks(desk: Desk, count: int, login: str = "chen", **fields: Any) -> list[str]:
    with desk.ctx() as ctx:
        from kernel.platform import actors

        identity = actors.identify(ctx.conn, ctx.release, desk.people[login])
        assert identity is not None
        mine = ctx.acting(actor=identity.actor(ctx.tenant))
        given = [Input({"title": f"Task {n}", "due": "2026-11-25", "budget": {"amount": "10", "currency": "CNY"}, **fields}) for n in range(count)]
        return [r.id for r in road.create_many(mine, "task", given)]


@pytest.mark.parametrize(
    "path",
    [
        "task?view=wall", "task/board/open?view=wall", "task/board/sums?view=wall", "task?view=wall&by=owner", "task/board/-?view=wall&by=priority", "task/board/sums?by=owner&as=board",
        "task?as=calendar&on=2026-11-24", "task?as=calendar&scale=week&on=2026-11-24", "task?as=timeline&on=2026-11-24&by=owner", "task?as=gallery",
    ],
)
def test_more_records_need_no_more_statements(desk: Desk, path: str) -> None:
    def counted() -> int:
        browser = desk.browser("chen")
        with count_statements(desk.home) as found:
            assert browser.get(f"/t/{desk.slug}/e/{path}").status_code == 200
        return found.total

    tasks(desk, 2)
    counted()
    few = counted()
    tasks(desk, 30)
    assert counted() == few


def test_counts_and_sums_are_those_of_what_the_reader_sees(desk: Desk) -> None:
    tasks(desk, 3)
    tasks(desk, 2, "wen")
    all_, own, guest = (asked(desk, "task/board/sums?view=wall", who) for who in ("chen", "wen", "guo"))
    assert 'id="col-count-open" hx-swap-oob="true">5<' in all_ and "¥50" in all_
    assert 'id="col-count-open" hx-swap-oob="true">2<' in own and "¥20" in own
    # What one may not read is not added up either.
    assert 'id="col-count-open" hx-swap-oob="true">5<' in guest and "¥" not in guest
    assert "¥" not in asked(desk, "task/board/open?view=wall", "guo")


def test_a_card_says_the_same_as_the_record_however_far_its_guards_look(desk: Desk) -> None:
    chen = desk.api("chen")
    bridge, other = (chen.make("project", name=name)["id"] for name in ("Bridge", "Tower"))
    made = []
    for n in range(6):
        task = chen.make(project=bridge if n % 2 else other, lines=[{"fields": {"name": "x"}}] if n % 3 else [], helpers=[desk.people["wen"]] if n != 5 else [])
        made.append(chen.make("order", name=f"O{n}", task=task["id"])["id"])
    with desk.ctx() as ctx:
        from kernel.platform import actors
        from runtime.records import query

        identity = actors.identify(ctx.conn, ctx.release, desk.people["chen"])
        assert identity is not None
        mine = ctx.acting(actor=identity.actor(ctx.tenant))
        machine = mine.app.first_machine("order")
        assert machine is not None

        def counted(limit: int) -> int:
            items = query.list_records(mine, "order", query.ListQuery(limit=limit)).items
            with count_statements(desk.home) as found:
                doors_of(mine, "order", items, machine, "asked")
            return found.total

        assert counted(2) == counted(6)
        found = doors_of(mine, "order", query.list_records(mine, "order", query.ListQuery()).items, machine, "asked")
        for id_ in made:
            seen = reading.doors(mine, reading.get(mine, "order", id_))
            assert [(s.key, s.open, [m.rule for m in s.missing]) for s in found[id_]] == [(d.key, d.open, [m.rule for m in d.missing]) for d in seen]
        assert {s.open for steps in found.values() for s in steps if s.key == "make"} == {True, False}


def test_a_full_state_takes_no_more_on_any_road_and_says_so_before(desk: Desk) -> None:
    chen = desk.api("chen")
    orders = [chen.make("order", name=f"O{n}") for n in range(3)]
    for order in orders[:2]:
        assert chen.post(f"/records/order/{order['id']}/transitions/fill", {}, version=1).status_code == 200
    rule = "test:view/orders#limits.full"
    refused = chen.post(f"/records/order/{orders[2]['id']}/transitions/fill", {}, version=1)
    assert refused.status_code == 409 and [m["rule"] for m in refused.json["missing"]] == [rule]
    assert "at most 2" in refused.json["missing"][0]["what"]
    told = {d["key"]: d for d in chen.get(f"/records/order/{orders[2]['id']}/transitions").json["items"]}
    assert not told["fill"]["open"] and "at most 2" in told["fill"]["missing"][0]["what"]
    dropped = sent(desk, "order/board/move?view=orders", {"id": orders[2]["id"], "to": "full", "version": 1})
    assert dropped.status_code == 409 and "full" in dropped.json["error"]["message"] and dropped.json["dialog"].endswith("/do/fill?stay=1")
    assert "is full" in asked(desk, "order/board/asked?view=orders")
    heads = asked(desk, "order/board/sums?view=orders")
    assert "2 / 2" in heads and "Full: move one on first" in heads
    # One that leaves makes room.
    assert chen.post(f"/records/order/{orders[0]['id']}/transitions/end", {}, version=2).status_code == 200
    assert sent(desk, "order/board/move?view=orders", {"id": orders[2]["id"], "to": "full", "version": 1}).json["column"] == "full"


def test_of_many_at_once_only_so_many_get_in(desk: Desk) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from tests.factories.desk import Api

    chen = desk.api("chen")
    orders = [chen.make("order", name=f"O{n}")["id"] for n in range(6)]

    def fill(id_: str) -> int:
        mine = Api(desk.app.test_client(), chen.base, chen.token)
        while (answer := mine.post(f"/records/order/{id_}/transitions/fill", {}, version=1)).status_code == 503:
            pass
        return answer.status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(fill, orders)) == [200, 200, 409, 409, 409, 409]


def test_a_soft_limit_only_warns(desk: Desk) -> None:
    chen = desk.api("chen")
    for n in range(4):
        chen.make("order", name=f"O{n}")
    assert "More than the 3 agreed on" in asked(desk, "order/board/sums?view=orders")


def test_a_drop_is_a_change_of_the_field_the_columns_are_made_of(desk: Desk) -> None:
    (id_,) = tasks(desk, 1)
    moved = sent(desk, "task/board/move?view=wall&by=priority", {"id": id_, "to": "low", "version": 1})
    assert moved.status_code == 200 and moved.json["column"] == "low" and id_ in moved.json["card"]
    assert desk.api("chen").get(f"/records/task/{id_}").json["fields"]["priority"] == "low"
    refused = sent(desk, "task/board/move?view=wall&by=priority", {"id": id_, "to": "high", "version": 2})
    assert refused.status_code == 422 and "Reason" in refused.json["error"]["message"]
    assert sent(desk, "task/board/move?view=wall&by=priority", {"id": id_, "to": "-", "version": 2}).json["column"] == "-"
    given = sent(desk, "task/board/move?view=wall&by=owner", {"id": id_, "to": desk.people["lin"], "version": 3})
    assert given.json["column"] == desk.people["lin"]


def test_a_step_that_needs_approval_opens_its_dialog_first(desk: Desk) -> None:
    with desk.ctx() as ctx:
        from kernel.platform import actors

        identity = actors.identify(ctx.conn, ctx.release, desk.people["wen"])
        assert identity is not None
        id_ = road.create(ctx.acting(actor=identity.actor(ctx.tenant)), "order", Input({"name": "Paper"})).id
    answer = sent(desk, "order/board/move?view=orders", {"id": id_, "to": "over", "version": 1}, "wen")
    assert answer.status_code == 409 and answer.json["asks"] and answer.json["dialog"].endswith("/do/sign?stay=1"), answer.text
    assert "needs approval first" in answer.json["error"]["message"]


def test_a_stale_card_is_refused_with_the_card_as_it_is_now(desk: Desk) -> None:
    (id_,) = tasks(desk, 1)
    desk.api("chen").patch(f"/records/task/{id_}", {"fields": {"title": "Another"}}, version=1)
    answer = sent(desk, "task/board/move?view=wall", {"id": id_, "to": "doing", "version": 1})
    assert answer.status_code == 412 and answer.json["stale"] and "Another" in answer.json["card"] and answer.json["column"] == "open"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("board/move?view=wall", {"to": "doing"}, 428),
        ("board/move?view=wall", {"to": "nowhere", "version": 1}, 409),
        ("board/move?view=wall", {"to": "closed", "version": True}, 428),
        ("calendar/move", {"days": 1}, 428),
        ("calendar/move", {"days": "soon", "version": 1}, 400),
        ("calendar/move", {"days": 99999, "version": 1}, 400),
        ("calendar/move?by=created_at", {"days": 1, "version": 1}, 404),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(desk: Desk, path: str, body: dict[str, Any], status: int) -> None:
    (id_,) = tasks(desk, 1)
    answer = sent(desk, f"task/{path}", {"id": id_, **body})
    assert answer.status_code == status, answer.text
    assert desk.api("chen").get(f"/records/task/{id_}").json["version"] == 1


def test_foreign_and_missing_cards_are_one_answer(desk: Desk) -> None:
    (id_,) = tasks(desk, 1)
    for wrong in (id_, "nobody", ""):
        assert sent(desk, "task/board/move?view=wall", {"id": wrong, "to": "doing", "version": 1}, "wen").status_code == 404
        assert sent(desk, "task/calendar/move", {"id": wrong, "days": 1, "version": 1}, "wen").status_code == 404
    assert desk.browser("wen").get(f"/t/{desk.slug}/e/task/{id_}/move?view=wall").status_code == 404
    assert asked(desk, "task/board/nowhere?view=wall", status=404)


def test_days_are_those_of_the_reader(desk: Desk) -> None:
    chen = desk.api("chen")
    # Half past one in the night of the 24th in Shanghai is still the 23rd in UTC.
    chen.make("order", name="Night", starts="2026-11-23T17:30:00Z")
    chen.make("order", name="Long", starts="2026-11-20T02:00:00Z", ends="2026-11-25T02:00:00Z")
    chen.make("order", name="Before", starts="2026-10-01T02:00:00Z", ends="2026-10-02T02:00:00Z")
    week = asked(desk, "order?view=plan&scale=week&on=2026-11-24")
    day = week[week.index('data-day="2026-11-24"'):week.index('data-day="2026-11-25"')]
    assert "Night" in day and "01:30" in day and "Long" in day and "Before" not in week
    assert "Night" not in week[week.index('data-day="2026-11-23"'):week.index('data-day="2026-11-24"')]
    assert "cal-len-3" in week and "is-before" in week
    assert "Long" in asked(desk, "order?view=plan&on=2026-11-01") and "Before" in asked(desk, "order?view=plan&on=2026-10-05")


def test_a_span_moves_as_a_whole_and_keeps_its_time(desk: Desk) -> None:
    order = desk.api("chen").make("order", name="Span", starts="2026-11-20T02:00:00Z", ends="2026-11-25T04:00:00Z")
    answer = sent(desk, "order/calendar/move?view=plan", {"id": order["id"], "days": -2, "version": 1})
    assert answer.status_code == 200 and answer.json["version"] == 2 and answer.json["day"] == "2026-11-18"
    fields = desk.api("chen").get(f"/records/order/{order['id']}").json["fields"]
    assert (fields["starts"], fields["ends"]) == ("2026-11-18T02:00:00Z", "2026-11-23T04:00:00Z")
    assert sent(desk, "order/calendar/move?view=plan", {"id": order["id"], "days": 2, "version": 1}).status_code == 412


def test_too_many_for_one_month_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime.web import calendar

    monkeypatch.setattr(calendar, "MOST", 5)
    tasks(desk, 6)
    text = asked(desk, "task?as=calendar&on=2026-11-24")
    assert "Only the first 5 are shown" in text and "+1 more" in text


def test_a_timeline_goes_on_where_the_page_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime.web import gantt

    monkeypatch.setattr(gantt, "PAGE", 2)
    tasks(desk, 3)
    tasks(desk, 1, "wen")
    text = asked(desk, "task?as=timeline&by=owner&on=2026-11-24")
    assert text.count("tl-row\"") == 2 and "<h3>Chen</h3>" in text
    more = text[text.index("hx-get", text.index("tl-more")):].split('"')[1].replace("&amp;", "&")
    rest = desk.browser("chen").get(more, headers={"HX-Request": "true"}).text
    assert "<h3>Chen</h3>" not in rest and "<h3>Wen</h3>" in rest and rest.count("tl-row\"") == 2


def test_a_gallery_shows_pictures_and_a_place_for_those_without(desk: Desk) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "PNG")
    body = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + picture.getvalue() + b"\r\n--cut--\r\n"
    chen = desk.api("chen")
    file = chen.post("/files", data=body, content_type="multipart/form-data; boundary=cut").json["id"]
    chen.make(title="With", photo=file)
    chen.make(title="Without")
    text = asked(desk, "task?as=gallery")
    assert f"/files/{file}?variant=thumb" in text and 'loading="lazy"' in text and text.count("No picture") == 1


def test_a_look_without_fields_for_this_reader_is_the_table(desk: Desk) -> None:
    tasks(desk, 1)
    desk.api("chen").make("project", name="Bridge")
    for path in ("project?as=gallery", "project?as=calendar", "task?as=nonsense"):
        assert '<table class="list"' in asked(desk, path)
    text = asked(desk, "task?as=calendar&on=not-a-day&by=secret", "guo")
    assert "cal-week" in text and "November 2026" in text
