"""``make bench CASE=timers``: promises with a clock under load. Nothing like it stands on the hand-written side, so the figures stand alone,
except for what a promise adds to a write: there a kind of record with one is compared with the same kind without.

``python -m benchmarks.timers work URL FOLDER SECONDS`` is one worker: it carries out what is due and prints how many steps it made.
"""

from __future__ import annotations

import gc
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, perf_counter_ns, process_time_ns, sleep
from typing import Any, Protocol

from sqlalchemy import delete, func, insert, select

from benchmarks.datasets import ROOT
from benchmarks.ours import SLUG, settings_of
from benchmarks.ours_data import BATCH
from benchmarks.side import Place
from benchmarks.wsgi import Call, expect, send
from kernel.platform import tables as t
from kernel.platform.database import Databases, Home
from kernel.platform.ids import uuid7
from kernel.platform.jsonvalues import dumps

YAML = Path(__file__).with_name("timers.yaml")
SECONDS = 20
DUE, PENDING = 100_000, 1_000_000
ROUNDS = 150
CASES: Mapping[str, tuple[int, int, int]] = {
    "timers: 100,000 due, 1 worker": (DUE, 0, 1),
    "timers: 100,000 due, 2 workers": (DUE, 0, 2),
    "timers: 100,000 due of 1,000,000 pending, 1 worker": (DUE, PENDING, 1),
    "timers: 100,000 due of 1,000,000 pending, 2 workers": (DUE, PENDING, 2),
    "timers: lateness while records are written": (0, 0, 1),
    "timers: a promise on a new record": (0, 0, 0),
    "timers: a promise on a changed record": (0, 0, 0),
    "timers: a promise kept": (0, 0, 0),
}
"""Name of the case; how many alarms are due, how many wait, how many workers."""


class Store(Protocol):
    """A database system, see :mod:`benchmarks.datasets`."""

    name: str

    def empty(self, name: str) -> Place: ...


def measure(store: Store, names: Sequence[str], rounds: int | None = None) -> Iterator[dict[str, Any]]:
    """The chosen cases on one database system, each as an entry of the results."""
    place = store.empty("timers")
    build(place)
    stock = Stock(place)
    try:
        for name in names:
            due, pending, workers = CASES[name]
            entry: dict[str, Any] = {"case": name, "database": store.name, "rows": due + pending, "clients": workers, "role": "worker"}
            if due:
                stock.fill(due, pending)
                yield entry | _rate(place, workers)
            elif workers:
                stock.clear()
                yield entry | _lateness(place)
        added = [name for name in names if CASES[name][2] == 0]
        if added:
            stock.clear()
            for name, found in _added(place, rounds or ROUNDS).items():
                if name in added:
                    yield {"case": name, "database": store.name, "rows": 0, "clients": 1, "role": "clerk"} | found
    finally:
        stock.close()


# --- the workspace ----------------------------------------------------------------------------------------------------


def build(place: Place) -> None:
    """An installation with one workspace and one clerk."""
    from builder.packages import catalogue
    from builder.packages.reader import read_documents
    from builder.publish.switching import switch_on
    from kernel.platform import accounts, migrations, releases
    from kernel.platform.clock import SystemClock
    from kernel.platform.tenants import Tenants

    settings = settings_of(place)
    migrations.migrate(settings)
    databases, clock = Databases(settings), SystemClock()
    try:
        home = Tenants(settings, databases, clock).create(SLUG, "Timers", {"language": "en", "zone": "UTC", "currency": "CNY"})[1]
        switch_on(home, [*catalogue.load_all(["platform"]), read_documents(YAML.read_bytes(), YAML.name, "timers")], clock=clock)
        with home.write() as conn:
            release, now = releases.current(conn), clock.now()
            common = {"version": 1, "created_at": now, "updated_at": now, "release_id": release.id}
            people, teams = release.tables.of("person"), release.tables.of("team")
            conn.execute(insert(teams.table), [{"id": TEAM, **common, teams.main("name").name: "Everybody"}])
            conn.execute(insert(t.team_closure), [{"ancestor": TEAM, "descendant": TEAM, "depth": 0}])
            conn.execute(insert(people.table), [
                {"id": CLERK, **common, people.main("name").name: "Clerk", people.main("active").name: True, people.main("team").name: TEAM}])
            accounts.create(conn, CLERK, "clerk", "!", roles=["clerk"])
    finally:
        databases.dispose()


