"""A desk with a mail server, working hours, quiet periods and words of its own; what was planned and sent, as a test reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import select

from kernel.platform import actors
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.ctx import Ctx
from runtime.notices import wishes
from runtime.records import road
from runtime.records.record import Input
from tests.conftest import NOW
from tests.factories.desk import DOCUMENTS, Desk, make_desk, settings_for
from tests.factories.post import Postbox, postbox

OWN = (
    {"calendar": "office", "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-18:00")},
    {"quiet_period": "new_here", "holds": 'name = "Guo"', "labels": {"en": "New here", "zh": "新来的"}},
    {"quiet_period": "away", "holds": 'name = "Lin"', "does": "hold", "until": 'DATE(2026, 11, 30)', "kinds": ["moved"]},
    {"notification": "worded", "of": "handed_over", "entity": "task",
     "title": {"en": "Yours now: {title} ({project.name}{secret})", "zh": "{title}归您了"}, "body": {"en": "{who}: {budget}, {nothing}"}},
    {"notification": "closed", "of": "moved", "entity": "task", "step": "doing", "urgency": "high", "essential": True, "channels": ["push"]},
)


@pytest.fixture(scope="module")
def post() -> Iterator[Postbox]:
    with postbox() as box:
        yield box


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, post: Postbox) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    settings = post.settings(settings_for(request.param, tmp_path_factory.mktemp("notices"), url))
    with make_desk(settings, FixedClock(NOW), (*DOCUMENTS, *OWN)) as desk:
        with desk.ctx() as ctx:
            for login in ("wen", "lin", "guo", "chen"):
                road.update(ctx, "person", desk.people[login], Input({"email": f"{login}@example.com"}), version=None)
        yield desk


def empty(desk: Desk, box: Postbox) -> None:
    """A test begins at the same moment with empty inboxes and nobody's choices."""
    assert isinstance(desk.clock, FixedClock)
    desk.clock.set(NOW)
    box.mails.clear()
    box.refusals.clear()
    with desk.home.write() as conn:
        for table in (t.delivery, t.notice, t.preference, t.job):
            conn.execute(table.delete())


def acting_as(ctx: Ctx, person: str) -> Ctx:
    """The same unit of work in somebody's name."""
    identity = actors.identify(ctx.conn, ctx.release, person, tenant=ctx.tenant, now=ctx.now)
    assert identity is not None
    return ctx.acting(actor=identity.actor(ctx.tenant))


def choose(desk: Desk, login: str, **values: Any) -> None:
    """What somebody chose."""
    with desk.ctx() as ctx:
        acting = acting_as(ctx, desk.people[login])
        wishes.save(acting, wishes.read({**wishes.Wishes(acting.zone).dump(), **values}, acting.zone))


def deliveries(desk: Desk, login: str | None = None) -> list[Mapping[str, Any]]:
    """Rows in order."""
    with desk.home.read() as conn:
        query = select(t.delivery).order_by(t.delivery.c.id)
        if login:
            query = query.where(t.delivery.c.person_id == desk.people[login])
        return [dict(row._mapping) for row in conn.execute(query)]


def by_mail(desk: Desk) -> list[Mapping[str, Any]]:
    """Those that go out by mail."""
    return [row for row in deliveries(desk) if row["channel"] == "mail"]


def states(desk: Desk, login: str | None = None, channel: str = "mail") -> list[tuple[str, str]]:
    """State and reason of each delivery of a channel."""
    return [(row["state"], (row["why"] or {}).get("code", "")) for row in deliveries(desk, login) if row["channel"] == channel]
