"""Open pages hear of changes: by a stream, by asking where there is no place for one, and not while nobody looks."""

from __future__ import annotations

import pytest

from kernel.platform import accounts
from runtime.notices.tell import tell
from runtime.records import road
from runtime.records.record import Input
from runtime.web.live import hub_of
from tests.e2e.screens.world import make_tasks

pytestmark = pytest.mark.browser

HEARD = """(kinds) => { window.heard = []; for (const kind of kinds) document.body.addEventListener(`live:${kind}`, (e) => window.heard.push([kind, e.detail.id || e.detail.count])); }"""
NEXT = """() => new Promise((done) => { const look = () => window.heard.length ? done(window.heard.shift()) : setTimeout(look, 20); look(); })"""


@pytest.fixture
def task(world):
    return make_tasks(world, "ann", {"title": "Paint the hall"})[0]


def change(world, task, **fields):
    with world.home.write() as conn:
        ctx = world.ctx(conn)
        road.update(ctx, "task", task, Input(fields), version=None)


def test_a_page_hears_of_its_record_and_its_inbox(world, open_page, task):
    hub_of(world.app).every = 0.05
    page = open_page("ann", f"/e/task/{task}")
    page.wait_for_selector("body[data-live=stream]")
    page.evaluate(HEARD, ["record", "inbox"])
    change(world, task, title="Paint the whole hall")
    assert page.evaluate(NEXT) == ["record", task]
    with world.home.write() as conn:
        tell(world.ctx(conn), [world.ids["ann"]], "handed_over", "t:1", entity="task", record=task)
    assert page.evaluate(NEXT) == ["inbox", 1]
    # Signed out elsewhere: the page stops listening.
    with world.home.write() as conn:
        accounts._end_sessions(conn, world.ids["ann"])
        accounts.bump_rights(conn)
    page.wait_for_selector("body[data-live=over]")


def test_without_a_place_for_a_stream_the_page_asks(world, open_page, task, monkeypatch):
    hub_of(world.app).most = 0
    monkeypatch.setattr("runtime.web.live.POLL_S", 0.1)
    page = open_page("ann", f"/e/task/{task}")
    page.wait_for_selector("body[data-live=poll]")
    page.evaluate(HEARD, ["record"])
    change(world, task, title="Paint the whole hall")
    assert page.evaluate(NEXT) == ["record", task]
    # A page that shows this version already is not told again.
    assert page.evaluate("window.heard") == []


def test_a_page_nobody_looks_at_is_silent(world, open_page, task):
    hub = hub_of(world.app)
    page = open_page("ann", f"/e/task/{task}")
    page.wait_for_selector("body[data-live=stream]")
    page.evaluate("""() => { Object.defineProperty(document, "hidden", { value: true, configurable: true }); document.dispatchEvent(new Event("visibilitychange")); }""")
    page.wait_for_selector("body[data-live=rest]")
    change(world, task, title="Paint the whole hall")
    page.evaluate(HEARD, ["record"])
    page.evaluate("""() => { Object.defineProperty(document, "hidden", { value: false, configurable: true }); document.dispatchEvent(new Event("visibilitychange")); }""")
    assert page.evaluate(NEXT) == ["record", task]
    page.goto("about:blank")
    # A left page gives its place back within a tick.
    for _n in range(200):
        if hub.taken == 0:
            break
        page.wait_for_timeout(50)
    assert hub.taken == 0
