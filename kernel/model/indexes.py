"""Indexes follow from the metadata: nobody draws them up, and every publication adds and drops them by itself.

Lists order blanks as the smallest value (first ascending, last descending), which is how SQLite orders NULLs. On
PostgreSQL index and query must both say so: queries order by :func:`ordering`, and one index serves both directions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Index, MetaData, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from kernel import fieldtypes
from kernel.expr.core import Apply, Const, Core
from kernel.expr.core import Field as FieldCore
from kernel.expr.findings import ExpressionError
from kernel.expr.types import Kind
from kernel.model.application import Application
from kernel.model.elements import Entity, Field
from kernel.model.schema import SCOPE_WORDS
from kernel.model.tables import EntityTable, Tables

MAX_NAME = 60  # bytes
MAX_PER_TABLE = 12

SYSTEM = {
    "id": "id",
    "state": "state",
    "state_since": "state_since",
    "owner": "owner_id",
    "team": "team_id",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "created_by": "created_by",
    "updated_by": "updated_by",
    "version": "version",
}
"""Columns of system members."""


class Ordered(FunctionElement[Any]):
    """A column in an index with its direction; blanks count as the smallest value."""

    inherit_cache = True

    def __init__(self, column: Column[Any], descending: bool) -> None:
        super().__init__(column)
        self.descending, self.nullable = descending, bool(column.nullable)


@compiles(Ordered)
def _ordered(element: Ordered, compiler: Any, **kw: Any) -> str:
    # SQLite orders NULLs this way by itself and refuses to be told so in an index.
    return compiler.process(element.clauses, **kw) + (" DESC" if element.descending else "")  # type: ignore[no-any-return]


@compiles(Ordered, "postgresql")
def _ordered_pg(element: Ordered, compiler: Any, **kw: Any) -> str:
    # Of columns that are never NULL nobody says where NULLs go, and PostgreSQL compares the words, not the meaning.
    nulls = (" NULLS LAST" if element.descending else " NULLS FIRST") if element.nullable else ""
    return compiler.process(element.clauses, **kw) + (" DESC" if element.descending else "") + nulls  # type: ignore[no-any-return]


def ordering(column: Column[Any], descending: bool) -> ColumnElement[Any]:
    """How a query orders by a stored column so that an index serves it: blanks are the smallest value."""
    if descending:
        return column.desc().nulls_last() if column.nullable else column.desc()
    return column.asc().nulls_first() if column.nullable else column.asc()


@dataclass(frozen=True)
class Wanted:
    """An index somebody asked for: columns with their direction, in order."""

    columns: tuple[tuple[str, bool], ...]
    unique: bool = False

    def covers(self, other: Wanted) -> bool:
        """Whether this index serves every query that ``other`` serves: a longer one with the same beginning does."""
        if other.unique or self.unique:
            return False
        return self.columns[: len(other.columns)] == other.columns


BACKWARDS = Wanted((("target_id", False), ("record_id", False)))
"""From a record to those that refer to it; the way there is the primary key."""


def indexes_of(application: Application, tables: Tables) -> list[Index]:
    """The indexes of all record tables, for publishing: about a dozen per entity table, none the beginning of another.

    They hang on copies of the tables, not on ``tables``, so that creating a table does not create them with it.
    """
    found: list[Index] = []
    scratch = MetaData()
    for key, entity in application.entities.items():
        made = tables.of(key)
        for wanted in _reduced(_wanted(application, entity, made)):
            found.append(_index(made.table, wanted, scratch))
        for field in entity.fields:
            child = made.children.get(field.key)
            if child is None:
                continue
            found.append(_index(child.table, Wanted((("record_id", False), ("rank", False))), scratch))
            pointing = [f.key for f in field.fields if f.type in _POINTING and f.key in child.columns]
            found.extend(_index(child.table, Wanted(((child.main(k).name, False),)), scratch) for k in pointing)
            found.extend(_index(link, BACKWARDS, scratch) for link in child.links.values())
        found.extend(_index(link, BACKWARDS, scratch) for link in made.links.values())
    return found


_POINTING = ("reference", "user", "team")


def _wanted(application: Application, entity: Entity, table: EntityTable) -> Iterable[Wanted]:
    """In order of weight: what must hold, what links, what lists show, what rights narrow."""
    stored = [f for f in entity.fields if f.key in table.columns]
    for field in stored:
        if field.unique:
            yield Wanted(((table.main(field.key).name, False),), unique=True)
    for field in stored:
        if _points(field):
            yield Wanted(((table.main(field.key).name, False),))
    # A number of an event from outside leads to its record: asked for with every event.
    for intake in application.intakes:
        for find in intake.finds:
            if find.place[0] == entity.key and find.place[1] in table.columns:
                yield Wanted(((table.main(find.place[1]).name, False),))
    default = _sort(entity.sort, entity, table) or (("created_at", True),)
    for view in application.views_of(entity.key):
        equal = _equalities(application, view, "where", table)
        sort = _sort(view.sort, entity, table) or default
        yield _list(equal, sort)
        if view.group_by and (column := _column(view.group_by, table)):
            yield _list((*equal, column), sort)
        # What a calendar or timeline shows lies between two days, whatever else its order.
        for name in (view.starts, view.ends):
            if name and (column := _column(name, table)):
                yield _list(equal, ((column, False),))
    for column in _scope_columns(application, entity, table):
        yield _list((column,), default)
    if application.first_machine(entity.key) is not None:
        yield _list(("state",), default)
    yield _list((), default)
    yield _list((), (("created_at", True),))


def _list(equal: Sequence[str], sort: Sequence[tuple[str, bool]]) -> Wanted:
    named = dict.fromkeys(equal)
    rest = [(c, d) for c, d in dict(sort).items() if c not in named]
    # The id makes the order complete, in the direction of the last key, so that paging reads the index alone.
    columns = [*((c, False) for c in named), *rest]
    if "id" not in dict(columns):
        columns.append(("id", rest[-1][1] if rest else False))
    return Wanted(tuple(columns))


def _sort(keys: Sequence[str], entity: Entity, table: EntityTable) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    for key in keys:
        name = key.lstrip("-")
        field = entity.by_key.get(name)
        # Lists order references by what people read, which stands in another table.
        by_title = name in ("owner", "team") if field is None else _points(field)
        column = None if by_title else _column(name, table)
        if column is None:
            return tuple(found)  # what follows a key that can't be indexed helps nobody
        found.append((column, key.startswith("-")))
    return tuple(found)


def _column(key: str, table: EntityTable) -> str | None:
    if key in table.columns:
        return table.main(key).name
    if key in SYSTEM:
        return SYSTEM[key]
    return None


def _points(field: Field) -> bool:
    type_ = fieldtypes.find(field.type)
    return type_ is not None and type_.shape(field).type in _POINTING


def _scope_columns(application: Application, entity: Entity, table: EntityTable) -> Iterable[str]:
    """Columns by which roles see some records and not others."""
    words: set[str] = set()
    formulas: list[str] = []
    for role in application.roles.values():
        right = role.by_entity.get(entity.key)
        if right is None:
            continue
        if right.read in SCOPE_WORDS:
            words.add(right.read)
        else:
            formulas.extend(_equalities(application, right, "read", table, any_branch=True))
    if "own" in words:
        yield "owner_id"
    if words & {"team", "team_and_below"}:
        yield "team_id"
    yield from dict.fromkeys(formulas)


def _equalities(application: Application, element: Any, prop_name: str, table: EntityTable, *, any_branch: bool = False) -> tuple[str, ...]:
    """Columns that the filter compares with one value: joined by AND (with ``any_branch`` by OR too)."""
    try:
        expression = application.schema.expression(element, prop_name)
    except ExpressionError:
        return ()
    found: dict[str, None] = {}

    def walk(core: Core) -> None:
        if isinstance(core, Apply):
            if core.op.op == "AND" or (any_branch and core.op.op == "OR"):
                for arg in core.args:
                    walk(arg)
            elif core.op.op == "=":
                for own, other in (core.args, core.args[::-1]):
                    if _own(own) and (isinstance(other, Const) or (isinstance(other, FieldCore) and not _own(other))):
                        add(own)
        elif _own(core) and core.type.kind is Kind.BOOLEAN:
            add(core)

    def add(core: Core) -> None:
        assert isinstance(core, FieldCore)
        column = _column(core.path[0], table)
        if column is not None:
            found[column] = None

    def _own(core: Core) -> bool:
        return isinstance(core, FieldCore) and len(core.path) == 1 and core.level == 0

    if expression is not None:
        walk(expression.core)
    return tuple(found)


def _reduced(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Without doubles and prefixes of others, capped; unique ones always stay."""
    candidates = list(dict.fromkeys(wanted))
    kept = [w for w in candidates if w.unique or not any(o is not w and o.covers(w) for o in candidates)]
    unique = [w for w in kept if w.unique]
    plain = [w for w in kept if not w.unique]
    return unique + plain[: max(MAX_PER_TABLE - len(unique), 3)]


def _index(table: Table, wanted: Wanted, scratch: MetaData) -> Index:
    copy = scratch.tables.get(table.name)
    if copy is None:
        copy = table.to_metadata(scratch)
    names = [name for name, _descending in wanted.columns]
    text = table.name + "".join(f",{n}{'-' if d else ''}" for n, d in wanted.columns) + ("!" if wanted.unique else "")
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    head = ("uq_" if wanted.unique else "ix_") + "_".join([table.name, *(n for n in names if n != "id")])
    name = f"{head[: MAX_NAME - 9].rstrip('_')}_{digest}"
    if wanted.unique:
        # A record in the bin gives its value free; bringing it back is where a clash is found.
        alive = copy.c.deleted_at.is_(None)
        return Index(name, *(copy.c[n] for n in names), unique=True, postgresql_where=alive, sqlite_where=alive)
    return Index(name, *(Ordered(copy.c[n], d) for n, d in wanted.columns))
