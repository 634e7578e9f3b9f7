"""A thousand, a hundred thousand, a million records of ours: the first thousand written in full, the others copied from them inside of the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from benchmarks import values as v
from benchmarks.ours import SLUG, settings_of
from benchmarks.ours_data import ENTITY, Filler, _people
from benchmarks.side import Place
from builder.packages import catalogue
from builder.packages.package import Package
from builder.packages.reader import read_documents
from builder.publish.switching import switch_on
from kernel.platform import migrations, releases
from kernel.platform.clock import SystemClock
from kernel.platform.database import Databases
from kernel.platform.releases import Release
from kernel.platform.tenants import Tenants

BASE = 1_000
STATES = ("planned", "planned", "in_use", "retired")


def packages() -> list[Package]:
    """People and teams, the entity of the comparison, and a board over it."""
    documents = b"\n---\n".join([ENTITY.read_bytes(), ENTITY.with_name("scale.yaml").read_bytes()])
    return [*catalogue.load_all(["platform"]), read_documents(documents, "scale.yaml", "comparison")]


def build(place: Place, size: int) -> None:
    """A fresh installation with one tenant that holds ``size`` records."""
    settings = settings_of(place)
    migrations.migrate(settings)
    databases, clock = Databases(settings), SystemClock()
    try:
        home = Tenants(settings, databases, clock).create(SLUG, "Scale", {"language": "en", "zone": "UTC", "currency": v.CURRENCY})[1]
        switch_on(home, packages(), clock=clock)
        with home.write() as conn:
            release = releases.current(conn)
            _people(conn, release, clock.now())
            _Spread(conn, release, written=True).add(range(min(BASE, size)))
        if size > BASE:
            with home.write() as conn:
                _copy(conn, release, size // BASE - 1)
        with home.write() as conn:
            conn.execute(text("ANALYZE"))
    finally:
        databases.dispose()


class _Spread(Filler):
    """Records in all states, as a board shows them."""

    def _row(self, number: int) -> dict[str, Any]:
        # Owners follow the number too: states must not follow owners, or the keeper's board would be empty here and full there.
        return {**super()._row(number), "state": STATES[number // v.PEOPLE % len(STATES)]}


def _copy(conn: Connection, release: Release, times: int) -> None:
    """Every record of the table ``times`` again under new ids, without its code, which is unique. Indexes are made afterwards: one by one
    they would take most of the time."""
    table = release.tables.of("asset")
    name = table.table.name
    code = table.main("code").name
    columns = [c.name for c in table.table.columns]
    sqlite = conn.dialect.name == "sqlite"
    if sqlite:
        catalogue_of = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL"
        tail, series = f"printf('%012x', k * {BASE} + 1000000 + n)", "WITH RECURSIVE s(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM s WHERE k < :times)"
        number = "row_number() OVER (ORDER BY id)"
    else:
        catalogue_of = (
            "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema() AND i.tablename = :name"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)"
        )
        tail, series = f"lpad(to_hex(k * {BASE} + 1000000 + n), 12, '0')", "WITH s AS (SELECT k FROM generate_series(1, :times) AS k)"
        number = "row_number() OVER (ORDER BY id)"
        conn.execute(text("SET LOCAL statement_timeout = 0"))  # people's requests have seconds, this has a million rows
    indexes = [(row[0], row[1]) for row in conn.execute(text(catalogue_of), {"name": name})]
    for index, _sql in indexes:
        conn.execute(text(f'DROP INDEX "{index}"'))
    chosen = ", ".join(f"substr(b.id, 1, 24) || {tail}" if c == "id" else "NULL" if c == code else f'b."{c}"' for c in columns)
    listed = ", ".join(f'"{c}"' for c in columns)
    conn.execute(text(
        f'{series}, b AS (SELECT {number} AS n, * FROM "{name}") INSERT INTO "{name}" ({listed}) SELECT {chosen} FROM b CROSS JOIN s'
        if not sqlite else
        f'INSERT INTO "{name}" ({listed}) {series}, b AS MATERIALIZED (SELECT {number} AS n, * FROM "{name}") SELECT {chosen} FROM b CROSS JOIN s'
    ), {"times": times})
    for _index, sql in indexes:
        conn.execute(text(sql))
