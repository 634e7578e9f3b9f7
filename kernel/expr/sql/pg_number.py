"""PostgreSQL forms of numbers and operators. NUMERIC is exact; every form rounds once, where the language rounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, Numeric, case, cast, false, func, literal, null

from kernel.expr.functions.number import POWER_LIMIT
from kernel.expr.functions.operators import SPAN_LIMIT
from kernel.expr.numbers import DIGITS, PLACES
from kernel.expr.sql.node import S, Sql, any_of, arith, num, strict
from kernel.expr.types import Kind

_LIMIT = "1" + "0" * DIGITS
ZERO, ONE = num("0"), num("1")


def over(value: Sql) -> Sql:
    """The condition that a number is out of range."""
    return func.abs(value) >= num(_LIMIT)


def number(value: Sql, digits: int = DIGITS, decimals: int = PLACES, error: Sql | None = None) -> S:
    """A number; ``digits`` beyond the limit adds the check."""
    if digits > DIGITS:
        error = any_of(error, over(value))
    return S(value, Kind.NUMBER, error, digits=min(digits, DIGITS), decimals=min(decimals, PLACES))


def rounded(value: Sql, places: int = PLACES) -> Sql:
    """Half away from zero."""
    return func.round(value, num(str(places)), type_=Numeric())


def wide(value: Sql) -> Sql:
    """So many places that rounding the quotient again can't differ from rounding the exact one."""
    return cast(value, Numeric(100, 55))


def ratio_of(a: Sql, b: Sql) -> Sql:
    """``a / b`` without dividing by zero."""
    return arith(wide(a), "/", func.nullif(b, ZERO), Numeric())


def clamped(s: S, low: int, high: int) -> Sql:
    """A number without its places, within bounds, as an integer; NULL stays NULL."""
    if s.known and isinstance(s.constant, Decimal):
        return num(str(max(low, min(high, int(s.constant)))))
    v = s.value
    return cast(case((v < num(str(low)), num(str(low))), (v > num(str(high)), num(str(high))), else_=func.trunc(v)), Integer)


def _neg(a: S) -> S:
    return number(-a.value, a.digits, a.decimals)


def _add(a: S, b: S) -> S:
    return number(a.value + b.value, max(a.digits, b.digits) + 1, max(a.decimals, b.decimals))


def _sub(a: S, b: S) -> S:
    return number(a.value - b.value, max(a.digits, b.digits) + 1, max(a.decimals, b.decimals))


def _mul(a: S, b: S) -> S:
    value = a.value * b.value
    return number(rounded(value) if a.decimals + b.decimals > PLACES else value, a.digits + b.digits + 1, a.decimals + b.decimals)


def _div(a: S, b: S) -> S:
    return number(rounded(ratio_of(a.value, b.value)), a.digits + b.decimals + 1, PLACES, b.value == ZERO)


def _places(args: tuple[S, ...]) -> Sql:
    return clamped(args[0], -DIGITS - 1, PLACES) if args else ZERO


def _round(a: S, *places: S) -> S:
    return number(func.round(a.value, _places(places), type_=Numeric()), DIGITS + 1 if places or a.digits >= DIGITS else a.digits + 1, a.decimals)


def _rounddown(a: S, *places: S) -> S:
    return number(func.trunc(a.value, _places(places), type_=Numeric()), a.digits, a.decimals)


def _roundup(a: S, *places: S) -> S:
    at = _places(places)
    cut = func.trunc(a.value, at, type_=Numeric())
    step = rounded(func.power(literal(Decimal(10), Numeric()), cast(-at, Numeric()), type_=Numeric()))
    value = case((cut == a.value, a.value), else_=cut + func.sign(a.value, type_=Numeric()) * step)
    return number(strict((a, *places), value), DIGITS + 1)


def floor_mod(a: Sql, b: Sql) -> Sql:
    """What is left of ``a``, with the sign of ``b``; NULL for 0."""
    d = func.nullif(b, ZERO, type_=Numeric())
    return func.mod(func.mod(a, d, type_=Numeric()) + d, d, type_=Numeric())


def _mod(a: S, b: S) -> S:
    return number(floor_mod(a.value, b.value), error=b.value == ZERO)


def _floor(a: S, *step: S) -> S:
    if not step:
        return number(func.floor(a.value, type_=Numeric()), a.digits + 1)
    s = step[0].value
    return number(a.value - floor_mod(a.value, s), DIGITS + 1, error=(s == ZERO) | ((a.value > ZERO) & (s < ZERO)))


def _ceiling(a: S, *step: S) -> S:
    if not step:
        return number(func.ceil(a.value, type_=Numeric()), a.digits + 1)
    s = step[0].value
    rest = floor_mod(a.value, s)
    value = case((s == ZERO, ZERO * a.value), (rest == ZERO, a.value), else_=a.value - rest + s)
    return number(value, DIGITS + 1, error=(a.value > ZERO) & (s < ZERO))


