"""Publishing on both databases: what fails leaves the tenant as it was, two at once are told apart, nothing is lost."""

# ruff: noqa: E501 - tables read better in long lines
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, inspect, select, text

from builder.changes import ops
from builder.changes.indexes import wanted
from builder.layers.change import Change
from builder.publish import ddl, previews, purging, store, switching, tenant_overlay, upgrading
from builder.publish.prepare import prepare
from builder.publish.publish import PublishResult, create_beside, finish, publish, roll_back
from kernel.errors import Conflict, Invalid, NotFound
from kernel.i18n import Labels
from kernel.platform import releases
from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from kernel.platform.database import Home
from kernel.platform.ids import uuid7
from kernel.platform.releases import Release
from tests.unit.builder import world

NOTE = """\
entity: note
title: "{text}"
fields:
  text: {type: text, max: 80, required: true}
  mark: {type: choice, options: mark}
  price: {type: decimal, places: 2}
  day: date
  of: {type: reference, to: person}
---
option_set: mark
options: [good, bad]
---
machine: note
on: note
states: {open: open, kept: {category: open}, gone: closed}
transitions: {keep: {from: open, to: kept}, drop: {from: [open, kept], to: gone}}
---
role: writer
rights: {note: {read: all, create: true, update: all}}
---
labels: zh
note: {_: 笔记, text: 内容}
"""


def shape(home: Home) -> dict[str, Any]:
    """Everything a publish could have changed: tables, columns, indexes, platform rows."""
    with home.read() as conn:
        schema = home.schema
        look = inspect(conn)
        names = sorted(n for n in look.get_table_names(schema=schema) if n[:2] in ("e_", "c_", "l_"))
        found: dict[str, Any] = {
            name: (sorted(c["name"] for c in look.get_columns(name, schema=schema)), sorted(str(i["name"]) for i in look.get_indexes(name, schema=schema))) for name in names
        }
        for table in (t.tenant_state, t.release, t.package_version, t.overlay, t.retired_column, t.event):
            found[f"rows of {table.name}"] = sorted(map(repr, conn.execute(select(*table.columns))))
    return found


def add(home: Home, release: Release, clock: FixedClock, **values: Any) -> str:
    table = release.tables.of("note").table
    id_ = uuid7(clock.now())
    with home.write() as conn:
        conn.execute(insert(table).values(id=id_, version=1, created_at=clock.now(), updated_at=clock.now(), **values))
    return id_


def rows(home: Home, *columns: str) -> list[tuple[Any, ...]]:
    with home.read() as conn:
        table = releases.current(conn).tables.of("note").table
        return [tuple(r) for r in conn.execute(select(*(table.c[c] for c in columns)).order_by(table.c.id))]


def current(home: Home) -> Release:
    with home.read() as conn:
        return releases.current(conn)


@pytest.fixture
def started(home: Home, clock: FixedClock) -> Home:
    switching.switch_on(home, "platform", clock=clock)
    tenant_overlay.add_documents(home, NOTE, clock=clock)
    return home


def changed(home: Home, clock: FixedClock, text: str, **options: Any) -> PublishResult:
    return tenant_overlay.add_documents(home, text, clock=clock, **options)


def test_one_file_makes_an_entity_on_a_live_tenant(home: Home, clock: FixedClock) -> None:
    switching.switch_on(home, "platform", clock=clock, note="first")
    before = current(home)
    result = changed(home, clock, NOTE, by="somebody", expected=before.id)
    now = current(home)
    assert now.id == result.release_id and now.hash == result.hash and now.application.entity("note").labels == {"zh": "笔记"}
    add(home, now, clock, text="a", price="1.50", state="open")
    assert rows(home, "text", "state") == [("a", "open")]
    with home.read() as conn:
        row = conn.execute(select(t.release).where(t.release.c.id == now.id)).one()
        assert (row.kind, row.base_release_id, row.published_by) == ("published", before.id, "somebody")
        assert [p["key"] for p in row.packages] == ["platform"] and len(row.plan) == len(result.plan.operations)
        assert releases.load(conn, before.id).application.entities.keys() == {"person", "team"}
    assert changed(home, clock, NOTE).unchanged


def test_what_is_wrong_is_refused_and_changes_nothing(started: Home, clock: FixedClock) -> None:
    before = shape(started)
    for wrong in ("entity: note\nfields: {x: {type: txt}}\n", "entity: [\n", "entity: note\nfields: {remove: [nope]}\n", "labels: zh\nnope: x\n", "view: v\nentity: nope\n", "sample: s\nsteps: []\n"):
        with pytest.raises(Invalid) as caught:
            changed(started, clock, wrong)
        assert caught.value.problems
    with pytest.raises(Invalid):
        changed(started, clock, [{"do": "set", "uid": "nowhere", "path": "title", "value": "x"}])  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        changed(started, clock, "entity: note\nfields: {x: text}\n", expected=999)
    with pytest.raises(Conflict):
        publish(started, None, clock=clock, base_hash="0" * 64)
    assert shape(started) == before


