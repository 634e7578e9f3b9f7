"""Signing in with a real browser: both languages, both sizes, no violation of the content security policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel.web.application import seal
from kernel.web.rendering import Page
from kernel.web.routes import Need, Route, mount
from tests.factories.platform import PASSWORD, make_account, make_app, make_tenant
from tests.servers import free_port

pytestmark = pytest.mark.browser


def inside(ctx, request):
    return Page("error.html", {"status": 404, "code": "x", "message": f"inside {ctx.actor.person}", "hint": None, "problems": (), "missing": ()})


@pytest.mark.parametrize("width", [390, 1280])
def test_sign_in_in_a_browser(browser, live_server, settings, clock, width):
    port = free_port()
    app = make_app(replace(settings, base_url=f"http://127.0.0.1:{port}", port=port), clock)
    mount(app, [Route("/", inside, needs=Need.SIGNED_IN)])
    make_account(make_tenant(app), "ann", roles=["admin"])
    url = live_server(seal(app), port)
    context = browser.new_context(viewport={"width": width, "height": 800}, locale="zh-CN")
    page = context.new_page()
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: violations.append(str(error)))

    page.goto(f"{url}/t/acme/")
    assert page.url.startswith(f"{url}/t/acme/login")
    assert page.title().startswith("登录")
    page.get_by_role("button", name="English").click()
    page.get_by_label("Log-in").fill("ann")
    page.get_by_label("Password", exact=True).fill("wrong wrong wrong")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").filter(has_text="Log-in or password is wrong.").is_visible()
    # The refusal itself (422) is reported by the browser as an error of loading; nothing else may be.
    assert [v for v in violations if "422" not in v] == []
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/t/acme/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [v for v in violations if "422" not in v] == []
    context.close()
    app.extensions["fangyuan"].databases.dispose()