TEAM, CLERK = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"


class Client:
    """The product, served, with the clerk signed in."""

    def __init__(self, place: Place) -> None:
        from app import create_app
        from kernel.platform import tokens
        from kernel.web.application import Web

        flask = create_app(settings_of(place))
        self.app = flask.wsgi_app
        self.web: Web = flask.extensions["fangyuan"]
        self.home: Home = self.web.tenants.get(SLUG)[1]
        with self.home.write() as conn:
            self.token = tokens.create(conn, CLERK, "comparison", self.web.clock.now())[1]
        self.numbered = 0

    def create(self, entity: str, kind: str = "calm") -> Call:
        self.numbered += 1
        fields = {"name": f"Record {self.numbered}", "kind": kind, "phone": "+86 138 0013 8000", "email": "a@example.com"}
        return self._call("POST", entity, "", 201, fields, {"Idempotency-Key": uuid7(self.web.clock.now())})

    def change(self, entity: str, id_: str, version: int, fields: Mapping[str, Any]) -> Call:
        return self._call("PATCH", entity, f"/{id_}", 200, fields, {"If-Match": f'"{version}"'})

    def _call(self, method: str, entity: str, tail: str, status: int, fields: Mapping[str, Any], headers: dict[str, str]) -> Call:
        return Call(method, f"/t/{SLUG}/api/v1/records/{entity}{tail}", status, headers={"Authorization": f"Bearer {self.token}", **headers},
                    body=dumps({"fields": fields}).encode(), content_type="application/json")

    def send(self, call: Call) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(expect(call, send(self.app, call)).body)
        return found

    def close(self) -> None:
        self.web.databases.dispose()


class Stock:
    """Many records with running clocks and their alarms, made by copying what the product wrote for one."""

    def __init__(self, place: Place) -> None:
        client = Client(place)
        self.databases, self.home, self.clock = client.web.databases, client.home, client.web.clock
        id_ = client.send(client.create("promised"))["id"]
        with self.home.read() as conn:
            from kernel.platform import releases

            self.table = releases.current(conn).tables.of("promised").table
            self.record = dict(conn.execute(select(self.table).where(self.table.c.id == id_)).one()._mapping)
            self.row = dict(conn.execute(select(t.clock).where(t.clock.c.record_id == id_)).one()._mapping)
            self.job = dict(conn.execute(select(t.job).where(t.job.c.key == f"clock:{self.row['id']}:1")).one()._mapping)
        self.clear()

    def clear(self) -> None:
        """No alarm, no clock, no record."""
        with self.home.write() as conn:
            for table in (t.job, t.clock, t.notice, t.event, t.change_log, self.table):
                conn.execute(delete(table))

    def fill(self, due: int, pending: int) -> None:
        """So many alarms that are due and so many for later, on records of their own; of the ones for later only clock and alarm are there."""
        self.clear()
        now = self.clock.now()
        past, later = now - timedelta(minutes=1), now + timedelta(days=1)
        for first in range(0, due, BATCH):
            self._add(min(BATCH, due - first), past, records=True)
        for first in range(0, pending, BATCH):
            self._add(min(BATCH, pending - first), later, records=False)

    def _add(self, count: int, at: datetime, *, records: bool) -> None:
        at_first = uuid7(self.clock.now())
        rows = [(uuid7(self.clock.now()), uuid7(self.clock.now()) if records else at_first) for _n in range(count)]
        with self.home.write() as conn:
            if records:
                conn.execute(insert(self.table), [{**self.record, "id": record} for _clock, record in rows])
            conn.execute(insert(t.clock), [{**self.row, "id": clock, "record_id": record, "started_at": at - timedelta(seconds=900), "due_at": at} for clock, record in rows])
            bare = {k: v for k, v in self.job.items() if k != "id"}
            conn.execute(insert(t.job), [{**bare, "key": f"clock:{clock}:1", "data": {"clock": clock, "generation": 1}, "due_at": at} for clock, _record in rows])

    def close(self) -> None:
        self.databases.dispose()


