"""Workers and web are killed at random under load, and the clock jumps: nothing acknowledged is missing, no promise is lost, doubled or early.

The product's own processes on a real database; the shared test clock runs sixty times as fast, so that a promise of five
minutes is broken after five seconds.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from builder.packages import catalogue
from builder.packages.reader import read_documents
from builder.publish.switching import switch_on
from commands.wiring import handlers
from kernel.jobs.worker import Worker
from kernel.platform import migrations, releases
from kernel.platform import tables as t
from kernel.platform.clock import FileClock
from kernel.platform.database import Databases, Home
from kernel.platform.ids import uuid7
from kernel.platform.settings import Settings
from kernel.platform.tenants import Tenants
from tests.conftest import make_settings
from tests.factories.platform import make_account, make_token
from tests.scale import scaled
from tests.servers import free_port, own_database

ROOT = Path(__file__).resolve().parents[3]
SLUG = "crash"
RATE = 60
ROUNDS = scaled(4, 120)
SEED = int(os.environ.get("FANGYUAN_CRASH_SEED", "0")) or random.randrange(1, 10**6)
APPLICATION = """
entity: ticket
title: "{name}"
tracked: [state]
fields:
  name: {type: text, required: true, max: 80}
  note: {type: text, max: 80}
---
clock: answer
on: ticket
target: '300'
counts: elapsed
steps:
  soon: {at: 0.5, tell: [owner]}
  breach: {tell: [owner], urgency: high}
  later: {after: '60', tell: [owner]}
---
role: clerk
rights:
  ticket: {read: all, create: true, update: all}
