"""Deferred work on both databases: once, in order, resumable, and never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from kernel.errors import Busy, Invalid, Problem
from kernel.jobs import Again, Done, GiveUp, Handler, Handlers, add, cancel, find, queue
from kernel.jobs.worker import Worker
from kernel.platform import accounts, migrations
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import Databases
from kernel.platform.tenants import Tenants
from runtime.records import road
from runtime.records.record import Input
from tests.factories.desk import Desk, make_desk, settings_for
from tests.factories.work import make_worker, work

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    url = request.getfixturevalue("pg_url") if request.param == "postgresql" else None
    with make_desk(settings_for(request.param, tmp_path, url), clock) as made:
        yield made


def job_of(desk: Desk, id: int):
    with desk.home.read() as conn:
        return find(conn, id)


def put(desk: Desk, kind: str, data=None, **more) -> int:
    with desk.home.write() as conn:
        return add(conn, kind, data or {}, now=desk.clock.now(), **more)


def make_task(ctx, title: str):
    return road.create(ctx, "task", Input({"title": title}))


def titles(desk: Desk) -> list[str]:
    with desk.ctx() as ctx:
        table = ctx.tables.of("task")
        return sorted(ctx.conn.execute(select(table.column("title"))).scalars())


def test_a_job_is_done_with_its_note(desk):
    once = Handlers([Handler("make", inside=lambda ctx, job: (make_task(ctx, job.data["title"]), Done({"made": 1}))[1])])
    id = put(desk, "make", {"title": "A"})
    assert work(desk.app, desk.slug, once) == 1
    job = job_of(desk, id)
    assert (job.state, job.result, job.attempts) == ("done", {"made": 1}, 1)
    assert work(desk.app, desk.slug, once) == 0
    assert titles(desk) == ["A"]


def test_not_before_it_is_due(desk, clock):
    done = Handlers([Handler("later", inside=lambda ctx, job: Done())])
    id = put(desk, "later", due=clock.now() + timedelta(minutes=5))
    assert work(desk.app, desk.slug, done) == 0
    clock.advance(minutes=5)
    assert work(desk.app, desk.slug, done) == 1
    assert job_of(desk, id).state == "done"


def test_a_key_names_the_work(desk):
    first = put(desk, "x", {"n": 1}, key="the one")
    assert put(desk, "x", {"n": 2}, key="the one") == first
    assert job_of(desk, first).data == {"n": 1}


def test_part_by_part_each_commits_with_its_progress(desk):
    def step(ctx, job):
        at = job.data["at"]
        make_task(ctx, f"T{at}")
        return Done({"made": at + 1}) if at == 2 else Again({"at": at + 1}, {"done": at + 1, "total": 3})

    id = put(desk, "steps", {"at": 0})
    assert work(desk.app, desk.slug, Handlers([Handler("steps", inside=step)])) == 3
    assert job_of(desk, id).result == {"made": 3}
    assert titles(desk) == ["T0", "T1", "T2"]


def test_what_fails_leaves_nothing_and_is_tried_again_with_growing_pauses(desk, clock):
    tries = []

    def breaks(ctx, job):
        make_task(ctx, "half")
        tries.append(clock.now())
        raise Invalid([Problem("x", "No good.")])

    handlers = Handlers([Handler("breaks", inside=breaks, most=3)])
    id = put(desk, "breaks")
    for _n in range(6):
        work(desk.app, desk.slug, handlers)
        clock.advance(seconds=5)
    job = job_of(desk, id)
    assert job.state == "failed" and job.error
    assert [(b - a).total_seconds() for a, b in pairwise(tries)] == [5, 10]
    assert titles(desk) == []
    with desk.home.write() as conn:
        assert queue.again(conn, id, clock.now()) and not queue.again(conn, id, clock.now())
    assert work(desk.app, desk.slug, Handlers([Handler("breaks", inside=lambda ctx, job: Done())])) == 1
    assert job_of(desk, id).state == "done"


def test_giving_up_is_not_tried_again(desk):
    def refuses(ctx, job):
        raise GiveUp("It is not there any more.", {"seen": 1})

    id = put(desk, "refuses")
    work(desk.app, desk.slug, Handlers([Handler("refuses", inside=refuses)]))
    job = job_of(desk, id)
    assert (job.state, job.error, job.result, job.attempts) == ("failed", "It is not there any more.", {"seen": 1}, 1)


def test_a_busy_database_is_nobodys_fault(desk, clock):
    def busy(ctx, job):
        raise Busy()

    id = put(desk, "busy")
    for _n in range(20):
        work(desk.app, desk.slug, Handlers([Handler("busy", inside=busy, most=2)]))
        clock.advance(seconds=60)
    assert job_of(desk, id).state == "waiting"


def test_cancelled_before_and_while_running(desk, clock):
    seen = []

    def outside(place, job):
        place.progress(1, 2)
        with desk.home.write() as conn:
            assert cancel(conn, job.id, clock.now())
        seen.append("cancelled")
        place.progress(2, 2)
        raise AssertionError("it went on")

    handlers = Handlers([Handler("long", outside=outside)])
    first, second = put(desk, "long"), put(desk, "long")
    with desk.home.write() as conn:
        assert cancel(conn, first, clock.now()) and not cancel(conn, first, clock.now())
    work(desk.app, desk.slug, handlers)
    assert [job_of(desk, i).state for i in (first, second)] == ["cancelled", "cancelled"] and seen == ["cancelled"]


def test_a_late_worker_changes_nothing(desk, clock):
    """Its lease ran out, another one took the job: the note of the late one is refused, and what it wrote with it."""
    made = make_worker(desk.app, Handlers([Handler("slow", inside=lambda ctx, job: Done({"by": "second"}))]))
    placement, home = made.tenants.get(desk.slug)
    id = put(desk, "slow")
    with home.write() as conn:
        (late,) = queue.claim(conn, {"slow"}, clock.now(), timedelta(seconds=60), 1)
    clock.advance(seconds=61)
    assert made.round(placement, home) == 1

    def writes(ctx, job):
        make_task(ctx, "too late")
        return Done({"by": "first"})

    made.handlers = Handlers([Handler("slow", inside=writes)])
    made.carry_out(placement, home, late)
    assert job_of(desk, id).result == {"by": "second"} and titles(desk) == []


def test_two_workers_never_take_the_same(desk, clock):
    done: list[int] = []
    lock = threading.Lock()

    def note(ctx, job):
        with lock:
            done.append(job.id)
        return Done()

    handlers = Handlers([Handler("count", inside=note)])
    with desk.home.write() as conn:
        ids = [add(conn, "count", {}, now=clock.now()) for _n in range(60)]
    workers = [threading.Thread(target=work, args=(desk.app, desk.slug, handlers)) for _n in range(3)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(30)
    assert sorted(done) == ids


def test_a_persons_job_has_the_persons_rights_of_that_moment(desk, clock):
    seen = []
    handlers = Handlers([Handler("mine", inside=lambda ctx, job: (seen.append((ctx.actor.person, ctx.actor.roles, ctx.channel)), Done())[1])])
    person = desk.people["wen"]
    put(desk, "mine", person=person)
    work(desk.app, desk.slug, handlers)
    assert seen == [(person, frozenset({"worker"}), "job")]
    with desk.home.write() as conn:
        accounts.disable(conn, person, clock.now())
    id = put(desk, "mine", person=person)
    work(desk.app, desk.slug, handlers)
    assert job_of(desk, id).state == "failed" and len(seen) == 1


def test_hints_lead_to_the_tenant_and_a_sweep_finds_what_they_miss(desk, clock):
    ran = []
    worker = make_worker(desk.app, Handlers([Handler("x", inside=lambda ctx, job: (ran.append(job.id), Done())[1])]))
    placement, _home = worker.tenants.get(desk.slug)
    # Through the tenants' own door, as the product opens it: the commit leaves the hint.
    with worker.tenants.get(desk.slug)[1].write() as conn:
        first = add(conn, "x", {}, now=clock.now(), due=clock.now() + timedelta(minutes=1))
    assert placement.id not in {p.id for p in worker.tenants.due(clock.now())}
    clock.advance(minutes=1)
    assert placement.id in {p.id for p in worker.tenants.due(clock.now())}
    worker.tick()
    assert ran == [first]
    assert placement.id not in {p.id for p in worker.tenants.due(clock.now() + timedelta(days=1))}
    second = put(desk, "x")
    with worker.tenants.control.write() as conn:
        conn.execute(t.tenant.update().values(next_due=None))
    worker.tick()
    assert ran == [first]
    worker.sweep()
    assert ran == [first, second]


def test_a_unit_of_work_that_is_rolled_back_leaves_neither_job_nor_hint(desk, clock):
    worker = make_worker(desk.app, Handlers())
    placement, home = worker.tenants.get(desk.slug)
    with pytest.raises(RuntimeError), home.write() as conn:
        add(conn, "x", {}, now=clock.now())
        raise RuntimeError
    with home.read() as conn:
        assert conn.execute(select(t.job.c.id)).all() == []
    assert placement.id not in {p.id for p in worker.tenants.due(clock.now())}


def test_standing_work_comes_back(desk, clock):
    ran = []
    worker = make_worker(desk.app, Handlers([Handler("daily", inside=lambda ctx, job: (ran.append(clock.now()), Done())[1], every=timedelta(days=1))]))
    for _n in range(5):
        worker.sweep()
        clock.advance(hours=12)
    assert [(b - a) / timedelta(days=1) for a, b in pairwise(ran)] == [1, 1]


def test_one_tenants_trouble_does_not_stop_the_others(desk, clock, monkeypatch):
    worker = make_worker(desk.app, Handlers([Handler("x", inside=lambda ctx, job: Done())]))
    id = put(desk, "x")
    worker.tenants.create("aaa-first", "First")
    real = worker.round

    def broken(placement, home, **more):
        if placement.slug == "aaa-first":
            raise RuntimeError("broken file")
        return real(placement, home, **more)

    monkeypatch.setattr(worker, "round", broken)
    worker.sweep()
    worker.tenants.delete("aaa-first")
    assert job_of(desk, id).state == "done"


def test_cleaning_up_removes_what_outlived_its_use(desk, clock):
    desk.browser("wen")
    desk.api("wen").post("/records/task", {"fields": {"title": "A"}}, key="one")
    make_worker(desk.app).sweep()
    with desk.home.read() as conn:
        assert len(conn.execute(select(t.session.c.person_id)).all()) == 1 and len(conn.execute(select(t.idempotency.c.key)).all()) == 1
    clock.advance(days=91)
    make_worker(desk.app).sweep()
    with desk.home.read() as conn:
        assert conn.execute(select(t.session.c.person_id)).all() == [] and conn.execute(select(t.idempotency.c.key)).all() == []


def test_a_worker_process_does_what_is_due_and_ends_with_its_parent(tmp_path):
    """The command line: ``worker --once`` works, and a worker that follows a process ends when that one is killed."""
    from tests.conftest import make_settings

    settings = make_settings(tmp_path / "var")
    env = {**os.environ, "FANGYUAN_DATA_DIR": str(settings.data_dir)}
    clock = settings.clock()
    migrations.migrate(settings)
    databases = Databases(settings)
    tenants = Tenants(settings, databases, clock)
    _placement, home = tenants.create("acme", "Acme")
    with home.write() as conn:
        id = add(conn, "clean_up", {}, now=clock.now(), key="clean_up")
    done = subprocess.run([sys.executable, "app.py", "worker", "--once"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with home.read() as conn:
        assert find(conn, id).due_at > clock.now()
    databases.dispose()
    script = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, 'app.py', 'worker', '--follow', '{}'.format(__import__('os').getpid())]); print(p.pid, flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    parent.stdout.close()
    for _n in range(600):
        if not Path(f"/proc/{child}").exists() or Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            break
        threading.Event().wait(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("the worker outlived its server")


def test_a_handler_works_on_one_side_only():
    with pytest.raises(ValueError, match="either inside or outside"):
        Handler("x")
    with pytest.raises(ValueError, match="two handlers"):
        Handlers([Handler("x", inside=lambda c, j: Done()), Handler("x", inside=lambda c, j: Done())])


def test_workers_need_no_web(settings, clock):
    migrations.migrate(settings)
    databases = Databases(settings)
    assert Worker(settings, clock, Tenants(settings, databases, clock), Handlers()).sweep() == 0
    databases.dispose()