# --- how fast, how late -----------------------------------------------------------------------------------------------


def work(place: Place, seconds: float) -> None:
    """One worker in this process, as long as said."""
    from commands.wiring import connect, handlers
    from kernel.jobs.worker import Worker
    from kernel.platform.clock import SystemClock
    from kernel.platform.tenants import Tenants

    connect()
    settings = settings_of(place)
    databases, clock = Databases(settings), SystemClock()
    worker = Worker(settings, clock, Tenants(settings, databases, clock), handlers())
    found = worker.tenants.get(SLUG)
    print("ready", flush=True)
    sys.stdin.readline()
    steps, begun, used = 0, perf_counter(), process_time_ns()
    while perf_counter() - begun < seconds:
        steps += worker.round(*found, lane="quick", most=200)
    print(json.dumps({"steps": steps, "seconds": perf_counter() - begun, "cpu_ms": (process_time_ns() - used) / 1e6}), flush=True)
    databases.dispose()


def _rate(place: Place, workers: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.timers", "work", place.url, str(place.folder), str(SECONDS)]
    running = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _n in range(workers)]
    try:
        for one in running:
            assert one.stdout is not None
            one.stdout.readline()
        for one in running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        found = [json.loads(one.communicate(timeout=SECONDS * 6 + 60)[0].splitlines()[-1]) for one in running]
    finally:
        for one in running:
            one.kill()
            one.wait()
    steps = sum(one["steps"] for one in found)
    return {"timers": steps, "per_s": round(sum(one["steps"] / one["seconds"] for one in found)), "timer_cpu_ms": round(sum(one["cpu_ms"] for one in found) / steps, 3)}


@contextmanager
def _worker(place: Place) -> Iterator[None]:
    import os

    env = {**os.environ, "FANGYUAN_DATA_DIR": str(place.folder), "FANGYUAN_DATABASE_URL": place.url}
    running = subprocess.Popen([sys.executable, "app.py", "worker"], cwd=ROOT, env=env)
    try:
        sleep(4)
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(60)


