"""Web Push: a device is let ring, what concerns its person arrives there and can be opened only there, and it goes quiet with its session."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from kernel.jobs import find
from kernel.platform import accounts, sessions
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.notices.channels import CHANNELS
from runtime.notices.tell import tell
from tests.conftest import NOW, make_settings
from tests.factories.desk import make_desk
from tests.factories.platform import csrf_of, signed_in
from tests.factories.pushservice import push_service
from tests.factories.work import work


@pytest.fixture(scope="module")
def service():
    with push_service() as running:
        yield running


@pytest.fixture(scope="module")
def desk(tmp_path_factory, service):
    allowed = f"push=http://127.0.0.1:{service.port}=127.0.0.1"
    with make_desk(make_settings(tmp_path_factory.mktemp("push") / "var", egress_allow=allowed), FixedClock(NOW), slug="push") as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(desk, service):
    service.devices.clear()
    service.refused.clear()
    with desk.home.write() as conn:
        for table in (t.job, t.outlet, t.delivery, t.notice, t.push_subscription):
            conn.execute(delete(table))


def post(desk, browser, path, json=None, data=None):
    return browser.post(f"/t/{desk.slug}{path}", json=json, data=data, headers={"X-CSRFToken": csrf_of(browser, desk.app, desk.slug)})


def rings(desk, service, login, name):
    """A signed-in browser whose device rings; returns both."""
    browser, device = desk.browser(login), service.device(name)
    service.public = post(desk, browser, "/push/key", json={}).json["key"]
    answer = post(desk, browser, "/push", json=device.subscription(service.port))
    assert answer.status_code == 201, answer.text
    return browser, device


def say(desk, login="wen", cause="x:1", urgency="high"):
    with desk.ctx() as ctx:
        tell(ctx, [desk.people[login]], "test", cause, urgency=urgency, by="system")
    for _n in range(3):
        work(desk.app, desk.slug)


def deliveries(desk):
    with desk.home.read() as conn:
        return conn.execute(select(t.delivery).where(t.delivery.c.channel == "push").order_by(t.delivery.c.id)).all()


def test_a_device_rings_and_only_that_of_its_person(desk, service):
    _browser, phone = rings(desk, service, "wen", "phone")
    _other, lins = rings(desk, service, "lin", "lins")
    say(desk)
    assert len(phone.messages) == 1 and not lins.messages and not service.refused
    said = phone.messages[0]
    assert said["urgency"] == "high" and said["url"].startswith("http://127.0.0.1:8000/t/push/") and said["tag"] == "x:1" and said["title"]
    row = deliveries(desk)[0]
    assert (row.state, said["id"]) == ("sent", row.id)
    assert phone.headers[0]["Urgency"] == "high" and len(phone.headers[0]["Topic"]) == 32 and "x:1" not in str(phone.headers[0])


def test_every_device_of_a_person_and_what_is_gone_is_dropped(desk, service):
    _a, phone = rings(desk, service, "wen", "phone")
    _b, gone = rings(desk, service, "wen", "gone")
    gone.status = 410
    say(desk)
    assert len(phone.messages) == 1 and deliveries(desk)[0].state == "sent"
    with desk.home.read() as conn:
        assert len(conn.execute(select(t.push_subscription.c.id)).all()) == 1


def test_a_service_in_trouble_is_asked_again_under_the_same_id(desk, service):
    _a, phone = rings(desk, service, "wen", "phone")
    phone.status, phone.answer = 503, {"Retry-After": "120"}
    say(desk)
    assert deliveries(desk)[0].state == "waiting" and not phone.messages
    with desk.home.read() as conn:
        job = find(conn, conn.execute(select(t.job.c.id).where(t.job.c.kind == "delivery", t.job.c.destination == "push")).scalar_one())
    assert job.due_at - desk.clock.now() >= FixedClock(NOW).now() - NOW + (job.due_at - job.due_at) and (job.due_at - desk.clock.now()).total_seconds() >= 120
    phone.status = 201
    desk.clock.advance(minutes=5)
    work(desk.app, desk.slug)
    assert [m["id"] for m in phone.messages] == [deliveries(desk)[0].id] and deliveries(desk)[0].state == "sent"


def test_a_stranger_with_the_endpoint_can_not_make_it_ring(desk, service):
    """The service knows our key: what is signed by another is refused."""
    _a, phone = rings(desk, service, "wen", "phone")
    service.public = "another"
    say(desk)
    assert service.refused == ["another sender"] and not phone.messages and deliveries(desk)[0].state == "failed"


def test_it_goes_quiet_with_its_session(desk, service):
    browser, phone = rings(desk, service, "wen", "phone")
    post(desk, browser, "/logout")
    say(desk)
    assert not phone.messages
    _browser, phone = rings(desk, service, "wen", "again")
    with desk.home.write() as conn:
        sessions.end_all(conn, desk.people["wen"])
    say(desk, cause="x:2")
    with desk.ctx() as ctx:
        assert not phone.messages and not CHANNELS["push"].reachable(ctx, desk.people.values())
    assert accounts is not None


def test_devices_are_listed_and_can_be_told_to_be_quiet(desk, service):
    browser, _phone = rings(desk, service, "wen", "phone")
    other = desk.browser("wen")
    page = other.get(f"/t/{desk.slug}/settings/sessions").text
    assert "Rings" in page
    with desk.home.read() as conn:
        ids = [s.id for s in sessions.of_person(conn, desk.people["wen"], desk.clock.now())]
    lins = desk.browser("lin")
    assert {post(desk, lins, "/push/remove", data={"id": id_}).status_code for id_ in ids} == {404}
    assert [post(desk, other, "/push/remove", data={"id": id_}).status_code for id_ in ids].count(303) == len(ids)
    assert "Rings" not in browser.get(f"/t/{desk.slug}/settings/sessions").text
    with desk.home.read() as conn:
        kinds = conn.execute(select(t.audit.c.kind).where(t.audit.c.kind.startswith("device."))).scalars().all()
    assert "device.rings" in kinds and "device.quiet" in kinds


def test_whoever_signs_in_last_on_a_device_hears_it_ring(desk, service):
    _wens, phone = rings(desk, service, "wen", "shared")
    _lins, phone = rings(desk, service, "lin", "shared")
    say(desk, "wen")
    assert not phone.messages
    say(desk, "lin", "x:2")
    assert len(phone.messages) == 1


@pytest.mark.parametrize("change", [
    {"endpoint": "https://evil.example/push"}, {"endpoint": "https://fcm.googleapis.com.evil.example/x"}, {"endpoint": "http://fcm.googleapis.com/x"}, {"endpoint": "https://169.254.169.254/"},
    {"endpoint": 5}, {"keys": {}}, {"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, {"keys": {"p256dh": "!", "auth": "x" * 500}}, {"keys": None},
])
def test_what_is_no_device_is_refused(desk, service, change):
    browser, device = desk.browser("wen"), service.device("phone")
    answer = post(desk, browser, "/push", json=device.subscription(service.port) | change)
    assert answer.status_code == 422, answer.text
    assert post(desk, browser, "/push", json=[1]).status_code == 422
    assert desk.app.test_client().post(f"/t/{desk.slug}/push", json={}).status_code in (303, 401, 403)


def test_worker_and_manifest_belong_to_the_workspace(desk):
    from app import create_app

    whole = create_app(desk.app.extensions["fangyuan"].settings, desk.clock)
    browser = signed_in(whole, desk.home, desk.slug, desk.people["wen"])
    worker = browser.get(f"/t/{desk.slug}/sw.js")
    assert worker.mimetype == "text/javascript" and worker.headers["Service-Worker-Allowed"] == f"/t/{desk.slug}/" and "importScripts" in worker.text
    about = browser.get(f"/t/{desk.slug}/manifest.webmanifest")
    assert about.json["scope"] == about.json["start_url"] == f"/t/{desk.slug}/" and about.json["display"] == "standalone"
    for icon in about.json["icons"]:
        assert browser.get(icon["src"]).data.startswith(b"\x89PNG")
    assert whole.test_client().get(f"/t/{desk.slug}/sw.js").status_code == 303, "nothing of a workspace is public"
    whole.extensions["fangyuan"].databases.dispose()


def test_the_card_is_put_off_for_good(desk):
    browser = desk.browser("wen")
    assert "push-card" in browser.get(f"/t/{desk.slug}/").text
    assert post(desk, browser, "/push/later", json={}).status_code == 200
    assert "push-card" not in browser.get(f"/t/{desk.slug}/").text