BIG_CHANGE = """\
entity: note
fields:
  mark: {options: {remove: [bad]}}
  price: {places: 4}
  text: {unique: true}
  of: null
  extra: {type: references, to: person}
  parts: {type: rows, fields: {what: text}}
  remove: [day]
  sum: {type: computed, value: price * 2}
---
view: all
entity: note
sort: [price]
"""


def test_a_failure_at_any_step_leaves_everything_as_it_was(started: Home, clock: FixedClock) -> None:
    release = current(started)
    add(started, release, clock, text="a", price="1.25", state="open")
    before, seen = shape(started), rows(started, "text", "price")
    steps: list[str] = []

    class Boom(Exception):
        pass

    total = 0
    while True:
        count = 0

        def probe(step: str, fails: int = total + 1) -> None:
            nonlocal count
            if step.startswith("after:"):
                return
            count += 1
            if count == fails:
                steps.append(step)
                raise Boom

        try:
            changed(started, clock, BIG_CHANGE, probe=probe)
        except Boom:
            assert shape(started) == before
            assert rows(started, "text", "price") == seen
            assert current(started) == release
            total += 1
            continue
        break
    assert {"add_columns", "retire_columns", "convert_columns", "create_table", "create_index", "packages", "overlay", "release", "point", "commit"} <= set(steps)
    now = current(started)
    assert now.id > release.id and [str(p[1]) for p in rows(started, "text", now.columns[now.application.entity("note").field("price").uid])] == ["1.2500"]


def test_a_rule_the_data_stand_against_is_refused_in_words(started: Home, clock: FixedClock) -> None:
    release = current(started)
    for _i in range(2):
        add(started, release, clock, text="same", state="open")
    before = shape(started)
    planned = tenant_overlay.plan_documents(started, "entity: note\nfields: {text: {unique: true}}\n")
    assert [i.count for i in planned.impacts if i.operation.KIND == "create_index"] == [1]
    with pytest.raises(Invalid) as caught:
        changed(started, clock, "entity: note\nfields: {text: {unique: true}}\n")
    assert [p.code for p in caught.value.problems] == ["doubled_values"]
    assert shape(started) == before


def test_numbers_of_a_plan_come_from_the_data(started: Home, clock: FixedClock) -> None:
    release = current(started)
    add(started, release, clock, text="a", mark="bad", price="1", state="open")
    add(started, release, clock, text="b", state="gone")
    planned = tenant_overlay.plan_documents(started, "entity: note\nfields: {day: {required: true}, price: integer, mark: {options: {remove: [bad]}}}\n---\nmachine: note\nstates: {remove: [gone]}\ntransitions: {remove: [drop], back: {from: kept, to: open}}\n")
    assert {i.operation.KIND: i.count for i in planned.impacts if not isinstance(i.operation, (ops.CreateIndex, ops.DropIndex))} == {"convert_columns": 1, "option_gone": 1, "needs_fill": 2}


def test_a_field_removed_and_brought_back_has_its_values(started: Home, clock: FixedClock) -> None:
    first = current(started)
    add(started, first, clock, text="a", price="3.25", state="open")
    result = changed(started, clock, "entity: note\nfields: {remove: [price]}\n")
    assert [o.KIND for o in result.plan.destructive] == ["retire_columns"]
    assert "price" not in current(started).application.entity("note").by_key
    again = changed(started, clock, "entity: note\nfields: {price: {type: decimal}}\n")
    now = current(started)
    assert now.columns[now.application.entity("note").field("price").uid] == "price_2", "a new field of an old name is another field"
    assert not again.plan.destructive
    back = roll_back(started, "me", first.id, clock=clock)
    now = current(started)
    assert now.id == back.release_id > first.id and now.application.hash == first.application.hash
    assert [str(r[0]) for r in rows(started, "price")] == ["3.25"]
    with started.read() as conn:
        assert {(h.table, h.column) for h in store.hidden(conn)} == {("e_note", "price_2")}


def test_an_entity_removed_and_brought_back_has_its_records(started: Home, clock: FixedClock) -> None:
    first = current(started)
    add(started, first, clock, text="a", price="3.25", state="open")
    changed(started, clock, "entity: note\nremove: true\n---\nmachine: note\nremove: true\n---\nrole: writer\nremove: true\n")
    assert "note" not in current(started).application.entities
    roll_back(started, None, first.id, clock=clock)
    assert [(r[0], str(r[1])) for r in rows(started, "text", "price")] == [("a", "3.25")]
    add(started, current(started), clock, text="b", state="open")