def _power(a: S, b: S) -> S:
    base, times = a.value, b.value
    fine = (times == func.trunc(times)) & (func.abs(times) <= num(str(POWER_LIMIT))) & ~((base == ZERO) & (times < ZERO))
    # The size is estimated first: a product of thousands of digits is neither needed nor harmless.
    size = times * func.log(func.nullif(func.abs(base), ZERO), type_=Numeric())
    huge = func.coalesce(size > num(str(DIGITS + 1)), false())
    tiny = func.coalesce(size < num(str(-PLACES - 2)), false())
    safe = fine & ~huge & ~tiny
    power = func.power(cast(case((safe, base)), Numeric(1000, 400)), case((safe, times)), type_=Numeric())
    value = case((tiny & fine, ZERO * base), else_=rounded(power))
    return number(value, DIGITS + 1, error=~fine | (fine & huge))


def _sqrt(a: S) -> S:
    return number(rounded(func.sqrt(wide(func.greatest(a.value, ZERO * a.value)), type_=Numeric())), error=a.value < ZERO)


def _clamp(a: S, low: S, high: S) -> S:
    value = case((a.value < low.value, low.value), (a.value > high.value, high.value), else_=a.value)
    return number(strict((a, low, high), value), error=low.value > high.value)


# Durations are NUMERIC counts of microseconds here.


def micro(q: Any, s: S) -> Sql:
    """A duration as microseconds."""
    value: Sql = q.micros(s)
    return value


def duration(value: Sql) -> S:
    """A duration of whole microseconds, with the check of its range."""
    return S(value, Kind.DURATION, func.abs(value) > num(str(SPAN_LIMIT)), places=6)


def _whole_micro(value: Sql) -> Sql:
    return func.round(value, type_=Numeric())


def _listed_sum(q: Any, args: list[S]) -> Sql:
    total: Any = ZERO
    for arg in args:
        total = total + func.coalesce(arg.value if arg.kind is not Kind.DURATION else micro(q, arg), ZERO, type_=Numeric())
    return cast(total, Numeric())


def _listed_count(args: list[S]) -> Sql:
    total: Any = ZERO
    for arg in args:
        total = total + case((arg.value.is_not(None), ONE), else_=ZERO)
    return cast(total, Numeric())


def _sum(q: Any, args: list[S]) -> S:
    return number(_listed_sum(q, args), max(a.digits for a in args) + len(str(len(args))))


def _sum_span(q: Any, args: list[S]) -> S:
    return duration(_listed_sum(q, args))


def _average(q: Any, args: list[S]) -> S:
    return number(rounded(ratio_of(_listed_sum(q, args), _listed_count(args))))


def _average_span(q: Any, args: list[S]) -> S:
    return S(_whole_micro(ratio_of(_listed_sum(q, args), _listed_count(args))), Kind.DURATION, places=6)


def _extreme(name: str) -> Callable[[Any, list[S]], S]:
    def build(q: Any, args: list[S]) -> S:
        kind = next((a.kind for a in args if a.kind is not Kind.BLANK), Kind.BLANK)
        if kind is Kind.DURATION:
            args = [S(micro(q, a), kind, places=6) for a in args]
        values = [a.value for a in args if not (a.known and a.constant is None)]
        if not values:
            return S(null(), kind)
        value = getattr(func, name)(*values, type_=values[0].type)
        return S(value, kind, places=args[0].places, digits=max(a.digits for a in args), decimals=max(a.decimals for a in args))

    return build


PLAIN: dict[str, Callable[..., S]] = {
    "neg": _neg, "add": _add, "sub": _sub, "mul": _mul, "div": _div,
    "ABS": lambda a: number(func.abs(a.value, type_=Numeric()), a.digits, a.decimals),
    "ROUND": _round, "ROUNDUP": _roundup, "ROUNDDOWN": _rounddown, "TRUNC": _rounddown,
    "INT": lambda a: number(func.floor(a.value, type_=Numeric()), a.digits + 1),
    "MOD": _mod, "POWER": _power, "SQRT": _sqrt, "SIGN": lambda a: number(func.sign(a.value, type_=Numeric()), 1, 0),
    "CEILING": _ceiling, "FLOOR": _floor, "CLAMP": _clamp,
}  # fmt: skip

WITH_Q: dict[str, Callable[[Any, list[S]], S]] = {
    "SUM": _sum, "SUM_SPAN": _sum_span, "AVERAGE": _average, "AVERAGE_SPAN": _average_span,
    "MIN": _extreme("least"), "MAX": _extreme("greatest"), "COUNT": lambda q, args: number(_listed_count(args), 4, 0),
    "neg_span": lambda q, a: S(-micro(q, a[0]), Kind.DURATION, places=6),
    "add_spans": lambda q, a: duration(micro(q, a[0]) + micro(q, a[1])),
    "sub_spans": lambda q, a: duration(micro(q, a[0]) - micro(q, a[1])),
    "mul_span": lambda q, a: duration(_whole_micro(micro(q, a[0]) * a[1].value)),
    "div_span": lambda q, a: _with_zero(duration(_whole_micro(ratio_of(micro(q, a[0]), a[1].value))), a[1].value),
    "ratio": lambda q, a: number(rounded(ratio_of(micro(q, a[0]), micro(q, a[1]))), error=micro(q, a[1]) == ZERO),
}  # fmt: skip


def _with_zero(made: S, divisor: Sql) -> S:
    return replace(made, error=any_of(divisor == ZERO, made.error))
