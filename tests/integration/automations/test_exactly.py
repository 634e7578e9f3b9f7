"""What must be exact on both databases: each effect once, turns fair under concurrency, refusals without half effects."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from kernel.jobs import Done, queue
from kernel.platform import tables as t
from runtime.automations import perform, watch
from tests.factories.work import make_worker, work
from tests.integration.automations.world import change, done, make, one, record, runs


def test_turns_are_fair_however_many_workers_hand_out(both):
    ids = [make(both, title="turns") for _n in range(12)]
    workers = [make_worker(both.app) for _n in range(3)]
    threads = [threading.Thread(target=lambda w=w: w.round(*w.tenants.get(both.slug))) for w in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    both.clock.advance(minutes=5)  # one that found the database busy comes again
    work(both.app, both.slug)
    assert [one(both, id, "hand_out").state for id in ids] == ["done"] * 12
    assert Counter(record(both, id).owner for id in ids) == {both.people["wen"]: 6, both.people["lin"]: 6}


def test_a_worker_that_dies_leaves_nothing_and_another_does_it_once(both):
    id = make(both, area="north", title="turns")
    worker = make_worker(both.app)
    placement, home = worker.tenants.get(both.slug)
    with home.write() as conn:
        jobs = queue.claim(conn, {watch.KIND}, both.clock.now(), timedelta(seconds=60), 50)
    (job,) = [job for job in jobs if job.data["run"] == one(both, id, "hand_out").id]
    with pytest.raises(RuntimeError), home.write() as conn:
        assert perform.carry_out(worker._ctx(conn, placement, job), job) == Done({"state": "done"})
        raise RuntimeError("the process ends here")
    before = record(both, id)
    assert one(both, id, "hand_out").state == "waiting" and before.version == 1
    both.clock.advance(minutes=2)
    work(both.app, both.slug)
    # What the dead one would still finish is refused: the job is another's.
    with home.write() as conn:
        assert perform.carry_out(worker._ctx(conn, placement, job), job) == Done() and not queue.finish(conn, job, both.clock.now(), {})
    assert one(both, id, "hand_out").state == "done" and record(both, id).version == 2


def test_a_refused_step_takes_the_stretch_back_and_tells_the_admins_once(both):
    first, second = make(both, code="R1"), make(both)
    with both.home.write() as conn:
        conn.execute(update(t.automation).values(told_at=None))
    for id in (first, second):
        change(both, id, code="R")
        work(both.app, both.slug)
        run = one(both, id, "refused")
        assert run.state == "failed" and run.error["kind"] == "refused" and run.error["words"][0]["en"].startswith("Missing"), run.error
        assert run.error["rule"].startswith("test:machine/task") and [line.get("undone") or line.get("failed") for line in run.log] == [True, True]
        assert (record(both, id).values["details"], record(both, id).version) == (None, 2)
        change(both, id, code=None)
    with both.home.read() as conn:
        told = conn.execute(select(t.notice.c.person_id).where(t.notice.c.kind == "automation_failed")).scalars().all()
    assert told == [both.people["chen"]]
    # The rest of the tenant goes on.
    done(both, make(both, title="turns"), "hand_out")


def test_loops_are_cut_with_the_circle(both):
    id = make(both, title="loop")
    change(both, id, count=1)
    work(both.app, both.slug)
    found = runs(both, id)
    assert [run.state for run in found if run.state != "not_met"] == ["done"] * 10 + ["cut"]
    last = found[-1]
    assert last.error["circle"] == ["test:automation/ping", "test:automation/pong", "test:automation/ping"]
    assert last.root == found[0].root or len({run.root for run in found if run.state != "not_met"}) == 1
    assert last.error["words"][0]["zh"].startswith("已切断")
