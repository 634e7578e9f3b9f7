"""Runs expressions of the small world on both databases: tables made from it, one statement per expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import event

from kernel.expr import Expression, RowsSource, to_sql
from kernel.expr.sqlite import register
from kernel.expr.types import Kind, Type
from kernel.model.sqltypes import ScaledDecimal, Seconds
from kernel.platform.columns import Instant, text_type

from .world import DB, ENTITIES, NOW, ROOTS, ZONE

PLACES = 6


def _sql_type(type_: Type, key: str) -> Any:
    return {
        Kind.NUMBER: sa.BigInteger() if key == "count" else ScaledDecimal(2 if key == "amount" else PLACES),
        Kind.BOOLEAN: sa.Boolean(), Kind.DATE: sa.Date(), Kind.INSTANT: Instant(), Kind.DURATION: Seconds(),
    }.get(type_.kind, text_type())  # fmt: skip


METADATA = sa.MetaData()
TABLES: dict[str, sa.Table] = {
    entity: sa.Table(
        f"e_{entity}",
        METADATA,
        sa.Column("id", text_type(), primary_key=True),
        sa.Column("task_id", text_type()),
        sa.Column("rank", sa.Integer()),
        *(sa.Column(key, _sql_type(m.type, key)) for key, m in members.items() if m.type.kind is not Kind.ROWS),
    )
    for entity, members in ENTITIES.items()
}


def row_values(entity: str, key: str, row: dict[str, Any]) -> dict[str, Any]:
    """A record as its table takes it."""
    made: dict[str, Any] = {"id": key}
    for name, member in ENTITIES[entity].items():
        if member.type.kind is Kind.ROWS:
            continue
        value = row.get(name)
        if name == "count" and value is not None:
            value = int(value)
        made[name] = "|" + "|".join(value) + "|" if isinstance(value, tuple) and value else value or None if isinstance(value, (tuple, str)) else value
    return made


def fill(connection: sa.Connection, db: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Writes all records; child rows know their task."""
    METADATA.drop_all(connection)
    METADATA.create_all(connection)
    owners = {child: (task, i) for task, row in db["task"].items() for field in ("steps",) for i, child in enumerate(row[field])}
    for entity, records in db.items():
        rows = [row_values(entity, key, row) for key, row in records.items()]
        if entity == "step":
            for made in rows:
                made["task_id"], made["rank"] = owners[made["id"]]
        if rows:
            connection.execute(sa.insert(TABLES[entity]), rows)


@dataclass
class TableScope:
    """A SqlScope over one aliased table."""

    dialect: str
    entity: str
    table: Any
    now: datetime = NOW
    zone: ZoneInfo = ZONE

    def column(self, path: tuple[str, ...]) -> sa.ColumnElement[Any]:
        if path[0] in ROOTS and path[0] not in ENTITIES[self.entity]:
            return self._root(path)
        if len(path) == 1:
            column: sa.ColumnElement[Any] = self.table.c[path[0]]
            return column
        entity = ENTITIES[self.entity][path[0]].type.entity or ""
        target = TABLES[entity].alias()
        inner = TableScope(self.dialect, entity, target).column(path[1:])
        return sa.select(inner).where(target.c.id == self.table.c[path[0]]).correlate_except(target).scalar_subquery()

    def _root(self, path: tuple[str, ...]) -> sa.ColumnElement[Any]:
        root = ROOTS[path[0]]
        if isinstance(root, dict):
            return sa.literal(root[path[1]])
        if len(path) == 1:
            return sa.literal(root[1])
        target = TABLES[root[0]].alias()
        inner = TableScope(self.dialect, root[0], target).column(path[1:])
        return sa.select(inner).where(target.c.id == root[1]).correlate_except(target).scalar_subquery()

    def rows(self, path: tuple[str, ...]) -> RowsSource:
        holder: sa.ColumnElement[Any] = self.table.c.id if len(path) == 1 else self.column(path[:-1])
        entity = self.entity
        for key in path[:-1]:
            entity = ENTITIES[entity][key].type.entity or ""
        target_entity = ENTITIES[entity][path[-1]].type.entity or ""
        target = TABLES[target_entity].alias()
        link = target.c.project if path[-1] == "tasks" else target.c.task_id
        where = (link == holder) & (sa.false() if path[-1] == "no_steps" else sa.true())
        return RowsSource(target, where, TableScope(self.dialect, target_entity, target), (target.c.rank, target.c.id))


class Error:
    """Any error value: databases do not tell them apart."""

    def __repr__(self) -> str:
        return "an error"


ERROR = Error()


def in_database(connection: sa.Connection, expressions: Sequence[Expression], record: str = "t1", *, fold: bool = False) -> list[Any]:
    """The values of the expressions for one task, computed by the database."""
    found = []
    for expression in expressions:
        table = TABLES["task"].alias("t")
        compiled = to_sql(expression, TableScope(connection.dialect.name, "task", table), fold=fold)
        error = compiled.error if compiled.error is not None else sa.false()
        statement = sa.select(compiled.value.label("v"), sa.type_coerce(error, sa.Boolean()).label("e")).where(table.c.id == record)
        value, wrong = connection.execute(statement).one()
        found.append(ERROR if wrong else normal(value))
    return found


def normal(value: Any) -> Any:
    """A value that equals its like from other targets."""
    if isinstance(value, Decimal):
        return value.normalize()
    if isinstance(value, str) and value.startswith("|"):
        return tuple(value.strip("|").split("|"))
    return None if value in ("", ()) else value


def sqlite_engine() -> sa.Engine:
    """SQLite in memory with our functions, filled."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    event.listen(engine, "connect", lambda connection, _record: register(connection))
    with engine.begin() as connection:
        fill(connection, DB)
    return engine
