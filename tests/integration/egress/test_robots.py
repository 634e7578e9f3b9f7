"""Group robots against a stand-in that checks signatures and answers as the services do: 200 with an error code inside."""

from __future__ import annotations

import base64
import hmac
import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from sqlalchemy import delete, select

from kernel.egress import Answer
from kernel.jobs import find
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.connections import connection
from runtime.notices.channels import CHANNELS
from runtime.notices.tell import tell
from runtime.robots import dialects, speak
from tests.conftest import NOW, make_settings
from tests.factories.desk import make_desk
from tests.factories.peer import ok, peer
from tests.factories.platform import csrf_of
from tests.factories.work import work

SECRET = "SECxyz"
says = [b'{"errcode":0,"errmsg":"ok"}']


@pytest.fixture(scope="module")
def group():
    with peer(lambda conn: ok(says[0])(conn)) as running:
        yield running


@pytest.fixture(scope="module")
def desk(tmp_path_factory, group):
    allowed = f"robots=http://127.0.0.1:{group.port}=127.0.0.1"
    with make_desk(make_settings(tmp_path_factory.mktemp("robots") / "var", egress_allow=allowed), FixedClock(NOW), slug="robots") as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(desk, group):
    group.requests.clear()
    says[0] = b'{"errcode":0,"errmsg":"ok"}'
    with desk.home.write() as conn:
        for table in (t.job, t.outlet, t.delivery, t.notice, t.robot_post, t.connection):
            conn.execute(delete(table))
    desk.clock.advance(minutes=5)


def robot(desk, group, kind="wecom", *, team=None, urgency="normal", titles="yes", key=SECRET, topics=()):
    browser = desk.browser("chen")
    answer = browser.post(f"/t/{desk.slug}/settings/outgoing", headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug)}, data={
        "kind": kind, "name": f"{kind} {team}", "address": f"http://127.0.0.1:{group.port}/robot?key=zz-secret-1", "key": key, "urgency": urgency,
        "team": team or "", "titles": titles, "topics": list(topics)})
    assert answer.status_code == 200, answer.text


def say(desk, *people, cause="x:1", urgency="high", rounds=4):
    with desk.ctx() as ctx:
        tell(ctx, [desk.people[p] for p in people], "test", cause, urgency=urgency, by="system")
    for _n in range(rounds):
        work(desk.app, desk.slug)


def said(group):
    return [json.loads(raw.partition(b"\r\n\r\n")[2]) for raw in group.requests]


def path(raw):
    return raw.split(b" ")[1].decode()


def test_a_group_is_told_once_however_many_it_concerns(desk, group):
    robot(desk, group)
    say(desk, "wen", "lin", "mei")
    (body,) = said(group)
    assert body["msgtype"] == "text" and "A test" in body["text"]["content"] and "/t/robots/inbox/" in body["text"]["content"]
    say(desk, "guo")
    assert len(group.requests) == 1, "the same cause again"


def test_each_team_has_its_own_and_those_above_hear_it_too(desk, group):
    robot(desk, group, team=desk.teams["east"])
    with desk.ctx() as ctx:
        assert CHANNELS["robots"].reachable(ctx, list(desk.people.values())) == {desk.people[p] for p in ("wen", "mei", "chen")}
    say(desk, "lin")
    assert not group.requests
    robot(desk, group, team=desk.teams["all"])
    say(desk, "wen", cause="x:2")
    assert len(group.requests) == 2


def test_only_what_the_group_wants_and_names_only_where_wanted(desk, group):
    robot(desk, group, urgency="high", titles="")
    title = desk.api("wen").make(title="Very private fence")["id"]
    with desk.ctx() as ctx:
        tell(ctx, [desk.people["wen"]], "handed_over", "h:1", entity="task", record=title, urgency="high", by=desk.people["chen"])
    for _n in range(3):
        work(desk.app, desk.slug)
    (body,) = said(group)
    assert "Very private" not in str(body) and "Chen" not in str(body) and "a record" in body["text"]["content"]


def test_a_group_hears_of_its_topics(desk, group):
    robot(desk, group, topics=["approvals"])
    task = desk.api("wen").make(title="Fence")["id"]
    for kind in ("handed_over", "approval_due"):
        with desk.ctx() as ctx:
            tell(ctx, [desk.people["wen"]], kind, f"{kind}:1", entity="task", record=task, urgency="high", by=desk.people["chen"])
        for _n in range(3):
            work(desk.app, desk.slug)
    (body,) = said(group)
    assert "still waits for your approval" in body["text"]["content"]


