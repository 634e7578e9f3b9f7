"""Constants and columns as compiled parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Date,
    Integer,
    Interval,
    Numeric,
    Text,
    TypeDecorator,
    cast,
    false,
    func,
    literal,
    null,
    true,
    type_coerce,
)

from kernel.expr.functions.operators import TEXT_LIMIT, micros
from kernel.expr.numbers import canonical
from kernel.expr.sql.node import UNKNOWN, S, Sql
from kernel.expr.sql.types import DecimalText, ScaledDuration
from kernel.expr.types import ErrorValue, Kind
from kernel.model.sqltypes import ScaledDecimal
from kernel.platform.columns import Instant

SQL_TYPES: dict[Kind, Any] = {
    Kind.BOOLEAN: Boolean(), Kind.TEXT: Text(), Kind.DATE: Date(), Kind.INSTANT: Instant(), Kind.CHOICE: Text(), Kind.RECORD: Text(),
    Kind.FILE: Text(), Kind.LIST: Text(), Kind.DURATION: BigInteger(),
}  # fmt: skip


def sql_type(kind: Kind, lite: bool) -> Any:
    """The type of computed values of one kind."""
    return (Text() if lite else Numeric()) if kind is Kind.NUMBER else SQL_TYPES.get(kind, Text())


def constant(value: Any, kind: Kind, lite: bool) -> S:
    """A part for a value that is known."""
    if isinstance(value, ErrorValue):
        return S(_null(kind, lite), kind, true())
    if value is None:
        return S(_null(kind, lite), kind, constant=None, digits=0, decimals=0, places=6 if kind is Kind.DURATION else None)
    if value is True or value is False:
        return S(true() if value else false(), kind, constant=value)
    if isinstance(value, Decimal):
        text = canonical(value)
        whole, _dot, places = text.lstrip("-").partition(".")
        shown: Sql = literal(text, Text()) if lite else literal(value, Numeric())
        return S(shown, kind, constant=value, digits=len(whole), decimals=len(places))
    if isinstance(value, timedelta):
        return S(literal(micros(value), BigInteger()), kind, constant=value, places=6)
    if isinstance(value, datetime):
        return S(literal(value, Instant()), kind, constant=value)
    if isinstance(value, date):
        return S(literal(value, Date()), kind, constant=value)
    if isinstance(value, tuple):
        value = "|" + "|".join(value) + "|"
    return S(literal(value, Text()), kind, constant=value, digits=len(value))


def _null(kind: Kind, lite: bool) -> Sql:
    return cast(null(), sql_type(kind, lite))


def column(found: Sql, kind: Kind, lite: bool, fold: bool) -> S:
    """A part for what the scope offers; a bind whose value is already there counts as a constant."""
    if isinstance(found, BindParameter) and not found.required and found.callable is None:
        value = found.value
        if isinstance(value, int) and kind is Kind.NUMBER and not isinstance(value, bool):
            value = Decimal(value)
        value = tuple(value) or None if isinstance(value, list) else None if value == "" else value
        made = constant(value, kind, lite)
        return made if fold else _known_not(made)
    type_ = found.type
    if kind is Kind.NUMBER:
        return _number(found, type_, lite)
    if kind is Kind.DURATION:
        return _duration(found, type_, lite)
    if kind is Kind.TEXT:
        return S(found, kind, digits=min(getattr(type_, "length", None) or TEXT_LIMIT, TEXT_LIMIT))
    return S(found, kind)


def _known_not(made: S) -> S:

    return replace(made, constant=UNKNOWN)


def _number(found: Sql, type_: Any, lite: bool) -> S:
    if isinstance(type_, ScaledDecimal):
        digits = 18 - type_.places
        if lite:
            return S(type_coerce(found, BigInteger()), Kind.NUMBER, places=type_.places, digits=digits, decimals=type_.places)
        return S(type_coerce(found, Numeric()), Kind.NUMBER, digits=digits, decimals=type_.places)
    if isinstance(type_, Integer):
        return S(found if lite else cast(found, Numeric()), Kind.NUMBER, places=0 if lite else None, digits=19, decimals=0)
    if isinstance(type_, (DecimalText, Text)) and lite:
        return S(type_coerce(found, Text()), Kind.NUMBER)
    if isinstance(type_, Numeric) and not lite:
        scale = type_.scale if type_.scale is not None else 12
        return S(type_coerce(found, Numeric()), Kind.NUMBER, digits=(type_.precision or 38) - scale, decimals=scale)
    raise TypeError(f"a number needs a ScaledDecimal, DecimalText or Integer column, not {type_!r}")


def _duration(found: Sql, type_: Any, lite: bool) -> S:
    if isinstance(type_, (ScaledDuration, ScaledDecimal)) and (lite or isinstance(type_, ScaledDuration)):
        return S(type_coerce(found, BigInteger()), Kind.DURATION, places=type_.places)
    if isinstance(type_, Integer) or (isinstance(type_, TypeDecorator) and isinstance(type_.impl_instance, Integer) and not isinstance(type_, ScaledDecimal)):
        return S(type_coerce(found, BigInteger()), Kind.DURATION, places=0)
    if isinstance(type_, Interval) and not lite:
        return S(func.extract("epoch", found) * 1_000_000, Kind.DURATION, places=6)
    if isinstance(type_, (Numeric, ScaledDecimal)):
        return S(func.round(type_coerce(found, Numeric()) * 1_000_000), Kind.DURATION, places=6)
    raise TypeError(f"a duration needs an integer column of seconds or a ScaledDuration, not {type_!r}")


def number_text(s: S) -> Sql:
    """A number on SQLite as canonical text."""
    return s.value if s.places is None else func.fy_dec(s.value, s.places)


def micro_value(s: S, lite: bool) -> Sql:
    """A duration as microseconds; exact NUMERIC on PostgreSQL."""
    value = s.value if lite else cast(s.value, Numeric())
    return value if s.places == 6 else value * (10 ** (6 - (s.places or 0)))
