"""Counts and sums per column of a board: one statement for all columns, over visible rows only (D11), that knows when to stop."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, null, select, union_all
from sqlalchemy.exc import DBAPIError

from kernel.platform.ctx import Ctx
from runtime.records.counting import limited, stopped
from runtime.records.query import ListQuery, conditions

MOST = 50_000
FEW = 500
LOOKED_AT = 100_000


@dataclass(frozen=True, slots=True)
class Sum:
    """``at_least``: there may be more. ``total`` is the sum as a value of its field; None where none was asked for or currencies differ."""

    count: int
    at_least: bool
    total: Any = None


def sums(ctx: Ctx, entity: str, key: str, values: Sequence[Any], asked: ListQuery, total: str = "") -> Mapping[Any, Sum]:
    """How many records stand at each value of a field (``state``, ``owner`` ...; None: blank) and what ``total`` adds up to.

    Stops at 50,000 per value, and with a lower number when that takes too long. Raises Invalid, NotFound.
    """
    if not values:
        return {}
    try:
        with limited(ctx.conn, ctx.clock):
            return _sums(ctx, entity, key, values, asked, total, MOST)
    except (DBAPIError, sqlite3.OperationalError) as error:
        if not stopped(error):
            raise
    return _sums(ctx, entity, key, values, asked, total, FEW)


def _sums(ctx: Ctx, entity: str, key: str, values: Sequence[Any], asked: ListQuery, total: str, most: int) -> Mapping[Any, Sum]:
    shape, scope, where = conditions(ctx, entity, asked)
    column = scope.column((key,))
    added: list[ColumnElement[Any]] = []
    if total:
        scope.column((total,))  # raises for what the reader may not use
        added = list(shape.fields[total].columns)
    parts = [_part(index, column, value, shape.table.c.id, added, where, most) for index, value in enumerate(values)]
    found: dict[Any, Sum] = {}
    for index, count, amount, least, last in ctx.conn.execute(union_all(*parts)):
        load = shape.fields[total].load if total else None
        made = None
        if total and amount is not None and least == last:
            made = load((amount, least)) if load is not None and len(added) > 1 else load((amount,)) if load is not None else amount
        found[values[index]] = Sum(min(count, most), count > most, made)
    return found


def _part(
    index: int, column: ColumnElement[Any], value: Any, id_: ColumnElement[Any], added: Sequence[ColumnElement[Any]], where: Sequence[ColumnElement[bool]], most: int
) -> Select[Any]:
    here = column.is_(None) if value is None else column == literal(value, column.type)
    rows = select(id_.label("id"), *(c.label(f"a{n}") for n, c in enumerate(added))).where(here, *where).limit(most + 1).subquery()
    amount = func.sum(rows.c.a0) if added else null()
    second = (func.min(rows.c.a1), func.max(rows.c.a1)) if len(added) > 1 else (null(), null())
    return select(literal(index), func.count(), amount, *second).select_from(rows)


def values_of(ctx: Ctx, entity: str, key: str, asked: ListQuery, most: int) -> list[Any]:
    """The values of a field that visible records have, the most frequent first; of very many records the first 100,000 are looked at."""
    _shape, scope, where = conditions(ctx, entity, asked)
    column = scope.column((key,))
    rows = select(column.label("v")).where(*where).limit(LOOKED_AT).subquery()
    query = select(rows.c.v).group_by(rows.c.v).order_by(func.count().desc(), rows.c.v).limit(most)
    return list(ctx.conn.execute(query).scalars())
