"""The inbox: once per cause and person, in words of its reader, silent about what they may not see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel.platform import actors
from kernel.platform.clock import FixedClock
from runtime.notices import inbox
from runtime.notices.tell import settle, tell
from tests.factories.desk import Desk, make_desk, settings_for


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock) as made:
        yield made


@contextmanager
def as_person(desk: Desk, login: str):
    with desk.ctx() as ctx:
        yield ctx.acting(actor=actors.identify(ctx.conn, ctx.release, desk.people[login], tenant=ctx.tenant, now=ctx.now).actor(ctx.tenant))


def test_told_once_per_cause_and_never_of_ones_own_doing(desk):
    task = desk.api("wen").make(title="Fence")
    with as_person(desk, "mei") as ctx:
        people = [desk.people["wen"], desk.people["mei"], desk.people["wen"]]
        assert tell(ctx, people, "handed_over", "x:1", entity="task", record=task["id"]) == [desk.people["wen"]]
        assert tell(ctx, people, "handed_over", "x:1", entity="task", record=task["id"]) == []
    with as_person(desk, "wen") as ctx:
        (entry,) = inbox.entries(ctx, tasks=False)
        assert str(entry.words) == "Mei gave you Fence" and inbox.unread(ctx) == 1
        inbox.mark_read(ctx, [entry.id])
        assert inbox.unread(ctx) == 0
    with as_person(desk, "mei") as ctx:
        assert inbox.entries(ctx, tasks=False) == []


def test_a_title_is_shown_to_who_may_see_it_now(desk):
    task = desk.api("wen").make(title="Secret plan")
    with as_person(desk, "mei") as ctx:
        tell(ctx, [desk.people["lin"]], "handed_over", "x:2", entity="task", record=task["id"])
    with as_person(desk, "lin") as ctx:
        (entry,) = inbox.entries(ctx, tasks=False)
        assert "Secret" not in str(entry.words)


def test_settled_for_all_or_for_some(desk):
    with as_person(desk, "mei") as ctx:
        tell(ctx, [desk.people["wen"], desk.people["lin"]], "handed_over", "x:3")
        settle(ctx, "x:3", [desk.people["wen"]])
    with as_person(desk, "wen") as ctx:
        assert inbox.entries(ctx, tasks=False)[0].done_at is not None
    with as_person(desk, "lin") as ctx:
        assert inbox.entries(ctx, tasks=False)[0].done_at is None