def test_hidden_data_are_purged_only_on_purpose(started: Home, clock: FixedClock) -> None:
    first = current(started)
    uid = first.application.entity("note").field("price").uid
    with pytest.raises(NotFound):
        purging.purge(started, uid, clock=clock)
    changed(started, clock, "entity: note\nfields: {remove: [price]}\n")
    assert [(h.uid, h.columns) for h in purging.hidden_data(started)] == [(uid, ("price",))]
    purging.purge(started, uid, clock=clock)
    assert purging.hidden_data(started) == []
    assert "price" not in shape(started)["e_note"][0]
    roll_back(started, None, first.id, clock=clock)
    now = current(started)
    assert now.columns[uid] == "price_2", "a purged name is never used again"
    entity = now.application.entity("note").uid
    changed(started, clock, "entity: note\nremove: true\n---\nmachine: note\nremove: true\n---\nrole: writer\nremove: true\n")
    purging.purge(started, entity, clock=clock)
    assert "e_note" not in shape(started)


def test_two_publishers_at_once_one_wins(started: Home, clock: FixedClock) -> None:
    one = tenant_overlay.plan_documents(started, "entity: note\nfields: {x: text}\n")
    two = tenant_overlay.plan_documents(started, "entity: note\nfields: {y: text}\n")
    from builder.publish.publish import publish_prepared

    outcomes: list[object] = []

    def run(prepared: Any) -> None:
        try:
            outcomes.append(publish_prepared(started, None, prepared, clock=clock))
        except Conflict as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(p,)) for p in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(o).__name__ for o in outcomes) == ["Conflict", "PublishResult"]
    keys = set(current(started).application.entity("note").by_key)
    assert len({"x", "y"} & keys) == 1


def test_a_preview_is_seen_by_its_holder_only_and_its_columns_are_taken_over(started: Home, clock: FixedClock) -> None:
    base = current(started)
    prepared = tenant_overlay.plan_documents(started, "entity: note\nfields: {x: text, parts: {type: rows, fields: {what: text}}}\n---\nentity: other\nfields: {a: text}\n")
    seen = previews.preview(started, "me", prepared, clock=clock)
    assert seen.kind == "preview" and current(started) == base
    with started.write() as conn:
        conn.execute(insert(seen.tables.of("note").table).values(id=uuid7(clock.now()), version=1, created_at=clock.now(), updated_at=clock.now(), x="seen", text="t", state="open"))
    result = publish(started, None, clock=clock, packages=prepared.packages, changes=prepared.changes)
    assert {o.KIND for o in result.plan.operations} <= {"restore_columns", "restore_table", "create_index"}
    assert rows(started, "x") == [("seen",)]
    clock.advance(timedelta(days=2))
    with started.write() as conn:
        assert previews.drop_expired(conn, clock.now()) == 1
    with pytest.raises(Conflict):
        previews.preview(started, "me", prepared, clock=clock)


def test_versions_of_packages_never_change(home: Home, clock: FixedClock, tmp_path: Path) -> None:
    packages = world.packages(tmp_path / "a")
    switching.switch_on(home, packages, clock=clock)
    before = shape(home)
    other = world.packages(tmp_path / "b", world.changed(entities_task=("max: 80", "max: 90")))
    with pytest.raises(Conflict):
        switching.switch_on(home, other, clock=clock)
    with pytest.raises(Conflict):
        switching.import_package(home, other[1], clock=clock)
    assert shape(home) == before
    assert switching.import_package(home, packages[1], clock=clock).hash == packages[1].hash
    with pytest.raises(Invalid):
        switching.import_package(home, tmp_path / "nowhere", clock=clock)
    with home.read() as conn:
        kept = store.packages_of(conn, current(home).id)
    assert [p.hash for p in kept] == [p.hash for p in packages]


def test_an_upgrade_keeps_the_tenants_own_changes(home: Home, clock: FixedClock, tmp_path: Path) -> None:
    switching.switch_on(home, world.packages(tmp_path / "a"), clock=clock)
    changed(home, clock, "entity: task\nfields: {name: {max: 20}, due: {required: true}, mine: text}\n")
    files = world.changed(entities_task=("name: {type: text, max: 80", "name: {type: text, max: 99, min_length: 2"))
    files["package.yaml"] = files["package.yaml"].replace("1.0.0", "1.1.0")
    files["entities/task.yaml"] = files["entities/task.yaml"].replace("  cost: {type", "  theirs: {type: text}\n  cost: {type")
    plan = upgrading.plan_upgrade(home, world.packages(tmp_path / "b", files))
    assert [(c.uid, c.path, c.base, c.ours, c.theirs) for c in plan.conflicts] == [("work:task.name", "settings.max", 80, 20, 99)]
    upgrading.upgrade(home, world.packages(tmp_path / "b", files), clock=clock)
    task = current(home).application.entity("task")
    assert task.field("name").settings == {"max": 20, "min_length": 2} and task.field("due").required and {"mine", "theirs"} <= set(task.by_key)
    with home.read() as conn:
        assert len(store.tenant_changes(conn)) == 3


