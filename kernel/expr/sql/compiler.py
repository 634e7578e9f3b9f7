"""From the typed tree to SQL: one walk, forms from the tables of the two databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Numeric, and_, cast, false, func, literal, not_, null, true, type_coerce

from kernel.expr.core import Aggregate, Apply, Const, Core, Field
from kernel.expr.expression import Expression
from kernel.expr.findings import ExpressionError, Finding
from kernel.expr.scope import SqlScope, SqlValue
from kernel.expr.sql import both, pg_date, pg_number, pg_text
from kernel.expr.sql.aggregates import aggregate
from kernel.expr.sql.literals import column, constant, micro_value, number_text, sql_type
from kernel.expr.sql.node import UNKNOWN, S, Sql, all_present, any_of, truth
from kernel.expr.sql.sqlite import CODES
from kernel.expr.sql.types import DecimalText, ScaledDuration
from kernel.expr.types import Kind
from kernel.i18n import _
from kernel.model.sqltypes import ScaledDecimal

SIZE_LIMIT = 20_000  # parts of the SQL, repetitions counted

PG_PLAIN: dict[str, Callable[..., S]] = {**pg_number.PLAIN, **pg_text.PLAIN}
PG_WITH_Q: dict[str, Callable[[Any, list[S]], S]] = {**pg_number.WITH_Q, **pg_text.WITH_Q, **pg_date.WITH_Q}
# How often a PostgreSQL form repeats what it is given; 2 unless listed.
_COPIES = {
    "CEILING": 8,
    "FLOOR": 5,
    "POWER": 12,
    "ROUNDUP": 6,
    "SUBSTITUTE": 12,
    "REPLACE": 5,
    "DATEDIF": 12,
    "EDATE": 8,
    "DATE": 8,
    "DATEVALUE": 30,
    "VALUE": 6,
    "EOMONTH": 6,
}
_NEVER_FAILS = frozenset(
    [
        "LEN",
        "UPPER",
        "LOWER",
        "TRIM",
        "CONTAINS",
        "STARTSWITH",
        "ENDSWITH",
        "EXACT",
        "neg",
        "neg_span",
        "ABS",
        "INT",
        "SIGN",
        "YEAR",
        "MONTH",
        "DAY",
        "QUARTER",
        "HOUR",
        "MINUTE",
        "SECOND",
        "STARTOFMONTH",
        "STARTOFWEEK",
        "TODATE",
        "number_text",
        "boolean_text",
        "date_text",
        "instant_text",
        "days_between",
        "DAYS/between",
        "span_between",
        "COUNT",
        "MIN",
        "MAX",
        "AVERAGE",
        "AVERAGE_SPAN",
        "ROUNDDOWN",
        "TRUNC",
        "SECONDS/in",
        "MINUTES/in",
        "HOURS/in",
        "DAYS/in",
        "TEXT/date",
        "TEXT/instant",
    ]
)


class Compiler:
    """Compiles parts for one scope; ``outer`` is the compiler of the scope around these rows."""

    def __init__(self, sql: SqlScope, fold: bool = True, outer: Compiler | None = None) -> None:
        self.sql = sql
        self.fold = fold
        self.outer = outer
        self.lite = sql.dialect == "sqlite"

    def at(self, level: int) -> Compiler:
        """The compiler so many row scopes outwards."""
        found = self
        for _turn in range(level):
            assert found.outer is not None
            found = found.outer
        return found

    def blank(self, kind: Kind) -> S:
        """A blank of one kind."""
        return constant(None, kind, self.lite)

    def integer(self, value: Sql) -> S:
        """A count."""
        return S(value, Kind.NUMBER, places=0, digits=19, decimals=0) if self.lite else S(cast(value, Numeric()), Kind.NUMBER, digits=19, decimals=0)

    def micros(self, s: S) -> Sql:
        """A duration as microseconds."""
        return micro_value(s, self.lite)

    def compile(self, core: Core) -> S:
        """The SQL of one part."""
        if isinstance(core, Const):
            made = constant(core.value, core.type.kind, self.lite)
            return made if self.fold or core.value is None or core.type.kind is Kind.TEXT else replace(made, constant=UNKNOWN)
        if isinstance(core, Field):
            return column(self.at(core.level).sql.column(core.path), core.type.kind, self.lite, self.fold)
        if isinstance(core, Aggregate):
            return self._limited(aggregate(self, core), core)
        assert isinstance(core, Apply)
        return self._limited(self._apply(core), core)

    def _limited(self, made: S, core: Core) -> S:
        if made.size > SIZE_LIMIT:
            message = _("This formula is too long for a filter.")
            raise ExpressionError([Finding("too_large", message, core.start, core.end, _("Compute it in a field and filter by that field."))])
        return made

    def _apply(self, core: Apply) -> S:
        op, kind = core.op, core.type.kind
        args = [self.compile(arg) for arg in core.args]
        size = 1 + sum(arg.size for arg in args) * (1 if self.lite and op.op not in both.BUILDERS else _COPIES.get(op.op, 2))
        errors = any_of(*(arg.error for arg in args))
        if not op.lazy and errors is None and all(arg.known for arg in args) and (self.fold or not op.sql_ok or op.volatile):
            return replace(self._known(op, kind, args), size=size)
        if op.blank != "raw" and not op.lazy and any(arg.known and arg.constant is None for arg in args):
            return replace(constant(False if op.blank == "false" else None, kind, self.lite), error=errors, size=size)
        args = [self._typed_blank(op, i, arg) for i, arg in enumerate(args)]
        if op.lazy:
            return replace(both.BUILDERS[op.op](self, kind, args), size=size)
        if op.op in both.BUILDERS:
            made = both.BUILDERS[op.op](self, kind, args)
        elif not op.sql_ok:
            raise ExpressionError(
                [
                    Finding(
                        "not_in_filters",
                        _("{name} is not available in filters.", name=op.op),
                        core.start,
                        core.end,
                        _("Compute it in a field and filter by that field."),
                    )
                ]
            )
        elif self.lite:
            made = self._by_python(op, kind, args)
        else:
            args = [replace(a, value=truth(a), loose=False) if a.loose else a for a in args]
            made = PG_PLAIN[op.op](*args) if op.op in PG_PLAIN else PG_WITH_Q[op.op](self, args)
        error = made.error
        if error is not None and op.blank != "raw":
            error = and_(all_present(args), error)
        return replace(made, kind=kind, error=any_of(errors, error), size=size)

    def _typed_blank(self, op: Any, index: int, arg: S) -> S:
        """A written BLANK with the type of its place."""
        if arg.kind is not Kind.BLANK:
            return arg
        param = op.param(index)
        kinds = sorted(param.kinds) if param is not None else []
        return replace(self.blank(kinds[0]), error=arg.error) if kinds else arg

    def _known(self, op: Any, kind: Kind, args: list[S]) -> S:
        values = [arg.constant for arg in args]
        if None in values and op.blank != "raw":
            return constant(False if op.blank == "false" else None, kind, self.lite)
        value = op.run(self.sql, *values) if op.env else op.run(*values)
        return constant(value, kind, self.lite)

    def _by_python(self, op: Any, kind: Kind, args: list[S]) -> S:
        codes = "".join(CODES.get(arg.kind, "t") for arg in args)
        values = [self._raw(arg) for arg in args]
        zone = str(self.sql.zone) if op.env else "UTC"
        found = func.fy_call(op.op, zone, codes, *values, type_=sql_type(kind, True))
        error = None if op.op in _NEVER_FAILS else func.fy_fail(op.op, zone, codes, *values) == 1
        return S(found, kind, error, places=6 if kind is Kind.DURATION else None)

    def _raw(self, s: S) -> Sql:
        if s.kind is Kind.NUMBER:
            return number_text(s)
        if s.kind is Kind.DURATION:
            return micro_value(s, True)
        return truth(s) if s.loose else s.value


def _finish(made: S, lite: bool) -> ColumnElement[Any]:
    kind = made.kind
    if kind is Kind.BOOLEAN and made.loose:
        return truth(made)
    if kind is Kind.NUMBER and lite:
        if made.known and made.constant is not None:
            return literal(made.constant, DecimalText())
        return type_coerce(made.value, ScaledDecimal(made.places) if made.places is not None else DecimalText())
    if kind is Kind.DURATION:
        return type_coerce(made.value, ScaledDuration(made.places if made.places is not None else 6))
    if kind is Kind.BLANK:
        return null()
    return made.value


def to_sql(expression: Expression, sql: SqlScope, *, fold: bool = True) -> SqlValue:
    """The expression as SQL. ``fold=False`` leaves constants to the database (for tests).

    Binds that already have a value are compiled in as constants; give ``required=True`` binds to keep them open.
    Raises :class:`ExpressionError` for what no database can do (WORKDAY over columns).
    """
    compiler = Compiler(sql, fold)
    made = compiler.compile(expression.core)
    error = None if made.error is None else func.coalesce(made.error, false())
    return SqlValue(_finish(made, compiler.lite), error)


def to_where(expression: Expression, sql: SqlScope) -> ColumnElement[bool]:
    """The condition that the expression is TRUE and no error, for WHERE (NULL counts as no)."""
    made = Compiler(sql).compile(expression.core)
    if made.known:
        return true() if made.constant is True else false()
    return made.value if made.error is None else and_(made.value, not_(func.coalesce(made.error, false())))


def sort_key(value: SqlValue) -> ColumnElement[Any]:
    """What to order by: computed decimals on SQLite are text and need their own collation."""
    found = value.value
    return type_coerce(found, sql_type(Kind.TEXT, True)).collate("fy_decimal") if isinstance(found.type, DecimalText) else found
