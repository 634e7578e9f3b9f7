"""The desk, once per database and module, with ways to act and to read one's inbox in somebody's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from kernel.platform import actors
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.ctx import Ctx
from tests.conftest import NOW
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.work import work


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path_factory.mktemp("talk"), url), FixedClock(NOW)) as desk:
        yield desk


@contextmanager
def as_person(desk: Desk, login: str) -> Iterator[Ctx]:
    """A unit of work in somebody's name."""
    with desk.ctx("screen") as ctx:
        identity = actors.identify(ctx.conn, ctx.release, desk.people[login], tenant=ctx.tenant, now=ctx.now)
        assert identity is not None
        yield ctx.acting(actor=identity.actor(ctx.tenant))


def told(desk: Desk, record: str) -> set[tuple[str, str]]:
    """Who was told what about a record, as (log-in, kind), once the worker has done what is due."""
    work(desk.app, desk.slug)
    names = {id_: login for login, id_ in desk.people.items()}
    with desk.home.read() as conn:
        found = conn.execute(select(t.notice.c.person_id, t.notice.c.kind).where(t.notice.c.record_id == record)).all()
    return {(names[row.person_id], row.kind) for row in found}


def forget(desk: Desk, record: str) -> None:
    """Empty everybody's inbox of this record."""
    with desk.home.write() as conn:
        conn.execute(t.notice.delete().where(t.notice.c.record_id == record))
