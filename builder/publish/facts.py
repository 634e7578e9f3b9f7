"""What a plan must know about a home: names that were ever used, hidden columns that could come back, numbers."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, func, select

from builder.changes.ops import Need
from builder.changes.plan import Facts, Retired, used_names
from builder.changes.storage import signature
from builder.publish import store
from kernel.model.elements import Entity, Field
from kernel.platform.releases import Release


def facts(conn: Connection, release: Release, uids: Iterable[str]) -> Facts:
    """``uids``: the elements of the new application; only of those it is looked up whether they had a column once."""
    rows = store.hidden(conn)
    names: dict[str, set[str]] = {}
    for row in rows:
        names.setdefault(row.table, set())
        if row.column != store.WHOLE:
            names[row.table].add(row.column)
    used = used_names(release.application, release.columns, names)
    wanted = set(uids) - set(release.columns)
    candidates = {row.uid for row in rows if not row.purged and row.uid in wanted}
    purged = {row.uid for row in rows if row.purged}
    known = store.releases_with(conn, candidates - purged)
    return Facts(used, {uid: found for uid, old in known.items() if (found := _retired(uid, old, rows)) is not None})


def _retired(uid: str, release: Release, rows: Iterable[store.Hidden]) -> Retired | None:
    element = release.application.by_uid.get(uid)
    name = release.columns[uid]
    tables = {row.table for row in rows if row.uid == uid}
    if isinstance(element, Entity):
        return Retired(name, "entity") if name in tables else None
    if not isinstance(element, Field):
        return None
    kept = signature(element, release.application)
    if kept in ("rows", "references"):
        return Retired(name, kept) if name in tables else None
    there = next((r.table for r in rows if r.uid == uid and r.column == name), None)
    return Retired(name, kept, there) if there is not None else None


class SqlCounts:
    """Counts by plain SQL over the tables of the release now in force; records in the bin do not count."""

    def count(self, conn: Connection, release: Release, need: Need) -> int:
        head, _dot, rows = need.entity.partition(".")
        if head not in release.tables.entities:
            return 0
        at = release.tables.of(head)
        table = at.child(rows).table if rows else at.table
        columns = at.child(rows).columns if rows else at.columns
        live: list[ColumnElement[bool]] = [] if rows else [table.c.deleted_at.is_(None)]
        if need.kind == "rows":
            return self._number(conn, table, live)
        if need.kind == "holding" and need.field is None:
            return self._number(conn, table, [*live, table.c.state == need.value])
        if need.field is None or need.field not in columns:
            return 0
        column: ColumnElement[object] = columns[need.field][0]
        if need.kind == "blank":
            return self._number(conn, table, [*live, column.is_(None)])
        if need.kind == "values":
            return self._number(conn, table, [*live, column.is_not(None)])
        if need.kind == "doubled":
            inner = select(column).where(*live, column.is_not(None)).group_by(column).having(func.count() > 1).subquery()
            return int(conn.execute(select(func.count()).select_from(inner)).scalar_one())
        field = release.application.entity(head).by_key[rows if rows else need.field]
        several = field.type == "choices"
        condition = column.contains(f"|{need.value}|", autoescape=True) if several else column == need.value
        return self._number(conn, table, [*live, condition])

    @staticmethod
    def _number(conn: Connection, table: object, conditions: list[ColumnElement[bool]]) -> int:
        return int(conn.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())  # type: ignore[arg-type]
