"""The screens: what a person chooses, what was sent and why not, and everybody's deliveries for administrators."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from kernel.platform.database import count_statements
from runtime.notices import inbox, wishes
from runtime.notices.tell import tell
from tests.factories.desk import Desk
from tests.factories.platform import csrf_of
from tests.factories.post import Postbox
from tests.factories.work import work
from tests.integration.notices.conftest import acting_as, choose, deliveries, empty, states

GOOD = {
    "mail-high": "now", "mail-normal": "collected", "mail-low": "off", "quiet": "1", "quiet-from": "21:30", "quiet-to": "06:45", "digest": "daily", "daily": "09:15"}


@pytest.fixture(autouse=True)
def afresh(desk: Desk, post: Postbox) -> None:
    empty(desk, post)


def get(desk: Desk, login: str, path: str):
    return desk.browser(login).get(f"/t/{desk.slug}{path}", headers={"Accept-Language": "en"})


def send(desk: Desk, login: str, path: str, **data: str):
    client = desk.browser(login)
    return client.post(f"/t/{desk.slug}{path}", data={"csrf_token": csrf_of(client, desk.app, desk.slug), **data}, headers={"Accept-Language": "en"})


def chosen(desk: Desk, login: str) -> wishes.Wishes:
    with desk.ctx() as ctx:
        acting = acting_as(ctx, desk.people[login])
        return wishes.load(acting, {acting.actor.person: acting.zone})[acting.actor.person]


def say(desk: Desk, login: str, cause: str, kind: str = "mention", urgency: str = "high") -> None:
    with desk.ctx("screen") as ctx:
        tell(acting_as(ctx, desk.people["chen"]), [desk.people[login]], kind, cause, urgency=urgency)


def test_what_is_chosen_is_kept_and_shown(desk: Desk) -> None:
    page = get(desk, "wen", "/settings/notices").text
    assert 'value="22:00"' in page and "What is essential comes through only while your team is at work" in page
    assert send(desk, "wen", "/settings/notices", **GOOD).status_code == 303
    kept = chosen(desk, "wen")
    assert kept.ways["mail"] == {"high": "now", "normal": "collected", "low": "off"} and kept.quiet == (21 * 60 + 30, 6 * 60 + 45) and kept.daily_at == 9 * 60 + 15
    page = get(desk, "wen", "/settings/notices").text
    assert 'value="21:30"' in page and re.search(r'<option value="collected" selected', page)
    assert send(desk, "wen", "/settings/notices", **{k: v for k, v in GOOD.items() if k != "quiet"}).status_code == 303
    assert chosen(desk, "wen").quiet is None
    assert "New here" in get(desk, "guo", "/settings/notices").text, "who is spared reads why"


@pytest.mark.parametrize(("wrong", "status", "words"), [
    ({"quiet-from": "25:00"}, 422, "That is no time of the day"), ({"daily": ""}, 422, "That is no time of the day"),
    ({"quiet-to": "21:30"}, 422, "begin and end at the same time"), ({"mail-high": "always"}, 400, "can&#39;t be chosen"), ({"digest": "weekly"}, 400, "can&#39;t be chosen"),
])
def test_what_can_not_be_meant_is_said_and_nothing_is_lost(desk: Desk, wrong: dict[str, str], status: int, words: str) -> None:
    answer = send(desk, "wen", "/settings/notices", **{**GOOD, **wrong})
    assert answer.status_code == status and words in answer.text
    if status == 422:
        assert 'value="06:45"' in answer.text or 'value="21:30"' in answer.text
    assert chosen(desk, "wen").ways == {}


def test_choosing_otherwise_sends_what_was_held(desk: Desk, post: Postbox) -> None:
    choose(desk, "wen", quiet=[0, 1439])
    say(desk, "wen", "h:1", kind="commented")
    work(desk.app, desk.slug)
    assert states(desk, "wen") == [("held", "quiet")]
    assert send(desk, "wen", "/settings/notices", **{k: v for k, v in GOOD.items() if k != "quiet"}).status_code == 303
    work(desk.app, desk.slug)
    assert states(desk, "wen") == [("sent", "")] and len(post.mails) == 1


def test_a_test_notice_reaches_oneself(desk: Desk, post: Postbox) -> None:
    desk.clock.set(datetime(2026, 11, 24, 16, tzinfo=UTC))  # type: ignore[attr-defined]
    for n in range(6):
        status = send(desk, "wen", "/settings/notices/test").status_code
        assert status == (303 if n < 5 else 429)
    work(desk.app, desk.slug)
    assert len(post.mails) == 5 and "A test" in str(post.mails[0]["Subject"])


def test_the_log_says_why_and_costs_the_same_for_many(desk: Desk) -> None:
    say(desk, "wen", "g:0")
    say(desk, "wen", "g:1", urgency="low")
    say(desk, "guo", "g:2", kind="commented")
    work(desk.app, desk.slug)
    page = get(desk, "wen", "/settings/notices/log").text
    assert "Sent" in page and "not chosen for this urgency" in page and "not read yet" in page
    assert "quiet period “New here”" in get(desk, "guo", "/settings/notices/log").text
    counts = []
    for many in (0, 12):
        for n in range(many):
            say(desk, "wen", f"m:{n}")
        work(desk.app, desk.slug)
        for login, path in (("wen", "/settings/notices/log"), ("chen", "/settings/deliveries")):
            client = desk.browser(login)
            with count_statements(desk.home) as count:
                assert client.get(f"/t/{desk.slug}{path}").status_code == 200
            counts.append(count.total)
    assert counts[:2] == counts[2:]


def test_administrators_see_everybodys_by_filter_and_nobody_else_does(desk: Desk) -> None:
    say(desk, "wen", "a:1")
    say(desk, "mei", "a:2")
    work(desk.app, desk.slug)
    assert get(desk, "wen", "/settings/deliveries").status_code in (403, 404)
    page = get(desk, "chen", "/settings/deliveries").text
    assert "Wen" in page and "Mei" in page and "no address and no device for it" in page
    rows = get(desk, "chen", "/settings/deliveries?state=sent&channel=mail").text.split('<ol class="settings-list', 1)[1]
    assert "Wen" in rows and "Mei" not in rows
    assert "Nothing fits" in get(desk, "chen", f"/settings/deliveries?person={desk.people['out']}").text
    assert get(desk, "chen", "/settings/deliveries?state=x&before=y&person=z&channel=q").status_code == 200


def test_where_a_notice_leads(desk: Desk) -> None:
    id_ = desk.api("wen").make(title="Fence")["id"]
    with desk.ctx("screen") as ctx:
        tell(acting_as(ctx, desk.people["chen"]), [desk.people["wen"]], "mention", "o:1", entity="task", record=id_, urgency="high")
        tell(acting_as(ctx, desk.people["chen"]), [desk.people["wen"]], "viewed", "o:2", urgency="high")
    with desk.ctx() as ctx:
        first, second = sorted(inbox.entries(acting_as(ctx, desk.people["wen"]), tasks=False), key=lambda n: n.cause)
    assert get(desk, "wen", f"/inbox/{first.id}").headers["Location"] == f"/t/{desk.slug}/e/task/{id_}?seen={first.id}"
    assert get(desk, "wen", f"/e/task/{id_}?seen={first.id}").status_code == 200
    assert get(desk, "wen", f"/inbox/{second.id}").headers["Location"].endswith(f"/inbox?tab=news&seen={second.id}")
    assert get(desk, "mei", f"/inbox/{first.id}").status_code == 404 and get(desk, "wen", "/inbox/nonsense").status_code == 404
    popup = get(desk, "wen", "/inbox/popup").text
    assert "Needs you now" in popup and "1 more that can" in popup and deliveries(desk, "wen") == []
