"""A phone rings: let by a press, sent through a real push service on loopback, opened there, and shown by the service worker in Chromium."""

from __future__ import annotations

import json

import pytest

from app import create_app
from kernel.platform import accounts, sessions
from kernel.platform.clock import FixedClock
from kernel.web.session import cookie_name
from runtime.notices.tell import tell
from tests.conftest import NOW, make_settings
from tests.factories.desk import make_desk
from tests.factories.pushservice import push_service
from tests.factories.work import work
from tests.servers import free_port

pytestmark = pytest.mark.browser

# Chromium of a test has no push service of its maker: what its push manager would give is a device of ours.
PUSH_MANAGER = """(() => {
  const given = %s;
  const made = (key) => ({ endpoint: given.endpoint, options: { applicationServerKey: Uint8Array.from(key).buffer }, toJSON: () => given,
    unsubscribe: async () => { sessionStorage.removeItem("device"); return true; } });
  PushManager.prototype.getSubscription = async () => { const key = sessionStorage.getItem("device"); return key ? made(JSON.parse(key)) : null; };
  PushManager.prototype.subscribe = async (options) => {
    sessionStorage.setItem("device", JSON.stringify([...options.applicationServerKey]));
    return made(options.applicationServerKey);
  };
})()"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  for (let n = 0; n < 200; n += 1) {
    const shown = await registration.getNotifications();
    if (shown.length) return shown.map((one) => ({ title: one.title, body: one.body, tag: one.tag, url: one.data.url, stays: one.requireInteraction, vibrate: [...(one.vibrate || [])] }));
    await new Promise((done) => setTimeout(done, 50));
  }
  return [];
}"""


def test_a_phone_is_let_ring_and_shows_what_can_not_wait(browser, live_server, tmp_path):
    with push_service() as service:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        settings = make_settings(tmp_path / "var", base_url=url, port=port, egress_allow=f"push=http://127.0.0.1:{service.port}=127.0.0.1")
        with make_desk(settings, FixedClock(NOW), slug="push") as desk:
            app = create_app(settings, desk.clock)
            live_server(app, port)
            device = service.device("phone")
            with desk.home.write() as conn:
                accounts.set_preferences(conn, desk.people["wen"], language="en")
                secret = sessions.create(conn, desk.people["wen"], desk.clock.now(), 14)
            context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en", has_touch=True)
            try:
                context.add_cookies([{"name": cookie_name(settings, "push"), "value": secret, "url": url}])
                context.grant_permissions(["notifications"], origin=url)
                context.add_init_script(PUSH_MANAGER % json.dumps(device.subscription(service.port)))
                page = context.new_page()
                page.set_default_timeout(30_000)
                faults: list[str] = []
                page.on("pageerror", lambda error: faults.append(str(error)))
                workers: list[dict] = []
                cdp = context.new_cdp_session(page)
                cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: workers.extend(event["registrations"]))
                cdp.send("ServiceWorker.enable")

                page.goto(f"{url}/t/push/")
                card = page.locator(".push-card")
                card.get_by_role("button", name="Let it ring").wait_for()
                assert not device.messages and page.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0, "nothing is asked before a press"
                card.get_by_role("button", name="Let it ring").click()
                page.locator(".push-card[data-push-now=on]").wait_for(state="attached")
                with desk.ctx() as ctx:
                    from runtime.push import keys
                    service.public = keys.public(ctx) or ""
                    tell(ctx, [desk.people["wen"]], "test", "clock:1", urgency="high", by="system")
                for _n in range(3):
                    work(app, "push")
                (said,) = device.messages
                registration = next(w for w in workers if w["scopeURL"] == f"{url}/t/push/")
                cdp.send("ServiceWorker.deliverPushMessage", {"origin": url, "registrationId": registration["registrationId"], "data": json.dumps(said, ensure_ascii=False)})
                (shown,) = page.evaluate(SHOWN)
                assert shown["title"] == said["title"] and shown["tag"] == "clock:1" and shown["stays"] and shown["vibrate"] == [200, 100, 200, 100, 400]
                assert shown["url"].startswith(f"{url}/t/push/inbox/")
                # The settings tell the same, and take it back.
                page.goto(f"{url}/t/push/settings/notices")
                page.locator(".push-card[data-push-now=on]").get_by_role("button", name="No longer").click()
                page.locator(".push-card[data-push-now=off]").get_by_role("button", name="Let it ring").wait_for()
                with desk.ctx() as ctx:
                    from runtime.push import subscriptions
                    assert not subscriptions.of_person(ctx, desk.people["wen"])
                assert not faults
            finally:
                context.close()
