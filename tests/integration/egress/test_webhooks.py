"""Web hooks and the list of work that failed: signed, repeated under one id, given up in time, done again by hand."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from kernel import secrets
from kernel.errors import Conflict, Invalid, NotFound
from kernel.jobs import find
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import count_statements
from runtime import webhooks
from runtime.connections import connection
from runtime.jobs import HANDLERS
from runtime.outbox import words
from runtime.webhooks.signing import signature
from tests.conftest import NOW, make_settings
from tests.factories.desk import make_desk
from tests.factories.peer import ok, peer
from tests.factories.platform import csrf_of
from tests.factories.work import work


@pytest.fixture(scope="module")
def receiver():
    """The other system: ``says`` is what it answers next."""
    with peer(lambda conn: receiver_says[0](conn)) as other:
        yield other


receiver_says = [ok()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory, receiver):
    # What an operator allows is read at start and names the tenant.
    settings = make_settings(tmp_path_factory.mktemp("hooks") / "var", egress_allow=f"hooks=http://127.0.0.1:{receiver.port}=127.0.0.1")
    with make_desk(settings, FixedClock(NOW), slug="hooks") as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(desk, receiver):
    receiver.requests.clear()
    receiver_says[0] = ok()
    yield
    with desk.home.write() as conn:
        conn.execute(delete(t.job))
        conn.execute(delete(t.outlet))
        conn.execute(delete(t.connection))
        conn.execute(delete(t.secret))


def post(desk, path, data=None, login="chen"):
    browser = desk.browser(login)
    return browser.post(f"/t/{desk.slug}{path}", data=data or {}, headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug)})


def add(desk, receiver, name="ERP"):
    """A web hook made on its page; returns its id and its key."""
    page = post(desk, "/settings/outgoing", {"kind": "webhook", "name": name, "address": f"http://127.0.0.1:{receiver.port}/in?key=zzkeyzz-7f3a"})
    assert page.status_code == 200 and page.headers["Cache-Control"] == "no-store", page.text
    key = next(word for word in page.text.replace("<", " ").replace(">", " ").replace('"', " ").split() if word.startswith("whsec_"))
    with desk.home.read() as conn:
        return conn.execute(select(t.connection.c.id).where(t.connection.c.name == name)).scalar_one(), key


def send(desk, target="ERP", event="thing.changed", data=None, record=None):
    with desk.ctx() as ctx:
        return webhooks.send_later(ctx, target, event, data or {"a": "甲"}, record)


def job(desk, id):
    with desk.home.read() as conn:
        return find(conn, id)


def received(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    return {k.lower(): v for k, v in (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])}, body


def verified(key, raw):
    """What a receiver does with a call, by itself: signature over id, time and body."""
    headers, body = received(raw)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(base64.b64decode(key.removeprefix("whsec_")), signed, "sha256")).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split()


def test_the_signature_is_that_of_the_standard():
    """The example of standardwebhooks.com."""
    assert signature(["whsec_plJ3nmyCDGBKInavdOK15jsl"], "msg_loFOjxBNrRLzqYUf", 1731705121, b'{"event_type":"ping","data":{"success":true}}') == (
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=")


def test_a_call_is_signed_numbered_per_record_and_keeps_its_id(desk, receiver):
    id_, key = add(desk, receiver)
    receiver_says[0] = ok(status="503 Busy")
    first = send(desk, record=("task", "r-1"))
    work(desk.app, desk.slug)
    assert job(desk, first).state == "waiting" and "503" in job(desk, first).error
    receiver_says[0] = ok()
    second, other = send(desk, record=("task", "r-1")), send(desk, record=("task", "r-2"))
    desk.clock.advance(minutes=1)
    work(desk.app, desk.slug)
    assert [job(desk, i).state for i in (first, second, other)] == ["done"] * 3
    assert all(verified(key, raw) for raw in receiver.requests) and not verified("whsec_" + base64.b64encode(b"x" * 32).decode(), receiver.requests[0])
    calls = [(received(raw)[0]["webhook-id"], received(raw)[1]) for raw in receiver.requests]
    assert len(calls) == 4 and len({body for id, body in calls if id == calls[0][0]}) == 1 and len({id for id, _body in calls}) == 3, "the same again under the same id"
    bodies = [json.loads(body) for _id, body in sorted(set(calls))]
    assert [(b["record"]["id"], b["sequence"]) for b in bodies] == [("r-1", 1), ("r-1", 2), ("r-2", 1)]
    assert bodies[0]["type"] == "thing.changed" and bodies[0]["data"] == {"a": "甲"} and id_ not in str(bodies)


def test_a_rolled_back_cause_calls_nobody(desk, receiver):
    add(desk, receiver)
    with pytest.raises(RuntimeError), desk.ctx() as ctx:
        webhooks.send_later(ctx, "ERP", "x", {})
        raise RuntimeError
    assert work(desk.app, desk.slug) == 0 or not receiver.requests


def test_who_can_not_be_called_says_so(desk, receiver):
    id_, _key = add(desk, receiver)
    for target, error in (("Nobody", NotFound), ("ERP", Invalid)):
        with pytest.raises(error):
            send(desk, target, data={"x": "y" * 300_000})
    post(desk, f"/settings/outgoing/{id_}/switch", {"on": "no"})
    with pytest.raises(Conflict):
        send(desk)


def test_the_answer_is_shown_on_ones_own_test_and_nowhere_else(desk, receiver):
    id_, key = add(desk, receiver)
    receiver_says[0] = ok(b"inner words " + b"z" * 3000, status="500 Oops")
    page = post(desk, f"/settings/outgoing/{id_}/test")
    assert page.status_code == 200 and "It answered 500." in page.text and "inner words" in page.text and "z" * 1013 not in page.text and "z" * 1000 in page.text
    assert verified(key, receiver.requests[0])
    sent = send(desk)
    work(desk.app, desk.slug)
    assert "inner words" not in repr(job(desk, sent)) and "inner words" not in desk.browser("chen").get(f"/t/{desk.slug}/settings/outgoing/{id_}").text
    receiver_says[0] = ok()
    assert "It arrived: 200" in post(desk, f"/settings/outgoing/{id_}/test").text


def test_nothing_of_address_and_key_is_shown_again_or_stored_in_the_open(desk, receiver):
    id_, key = add(desk, receiver)
    for page in ("/settings/outgoing", f"/settings/outgoing/{id_}", "/settings/audit", "/settings/failed"):
        text = desk.browser("chen").get(f"/t/{desk.slug}{page}").text
        assert key not in text and "zzkeyzz" not in text
    with desk.home.read() as conn:
        stored = repr(conn.execute(select(t.connection)).all()) + repr(conn.execute(select(t.audit)).all()) + repr(conn.execute(select(t.secret)).all())
    assert key not in stored and "zzkeyzz" not in stored and "…7f3a" in stored


def test_a_new_host_takes_the_keys_away_and_a_new_key_leaves_the_old_one_a_day(desk, receiver):
    id_, key = add(desk, receiver)
    page = post(desk, f"/settings/outgoing/{id_}/key")
    new = next(word for word in page.text.replace("<", " ").replace(">", " ").replace('"', " ").split() if word.startswith("whsec_"))
    send(desk)
    work(desk.app, desk.slug)
    assert verified(key, receiver.requests[0]) and verified(new, receiver.requests[0]) and key != new
    desk.clock.advance(hours=25)
    send(desk)
    work(desk.app, desk.slug)
    assert not verified(key, receiver.requests[-1]) and verified(new, receiver.requests[-1])
    page = post(desk, f"/settings/outgoing/{id_}", {"name": "ERP", "address": "https://hooks.example.com/in"})
    assert page.status_code == 200 and "whsec_" in page.text and new not in page.text
    with desk.ctx() as ctx:
        one = connection.get(ctx, id_)
        assert (one.origin, connection.address(ctx, one)) == ("https://hooks.example.com", "https://hooks.example.com/in")
        assert new not in connection.keys(ctx, one)


@pytest.mark.parametrize(("field", "value"), [
    ("address", "http://127.0.0.1:1/"), ("address", "https://10.0.0.1/"), ("address", "https://example.com:22/"), ("address", "nonsense"), ("address", ""), ("name", ""), ("name", "x" * 61),
    ("name", "a\nb"), ("kind", "pigeon"),
])
def test_bad_input_is_told_and_nothing_is_kept(desk, receiver, field, value):
    given = {"kind": "webhook", "name": "ERP", "address": "https://hooks.example.com/secret-part"} | {field: value}
    page = post(desk, "/settings/outgoing", given)
    assert (page.status_code == 422 and 'role="alert"' in page.text) or "form-error" in page.text or "has-error" in page.text
    assert "secret-part" not in page.text
    with desk.ctx() as ctx:
        assert not connection.all_of(ctx) and not secrets.known(ctx, "connection:")


def test_robots_have_only_their_own_hosts(desk):
    for kind, host in (("wecom", "qyapi.weixin.qq.com"), ("dingtalk", "oapi.dingtalk.com"), ("feishu", "open.feishu.cn")):
        assert post(desk, "/settings/outgoing", {"kind": kind, "name": kind, "address": "https://evil.example/x"}).status_code == 422
        assert post(desk, "/settings/outgoing", {"kind": kind, "name": kind, "address": f"https://{host}/x?key=1"}).status_code == 200


def test_nobody_there_for_three_days_is_switched_off_and_administrators_are_told(desk, receiver):
    id_, _key = add(desk, receiver)
    receiver_says[0] = ok(status="500 Oops")
    ids = [send(desk)]
    for _n in range(60):
        if job(desk, ids[0]).state != "waiting":
            break
        work(desk.app, desk.slug)
        desk.clock.advance(hours=2)
    assert job(desk, ids[0]).state == "failed"
    with desk.home.read() as conn:
        row = conn.execute(select(t.connection).where(t.connection.c.id == id_)).one()
        told = conn.execute(select(t.notice.c.person_id).where(t.notice.c.kind == "connection_off")).scalars().all()
    assert not row.active and "three days" in row.off_why and desk.people["chen"] in told and desk.people["wen"] not in told


def test_gone_means_gone_and_moved_says_so(desk, receiver):
    id_, _key = add(desk, receiver)
    receiver_says[0] = ok(b"", "Location: http://169.254.169.254/", status="302 Found")
    sent = send(desk)
    work(desk.app, desk.slug)
    assert "address has moved" in job(desk, sent).error and len(receiver.requests) == 1
    receiver_says[0] = ok(status="410 Gone")
    desk.clock.advance(minutes=1)
    work(desk.app, desk.slug)
    assert job(desk, sent).state == "failed"
    with desk.ctx() as ctx:
        assert not connection.get(ctx, id_).active


def test_what_failed_is_listed_done_again_and_discarded(desk, receiver):
    add(desk, receiver)
    task = desk.api("wen").make(title="Fence")
    sent = [send(desk, record=("task", task["id"])) for _n in range(3)]
    with desk.home.write() as conn:
        conn.execute(update(t.job).where(t.job.c.id.in_(sent)).values(state="failed", error="It answered 500.", attempts=22, finished_at=desk.clock.now()))
        conn.execute(t.job.insert().values(kind="bulk", state="failed", due_at=desk.clock.now(), data={}, created_at=desk.clock.now(), attempts=8, fence=1, error="TypeError: 'x' inside"))
    chen = desk.browser("chen")
    page = chen.get(f"/t/{desk.slug}/settings/failed").text
    assert page.count('<b class="medium">Web hook</b>') == 3 and "to ERP" in page and "Fence" in page and "It answered 500." in page and "tried 22 times" in page
    assert "TypeError" not in page and "Something unexpected" in page
    assert desk.browser("wen").get(f"/t/{desk.slug}/settings/failed").status_code == 403
    assert post(desk, f"/settings/failed/{sent[0]}/again").status_code == 303
    work(desk.app, desk.slug)
    assert job(desk, sent[0]).state == "done" and job(desk, sent[1]).state == "failed"
    assert received(receiver.requests[0])[0]["webhook-id"].endswith(f"_{sent[0]}")
    assert post(desk, f"/settings/failed/{sent[1]}/discard").status_code == 303
    assert post(desk, "/settings/failed/again").status_code == 303
    assert [job(desk, i).state for i in sent] == ["done", "cancelled", "waiting"]
    assert post(desk, f"/settings/failed/{sent[1]}/again").status_code == 404 and post(desk, "/settings/failed/999999/discard").status_code == 404
    with desk.home.write() as conn:
        conn.execute(update(t.job).where(t.job.c.id == sent[2]).values(state="failed", error="It answered 500."))
    api = desk.api("chen")
    listed = api.get("/work").json
    assert listed["failed"] == 1 and [(i["id"], i["where"], i["record"]["label"]) for i in listed["items"]] == [(sent[2], "ERP", "Fence")]
    assert api.get("/work?show=nothing&limit=0&x=1").status_code == 422 and desk.api("wen").get("/work").status_code == 403
    assert api.post(f"/work/{sent[2]}/again").status_code == 202 and api.post(f"/work/{sent[2]}/drop").status_code == 404
    assert desk.api("wen").post("/work/again").status_code == 403
    with desk.home.read() as conn:
        noted = conn.execute(select(t.audit.c.kind, t.audit.c.data).where(t.audit.c.kind.startswith("work.")).order_by(t.audit.c.id)).all()
    assert [(n.kind, n.data["n"]) for n in noted] == [("work.replayed", 1), ("work.discarded", 1), ("work.replayed", 2), ("work.replayed", 1)]


def test_a_longer_list_asks_no_more(desk, receiver):
    add(desk, receiver)
    chen = desk.browser("chen")

    def statements():
        with count_statements(desk.home) as count:
            assert chen.get(f"/t/{desk.slug}/settings/failed").status_code == 200
        return count.total

    def fail(n):
        for _n in range(n):
            sent = send(desk, record=("task", desk.api("wen").make(title="x")["id"]))
            with desk.home.write() as conn:
                conn.execute(update(t.job).where(t.job.c.id == sent).values(state="failed", error="x", finished_at=desk.clock.now()))

    fail(1)
    few = statements()
    fail(4)
    assert statements() == few


def test_what_leaves_the_house_has_a_name_and_the_rest_is_other_work():
    assert not {h.kind for h in HANDLERS if h.lane == "out"} - set(words.KINDS)
    assert str(words.what("nothing of the sort", {})) == "Other work"


def test_later_than_a_day_is_not_believed(desk):
    from kernel.egress import Answer
    from kernel.egress.retry import retry_after

    def said(text):
        return retry_after(Answer(429, {"retry-after": text}, b"", False, 0.1), NOW)

    assert said("120") == timedelta(minutes=2) and said("Tue, 24 Nov 2026 02:33:00 GMT") == timedelta(minutes=1) and said("Tue, 24 Nov 2020 02:33:00 GMT") == timedelta()
    assert said("soon") is None and said("") is None and said("9" * 60) is not None
