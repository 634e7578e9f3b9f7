"""Sums, means, smallest and largest values over the visible rows of a list, and lists cut into groups: one statement each, with a limit of time."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, func, select, type_coerce
from sqlalchemy.exc import DBAPIError

from kernel.fieldtypes.money import Money
from kernel.model.sqltypes import ScaledDecimal, Seconds
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.records import groups
from runtime.records.counting import limited, stopped
from runtime.records.query import ListQuery, conditions
from runtime.records.shape import EntityShape, FieldShape, shape_of
from runtime.records.sqlscope import RecordScope

NUMBERS = frozenset({"integer", "decimal", "money", "percent", "rating", "duration"})
MOST_MS = 1_000
MOST_GROUPS = 200
_HALF = 10**9


class TooSlow(Exception):
    """It would have taken too long."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. ``value`` in the field's own form, a Decimal where a mean of whole numbers has places; None: of nothing.
    ``mixed``: amounts of several currencies, which nobody can add up."""

    key: str
    how: str
    value: Any
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a list. ``value`` None: the rows without one."""

    value: str | None
    count: int
    figures: Mapping[str, Figure] = field(default_factory=dict)


def number_at(ctx: Ctx, shape: EntityShape, name: str) -> FieldShape | None:
    """The number that a column shows: a field of the record, or (``reference.field``) of what it refers to. None when there is no such
    number, or this reader may not have it added up."""
    rights = rights_of(ctx.release, ctx.actor)
    head, through, inner = name.partition(".")
    if through:
        holder = shape.fields.get(head)
        if holder is None or holder.target is None or holder.type.multiple or head not in rights.queryable(shape.key) or not rights.entity(holder.target).any("read"):
            return None
        shape, head = shape_of(ctx.release, holder.target), inner
    field_ = shape.fields.get(head)
    able = field_ is not None and head in rights.queryable(shape.key) and field_.columns and not field_.virtual and field_.stored_as.type in NUMBERS
    return field_ if able else None


def of_list(ctx: Ctx, entity: str, asked: ListQuery, wanted: Mapping[str, str]) -> dict[str, Figure]:
    """The figures of a whole list. Raises Invalid, NotFound, TooSlow."""
    shape, scope, where = conditions(ctx, entity, asked)
    reads = _reads(ctx, shape, scope, wanted)
    if not reads:
        return {}
    if any(r.hops for r in reads):
        # Each looked up value once per row, however many figures are made of it.
        inner = select(*(c.label(f"c{n}") for n, c in enumerate(_sources(reads)))).where(*where).subquery()
        query = select(*(c for r in reads for c in r.over(inner.c)))
    else:
        query = select(*(c for r in reads for c in r.columns)).where(*where)
    return _figures(reads, _run(ctx, query)[0])


def in_groups(ctx: Ctx, entity: str, asked: ListQuery, by: str, wanted: Mapping[str, str]) -> list[Group]:
    """The groups of a list, at most one more than :data:`MOST_GROUPS`, with their figures. Raises Invalid, NotFound, TooSlow."""
    shape, scope, where = conditions(ctx, entity, asked)
    reads = _reads(ctx, shape, scope, wanted)
    key = groups.expression(ctx, shape, scope, by).label("g")
    inner = select(key, *(c.label(f"c{n}") for n, c in enumerate(_sources(reads)))).where(*where).subquery()
    # Grouped by the finished column: PostgreSQL would not see that two expressions with bound values are the same.
    columns = [*(c for r in reads for c in r.over(inner.c))]
    query = select(inner.c.g, func.count(), *columns).group_by(inner.c.g).order_by(func.count().desc(), inner.c.g).limit(MOST_GROUPS + 1)
    return [Group(groups.text_of(row[0]), row[1], _figures(reads, row[2:])) for row in _run(ctx, query)]


def _run(ctx: Ctx, query: Any) -> Sequence[Any]:
    try:
        with limited(ctx.conn, ctx.clock, MOST_MS):
            return ctx.conn.execute(query).all()
    except (DBAPIError, sqlite3.OperationalError) as error:
        if stopped(error):
            raise TooSlow from error
        raise


