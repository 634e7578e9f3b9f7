"""One value out of many: of the values listed, or of rows. Blanks are skipped; the mean of nothing is blank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from kernel.expr import numbers as n
from kernel.expr.functions.operators import micros, span, text
from kernel.expr.table import Function, overload, overloaded
from kernel.expr.types import NUM, ErrorValue
from kernel.i18n import _

Values = Sequence[Any]


def _total(values: Values) -> Decimal:
    # The sum as such is exact; only the result has to be in range, so that the order of rows can't matter.
    total = n.ZERO
    for value in values:
        total = n.EXACT.add(total, value)
    return total


def _sum(values: Values) -> Decimal | ErrorValue:
    total = _total(values)
    return total if -n.LIMIT < total < n.LIMIT else NUM


def _sum_span(values: Values) -> Any:
    return span(sum(map(micros, values)))


def _average(values: Values) -> Any:
    return n.from_ratio(int(_total(values).scaleb(n.PLACES, n.EXACT)), len(values) * n.SCALE) if values else None


def _average_span(values: Values) -> Any:
    if not values:
        return None
    total, count = sum(map(micros, values)), len(values)
    us = (2 * abs(total) + count) // (2 * count)
    return span(-us if total < 0 else us)


# What an aggregate does with the values of its rows, blanks already left out (ANY and ALL: with blanks in).
HOW: dict[str, Callable[[Values], Any]] = {
    "COUNT": lambda values: Decimal(len(values)),
    "SUM": _sum,
    "SUM_SPAN": _sum_span,
    "AVERAGE": _average,
    "AVERAGE_SPAN": _average_span,
    "MIN": lambda values: min(values, default=None),
    "MAX": lambda values: max(values, default=None),
    "ANY": lambda values: any(value is True for value in values),
    "ALL": lambda values: all(value is True for value in values),
    "FIRST": lambda values: values[0] if values else None,
    "LAST": lambda values: values[-1] if values else None,
}


def join(separator: str | None, values: Values) -> Any:
    """The values with a separator between them."""
    return text((separator or "").join(values))


def _listed(how: str) -> Callable[..., Any]:
    fold = HOW[how]
    return lambda *values: fold([value for value in values if value is not None])


def _with_rows(name: str, *, spans: bool = False) -> tuple[str, ...]:
    kinds = "number | duration" if spans else "any"
    return (f"{name}(value*: {kinds}) -> T", f"{name}(rows: rows, value: {kinds}) -> T")


def _rows_only(name: str, signature: str, doc: Any) -> Function:
    return Function(name, (signature,), doc, (), rule="aggregate")


FUNCTIONS: tuple[Function, ...] = (
    overloaded(
        _("The sum: of values, of a field of rows, or of a formula for each row. Of nothing: 0."),
        overload("SUM(value*: number) -> number", _listed("SUM"), op="SUM", blank="raw"),
        overload("SUM(value*: duration) -> duration", _listed("SUM_SPAN"), op="SUM_SPAN", blank="raw"),
        signatures=_with_rows("SUM", spans=True),
        rule="aggregate",
    ),
    overloaded(
        _("The mean of the values that are not blank. Of nothing: blank."),
        overload("AVERAGE(value*: number) -> number", _listed("AVERAGE"), op="AVERAGE", blank="raw"),
        overload("AVERAGE(value*: duration) -> duration", _listed("AVERAGE_SPAN"), op="AVERAGE_SPAN", blank="raw"),
        signatures=_with_rows("AVERAGE", spans=True),
        rule="aggregate",
    ),
    overloaded(
        _("The smallest or earliest value. Of nothing: blank."),
        overload("MIN(value*: T) -> T", _listed("MIN"), op="MIN", blank="raw"),
        signatures=_with_rows("MIN"),
        rule="aggregate",
    ),
    overloaded(
        _("The largest or latest value. Of nothing: blank."),
        overload("MAX(value*: T) -> T", _listed("MAX"), op="MAX", blank="raw"),
        signatures=_with_rows("MAX"),
        rule="aggregate",
    ),
    overloaded(
        _("How many rows there are, how many options are chosen, or how many values are not blank."),
        overload("COUNT(value*: any) -> number", _listed("COUNT"), op="COUNT", blank="raw"),
        signatures=("COUNT(value*: any) -> number", "COUNT(rows: rows) -> number"),
        rule="aggregate",
    ),
    _rows_only(
        "COUNTIF", "COUNTIF(rows: rows, condition: boolean) -> number", _("How many rows fulfil a condition; its names are looked up in the row first.")
    ),
    _rows_only("SUMIF", "SUMIF(rows: rows, condition: boolean, value: number | duration) -> T", _("The sum over the rows that fulfil a condition.")),
    _rows_only("AVERAGEIF", "AVERAGEIF(rows: rows, condition: boolean, value: number | duration) -> T", _("The mean over the rows that fulfil a condition.")),
    _rows_only("MINIF", "MINIF(rows: rows, condition: boolean, value: any) -> T", _("The smallest or earliest value among the rows that fulfil a condition.")),
    _rows_only("MAXIF", "MAXIF(rows: rows, condition: boolean, value: any) -> T", _("The largest or latest value among the rows that fulfil a condition.")),
    _rows_only("ANY", "ANY(rows: rows, condition?: boolean) -> boolean", _("TRUE if at least one row fulfils the condition.")),
    _rows_only("ALL", "ALL(rows: rows, condition: boolean) -> boolean", _("TRUE if every row fulfils the condition; also if there are no rows.")),
)
