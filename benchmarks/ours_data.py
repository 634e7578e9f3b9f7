"""Makes a tenant of ours from entity.yaml and fills its tables, past the record road: the same records as by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from benchmarks import values as v
from benchmarks.ours import SLUG, settings_of
from benchmarks.side import Place
from builder.changes.indexes import wanted
from builder.layers.resolve import resolve
from builder.packages import catalogue
from builder.packages.package import Package
from builder.packages.reader import read_documents
from builder.publish.switching import switch_on
from kernel import fieldtypes
from kernel.fieldtypes.money import Money
from kernel.model import application as model
from kernel.model import tables
from kernel.model.elements import Entity
from kernel.platform import accounts, migrations, releases
from kernel.platform import tables as t
from kernel.platform.clock import SystemClock
from kernel.platform.database import Databases
from kernel.platform.releases import Release
from kernel.platform.tenants import Tenants
from runtime.records.search import words_of

ENTITY = Path(__file__).with_name("entity.yaml")
BATCH = 2_000


def build(place: Place, size: int) -> None:
    """A fresh installation with one tenant that holds ``size`` records."""
    settings = settings_of(place)
    migrations.migrate(settings)
    databases, clock = Databases(settings), SystemClock()
    try:
        tenants = Tenants(settings, databases, clock)
        home = tenants.create(SLUG, "Comparison", {"language": "en", "zone": "UTC", "currency": v.CURRENCY})[1]
        switch_on(home, packages(), clock=clock)
        with home.write() as conn:
            release = releases.current(conn)
            _people(conn, release, clock.now())
            filler = Filler(conn, release, written=size <= v.WRITTEN)
            for start in range(0, size, BATCH):
                filler.add(range(start, min(start + BATCH, size)))
        with home.write() as conn:
            conn.execute(text("ANALYZE"))
    finally:
        databases.dispose()


def packages() -> list[Package]:
    """The application of the comparison: people and teams, then entity.yaml."""
    return [*catalogue.load_all(["platform"]), read_documents(ENTITY.read_bytes(), ENTITY.name, "comparison")]


def tables_in_words() -> str:
    """The statements that make our tables and indexes today; with the same words a kept data set still fits."""
    application = model.build(resolve(packages()).tree)
    made = tables.build(application, tables.assign_names(application, {}, {}))
    indexes = wanted(application, made)
    of_platform = [*t.platform.sorted_tables, *t.control.sorted_tables]
    words: list[Any] = [CreateTable(table) for table in (*made.metadata.sorted_tables, *of_platform)]
    words += [CreateIndex(index) for table in of_platform for index in sorted(table.indexes, key=lambda i: str(i.name))]
    dialects: tuple[Any, ...] = (postgresql, sqlite)
    return "\n".join(
        text for module in dialects for text in (
            *(str(one.compile(dialect=module.dialect())) for one in words), *(indexes[name][0].sql(module.dialect()) for name in sorted(indexes))))


def _people(conn: Connection, release: Release, now: datetime) -> None:
    table = release.tables.of("person")
    people = range(v.PEOPLE)
    conn.execute(insert(table.table), [
        {**_system(v.person_id(n), release, now), table.main("name").name: f"Person {n}", table.main("active").name: True,
         table.main("team").name: v.TEAM} for n in people])
    teams = release.tables.of("team")
    conn.execute(insert(teams.table), [{**_system(v.TEAM, release, now), teams.main("name").name: "Everybody"}])
    conn.execute(insert(t.team_closure), [{"ancestor": v.TEAM, "descendant": v.TEAM, "depth": 0}])
    groups = release.tables.of("asset_group")
    conn.execute(insert(groups.table), [
        {**_system(v.group_id(n), release, now), groups.main("name").name: f"Group {n}"} for n in range(v.GROUPS)])
    for n in people:
        # Nobody knows a password with this hash: the comparison signs in past the door.
        accounts.create(conn, v.person_id(n), f"person{n}", "!", roles=[v.role_of(n)])


def _system(id_: str, release: Release, now: datetime) -> dict[str, Any]:
    return {"id": id_, "version": 1, "created_at": now, "updated_at": now, "release_id": release.id}


class Filler:
    """Writes records as the road would leave them: row and, where ``written``, first history entry, spans, words of the search."""

    def __init__(self, conn: Connection, release: Release, *, written: bool) -> None:
        self.conn, self.release, self.written = conn, release, written
        self.entity: Entity = release.application.entity("asset")
        self.table = release.tables.of("asset")
        stored = [f for f in self.entity.fields if f.key in self.table.columns]
        self.stored = [(f, fieldtypes.of(f), [c.name for c in self.table.columns[f.key]]) for f in stored]
        self.searchable = [f for f in self.entity.fields if fieldtypes.of(f).searchable]
        self.numbered = 0

    def add(self, numbers: range) -> None:
        """Records of these numbers."""
        self.conn.execute(insert(self.table.table), [self._row(n) for n in numbers])
        if self.written:
            self.conn.execute(insert(t.change_log), [self._entry(n) for n in numbers])
            self.conn.execute(insert(t.span), [span for n in numbers for span in self._spans(n)])
            self._words(numbers)

    def _row(self, number: int) -> dict[str, Any]:
        owner, at = v.person_id(v.owner_of(number)), v.made_at(number)
        found: dict[str, Any] = {
            "id": v.record_id(number), "version": 1, "owner_id": owner, "team_id": v.TEAM, "state": "planned", "state_since": at,
            "created_at": at, "created_by": owner, "updated_at": at, "updated_by": owner, "release_id": self.release.id, "deleted_at": None,
        }
        values = stored_values(number)
        for field, type_, columns in self.stored:
            found.update(zip(columns, type_.store(field, values[field.key]), strict=True))
        return found

    def _entry(self, number: int) -> dict[str, Any]:
        return {
            "id": v.log_id(number), "entity": "asset", "record_id": v.record_id(number), "seq": 1, "at": v.made_at(number),
            "actor_id": v.person_id(v.owner_of(number)), "channel": "sample", "release_id": self.release.id, "kind": "created",
            "changes": {"v": 1, "salt": "", "items": []}, "reason": None, "prev_hash": None, "hash": v.log_hash(number),
        }

    def _spans(self, number: int) -> list[dict[str, Any]]:
        facets = {"state": "planned", "owner": v.person_id(v.owner_of(number)), "team": v.TEAM}
        return [
            {"entity": "asset", "record_id": v.record_id(number), "facet": facet, "value": value, "from_at": v.made_at(number), "to_at": None,
             "release_id": self.release.id} for facet, value in facets.items()]

    def _words(self, numbers: range) -> None:
        rows = []
        for number in numbers:
            given = v.values(number).plain()
            for field in self.searchable:
                tokens = [token for run in words_of(str(given[field.key])) for token in run]
                self.numbered += 1
                rows.append({"id": self.numbered, "entity": "asset", "record_id": v.record_id(number), "field": field.key, "body": " ".join(tokens)})
        if self.conn.dialect.name == "sqlite":
            self.conn.execute(text("INSERT INTO search_row (id, record_id, field) VALUES (:id, :record_id, :field)"), rows)
            self.conn.execute(text("INSERT INTO search (rowid, entity, record_id, field, body) VALUES (:id, :entity, :record_id, :field, :body)"), rows)
        else:
            self.conn.execute(text(
                "INSERT INTO search (entity, record_id, field, body) VALUES (:entity, :record_id, :field, to_tsvector('simple', :body))"), rows)


def stored_values(number: int) -> dict[str, Any]:
    """The values of a record by field key, in the form in which our field types keep them; computed ones included.

    Written down rather than parsed: reading 200,000 telephone numbers takes longer than storing them.
    """
    one = v.values(number)
    found = one.plain()
    found["group_of"] = found.pop("group")
    found["amount"], found["effort"] = Money(one.amount, v.CURRENCY), timedelta(seconds=one.effort)
    return {**found, "total": one.total, "weight": one.weight}