class _Read:
    """The aggregates of one field and what a row of them says."""

    def __init__(self, key: str, shape: FieldShape, how: str, columns: tuple[ColumnElement[Any], ...], lite: bool, at: int) -> None:
        self.key, self.shape, self.how, self.lite = key, shape, how, lite
        self.hops = "." in key
        self.sources, self.at = columns, at
        self.columns = self._aggregates(columns)

    def over(self, columns: Any) -> list[ColumnElement[Any]]:
        """The same over the columns of a subquery."""
        return self._aggregates(tuple(columns[f"c{self.at + n}"] for n in range(len(self.sources))))

    def _aggregates(self, columns: tuple[ColumnElement[Any], ...]) -> list[ColumnElement[Any]]:
        kind: Any = BigInteger() if self.lite else Numeric()
        value: Any = type_coerce(columns[0], BigInteger()) if self.lite else columns[0]
        if self.how in ("min", "max"):
            found: list[ColumnElement[Any]] = [getattr(func, self.how)(value, type_=kind)]
        else:
            # SQLite adds whole numbers of 64 bits: in two halves no sum of ours can leave them.
            halves = [value.op("/")(_HALF), value.op("%")(_HALF)] if self.lite else [value]
            found = [func.sum(half, type_=kind) for half in halves]
            if self.how == "avg":
                found.append(func.count(value))
        if self.shape.stored_as.type == "money":
            found += [func.min(columns[1]), func.max(columns[1])]
        return found

    def figure(self, cells: Sequence[Any]) -> Figure:
        """What the aggregates say."""
        key, kind = self.key, self.shape.stored_as.type
        currency = ""
        if kind == "money":
            if cells[-1] != cells[-2]:
                return Figure(key, self.how, None, mixed=True)
            currency = cells[-1] or ""
        if cells[0] is None:
            return Figure(key, self.how, None)
        if self.how in ("min", "max"):
            raw = Decimal(cells[0])
        else:
            raw = Decimal(cells[0]) * _HALF + Decimal(cells[1]) if self.lite else Decimal(cells[0])
            if self.how == "avg":
                raw /= Decimal(cells[2 if self.lite else 1])
        type_ = self.shape.columns[0].type
        if isinstance(type_, Seconds):
            return Figure(key, self.how, timedelta(seconds=int(raw.to_integral_value(ROUND_HALF_UP))))
        if isinstance(type_, ScaledDecimal):
            value = (raw.scaleb(-type_.places) if self.lite else raw).quantize(Decimal(1).scaleb(-type_.places), ROUND_HALF_UP)
            return Figure(key, self.how, Money(value, currency) if kind == "money" else value)
        if self.how == "avg":
            return Figure(key, self.how, raw.quantize(Decimal("0.01"), ROUND_HALF_UP))
        return Figure(key, self.how, int(raw))


def _reads(ctx: Ctx, shape: EntityShape, scope: RecordScope, wanted: Mapping[str, str]) -> list[_Read]:
    """Fields the reader may not query, or that hold no numbers, are left out: what was chosen outlives rights and releases."""
    found: list[_Read] = []
    at = 0
    for key, how in wanted.items():
        field_ = number_at(ctx, shape, key)
        if field_ is not None and how in ("sum", "avg", "min", "max"):
            # The scope asks for the right once more, and sees only what the reader may see at the other end.
            columns = tuple(scope.stored(tuple(key.split(".")), n) for n in range(2 if field_.stored_as.type == "money" else 1))
            found.append(_Read(key, field_, how, columns, scope.dialect == "sqlite", at))
            at += len(columns)
    return found


def _sources(reads: Sequence[_Read]) -> list[ColumnElement[Any]]:
    return [c for r in reads for c in r.sources]


def _figures(reads: Sequence[_Read], row: Sequence[Any]) -> dict[str, Figure]:
    found, at = {}, 0
    for read in reads:
        width = len(read.columns)
        found[read.key] = read.figure(row[at : at + width])
        at += width
    return found
