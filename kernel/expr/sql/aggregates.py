"""Aggregates over rows as correlated scalar subqueries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, FromClause, Integer, Numeric, Text, cast, exists, func, literal_column, not_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from kernel.expr.core import Aggregate
from kernel.expr.functions.operators import SPAN_LIMIT, TEXT_LIMIT
from kernel.expr.scope import RowsSource
from kernel.expr.sql.literals import micro_value, number_text
from kernel.expr.sql.node import S, Sql, any_of, arith, guarded, num, truth
from kernel.expr.sql.pg_number import over, ratio_of, rounded
from kernel.expr.types import Kind

if TYPE_CHECKING:
    from kernel.expr.sql.compiler import Compiler

_HALF = literal_column("1000000000", BigInteger())


class _Rows:
    """The rows of one aggregate."""

    def __init__(self, source: RowsSource, condition: S | None) -> None:
        self.source = source
        self.where: list[Sql] = [source.where]
        self.condition = condition
        if condition is not None:
            self.where.append(condition.value)

    def scalar(self, column: Any, *more: Sql, order: bool = False, reverse: bool = False) -> Any:
        """``column`` over the rows."""
        found = select(column).select_from(self.source.from_).where(*self.where, *more)
        if order:
            found = found.order_by(*(key.desc() if reverse else key for key in self.source.order_by)).limit(literal_column("1"))
        return self._correlated(found).scalar_subquery()

    def exist(self, *tests: Sql, all_rows: bool = False) -> Sql:
        """Whether there is a row that fulfils the tests; ``all_rows`` leaves the condition out."""
        where = [self.source.where] if all_rows else self.where
        found: Any = select(literal_column("1")).select_from(self.source.from_).where(*where, *tests)
        return exists(self._correlated(found))

    def _correlated(self, query: Any) -> Any:
        return query.correlate_except(*_tables(self.source.from_))


def _tables(from_: FromClause) -> list[FromClause]:
    """The tables of the rows themselves: all others belong to the queries around."""
    return [from_, *getattr(from_, "_from_objects", [])]


def aggregate(q: Compiler, core: Aggregate) -> S:
    """The SQL of an aggregate."""
    from kernel.expr.sql.compiler import Compiler

    source = q.at(core.rows.level).sql.rows(core.rows.path)
    inner = Compiler(source.scope, q.fold, q)
    condition = inner.compile(core.condition) if core.condition is not None else None
    value = inner.compile(core.value) if core.value is not None else None
    separator = q.compile(core.separator) if core.separator is not None else None
    rows = _Rows(source, condition)
    made = _fold(q, core, rows, value, separator)
    wrong = any_of(condition.error if condition else None, guarded(truth(condition) if condition else true(), value.error) if value else None)
    errors = any_of(separator.error if separator else None, rows.exist(wrong, all_rows=True) if wrong is not None else None, made.error)
    size = 10 + 3 * sum(s.size for s in (condition, value, separator) if s is not None)
    return replace(made, kind=core.type.kind, error=errors, size=size)


def _fold(q: Compiler, core: Aggregate, rows: _Rows, value: S | None, separator: S | None) -> S:
    how = core.how
    if how == "COUNT":
        return q.integer(rows.scalar(func.count() if value is None else func.count(truth(value) if value.loose else value.value)))
    if how == "ANY":
        return S(rows.exist(value.value) if value is not None else rows.exist(), Kind.BOOLEAN)
    assert value is not None
    if how == "ALL":
        return S(not_(rows.exist(not_(truth(value)))), Kind.BOOLEAN)
    if value.loose:
        value = replace(value, value=truth(value), loose=False)
    if how in ("FIRST", "LAST"):
        found = rows.scalar(value.value, value.value.is_not(None), order=True, reverse=how == "LAST")
        return replace(value, value=found, error=None)
    if how in ("MIN", "MAX"):
        return _extreme(q, how, rows, value)
    if how == "JOIN":
        return _join(q, rows, value, separator)
    return (_lite_sum if q.lite else _pg_sum)(how, rows, value)


def _extreme(q: Compiler, how: str, rows: _Rows, value: S) -> S:
    if q.lite and value.kind is Kind.NUMBER and value.places is None:
        least = func.fy_least if how == "MIN" else func.fy_greatest
        return S(rows.scalar(least(number_text(value), type_=Text())), value.kind)
    native: Any = func.min if how == "MIN" else func.max
    return replace(value, value=rows.scalar(native(value.value)), error=None)


def _pg_sum(how: str, rows: _Rows, value: S) -> S:
    span = how.endswith("_SPAN")
    each = micro_value(value, False) if span else value.value
    if how.startswith("SUM"):
        total = rows.scalar(func.coalesce(func.sum(each), num("0"), type_=Numeric()))
        # Up to 18 stored digits it would take a hundred million rows to leave the range.
        checked = None if not span and value.digits <= 18 else func.abs(total) > num(str(SPAN_LIMIT)) if span else over(total)
        return S(total, value.kind, checked, places=6 if span else None, decimals=value.decimals)
    mean = ratio_of(cast(func.sum(each), Numeric()), cast(func.count(each), Numeric()))
    return S(rows.scalar(func.round(mean, type_=Numeric()) if span else rounded(mean)), value.kind, places=6 if span else None)


def _lite_sum(how: str, rows: _Rows, value: S) -> S:
    span = how.endswith("_SPAN")
    if not span and value.places is None:
        run = func.fy_total if how == "SUM" else func.fy_average
        found = rows.scalar(run(number_text(value), type_=Text()))
        return S(found, value.kind, found.is_(None) if how == "SUM" else None)
    places = value.places if value.places is not None else 6
    halves = [func.sum(arith(value.value, sign, _HALF, BigInteger())) for sign in "/%"]
    kind: Any = Integer() if span else Text()
    if how.startswith("SUM"):
        run = func.fy_sum_span if span else func.fy_sum2
        found = rows.scalar(run(*halves, places, type_=kind))
        return S(found, value.kind, found.is_(None) if span else None, places=6 if span else None)
    run = func.fy_mean_span if span else func.fy_mean2
    return S(rows.scalar(run(*halves, func.count(value.value), places, type_=kind)), value.kind, places=6 if span else None)


def _join(q: Compiler, rows: _Rows, value: S, separator: S | None) -> S:
    mark: Any = func.coalesce(separator.value, "", type_=Text()) if separator is not None else ""
    order = list(rows.source.order_by)
    if q.lite:
        found = rows.scalar(func.fy_join(value.value, mark, *order, type_=Text()))
    else:
        ordered = aggregate_order_by(mark, *order) if order else mark
        found = rows.scalar(func.string_agg(value.value, ordered, type_=Text()))
    return S(found, Kind.TEXT, func.length(found) > num(str(TEXT_LIMIT)))
