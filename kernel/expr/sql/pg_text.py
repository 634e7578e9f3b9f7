"""PostgreSQL forms of text functions. What comes out empty is NULL; nothing here raises on any row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Numeric, Text, case, cast, func, literal

from kernel.expr.functions.operators import TEXT_LIMIT
from kernel.expr.functions.text import LOWER, NUMERIC, SPACES, UPPER
from kernel.expr.sql.node import S, Sql, any_of, num, strict
from kernel.expr.sql.pg_number import ZERO, clamped, number, rounded
from kernel.expr.textformat import NumberPattern, date_pattern, number_pattern
from kernel.expr.types import Kind

_FAR = 10_000_000  # beyond any text
_DATE_CODES = {
    "yyyy": "YYYY", "mm": "MM", "m": "FMMM", "dd": "DD", "d": "FMDD", "hh": "HH24", "h": "FMHH24", "MI": "MI", "M1": "FMMI", "ss": "SS", "s": "FMSS",
}  # fmt: skip


def text(value: Sql, error: Sql | None = None, digits: int = TEXT_LIMIT) -> S:
    """A text; empty becomes NULL, and what may be too long gets the check."""
    if digits > TEXT_LIMIT:
        error = any_of(error, func.length(value) > num(str(TEXT_LIMIT)))
    return S(func.nullif(value, "", type_=Text()), Kind.TEXT, error, digits=min(digits, TEXT_LIMIT))


def string(value: str) -> Sql:
    """A text constant."""
    return literal(value, Text())


def _or_empty(s: S) -> Sql:
    return func.coalesce(s.value, string(""), type_=Text())


def _long(value: Sql) -> Sql:
    return cast(func.length(value), Numeric())


def _left(t: S, *count: S) -> S:
    size = clamped(count[0], -1, _FAR) if count else num("1")
    return text(func.left(t.value, func.greatest(size, ZERO)), size < ZERO if count else None, t.digits)


def _right(t: S, *count: S) -> S:
    size = clamped(count[0], -1, _FAR) if count else num("1")
    return text(func.right(t.value, func.greatest(size, ZERO)), size < ZERO if count else None, t.digits)


def _negative(count: S) -> Sql:
    return count.value < ZERO


def _mid(t: S, start: S, count: S) -> S:
    at, size = clamped(start, 0, _FAR), clamped(count, -1, _FAR)
    # greatest() looks past NULL, so a blank start must be asked for.
    part = func.substr(t.value, func.greatest(at, num("1")), func.greatest(size, ZERO))
    return text(strict((t, start, count), part), (at < num("1")) | _negative(count), t.digits)


def _trim(t: S) -> S:
    return text(func.btrim(func.regexp_replace(t.value, string(f"[{SPACES}]+"), string(" "), string("g")), string(" ")), digits=t.digits)


def _concat(args: Sequence[S]) -> S:
    return text(func.concat(*(a.value for a in args), type_=Text()), digits=sum(a.digits for a in args))


def _textjoin(args: Sequence[S]) -> S:
    separator, values = args[0], args[1:]
    total = sum(a.digits for a in values) + separator.digits * (len(values) - 1)
    return text(func.concat_ws(_or_empty(separator), *(a.value for a in values), type_=Text()), digits=total)


def _substitute(t: S, old: S, new: S, *which: S) -> S:
    fresh = _or_empty(new)
    if which and not (which[0].known and which[0].constant is None):
        return _substitute_one(t, old, fresh, which[0])
    times = (_long(t.value) - _long(func.replace(t.value, old.value, string("")))) / func.nullif(_long(old.value), ZERO, type_=Numeric())
    size = _long(t.value) + times * (_long(fresh) - _long(old.value))
    fine = func.coalesce(size <= num(str(TEXT_LIMIT)), num("true"))
    value = case((old.value.is_(None), t.value), (fine, func.replace(t.value, old.value, fresh)))
    return text(value, size > num(str(TEXT_LIMIT)))


def _substitute_one(t: S, old: S, fresh: Sql, which: S) -> S:
    at = clamped(which, 0, _FAR)
    pieces = func.string_to_array(t.value, old.value, type_=ARRAY(Text()))
    before = func.array_to_string(pieces[num("1") : func.greatest(at, num("1"))], old.value)
    after = func.array_to_string(pieces[func.greatest(at, num("1")) + num("1") : func.cardinality(pieces)], old.value)
    everywhere = func.replace(t.value, old.value, fresh)
    value = case(
        (old.value.is_(None) | t.value.is_(None), t.value),
        (which.value.is_(None), everywhere),
        (func.cardinality(pieces) <= at, t.value),
        else_=func.concat(before, fresh, after, type_=Text()),
    )
    return text(value, t.value.is_not(None) & old.value.is_not(None) & (at < num("1")), TEXT_LIMIT + 1)


def _replace(t: S, start: S, count: S, new: S) -> S:
    at, size = clamped(start, 0, _FAR), clamped(count, -1, _FAR)
    known = start.value.is_not(None) & count.value.is_not(None)
    first = func.greatest(at, num("1"))
    whole = _or_empty(t)
    value = func.concat(func.left(whole, first - num("1")), _or_empty(new), func.substr(whole, first + func.greatest(size, ZERO)), type_=Text())
    return text(case((known, value)), known & ((at < num("1")) | _negative(count)), t.digits + new.digits)


def _find(fold: bool) -> Callable[..., S]:
    def build(part: S, t: S, *start: S) -> S:
        needle, hay = (func.translate(s.value, string(UPPER), string(LOWER)) if fold else s.value for s in (part, t))
        at = clamped(start[0], 0, _FAR) if start else num("1")
        first = func.greatest(at, num("1"))
        place = func.strpos(func.substr(hay, first) if start else hay, needle)
        value = strict((part, t, *start), cast(place + first - num("1"), Numeric())) if start else cast(place, Numeric())
        return number(value, 8, 0, (place == ZERO) | (at < num("1")) if start else place == ZERO)

    return build


def _truth(value: Sql) -> S:
    return S(value, Kind.BOOLEAN, None, True)


def _rept(t: S, count: S) -> S:
    times = clamped(count, -1, _FAR)
    fine = _long(t.value) * times <= num(str(TEXT_LIMIT))
    value = func.repeat(t.value, case((fine, func.greatest(times, ZERO)), else_=ZERO))
    return text(value, _negative(count) | ~fine)


def _pattern(s: S) -> str:
    return str(s.constant)


def _number_format(a: S, pattern: S) -> S:
    parts = number_pattern(_pattern(pattern))
    assert isinstance(parts, NumberPattern)
    raw = rounded(a.value * num("100")) if parts.percent else a.value
    shown = rounded(raw, parts.places)
    size: Sql = func.abs(shown, type_=Numeric())
    if parts.grouped:
        mask = "FM" + ",".join(["999"] * 8 + ["990"]) + ("." + "0" * parts.places if parts.places else "")
        digits: Sql = func.to_char(size, string(mask), type_=Text())
    else:
        digits = cast(size, Text())
    if parts.hide_zero:
        digits = case((func.left(digits, num("1")) == "0", func.substr(digits, num("2"))), else_=digits)
    sign = case((shown < ZERO, string("-")), else_=string(""))
    tail = ("%" if parts.percent else "") + parts.after
    value = case((a.value.is_not(None), func.concat(sign, string(parts.before), digits, string(tail), type_=Text())))
    return text(value, number(raw, a.digits + 2).error if parts.percent else None, 200)


def format_date(local: Sql, pattern: str) -> Sql:
    """A timestamp in a date's pattern."""
    parts = date_pattern(pattern) or ()
    shown = [func.to_char(local, string(_DATE_CODES[p]), type_=Text()) if p in _DATE_CODES else string(p) for p in parts]
    return case((local.is_not(None), func.concat(*shown, type_=Text())))