def test_readers_of_the_old_release_keep_working(started: Home, clock: FixedClock) -> None:
    old = current(started)
    changed(started, clock, "entity: note\nfields: {x: text, remove: [price]}\n")
    id_ = add(started, old, clock, text="late", price="2.00", state="open")
    with started.read() as conn:
        assert conn.execute(select(old.tables.of("note").table.c.price).where(old.tables.of("note").table.c.id == id_)).scalar() is not None


def test_changes_may_come_as_changes(started: Home, clock: FixedClock) -> None:
    uid = current(started).application.entity("note").field("text").uid
    changed(started, clock, [Change("set", uid, "settings.max", 30)])
    changed(started, clock, [{"do": "set", "uid": uid, "path": "labels.en", "value": "Text"}])
    field = current(started).application.entity("note").field("text")
    assert (field.settings["max"], field.labels["en"]) == (30, "Text")


def test_an_index_beside_the_work(started: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    release = current(started)
    add(started, release, clock, text="a", state="open")
    monkeypatch.setattr(ddl, "BIG", -1)
    monkeypatch.setattr(ddl, "rows_estimated", lambda conn, table: 10)
    changed(started, clock, "view: v\nentity: note\nsort: [day]\n")
    release = current(started)
    index, uid = next(found for found in wanted(release.application, release.tables).values() if found[0].columns[:1] == ("day",))
    assert index.name in shape(started)["e_note"][1]
    with started.write() as conn:
        conn.execute(text(f'DROP INDEX "{index.name}"'))
    beside = ops.CreateIndex(uid, Labels({}, "u"), index)
    for _again in range(2):
        assert create_beside(started, beside)
        assert index.name in shape(started)["e_note"][1]


def test_what_was_left_undone_after_a_switch_is_made_up_for(started: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    result = changed(started, clock, "entity: note\nfields: {twice: {type: computed, value: price * 2}}\n")
    assert [o.KIND for o in result.pending] == ["fill"]
    filled: list[tuple[str, tuple[str, ...]]] = []

    class Fills:
        def fill(self, home: Home, clock: Any, release: Release, entity: str, fields: Any) -> int:
            filled.append((entity, tuple(fields)))
            return 0

    from builder.ports import Ports

    assert finish(started, clock=clock, ports=Ports(fills=Fills())) == ()
    assert filled == [("note", ("twice",))]


def test_waiting_for_a_lock_is_short_and_repeated(home_postgresql: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    home = home_postgresql
    switching.switch_on(home, "platform", clock=clock)
    changed(home, clock, NOTE)
    from builder.publish import publish as module

    monkeypatch.setattr(module, "LOCK_TIMEOUT_MS", 50)
    pauses: list[float] = []
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with home.write() as conn:
            conn.execute(text("LOCK TABLE e_note IN ACCESS SHARE MODE"))
            holding.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        release.set()
        thread.join(10)

    prepared = tenant_overlay.plan_documents(home, "entity: note\nfields: {x: text}\n")
    module.publish_prepared(home, None, prepared, clock=clock, pause=pause)
    assert pauses == [0.25]
    assert "x" in current(home).application.entity("note").by_key


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from builder.publish import tenant_overlay
from kernel.platform.clock import FixedClock
from kernel.platform.database import Databases
from tests.conftest import make_settings
from pathlib import Path
url, schema, key, folder, wanted = sys.argv[1:6]
home = Databases(make_settings(Path(folder), **({{"database_url": url}} if schema else {{}}))).home(url, schema or None, key)
def probe(step):
    if step == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
tenant_overlay.add_documents(home, {change!r}, clock=FixedClock(datetime(2026, 11, 24, 3, tzinfo=UTC)), probe=probe)
"""


@pytest.mark.parametrize("step", ["convert_columns", "create_index", "commit"])
def test_a_killed_publish_leaves_nothing_behind(started: Home, clock: FixedClock, tmp_path: Path, step: str) -> None:
    add(started, current(started), clock, text="a", price="1.25", state="open")
    before = shape(started)
    url = started.engine.url.render_as_string(hide_password=False)
    ran = subprocess.run(
        [sys.executable, "-c", KILLED.format(change=BIG_CHANGE), url if started.schema else f"sqlite:///{started.path}", started.schema or "", started.key, str(tmp_path / "other"), step],
        cwd=Path(__file__).resolve().parents[3], env={**os.environ, "PYTHONPATH": "."}, capture_output=True, timeout=60, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()
    assert shape(started) == before
    changed(started, clock, BIG_CHANGE)
    assert "sum" in current(started).application.entity("note").by_key
    assert prepare(started).unchanged
