"""When a worker looks: at once when something fell due, in its moment, and never because a hint was lost."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from kernel.jobs import Done, Handler, Handlers, add
from kernel.jobs.alarm import run_forever
from kernel.jobs.bells import ListenBell, Silence, bell_of
from kernel.jobs.worker import Worker
from kernel.platform import migrations
from kernel.platform import tables as t
from kernel.platform.clock import SystemClock
from kernel.platform.database import Databases
from kernel.platform.tenants import Tenants
from tests.conftest import make_settings


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request, tmp_path_factory):
    """An installation with one workspace, on either database."""
    folder = tmp_path_factory.mktemp("house")
    settings = make_settings(folder, **({"database_url": request.getfixturevalue("pg_url")} if request.param == "postgresql" else {}))
    migrations.migrate(settings)
    databases = Databases(settings)
    tenants = Tenants(settings, databases, SystemClock())
    slug = f"alarm-{request.param}"
    tenants.create(slug, "Alarm")
    yield settings, tenants, slug
    tenants.delete(slug)
    databases.dispose()


def quiet(house):
    """Nothing is due and no hint says so."""
    _settings, tenants, slug = house
    with tenants.control.write() as conn:
        conn.execute(update(t.tenant).where(t.tenant.c.slug == slug).values(next_due=None))


def test_a_bell_rings_when_something_earlier_is_due_and_only_then(house):
    settings, tenants, slug = house
    quiet(house)
    _placement, home = tenants.get(slug)
    bell, stop = bell_of(settings), threading.Event()
    try:
        for _old in range(3):
            bell.wait(stop)
        assert not bell.wait(stop)
        now = SystemClock().now()
        with home.write() as conn:
            add(conn, "x", {}, now=now)
        assert bell.wait(stop)
        with home.write() as conn:
            add(conn, "x", {}, now=now, due=now + timedelta(hours=1))
        assert not bell.wait(stop), "something earlier is known"
        assert tenants.time_left(now - timedelta(seconds=3)) == timedelta(seconds=3)
    finally:
        bell.close()
        with home.write() as conn:
            conn.execute(t.job.delete())


def test_a_lost_listener_listens_again(house):
    settings, tenants, _slug = house
    if not settings.on_postgresql:
        assert isinstance(bell_of(make_settings(settings.data_dir, pgbouncer=True, database_url="postgresql+psycopg://nobody@127.0.0.1/x")), Silence)
        return
    bell, stop = ListenBell(settings.database_url), threading.Event()
    assert bell.wait(stop) and not bell.wait(stop)
    bell._connection.close()
    assert not bell.wait(stop)
    assert bell.wait(stop), "what was told meanwhile is looked at"
    bell.close()
    with pytest.raises(ValueError, match="not a schema"):
        tenants.databases.home(settings.database_url, "no schema", "x")


def test_what_falls_due_is_done_in_its_moment(house):
    settings, tenants, slug = house
    quiet(house)
    clock, ran, stop = SystemClock(), [], threading.Event()
    seen = threading.Event()

    def note(ctx, job):
        ran.append((job.data["n"], (clock.now() - job.due_at).total_seconds()))
        if len(ran) == 2:
            seen.set()
        return Done()

    worker = Worker(settings, clock, tenants, Handlers([Handler("x", inside=note)]))
    _placement, home = tenants.get(slug)
    thread = threading.Thread(target=run_forever, args=[worker, stop])
    thread.start()
    try:
        with home.write() as conn:
            now = clock.now()
            add(conn, "x", {"n": 1}, now=now)
            add(conn, "x", {"n": 2}, now=now, due=now + timedelta(seconds=1.6))
        assert seen.wait(30)
    finally:
        stop.set()
        thread.join(30)
    assert [n for n, _late in ran] == [1, 2] and all(late >= 0 for _n, late in ran), "never early"


def test_no_hint_is_lost_between_looking_and_noting(house, monkeypatch):
    """Whoever commits while a worker notes what it saw keeps silent, because the old hint still stands: the worker looks once more."""
    settings, tenants, slug = house
    quiet(house)
    clock, ran = SystemClock(), []
    worker = Worker(settings, clock, tenants, Handlers([Handler("x", inside=lambda ctx, job: (ran.append(job.data["n"]), Done())[1])]))
    _placement, home = tenants.get(slug)
    with home.write() as conn:
        add(conn, "x", {"n": 1}, now=clock.now())
    real = tenants.looked

    def in_between(id_, seen, due):
        with home.write() as conn:
            add(conn, "x", {"n": 2}, now=clock.now())
        real(id_, clock.now(), due)

    monkeypatch.setattr(tenants, "looked", in_between)
    assert worker.tick() == 1
    monkeypatch.setattr(tenants, "looked", real)
    assert worker.tick() == 1 and ran == [1, 2]