def _value(t: S) -> S:
    shown = func.btrim(t.value, string(SPACES), type_=Text())
    fine = shown.bool_op("~")(string(NUMERIC)) & shown.bool_op("~")(string("[0-9]"))
    plain = cast(case((fine, func.replace(func.replace(shown, string("%"), string("")), string(","), string("")))), Numeric())
    factor = case((func.right(shown, num("1")) == "%", num("0.01")), else_=num("1"))
    return number(rounded(plain * factor), 30, error=~fine)


PLAIN: dict[str, Callable[..., S]] = {
    "LEN": lambda t: number(cast(func.coalesce(func.length(t.value), ZERO), Numeric()), 8, 0),
    "LEFT": _left, "RIGHT": _right, "MID": _mid, "TRIM": _trim,
    "UPPER": lambda t: text(func.translate(t.value, string(LOWER), string(UPPER)), digits=t.digits),
    "LOWER": lambda t: text(func.translate(t.value, string(UPPER), string(LOWER)), digits=t.digits),
    "SUBSTITUTE": _substitute, "REPLACE": _replace, "FIND": _find(False), "SEARCH": _find(True),
    "CONTAINS": lambda t, p: _truth(func.strpos(t.value, p.value) > ZERO),
    "STARTSWITH": lambda t, p: _truth(func.left(t.value, func.length(p.value)) == p.value),
    "ENDSWITH": lambda t, p: _truth(func.right(t.value, func.length(p.value)) == p.value),
    "EXACT": lambda a, b: _truth(a.value == b.value),
    "REPT": _rept, "TEXT": _number_format, "VALUE": _value,
    "number_text": lambda a: text(cast(func.trim_scale(a.value), Text()), digits=42),
    "boolean_text": lambda a: text(case((a.value, string("TRUE")), (~a.value, string("FALSE"))), digits=5),
}  # fmt: skip

WITH_Q: dict[str, Callable[[Any, list[S]], S]] = {
    "CONCAT": lambda q, args: _concat(args),
    "join": lambda q, args: _concat(args),
    "TEXTJOIN": lambda q, args: _textjoin(args),
}
