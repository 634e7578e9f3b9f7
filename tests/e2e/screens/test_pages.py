"""Every page answers, for everybody, without a browser."""

from __future__ import annotations

import pytest

from tests.e2e.screens.world import make_tasks


@pytest.fixture
def task(world):
    return make_tasks(world, "ann", {
        "title": "Paint the hall", "due": "2026-11-25", "effort": "12", "budget": {"amount": "800", "currency": "CNY"},
        "items": [{"fields": {"name": "Paint", "hours": "2", "price": "30"}}]})[0]


def test_the_pages_of_a_record(client, task):
    ann = client("ann")
    for path in ("/", "/e/task", "/e/task?view=wall", "/e/task/board/open", "/e/task/total", "/e/task/tabs", "/e/task/filter", "/e/task/new", f"/e/task/{task}",
                 f"/e/task/{task}/edit", f"/e/task/{task}/do/start", f"/e/task/{task}/do/drop", f"/e/task/{task}/assign", f"/e/task/{task}/related/note/task",
                 "/search?q=Paint", "/me", "/create", "/lookup/task/project?q=", "/lookup/task/helper?q=", "/lookup/task/owner?all=1", f"/e/task/new?copy={task}", "/e/project", "/e/project/new"):
        answer = ann.get(f"/t/acme{path}")
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:3000])
