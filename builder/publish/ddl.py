"""How the operations of a plan are done, on SQLite and PostgreSQL. What they are stands in builder/changes/ops.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateColumn
from sqlalchemy.schema import CreateTable as CreateTableDDL

from builder.changes import ops
from builder.publish import store
from builder.publish.convert import convert
from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform.releases import Release

BIG = 100_000
"""From this number of rows on, an index of an existing table on PostgreSQL is made beside the work, after the switch."""


@dataclass(frozen=True)
class Site:
    """Where operations are done: in which transaction, from which release to which tables, when."""

    conn: Connection
    old: Release
    new: Release  # not yet stored: id 0
    now: datetime
    zone: str = "UTC"
    currency: str = "CNY"

    def table(self, name: str) -> Table:
        """A table of the new release. Raises KeyError."""
        return self.new.tables.metadata.tables[name]

    def run(self, statement: str) -> None:
        # Names are ours: [a-z0-9_] only (kernel/model/names.py); colons do not occur.
        self.conn.execute(text(statement))


def do(site: Site, operation: ops.Operation) -> None:
    """Do one operation in the transaction of ``site``. Raises Invalid where the data stand against it."""
    _HOW[type(operation)](site, operation)


def deferred(site: Site, operation: ops.Operation) -> bool:
    """Whether it is done after the switch, outside of the transaction."""
    if isinstance(operation, ops.Fill):
        return True
    if not isinstance(operation, ops.CreateIndex) or operation.index.unique or site.conn.dialect.name != "postgresql":
        return False
    return operation.index.table in site.old.tables.metadata.tables and rows_estimated(site.conn, operation.index.table) >= BIG


def rows_estimated(conn: Connection, table: str) -> int:
    """What the server believes; exact enough to choose a method."""
    found = conn.execute(text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)"), {"name": f'"{table}"'}).scalar()
    return int(found or 0)


def _create_table(site: Site, op: ops.CreateTable) -> None:
    site.conn.execute(CreateTableDDL(site.table(op.table)))


def _restore_table(site: Site, op: ops.RestoreTable) -> None:
    store.show(site.conn, op.table, [store.WHOLE])
    # Columns that came into being while it was hidden are added by operations of their own.


def _retire_table(site: Site, op: ops.RetireTable) -> None:
    store.hide(site.conn, op.table, [store.WHOLE], op.uid, site.now)
    element = site.old.application.by_uid.get(op.uid)
    # The columns are noted, too, so that each can come back with the table.
    for item in getattr(element, "fields", ()):
        store.hide(site.conn, op.table, [c.name for c in columns_of(site.old, op.table, item.key)], item.uid, site.now)


def columns_of(release: Release, table: str, key: str) -> tuple[Column[Any], ...]:
    """The columns of a field by the name of its table; none for what has none."""
    for entity in release.tables:
        if entity.table.name == table:
            return entity.columns.get(key, ())
        for child in entity.children.values():
            if child.table.name == table:
                return child.columns.get(key, ())
    return ()


def _add_columns(site: Site, op: ops.AddColumns) -> None:
    table = site.table(op.table)
    dialect = site.conn.dialect
    for name in op.columns:
        site.run(f'ALTER TABLE "{op.table}" ADD COLUMN {CreateColumn(table.c[name]).compile(dialect=dialect)}')


def _retire_columns(site: Site, op: ops.RetireColumns) -> None:
    store.hide(site.conn, op.table, op.columns, op.uid, site.now)


def _restore_columns(site: Site, op: ops.RestoreColumns) -> None:
    store.show(site.conn, op.table, op.columns)


def _convert(site: Site, op: ops.ConvertColumns) -> None:
    _add_columns(site, ops.AddColumns(op.uid, op.label, op.table, op.columns))
    convert(site.conn, site.old, site.new, op, site.zone, site.now, site.currency)
    store.hide(site.conn, op.table, op.old_columns, op.uid, site.now)


def _create_index(site: Site, op: ops.CreateIndex) -> None:
    if op.index.table in site.old.tables.metadata.tables and op.index.name in _present(site.conn, op.index.table):
        return  # left behind by a publish that was cut off after its switch
    try:
        site.run(op.index.sql(site.conn.dialect))
    except IntegrityError as error:
        raise Invalid(
            [
                Problem(
                    "doubled_values",
                    _("“{label}” can't be made unique: several records share a value.", label=op.label),
                    op.uid,
                    _("Give each of them a value of its own first."),
                    f"{op.uid}#unique",
                )
            ]
        ) from error


def _present(conn: Connection, table: str) -> set[str]:
    return {str(i["name"]) for i in inspect(conn).get_indexes(table, schema=conn.get_execution_options().get("schema_translate_map", {}).get(None))}


def _drop_index(site: Site, op: ops.DropIndex) -> None:
    site.run(f'DROP INDEX IF EXISTS "{op.index.name}"')


def _nothing(site: Site, op: ops.Operation) -> None:
    """The release row says it all."""


_HOW: dict[type[ops.Operation], Callable[[Site, Any], None]] = {
    ops.CreateTable: _create_table,
    ops.RestoreTable: _restore_table,
    ops.RetireTable: _retire_table,
    ops.AddColumns: _add_columns,
    ops.RetireColumns: _retire_columns,
    ops.RestoreColumns: _restore_columns,
    ops.ConvertColumns: _convert,
    ops.CreateIndex: _create_index,
    ops.DropIndex: _drop_index,
    ops.Rename: _nothing,
    ops.NeedsFill: _nothing,
    ops.OptionGone: _nothing,
    ops.Fill: _nothing,
}