def _lateness(place: Place) -> dict[str, Any]:
    """Two clients write as fast as they are answered; every second record breaches after two seconds. How late is that carried out?"""
    client = Client(place)
    written = [0, 0]

    def write(n: int) -> None:
        until = perf_counter() + SECONDS
        while perf_counter() < until:
            client.send(client.create("promised", "quick" if written[n] % 2 else "calm"))
            written[n] += 1

    try:
        with _worker(place):
            threads = [threading.Thread(target=write, args=[n]) for n in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            sleep(6)
        with client.home.read() as conn:
            rows = conn.execute(select(t.job.c.due_at, t.job.c.finished_at).where(t.job.c.kind == "clock", t.job.c.state == "done")).all()
            missed = conn.execute(select(func.count()).where(t.job.c.kind == "clock", t.job.c.state != "done", t.job.c.due_at <= client.web.clock.now())).scalar_one()
    finally:
        client.close()
    late = [(done - due).total_seconds() * 1000 for due, done in rows]
    cut = quantiles(late, n=100)
    return {"timers": len(late), "writes_per_s": round(sum(written) / SECONDS), "late_p50_ms": round(median(late)), "late_p99_ms": round(cut[98]), "late_most_ms": round(max(late)), "missed": missed}


def _added(place: Place, rounds: int) -> dict[str, dict[str, Any]]:
    """The same write to a kind of record with a promise and to one without, in turn."""
    client = Client(place)
    names = ("timers: a promise on a new record", "timers: a promise on a changed record", "timers: a promise kept")
    times: dict[tuple[str, str], list[tuple[int, int]]] = {(name, entity): [] for name in names for entity in ("promised", "plain")}
    try:
        gc.collect()
        for number in range(-10, rounds):
            for entity in ("promised", "plain") if number % 2 else ("plain", "promised"):
                made = _timed(client, client.create(entity), times[names[0], entity] if number >= 0 else [])
                changed = _timed(client, client.change(entity, made["id"], 1, {"note": f"n {number}"}), times[names[1], entity] if number >= 0 else [])
                _timed(client, client.change(entity, made["id"], changed["version"], {"answered_at": "2026-01-05T10:00:00Z"}), times[names[2], entity] if number >= 0 else [])
    finally:
        client.close()
    return {name: _compared(times[name, "promised"], times[name, "plain"]) for name in names}


def _timed(client: Client, call: Call, kept: list[tuple[int, int]]) -> dict[str, Any]:
    cpu, wall = process_time_ns(), perf_counter_ns()
    answer = send(client.app, call)
    kept.append((perf_counter_ns() - wall, process_time_ns() - cpu))
    found: dict[str, Any] = json.loads(expect(call, answer).body)
    return found


def _compared(with_it: Sequence[tuple[int, int]], without: Sequence[tuple[int, int]]) -> dict[str, Any]:
    wall, cpu = ([median(one[i] for one in side) / 1e6 for side in (with_it, without)] for i in (0, 1))
    return {
        "promised_ms": round(wall[0], 3), "plain_ms": round(wall[1], 3), "added": round(wall[0] / wall[1] - 1, 3),
        "promised_cpu_ms": round(cpu[0], 3), "plain_cpu_ms": round(cpu[1], 3), "cpu_added": round(cpu[0] / cpu[1] - 1, 3)}


def lines(entries: Sequence[dict[str, Any]]) -> list[str]:
    """The tables for people."""
    rate = [e for e in entries if "per_s" in e]
    late = [e for e in entries if "late_p99_ms" in e]
    added = [e for e in entries if "promised_ms" in e]
    found: list[str] = []
    if rate:
        found += ["", "| timers | database | carried out in 20 s | per second | CPU ms each |", "|---|---|--:|--:|--:|"]
        found += [f"| {e['case'].removeprefix('timers: ')} | {e['database']} | {e['timers']:,} | **{e['per_s']:,}** | {e['timer_cpu_ms']:.2f} |" for e in rate]
    if late:
        found += ["", "| lateness under writes | timers | writes per second | p50, ms | p99, ms | at most, ms | missed |", "|---|--:|--:|--:|--:|--:|--:|"]
        found += [f"| {e['database']} | {e['timers']:,} | {e['writes_per_s']} | {e['late_p50_ms']} | **{e['late_p99_ms']}** | {e['late_most_ms']} | {e['missed']} |" for e in late]
    if added:
        found += ["", "| what a promise adds | database | with, ms | without, ms | added | with, CPU ms | without, CPU ms | added |", "|---|---|--:|--:|--:|--:|--:|--:|"]
        found += [
            f"| {e['case'].removeprefix('timers: ')} | {e['database']} | {e['promised_ms']:.2f} | {e['plain_ms']:.2f} | {e['added']:.0%} | {e['promised_cpu_ms']:.2f}"
            f" | {e['plain_cpu_ms']:.2f} | **{e['cpu_added']:.0%}** |" for e in added]
    return found


if __name__ == "__main__":
    assert sys.argv[1] == "work"
    work(Place(sys.argv[2], Path(sys.argv[3])), float(sys.argv[4]))
