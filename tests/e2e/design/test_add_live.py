"""One YAML file on a live tenant: an entity with five fields and three states appears while somebody else is at work."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

import app as product
from builder.packages.catalogue import load_all
from builder.publish.publish import publish
from kernel.platform import migrations, sessions
from kernel.web.session import cookie_name
from tests.factories.platform import make_tenant
from tests.integration.design.conftest import APPLICATION, application_package, make_worker
from tests.servers import free_port

pytestmark = pytest.mark.browser

TICKET = """\
entity: ticket
title: "{subject}"
icon: message
fields:
  subject: {type: text, max: 80, required: true}
  due:     {type: date}
  weight:  {type: integer, min: 1, max: 5}
  urgent:  {type: boolean}
  notes:   {type: long_text}
---
machine: ticket
on: ticket
states: {open: open, doing: open, done: closed}
transitions:
  start:  {from: open, to: doing}
  finish: {from: doing, to: done, needs: [weight]}
---
role: worker
rights:
  ticket: {read: all, create: true, update: all}
---
labels: en
ticket: {_: Ticket, subject: Subject, due: Due, weight: Weight, urgent: Urgent, notes: Notes}
machine/ticket: {_: Course of a ticket, open: Fresh, doing: Being done, done: Ready, start: Begin, finish: Close it}
"""


@pytest.fixture
def world(settings, clock):
    port = free_port()
    settings = replace(settings, base_url=f"http://127.0.0.1:{port}", port=port)
    migrations.migrate(settings)
    application = product.create_app(settings, clock)
    home = make_tenant(application)
    publish(home, None, clock=clock, packages=[*load_all(["platform"]), application_package(APPLICATION.replace("read: team", "read: all"))])
    yield application, home, settings, port
    application.extensions["fangyuan"].databases.dispose()


@contextmanager
def at_work(browser, world, clock, login, role, width=1280):
    """A page of somebody who is signed in; whatever the browser complains about fails the test."""
    home, settings = world[1:3]
    person = make_worker(home, clock, login, login.capitalize(), role)
    with home.write() as conn:
        secret = sessions.create(conn, person, clock.now(), settings.session_days)
    context = browser.new_context(viewport={"width": width, "height": 860}, locale="en")
    context.add_cookies([{"name": cookie_name(settings, "acme"), "value": secret, "url": settings.base_url}])
    page = context.new_page()
    complaints: list[str] = []
    # A refused form is answered with 422, which browsers report as an error of loading.
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" and "422" not in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []
    context.close()


def ready(page) -> None:
    page.wait_for_selector("html[data-behaviours=ready]")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_file_adds_an_entity_while_somebody_else_works(browser, live_server, world, clock, width):
    url = live_server(world[0], world[3]) + "/t/acme"
    with at_work(browser, world, clock, "ann", "chief", width) as ann, at_work(browser, world, clock, "bob", "worker") as bob:
        bob.goto(f"{url}/e/task/new")
        ready(bob)
        bob.get_by_label("Name").first.fill("Paint the fence")
        assert bob.locator("nav#rail").get_by_text("Ticket").count() == 0

        ann.goto(f"{url}/design/add")
        ready(ann)
        ann.locator("#text").fill(TICKET.replace("type: boolean", "type: boolen"))
        ann.get_by_role("button", name="Check the file").click()
        ann.get_by_role("button", name="line 8").click()
        assert ann.locator("#text").evaluate("text => text.value.slice(text.selectionStart, text.selectionEnd)") == "  urgent:  {type: boolen}"
        ann.locator("#text").fill(TICKET)
        ann.get_by_role("button", name="Check again").click()
        ann.get_by_role("heading", name="Everything fits. This is what it does:").wait_for()
        assert ann.get_by_text("5 fields: Subject, Due, Weight, Urgent, Notes").is_visible()
        assert ann.get_by_text("3 states: Fresh, Being done, Ready").is_visible()
        assert ann.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ann.get_by_label("Note for the history").fill("Tickets for everybody")
        ann.get_by_role("button", name="Publish", exact=True).click()
        ann.get_by_text("Release 2 is published.").wait_for()

        # What Bob had begun before is saved under the new release.
        bob.locator("main form button[type=submit], .form-footer button[type=submit]").last.click()
        bob.get_by_text("Paint the fence").first.wait_for()
        bob.locator("nav#rail").get_by_text("Ticket").click()
        bob.wait_for_url(f"{url}/e/ticket*")
        bob.goto(f"{url}/e/ticket/new")
        ready(bob)
        bob.get_by_label("Subject").fill("The gate squeaks")
        bob.locator("main form button[type=submit], .form-footer button[type=submit]").last.click()
        bob.get_by_text("The gate squeaks").first.wait_for()
        assert bob.get_by_text("Fresh").first.is_visible()


def test_a_parameter_is_changed_in_a_dialog(browser, live_server, world, clock):
    url = live_server(world[0], world[3]) + "/t/acme"
    with at_work(browser, world, clock, "ann", "chief") as ann:
        ann.goto(f"{url}/design/parameters")
        ready(ann)
        ann.get_by_role("textbox", name="Large from").fill("99999")
        ann.get_by_role("button", name="Look at the changes").last.click()
        ann.get_by_text("Only 0 to 5000 is allowed.").wait_for()
        ann.get_by_role("textbox", name="Large from").fill("2500")
        ann.get_by_role("textbox", name="Large from").press("Enter")
        dialog = ann.get_by_role("dialog")
        dialog.get_by_text("2500").wait_for()
        dialog.get_by_role("button", name="Publish").click()
        ann.get_by_text("Release 2 is published.").wait_for()
        ann.get_by_role("button", name="Large from: back to the template’s value").click()
        dialog.get_by_text("1000").wait_for()
        dialog.get_by_role("button", name="Cancel").click()
        assert ann.get_by_role("textbox", name="Large from").input_value() == "2500"


def test_options_are_moved_by_keyboard(browser, live_server, world, clock):
    url = live_server(world[0], world[3]) + "/t/acme"
    with at_work(browser, world, clock, "ann", "chief") as ann:
        ann.goto(f"{url}/design/options/task_kind")
        ready(ann)
        ann.get_by_role("button", name="Move 粉刷: Alt and arrow keys").focus()
        ann.keyboard.press("Alt+ArrowUp")
        ann.get_by_role("button", name="Look at the changes").click()
        dialog = ann.get_by_role("dialog")
        dialog.get_by_text("another order").wait_for()
        dialog.get_by_role("button", name="Publish").click()
        ann.get_by_text("Release 2 is published.").wait_for()
        assert ann.locator("input[name=order]").evaluate_all("all => all.map((one) => one.value)") == ["repair", "paint", "build"]