"""


@dataclass
class House:
    """An installation whose processes come and go."""

    settings: Settings
    databases: Databases
    tenants: Tenants
    home: Home
    token: str
    clock: FileClock
    zygote: subprocess.Popen
    running: dict[str, int] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    sent: Counter = field(default_factory=Counter)
    answers: Counter = field(default_factory=Counter)

    def start(self, name: str) -> None:
        kind = "web" if name == "web" else "worker"
        self.zygote.stdin.write(f"{kind} {self.settings.port}\n")
        self.zygote.stdin.flush()
        self.running[name] = int(self.zygote.stdout.readline())

    def kill(self, name: str) -> None:
        os.kill(self.running[name], signal.SIGKILL)

    def jump(self, by: timedelta) -> None:
        """The clock of all processes moves on, or back."""
        ahead = self.clock.now() + by - datetime.fromtimestamp(time.time(), self.clock.now().tzinfo)
        part = self.settings.test_clock.with_suffix(".part")
        part.write_text(json.dumps({"offset": ahead.total_seconds(), "rate": RATE}))
        part.replace(self.settings.test_clock)

    def write(self, stop: threading.Event, name: str) -> None:
        """A client that sends each record until it is acknowledged, as a phone with a bad connection does."""
        number = 0
        while not stop.is_set():
            number += 1
            key = f"{name}-{number}"
            body = json.dumps({"fields": {"name": key}})
            while True:
                self.sent[key] += 1
                if self.post(body, key) == 201:
                    self.acknowledged.add(key)
                    break
                time.sleep(0.05)

    def post(self, body: str, key: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.port, timeout=20)
        try:
            connection.request("POST", f"/t/{SLUG}/api/v1/records/ticket", body, {
                "Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Idempotency-Key": key})
            answer = connection.getresponse()
            self.answers[answer.status] += 1
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request, tmp_path):
    clock_file = tmp_path / "clock.json"
    clock_file.write_text(json.dumps({"offset": 0, "rate": RATE}))
    port = free_port()
    more = {"database_url": own_database(request.getfixturevalue("pg_url"), f"crash_{os.getpid()}")} if request.param == "postgresql" else {}
    settings = make_settings(tmp_path / "var", port=port, base_url=f"http://127.0.0.1:{port}", test_clock=clock_file, **more)
    migrations.migrate(settings)
    databases, clock = Databases(settings), FileClock(clock_file)
    tenants = Tenants(settings, databases, clock)
    home = tenants.create(SLUG, "Crash")[1]
    switch_on(home, [*catalogue.load_all(["platform"]), read_documents(APPLICATION.encode(), "app.yaml", "crash")], clock=clock)
    person = uuid7(clock.now())
    with home.write() as conn:
        release, now = releases.current(conn), clock.now()
        people = release.tables.of("person")
        conn.execute(insert(people.table), [{
            "id": person, "version": 1, "created_at": now, "updated_at": now, "release_id": release.id, people.main("name").name: "Clerk", people.main("active").name: True}])
    make_account(home, "clerk", roles=["clerk"], person_id=person)
    env = {**os.environ, "FANGYUAN_DATA_DIR": str(settings.data_dir), "FANGYUAN_DATABASE_URL": settings.database_url, "FANGYUAN_PORT": str(port),
           "FANGYUAN_TEST_CLOCK": str(clock_file), "FANGYUAN_SECRET_KEY": settings.secret_key.decode()}
    zygote = subprocess.Popen([sys.executable, "-m", "tests.factories.zygote"], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    found = House(settings, databases, tenants, home, make_token(home, person, clock), clock, zygote)
    yield found
    for process in found.running.values():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    zygote.stdin.close()
    zygote.wait(20)
    zygote.stdout.close()
    databases.dispose()


def test_nothing_is_lost_doubled_or_early(house):
    dice = random.Random(SEED)
    print(f"FANGYUAN_CRASH_SEED={SEED}")
    names = ["web", "worker-1", "worker-2"]
    for name in names:
        house.start(name)
    stop = threading.Event()
    clients = [threading.Thread(target=house.write, args=[stop, name]) for name in ("a", "b")]
    for client in clients:
        client.start()
    until = time.monotonic() + 60
    while len(house.acknowledged) < 10:
        assert time.monotonic() < until, house.answers
        time.sleep(0.05)
    for _round in range(ROUNDS):
        time.sleep(dice.uniform(0.3, 0.9))
        victim = dice.choice(names)
        house.kill(victim)
        if dice.random() < 0.4:
            house.jump(timedelta(seconds=dice.choice([-240, -30, 90, 600])))
        house.start(victim)
    stop.set()
    for client in clients:
        client.join(60)
        assert not client.is_alive(), "the web came back"
    for name in names:
        house.kill(name)
    # Everything was down: what came due meanwhile is done late by whoever comes next.
    house.jump(timedelta(hours=2))
    worker = Worker(house.settings, house.clock, house.tenants, handlers())
    while worker.sweep() or worker.tick():
        pass
    check(house)


def check(house: House) -> None:
    with house.home.read() as conn:
        tickets = releases.current(conn).tables.of("ticket")
        names = Counter(conn.execute(select(tickets.main("name"))).scalars())
        clocks = conn.execute(select(t.clock.c.record_id, t.clock.c.started_at, t.clock.c.due_at, t.clock.c.breached_at, t.clock.c.fired)).all()
        notices = Counter(conn.execute(select(t.notice.c.cause)).scalars())
        left = conn.execute(select(t.job.c.kind, t.job.c.state, t.job.c.error).where(t.job.c.kind.in_(["clock"]), t.job.c.state != "done")).all()
        history = conn.execute(select(func.count()).where(t.change_log.c.entity == "ticket", t.change_log.c.kind == "create")).scalar_one()
    assert set(house.answers) <= {201, 503}, "an answer is a record, or: the system is busy"
    assert house.acknowledged <= set(names), "no acknowledged write is missing"
    assert set(names.values()) == {1}, "nothing is written twice, however often it was sent"
    assert set(names) <= set(house.sent)
    assert history == len(names) == len(clocks) and len({c.record_id for c in clocks}) == len(clocks), "one promise each"
    assert left == [], "no alarm is left behind"
    for clock in clocks:
        steps = Counter(f["step"] for f in clock.fired)
        assert steps == {"soon": 1, "breach": 1, "later": 1}, "each step once"
        assert clock.breached_at == clock.due_at == clock.started_at + timedelta(seconds=300)
        assert all(f["late_s"] >= 0 for f in clock.fired), "never early"
    told = {cause for cause in notices if cause.startswith("clock:")}
    assert len(told) == 3 * len(clocks) and set(notices.values()) == {1}, "everybody is told once of each step"
