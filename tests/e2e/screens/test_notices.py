"""What can't wait rises over whatever page is open, by a stream or by asking; one tap says that it was seen. And the choices on a phone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from kernel.platform import tables as t
from runtime.notices.tell import tell
from runtime.web.live import hub_of
from tests.e2e.screens.world import make_tasks

pytestmark = pytest.mark.browser

READ = "**/inbox/read"


def say(world, cause: str, record: str | None = None, urgency: str = "high") -> None:
    with world.home.write() as conn:
        tell(world.ctx(conn), [world.ids["ann"]], "mention", cause, entity="task" if record else None, record=record, urgency=urgency)


def unread(world) -> list[str]:
    with world.home.read() as conn:
        return list(conn.execute(select(t.notice.c.cause).where(t.notice.c.person_id == world.ids["ann"], t.notice.c.read_at.is_(None)).order_by(t.notice.c.id)).scalars())


def left(page, world, causes: list[str]) -> None:
    """A page that is being left does not hear that it was noted: the server is asked."""
    for _n in range(200):
        if unread(world) == causes:
            return
        page.wait_for_timeout(50)
    assert unread(world) == causes


def test_it_rises_over_any_page_and_one_tap_says_seen(world, open_page):
    hub_of(world.app).every = 0.05
    task = make_tasks(world, "ann", {"title": "Paint the hall"})[0]
    page = open_page("ann", "/settings/notices", width=390)
    page.wait_for_selector("body[data-live=stream]")
    say(world, "t:0", urgency="normal")
    say(world, "t:1", task)
    popup = page.locator(".alert-popup")
    popup.wait_for()
    assert popup.get_attribute("role") == "alertdialog" and "Paint the hall" in popup.inner_text()
    page.locator("#live-assertive", has_text="Paint the hall").wait_for(state="attached")
    with page.expect_request(READ):
        popup.get_by_role("button", name="Seen").click()
    popup.wait_for(state="detached")
    left(page, world, ["t:0"])
    # What came while no page was open rises with the next one, and its link leads to the record.
    page.goto("about:blank")
    say(world, "t:2")
    say(world, "t:3", task)
    page.goto(f"{open_page.url}/t/acme/e/project")
    popup.wait_for()
    assert "1 more that can" in popup.inner_text() and page.evaluate("document.documentElement.scrollWidth") == 390
    with page.expect_request(READ):
        popup.get_by_role("link", name="Open").click()
    page.wait_for_url(f"**/e/task/{task}*")
    # An address from a mail or a phone says that it was seen, and loses the mark.
    with world.home.read() as conn:
        id_ = conn.execute(select(t.notice.c.id).where(t.notice.c.cause == "t:0")).scalar_one()
    with page.expect_request(READ):
        page.goto(f"{open_page.url}/t/acme/inbox/{id_}")
        page.wait_for_selector("html[data-behaviours=ready]")
    left(page, world, ["t:2"])
    assert "seen=" not in page.url


def test_without_a_stream_it_rises_as_well(world, open_page, monkeypatch):
    hub_of(world.app).most = 0
    monkeypatch.setattr("runtime.web.live.POLL_S", 0.1)
    page = open_page("ann", "/e/project")
    page.wait_for_selector("body[data-live=poll]")
    say(world, "p:1")
    page.locator(".alert-popup").wait_for()
    page.goto(f"{open_page.url}/t/acme/settings/notices")
    page.wait_for_selector("html[data-behaviours=ready]")
    page.select_option("#mail-normal", "collected")
    page.fill("#quiet-from", "21:15")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/settings/notices?saved=1")
    page.wait_for_selector("html[data-behaviours=ready]")
    assert page.input_value("#mail-normal") == "collected" and page.input_value("#quiet-from") == "21:15"
