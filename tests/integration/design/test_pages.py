"""The pages that show: every one answers, in both languages, and says what the metadata say."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from builder.web.urls import ROUTES
from kernel.platform import tables as t
from kernel.web.routes import Need
from tests.factories.platform import signed_in
from tests.integration.design.conftest import make_worker

PAGES = (
    "", "entities/task", "entities/person", "parameters", "options/task_kind", "add", "releases", "releases/1", "entities/task/fields/new",
    "entities/task/fields/budget", "releases?before=5", "parameters?published=1",
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_answers(desk, language):
    with desk.home.write() as conn:
        conn.execute(update(t.account).values(language=language))
    for path in PAGES:
        answer = desk.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text[-2000:]}"
        assert " style=" not in answer.text and "<script>" not in answer.text and not re.search(r"\son\w+=", answer.text)


NOT_THERE = (
    "entities/nothing", "options/nothing", "entities/task/fields/nothing", "entities/nothing/fields/new", "releases/999", "releases/99999999999999999999",
    "nothing",
)


def test_what_is_not_there_is_a_calm_404(desk):
    for path in NOT_THERE:
        assert desk.get(path).status_code == 404, path


def test_only_designers_come_in(desk):
    bob = make_worker(desk.home, desk.clock, "bob", "Bob", "worker")
    client = signed_in(desk.app, desk.home, "acme", bob)
    for path in PAGES:
        assert client.get(f"/t/acme/design/{path}").status_code == 403, path
    assert all(route.needs is Need.DESIGN for route in ROUTES)


def test_the_overview_says_what_there_is(desk):
    page = desk.get("").text
    for words in ("Task", "5 fields", "In work", "Kinds of tasks", "Chief", "Release 1"):
        assert words in page, words


def test_a_record_page_says_rules_in_words(desk):
    page = desk.get("entities/task").text
    for words in (
        "always required", "starts as", "IF(Budget &gt;= param.[Large from]", "from “Kinds of tasks”", "It must not be due before 2020.",
        "Send back", "filled in: Budget", "their team&#39;s", "may not change Budget", "by rule", "Budget &lt; 100", "whoever may change the record",
    ):
        assert words in page, words


def test_a_workflow_is_drawn_with_every_state_and_step(desk):
    page = desk.get("entities/task").text
    drawing = page[page.index('<svg class="flow"'):page.index("</svg>", page.index('<svg class="flow"'))]
    for words in ("New", "In work", "In review", "Done", "Dropped", "On hold", "Start", "Hand in", "Send back", "Accept", "Drop", "Pause", "Resume"):
        assert f">{words}</text>" in drawing, words


def test_a_tenant_without_a_release_says_so(settings, clock):
    from kernel.platform import accounts
    from kernel.platform.actors import FIRST_ADMIN
    from kernel.web.application import seal
    from kernel.web.routes import mount
    from tests.factories.platform import make_app, make_tenant, password_hash

    app = make_app(settings, clock)
    mount(app, ROUTES)
    home = make_tenant(app)
    with home.write() as conn:
        accounts.create(conn, "first", "first", password_hash(), roles=[FIRST_ADMIN])
    client = signed_in(seal(app), home, "acme", "first")
    for path in ("", "parameters", "add", "releases"):
        assert client.get(f"/t/acme/design/{path}").status_code == 200, path
    app.extensions["fangyuan"].databases.dispose()
