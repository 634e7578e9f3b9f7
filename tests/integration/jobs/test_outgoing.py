"""What leaves the house: tried for three days, left alone where nobody answers, and shared fairly."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import delete, update

from kernel.jobs import Done, Handler, Handlers, Later, add, find, outlets, queue
from kernel.jobs.crew import Crew
from kernel.jobs.worker import Worker
from kernel.platform import migrations
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import Databases
from kernel.platform.tenants import Tenants
from tests.conftest import NOW, make_settings


class House:
    """An installation with two workspaces, and what its handler does at each place."""

    def __init__(self, settings) -> None:
        migrations.migrate(settings)
        self.clock = FixedClock(NOW)
        self.databases = Databases(settings)
        self.tenants = Tenants(settings, self.databases, self.clock)
        self.homes = {slug: self.tenants.create(slug, slug, {"language": "en"})[1] for slug in ("one", "two")}
        self.calls: list[tuple[str, int]] = []
        self.acts: dict[str, object] = {}
        self.worker = Worker(settings, self.clock, self.tenants, Handlers([Handler("call", outside=self._call, lane="out")]))

    def _call(self, desk, job):
        place = job.data["place"]
        self.calls.append((place, job.id))
        act = self.acts.get(place)
        if callable(act):
            act()
        return Done()

    def put(self, place: str, slug: str = "one", n: int = 1) -> list[int]:
        with self.homes[slug].write() as conn:
            return [add(conn, "call", {"place": place}, now=self.clock.now(), destination=place) for _ in range(n)]

    def job(self, id: int, slug: str = "one"):
        with self.homes[slug].read() as conn:
            return find(conn, id)

    def outlet(self, place: str):
        with self.homes["one"].read() as conn:
            return outlets.troubled(conn).get(place)

    def round(self, slug: str = "one") -> int:
        return self.worker.round(*self.tenants.get(slug))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request, tmp_path_factory):
    from tests.servers import own_database

    extra = {"database_url": own_database(request.getfixturevalue("pg_url"), "outgoing")} if request.param == "postgresql" else {}
    made = House(make_settings(tmp_path_factory.mktemp("house"), **extra))
    yield made
    for slug in made.homes:
        made.tenants.delete(slug)
    made.databases.dispose()


@pytest.fixture(autouse=True)
def fresh(house):
    house.calls.clear()
    house.acts.clear()
    for home in house.homes.values():
        with home.write() as conn:
            conn.execute(delete(t.job))
            conn.execute(delete(t.outlet))


def refuses(**more):
    def act():
        raise Later("Nobody answers.", **more)
    return act


def test_three_days_of_growing_pauses_then_it_has_failed_and_can_be_replayed(house):
    house.acts["down"] = refuses()
    (id,) = house.put("down")
    begun, moments = house.clock.now(), []
    while house.job(id).state == "waiting":
        house.round()
        moments.append(house.clock.now() - begun)
        job, outlet = house.job(id), house.outlet("down")
        house.clock.set(max(job.due_at, outlet.blocked_until or job.due_at))
    assert timedelta(hours=72) <= moments[-1] <= timedelta(hours=90) and len(moments) > 15
    assert job.state == "failed" and job.error == "Nobody answers."
    pauses = [b - a for a, b in pairwise(moments)]
    assert pauses[0] < timedelta(seconds=7) and max(pauses) <= timedelta(hours=7.5)
    assert len({p.total_seconds() % 1 for p in pauses}) > 5, "what failed together must not come back together"
    house.acts.clear()
    with house.homes["one"].write() as conn:
        assert queue.again(conn, id, house.clock.now())
    house.clock.set(house.clock.now() + timedelta(hours=1))
    assert house.round() == 1 and house.job(id).state == "done" and house.outlet("down") is None


def test_a_place_that_fails_again_and_again_is_left_alone_and_tried_by_one(house):
    house.acts["down"] = refuses()
    ids = house.put("down", n=8)
    other = house.put("well")
    house.round()
    for _n in range(3):
        house.clock.advance(seconds=20)
        house.round()
    assert house.job(other[0]).state == "done"
    outlet = house.outlet("down")
    assert outlet.doubtful and outlet.error == "Nobody answers."
    house.calls.clear()
    assert house.round() == 0 and not house.calls
    late = house.put("down")
    assert house.round() == 0, "new work waits, too"
    with house.homes["one"].read() as conn:
        assert queue.next_due(conn, {"call"}, house.clock.now()) == outlet.blocked_until
    house.acts.clear()
    house.clock.set(outlet.blocked_until)
    crew = Crew(house.worker)
    house.worker.crew = crew
    assert house.worker.sweep("out") == 1, "one call tries"
    crew.close()
    assert house.outlet("down") is None
    house.clock.advance(hours=1)
    house.round()
    assert {house.job(i).state for i in [*ids, *late]} == {"done"}


def test_retry_after_is_obeyed_for_the_place(house):
    house.acts["busy"] = refuses(after=timedelta(minutes=10))
    (first,) = house.put("busy")
    house.round()
    assert house.job(first).due_at - house.clock.now() == timedelta(minutes=10)
    house.put("busy")
    assert house.round() == 0
    house.clock.advance(minutes=11)
    house.acts.clear()
    assert house.round() == 2


def test_what_waited_too_long_for_a_dead_place_has_failed_without_a_try_of_its_own(house):
    ids = house.put("down", n=3)
    with house.homes["one"].write() as conn:
        conn.execute(update(t.job).where(t.job.c.id.in_(ids[1:])).values(due_at=house.clock.now() + timedelta(hours=100)))
    house.acts["down"] = refuses()
    house.clock.advance(hours=74)
    house.round()
    assert [house.job(i).state for i in ids] == ["failed"] * 3


def test_not_tried_is_not_counted_and_nobody_is_blamed(house):
    house.acts["x"] = refuses(blame=False, counted=False, after=timedelta(minutes=5))
    (id,) = house.put("x")
    house.round()
    assert house.job(id).attempts == 0 and house.outlet("x") is None


def test_one_that_hangs_holds_nobody_up(house):
    """Two places of one workspace hang; everything else, there and next door, is done meanwhile, by the same threads."""
    free, done = threading.Event(), threading.Event()
    for place in ("hangs-1", "hangs-2"):
        house.acts[place] = lambda: free.wait(10)
        house.put(place, n=5)
    wells = [(slug, id) for slug in ("one", "two") for place in ("a", "b") for id in house.put(place, slug, n=4)]

    def freed() -> None:
        house.worker.sweep("out")
        if all(house.job(id, slug).state == "done" for slug, id in wells):
            done.set()

    crew = Crew(house.worker, freed)
    house.worker.crew = crew
    house.worker.sweep("out")
    try:
        assert done.wait(8), "the others wait for those that hang"
        assert sum(place.startswith("hangs") for place, _id in house.calls) <= 3
    finally:
        crew.freed = lambda: None
        free.set()
        crew.close()


def test_what_failed_together_takes_half_of_the_threads_at_most(house):
    free = threading.Event()
    for n in range(8):
        house.acts[f"bad-{n}"] = lambda: free.wait(10)
        house.put(f"bad-{n}", "one" if n % 2 else "two", n=3)
    for home in house.homes.values():
        with home.write() as conn:
            for n in range(8):
                outlets.failed(conn, f"bad-{n}", house.clock.now(), "once")
    crew = Crew(house.worker)
    house.worker.crew = crew
    for _n in range(4):
        house.worker.sweep("out")
    under_way = len(house.calls)
    free.set()
    crew.close()
    assert under_way <= 4 and len({place for place, _id in house.calls}) == len(house.calls)
