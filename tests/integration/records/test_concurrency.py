"""Writers at the same moment: no lost update, one winner, numbers given once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from kernel.errors import Busy, Invalid, Refused, Stale
from runtime.records import changelog, road
from runtime.records.record import Input
from tests.factories.records import make_record

WRITERS = 6


def together(*jobs):
    """Run the jobs at the same moment; results or exceptions in their order."""
    gate = threading.Barrier(len(jobs))

    def run(job):
        gate.wait(20)
        try:
            return job()
        except (Stale, Refused, Busy, Invalid) as error:
            return error

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_no_lost_update(place, boss):
    made = make_record(place, "task", {"name": "a", "hours": "0"}, boss)

    def count_up():
        done = 0
        while done < 5:
            try:
                with place.write(boss) as ctx:
                    now = road.load(ctx, "task", made.id)
                    road.update(ctx, "task", made.id, Input({"hours": str(now.values["hours"] + 1)}), version=now.version)
                done += 1
            except (Stale, Busy):
                continue
        return done

    assert together(*[count_up] * WRITERS) == [5] * WRITERS
    with place.read(boss) as ctx:
        found = road.load(ctx, "task", made.id)
        assert (found.values["hours"], found.version) == (5 * WRITERS, 5 * WRITERS + 1)
        assert changelog.verify(ctx, "task", made.id)


def test_one_of_many_same_versions_wins(place, boss):
    made = make_record(place, "task", {"name": "a"}, boss)

    def change(n):
        def job():
            with place.write(boss) as ctx:
                return road.update(ctx, "task", made.id, Input({"name": f"n{n}"}), version=1)

        return job

    results = together(*[change(n) for n in range(WRITERS)])
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert all(isinstance(r, Stale) for r in results if isinstance(r, Exception))


def test_competing_transitions_have_one_winner(place, boss):
    made = make_record(place, "task", {"name": "a", "hours": "2", "note": "n"}, boss)

    def take(key):
        def job():
            with place.write(boss) as ctx:
                return road.transition(ctx, "task", made.id, key, version=None)

        return job

    results = together(take("start"), take("start"), take("start"), take("start"))
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert all(isinstance(r, Refused) for r in results if isinstance(r, Exception))


def test_the_same_unique_value_at_once(place, boss):
    def job():
        with place.write(boss) as ctx:
            return road.create(ctx, "task", Input({"name": "a", "ref": "same"}))

    results = together(*[job] * 4)
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert all(isinstance(r, Invalid) and r.problems[0].rule == "test:task.ref#unique" for r in results if isinstance(r, Exception))


def test_numbers_and_rollups_under_load(place, boss):
    project = make_record(place, "project", {"name": "p"}, boss)

    def job():
        with place.write(boss) as ctx:
            return road.create(ctx, "task", Input({"name": "a", "project": project.id})).values["code"]

    results = together(*[job] * WRITERS)
    assert len(set(results)) == WRITERS and all(isinstance(r, str) for r in results)
    with place.read(boss) as ctx:
        assert road.load(ctx, "project", project.id).values["open_tasks"] == WRITERS
        assert changelog.verify(ctx, "project", project.id)