def dingtalk(raw):
    query = parse_qs(urlsplit(path(raw)).query)
    signed = base64.b64encode(hmac.digest(SECRET.encode(), f"{query['timestamp'][0]}\n{SECRET}".encode(), "sha256")).decode()
    return unquote(query["sign"][0]) == signed or query["sign"][0] == signed


def feishu(raw):
    body = json.loads(raw.partition(b"\r\n\r\n")[2])
    return body["sign"] == base64.b64encode(hmac.digest(f"{body['timestamp']}\n{SECRET}".encode(), b"", "sha256")).decode()


@pytest.mark.parametrize(("kind", "fits", "answer"), [("dingtalk", dingtalk, b'{"errcode":0}'), ("feishu", feishu, b'{"code":0,"msg":"success"}')])
def test_signatures_are_those_of_the_service(desk, group, kind, fits, answer):
    says[0] = answer
    robot(desk, group, kind)
    say(desk, "wen")
    assert len(group.requests) == 1 and fits(group.requests[0])


def test_twenty_a_minute_and_the_rest_together(desk, group):
    robot(desk, group)
    for n in range(speak.PER_MINUTE + 11):
        say(desk, "wen", cause=f"x:{n}", rounds=2)
        desk.clock.advance(seconds=1)
    for _n in range(3):
        work(desk.app, desk.slug)
    assert len(group.requests) == speak.PER_MINUTE
    desk.clock.advance(seconds=70)
    for _n in range(3):
        work(desk.app, desk.slug)
    assert len(group.requests) == speak.PER_MINUTE + 1
    assert said(group)[-1]["text"]["content"].count("A test") == 11
    with desk.home.read() as conn:
        assert set(conn.execute(select(t.job.c.state).where(t.job.c.kind == "robot")).scalars()) == {"done"}


@pytest.mark.parametrize(("answer", "state", "words"), [
    (b'{"errcode":93000,"errmsg":"invalid webhook url"}', "failed", "no longer knows this robot"), (b'{"errcode":45009,"errmsg":"api freq out of limit"}', "waiting", "Too many"),
    (b'{"errcode":77777}', "failed", "77777"), (b"<html>gateway</html>", "waiting", "could not be understood"), (b"[]", "waiting", "could not be understood"),
])
def test_an_error_inside_a_200_answer_is_an_error(desk, group, answer, state, words):
    robot(desk, group)
    says[0] = answer
    say(desk, "wen", rounds=3)
    with desk.home.read() as conn:
        job = find(conn, conn.execute(select(t.job.c.id).where(t.job.c.kind == "robot")).scalar_one())
        assert (job.state, conn.execute(select(t.robot_post.c.sent_at)).scalar_one()) == (state, None)
    assert words in job.error and "zz-secret" not in job.error


def test_codes_of_the_others():
    def judged(kind, body, status=200):
        verdict = dialects.judge(kind, Answer(status, {}, body, False, 0.1))
        return verdict.outcome, verdict.fast

    assert judged("feishu", b'{"code":11232}') == ("later", True) and judged("feishu", b'{"code":19021}') == ("refused", False)
    assert judged("feishu", b'{"StatusCode":0,"StatusMessage":"success"}') == ("said", False)
    assert judged("dingtalk", b'{"errcode":130101}') == ("later", True) and judged("dingtalk", b'{"errcode":310000}') == ("refused", False)
    assert judged("wecom", b"", 429) == ("later", True) and judged("wecom", b"", 502) == ("later", False) and judged("wecom", b"", 404) == ("refused", False)


def test_a_long_text_is_cut_to_what_the_service_takes():
    _url, body = dialects.message("wecom", "https://qyapi.weixin.qq.com/x", None, "字" * 3000, NOW)
    content = json.loads(body)["text"]["content"]
    assert len(content.encode()) <= 2048 and content.endswith("…")


def test_the_test_button_speaks_in_the_group(desk, group):
    robot(desk, group)
    with desk.ctx() as ctx:
        (one,) = connection.all_of(ctx)
    browser = desk.browser("chen")

    def press():
        return browser.post(f"/t/{desk.slug}/settings/outgoing/{one.id}/test", headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug)}).text

    assert "It arrived: 200" in press() and "Desk" in said(group)[0]["text"]["content"]
    says[0] = b'{"errcode":93000,"errmsg":"nope"}'
    assert "It did not arrive" in press() and "no longer knows this robot" in press()
