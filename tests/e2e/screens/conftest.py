"""The running application, and pages of people who are signed in to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from kernel.platform import sessions
from kernel.web.session import cookie_name
from tests.e2e.screens.world import World, make_world
from tests.servers import free_port


@pytest.fixture
def world(settings, clock) -> Iterator[World]:
    """Ann, Bob and Cleo with their application."""
    port = free_port()
    made = make_world(replace(settings, base_url=f"http://127.0.0.1:{port}", port=port), clock)
    yield made
    made.app.extensions["fangyuan"].databases.dispose()


@pytest.fixture
def client(world):
    """``client(who)``: a test client with a session."""
    from tests.factories.platform import signed_in

    return lambda who: signed_in(world.app, world.home, "acme", world.ids[who])


@pytest.fixture
def open_page(world, browser, live_server) -> Iterator[Any]:
    """``open_page(who, path, width, language)``: a browser page of somebody signed in; faults of the page fail the test."""
    web = world.app.extensions["fangyuan"]
    url = live_server(world.app, web.settings.port)
    contexts: list[Any] = []
    faults: list[str] = []

    def open_(who: str, path: str = "/", width: int = 1280, language: str = "en", dark: bool = False) -> Any:
        from kernel.platform import accounts

        with world.home.write() as conn:
            accounts.set_preferences(conn, world.ids[who], language=language)
            secret = sessions.create(conn, world.ids[who], web.clock.now(), 30)
        context = browser.new_context(viewport={"width": width, "height": 844 if width < 768 else 800}, color_scheme="dark" if dark else "light", has_touch=width < 768)
        context.add_cookies([{"name": cookie_name(web.settings, "acme"), "value": secret, "url": url}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" and "status of 4" not in m.text else None)
        page.goto(f"{url}/t/acme{path}")
        page.wait_for_selector("html[data-behaviours=ready]")
        return page

    open_.url = url  # type: ignore[attr-defined]
    open_.faults = faults  # type: ignore[attr-defined]
    yield open_
    for context in contexts:
        context.close()
    assert faults == []
