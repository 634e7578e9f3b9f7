"""People in a real browser, at both widths: invited and in, taken in from a sheet, handed over, a new password by mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from kernel.platform import accounts, sessions
from kernel.platform.clock import FixedClock
from kernel.web.session import cookie_name
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.post import Postbox, postbox
from tests.factories.work import work
from tests.servers import free_port

WIDTHS = (390, 1280)


@dataclass
class Site:
    """The whole product with a mail server, and pages of its people."""

    desk: Desk
    app: Any
    post: Postbox
    url: str
    browser: Any
    contexts: list[Any] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def page(self, login: str | None, path: str, width: int) -> Any:
        """A page of somebody who is signed in, or of nobody."""
        web = self.app.extensions["fangyuan"]
        context = self.browser.new_context(viewport={"width": width, "height": 844 if width < 768 else 800}, locale="en", has_touch=width < 768)
        self.contexts.append(context)
        if login is not None:
            with self.desk.home.write() as conn:
                accounts.set_preferences(conn, self.desk.people[login], language="en")
                secret = sessions.create(conn, self.desk.people[login], web.clock.now(), 14)
            context.add_cookies([{"name": cookie_name(web.settings, self.desk.slug), "value": secret, "url": self.url}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" and "status of 4" not in m.text else None)
        self.go(page, path)
        return page

    def go(self, page: Any, path: str) -> None:
        page.goto(f"{self.url}/t/{self.desk.slug}{path}" if not path.startswith("/t/") else self.url + path)
        ready(page)

    def work(self) -> None:
        work(self.app, self.desk.slug)


def ready(page: Any) -> None:
    """Behaviours are bound, and nothing needs to be scrolled sideways."""
    page.wait_for_selector("html[data-behaviours=ready]")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


@pytest.fixture
def site(tmp_path: Path, clock: FixedClock, browser: Any, live_server: Any) -> Iterator[Site]:
    from dataclasses import replace

    port = free_port()
    with postbox() as box:
        settings = replace(box.settings(settings_for("sqlite", tmp_path, None)), base_url=f"http://127.0.0.1:{port}", port=port)
        with make_desk(settings, clock) as desk:
            app = create_app(settings, clock)
            made = Site(desk, app, box, live_server(app, port), browser)
            yield made
            for context in made.contexts:
                context.close()
            app.extensions["fangyuan"].databases.dispose()
            assert made.faults == []


@pytest.mark.parametrize("width", WIDTHS)
def test_invited_accepted_and_in(site, width):
    admin = site.page("chen", "/settings/people", width)
    admin.get_by_role("link", name="Invite somebody").click()
    ready(admin)
    admin.get_by_label("Full name").fill("Hua")
    admin.get_by_label("E-mail").fill("hua@example.com")
    admin.locator("input[name=roles][value=worker]").check()
    admin.get_by_role("button", name="Invite", exact=True).click()
    admin.get_by_text("The invitation is on its way.").wait_for()
    ready(admin)
    site.work()
    new = site.page(None, site.post.link(), width)
    new.get_by_label("Your name").fill("Hua Li")
    new.get_by_label("Password").fill("three unrelated words")
    new.get_by_label("Once more").fill("three unrelated words")
    new.get_by_role("button", name="Start").click()
    new.wait_for_url(f"**/t/{site.desk.slug}/")
    ready(new)
    site.go(new, "/settings/")
    if width < 768:
        assert new.locator(".settings-nav").is_visible() and not new.locator(".settings-main").is_visible()
        new.locator(".settings-nav").get_by_role("link", name="Signed-in devices").click()
        ready(new)
        assert not new.locator(".settings-nav").is_visible()
    else:
        assert new.locator(".settings-nav").is_visible() and new.locator(".settings-main").is_visible()
        new.get_by_role("link", name="Signed-in devices").click()
        ready(new)
    new.get_by_text("This device").wait_for()
    site.go(admin, "/settings/people?q=hua")
    admin.get_by_role("link", name="Hua Li").click()
    admin.locator("#person-drawer").wait_for()
    assert "Active" in admin.locator("#person-drawer").inner_text()
    admin.keyboard.press("Escape")
    admin.locator("#person-drawer").wait_for(state="detached")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_sheet_with_a_wrong_row_is_mended_and_taken_in(site, width):
    admin = site.page("chen", "/settings/people/import", width)
    admin.get_by_label("Or paste rows").fill("姓名\t手机号\t部门\t角色\n花\t13800138000\tEast\tworker\n波\t13900139000\tNorth\tboss")
    admin.get_by_role("button", name="Look at the rows").click()
    ready(admin)
    row = admin.get_by_role("listitem", name="Row 3")
    assert "There is no team “North”" in row.inner_text()
    row.get_by_label("Team").fill("West")
    row.get_by_label("Roles").fill("guest")
    admin.get_by_role("button", name="Look again").click()
    ready(admin)
    admin.get_by_role("button", name="Add 2 people").click()
    admin.get_by_role("heading", name="2 people added").wait_for()
    ready(admin)
    assert admin.locator(".intake-link").count() == 2
    admin.get_by_role("link", name="To the list").click()
    admin.get_by_role("link", name="波").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_who_leaves_hands_over(site, width):
    desk = site.desk
    for n in range(3):
        desk.api("wen").make(title=f"Fence {n}")
    wen = site.page("wen", "/", width)
    admin = site.page("chen", f"/settings/people/{desk.people['wen']}", width)
    admin.get_by_role("link", name="Deactivate …").click()
    ready(admin)
    admin.locator("#leave-to-ts-control").fill("Mei")
    admin.locator("#leave-to-ts-dropdown").get_by_text("Mei", exact=True).click()
    admin.get_by_role("button", name="Deactivate", exact=True).click()
    admin.locator("progress").wait_for()
    ready(admin)
    site.go(wen, "/")
    assert "/login" in wen.url
    site.work()
    admin.get_by_text("Handed over: 3").wait_for()
    with desk.ctx() as ctx:
        table = ctx.tables.of("task").table
        assert set(ctx.conn.execute(table.select().with_only_columns(table.c.owner_id)).scalars()) == {desk.people["mei"]}
    site.go(admin, f"/settings/people/{desk.people['wen']}")
    admin.get_by_role("button", name="Activate again").click()
    admin.get_by_text("Active", exact=True).wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_new_password_by_mail(site, width):
    with site.desk.ctx() as ctx:
        road.update(ctx, "person", site.desk.people["wen"], Input({"email": "wen@example.com"}), version=None)
    page = site.page(None, "/login", width)
    page.get_by_role("link", name="Forgot your password?").click()
    ready(page)
    page.get_by_label("Log-in").fill("wen")
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_text("Look into your mailbox").wait_for()
    site.work()
    site.go(page, site.post.link())
    page.get_by_label("New password").fill("short")
    page.get_by_label("Once more").fill("short")
    page.get_by_role("button", name="Save the new password").click()
    page.get_by_text("too short").wait_for()
    page.get_by_label("New password").fill("three unrelated words")
    page.get_by_label("Once more").fill("three unrelated words")
    page.get_by_role("button", name="Save the new password").click()
    page.wait_for_url(f"**/t/{site.desk.slug}/")
    again = site.page(None, site.post.link(), width)
    again.get_by_role("heading", name="This link no longer works").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_teams_are_moved_by_keyboard_and_dragged(site, width):
    desk = site.desk
    admin = site.page("chen", "/settings/teams", width)

    def parent(team: str) -> str | None:
        with desk.ctx() as ctx:
            found: str | None = road.load(ctx, "team", desk.teams[team]).values["parent"]
            return found

    item = admin.locator(f".team-item[data-id='{desk.teams['west']}']")
    item.focus()
    with admin.expect_response("**/settings/teams/move"):
        admin.keyboard.press("Alt+ArrowRight")
    assert parent("west") == desk.teams["east"]
    admin.locator(f".team-list[data-list='{desk.teams['east']}'] > .team-item").wait_for()
    item.focus()
    with admin.expect_response("**/settings/teams/move"):
        admin.keyboard.press("Alt+ArrowLeft")
    assert parent("west") == desk.teams["all"]
    if width > 768:
        with admin.expect_response("**/settings/teams/move"):
            item.locator("> .team-row .icon").first.drag_to(admin.locator(f".team-list[data-list='{desk.teams['east']}']"))
        assert parent("west") == desk.teams["east"]
    admin.get_by_role("link", name="New team", exact=True).click()
    admin.get_by_label("Name", exact=True).fill("Shop")
    admin.locator("#team-dialog").get_by_role("button", name="Save").click()
    admin.get_by_role("link", name="Shop", exact=True).wait_for()
    ready(admin)
