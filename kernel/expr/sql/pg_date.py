"""PostgreSQL forms of dates, instants and durations. Days are counted from 0001-01-01, instants in microseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Date, DateTime, Float, Integer, Interval, Numeric, Text, case, cast, extract, func, literal_column

from kernel.expr.functions.date import DATE_TEXT, UNIT_US
from kernel.expr.functions.text import SPACES
from kernel.expr.sql.node import S, Sql, any_of, arith, num
from kernel.expr.sql.pg_number import ONE, ZERO, clamped, duration, floor_mod, micro, number, ratio_of, rounded
from kernel.expr.sql.pg_text import format_date, string, text
from kernel.expr.types import Kind
from kernel.platform.columns import Instant

_FIRST = literal_column("DATE '0001-01-01'", Date())
_EPOCH = literal_column("TIMESTAMP '1970-01-01'", DateTime())
_MICRO = literal_column("INTERVAL '1 microsecond'", Interval())
_LAST_DAY = 3_652_058
_MIN_US, _MAX_US = -62_135_596_800_000_000, 253_402_300_799_999_999
_DAY = num("86400000000")
_WHOLE_DAYS = 10_000_000  # a bound beyond all dates


def _numeric(value: Sql) -> Sql:
    return cast(value, Numeric())


def _day_number(day: Sql) -> Sql:
    """A date as days since the first one."""
    return arith(day, "-", _FIRST, Integer())


def _from_days(days: Sql, error: Sql | None = None) -> S:
    """The date so many days after the first; an error outside of the years 1 to 9999."""
    fine = (days >= ZERO) & (days <= num(str(_LAST_DAY)))
    value = arith(_FIRST, "+", cast(case((fine, days)), Integer()), Date())
    return S(value, Kind.DATE, any_of(~fine, error))


def _epoch_us(at: Sql) -> Sql:
    return func.round(_numeric(extract("epoch", at)) * num("1000000"), type_=Numeric())


def _from_us(us: Sql) -> S:
    fine = (us >= num(str(_MIN_US))) & (us <= num(str(_MAX_US)))
    safe = case((fine, us))
    rest = floor_mod(safe, _DAY)
    days = cast(arith(safe - rest, "/", _DAY, Numeric()), Integer())
    local = arith(_EPOCH, "+", func.make_interval(ZERO, ZERO, ZERO, days), DateTime())
    moment = arith(local, "+", arith(cast(rest, Float()), "*", _MICRO, Interval()), DateTime())
    return S(func.timezone(string("UTC"), moment, type_=Instant()), Kind.INSTANT, ~fine)


def local(q: Any, s: S) -> Sql:
    """A timestamp in the tenant's zone; of a date its midnight."""
    if s.kind is Kind.INSTANT:
        return func.timezone(string(str(q.sql.zone)), s.value, type_=DateTime())
    return cast(s.value, DateTime())


def day_of(q: Any, s: S) -> Sql:
    """The day of a date or of an instant in the tenant's zone."""
    return cast(local(q, s), Date()) if s.kind is Kind.INSTANT else s.value


def _part(name: str, digits: int = 4) -> Callable[[Any, list[S]], S]:
    def build(q: Any, args: list[S]) -> S:
        value = _numeric(extract(name, local(q, args[0])))
        return number(func.floor(value, type_=Numeric()) if name == "second" else value, digits, 0)

    return build


def _months(day: Sql) -> Sql:
    return _numeric(extract("year", day)) * num("12") + _numeric(extract("month", day)) - ONE


def _first_of(months: Sql) -> tuple[Sql, Sql]:
    """The first day of a month given as year times 12 plus month less 1, and whether there is one."""
    fine = (months >= num("12")) & (months < num("120000"))
    safe = case((fine, months))
    year = cast(func.div(safe, num("12")), Integer())
    return func.make_date(year, cast(func.mod(safe, num("12")), Integer()) + ONE, ONE, type_=Date()), fine


def _month_end(first: Sql) -> Sql:
    """The last day of the month that begins with ``first``, as its number in the month."""
    month = literal_column("INTERVAL '1 month - 1 day'", Interval())
    return extract("day", arith(cast(first, DateTime()), "+", month, DateTime()))


def _clamped(s: S) -> Sql:
    return _numeric(clamped(s, -_WHOLE_DAYS, _WHOLE_DAYS))


def _date(q: Any, args: list[S]) -> S:
    year, month, day = (_clamped(a) for a in args)
    first, fine = _first_of(year * num("12") + month - ONE)
    return _from_days(_numeric(_day_number(first)) + day - ONE, ~fine)


def _edate_value(day: Sql, months: Sql) -> tuple[Sql, Sql]:
    first, fine = _first_of(_months(day) + months)
    at = func.least(extract("day", day), _month_end(first))
    return arith(first, "+", cast(at, Integer()) - ONE, Date()), fine


def _edate(q: Any, args: list[S]) -> S:
    value, fine = _edate_value(args[0].value, _clamped(args[1]))
    # least() looks past a NULL; the first of the month is NULL then, and so is the sum.
    return S(value, Kind.DATE, ~fine)


def _eomonth(q: Any, args: list[S]) -> S:
    first, fine = _first_of(_months(args[0].value) + _clamped(args[1]))
    return S(arith(first, "+", cast(_month_end(first), Integer()) - ONE, Date()), Kind.DATE, ~fine)


def _datedif(q: Any, args: list[S]) -> S:
    a, b, unit = args[0].value, args[1].value, str(args[2].constant).upper()
    error = a > b
    if unit == "D":
        return number(_numeric(arith(b, "-", a, Integer())), 8, 0, error)
    months = _months(b) - _months(a) - case((extract("day", b) < extract("day", a), ONE), else_=ZERO)
    if unit in ("MD", "YD"):
        whole = months if unit == "MD" else func.div(months, num("12"), type_=Numeric()) * num("12")
        start, _fine = _edate_value(a, whole)
        return number(_numeric(arith(b, "-", start, Integer())), 8, 0, error)
    value = {"M": months, "Y": func.div(months, num("12"), type_=Numeric()), "YM": func.mod(months, num("12"), type_=Numeric())}[unit]
    return number(value, 8, 0, error)


def _kind(args: list[S], default: str = "1") -> Sql:
    return clamped(args[1], -1, 100) if len(args) > 1 else num(default)


def _weekday(q: Any, args: list[S]) -> S:
    iso = extract("isodow", local(q, args[0]))
    kind = _kind(args)
    value = case((kind == ONE, iso % num("7") + ONE), (kind == num("2"), iso), (kind == num("3"), iso - ONE))
    return number(_numeric(value), 1, 0, kind.not_in([ONE, num("2"), num("3")]))


def _weeknum(q: Any, args: list[S]) -> S:
    at = local(q, args[0])
    kind = _kind(args)
    first = extract("isodow", func.date_trunc("year", at, type_=DateTime())) - ONE
    shift = case((kind == ONE, (first + ONE) % num("7")), else_=first)
    plain = func.div(_numeric(extract("doy", at) - ONE + shift), num("7"), type_=Numeric()) + ONE
    value = case((kind == num("21"), extract("week", at)), (kind.in_([ONE, num("2")]), plain))
    return number(_numeric(value), 2, 0, kind.not_in([ONE, num("2"), num("21")]))


def _trunc(unit: str) -> Callable[[Any, list[S]], S]:
    return lambda q, args: S(cast(func.date_trunc(unit, local(q, args[0]), type_=DateTime()), Date()), Kind.DATE)


def _datevalue(q: Any, args: list[S]) -> S:
    shown = func.btrim(args[0].value, string(SPACES), type_=Text())
    same = func.regexp_replace(shown, string("[0-9]"), string(""), string("g"))
    fine = shown.bool_op("~")(string(DATE_TEXT)) & same.in_(["--", "//", "..", "年月", "年月日", "--日", "//日", "..日"])
    plain = case((fine, func.regexp_replace(shown, string("[^0-9]+"), string("-"), string("g"))))
    year, month, day = (cast(func.split_part(plain, string("-"), num(str(i))), Integer()) for i in (1, 2, 3))
    real = (year >= ONE) & (month >= ONE) & (month <= num("12"))
    first = func.make_date(case((real, year)), case((real, month)), ONE, type_=Date())
    exists = real & (day >= ONE) & (_numeric(day) <= _numeric(_month_end(first)))
    value = arith(first, "+", day - ONE, Date())
    return S(case((exists, value)), Kind.DATE, ~fine | ~exists)


def _make(unit: str) -> Callable[[Any, list[S]], S]:
    return lambda q, args: duration(func.round(args[0].value * num(str(UNIT_US[unit])), type_=Numeric()))


def _measure(unit: str) -> Callable[[Any, list[S]], S]:
    return lambda q, args: number(rounded(ratio_of(micro(q, args[0]), num(str(UNIT_US[unit])))), 16)


def _days_between(q: Any, args: list[S]) -> S:
    return number(_numeric(arith(args[0].value, "-", args[1].value, Integer())), 8, 0)


WITH_Q: dict[str, Callable[[Any, list[S]], S]] = {
    "add_days": lambda q, a: _from_days(_numeric(_day_number(a[0].value)) + _clamped(a[1])),
    "sub_days": lambda q, a: _from_days(_numeric(_day_number(a[0].value)) - _clamped(a[1])),
    "days_between": _days_between, "DAYS/between": _days_between,
    "add_span": lambda q, a: _from_us(_epoch_us(a[0].value) + micro(q, a[1])),
    "sub_span": lambda q, a: _from_us(_epoch_us(a[0].value) - micro(q, a[1])),
    "span_between": lambda q, a: S(_epoch_us(a[0].value) - _epoch_us(a[1].value), Kind.DURATION, places=6),
    "date_text": lambda q, a: text(format_date(local(q, a[0]), "yyyy-mm-dd"), digits=10),
    "instant_text": lambda q, a: text(format_date(local(q, a[0]), "yyyy-mm-dd hh:mm"), digits=16),
    "TEXT/date": lambda q, a: text(format_date(local(q, a[0]), str(a[1].constant))),
    "TEXT/instant": lambda q, a: text(format_date(local(q, a[0]), str(a[1].constant))),
    "DATE": _date, "YEAR": _part("year"), "MONTH": _part("month"), "DAY": _part("day"), "QUARTER": _part("quarter"),
    "WEEKDAY": _weekday, "WEEKNUM": _weeknum, "HOUR": _part("hour"), "MINUTE": _part("minute"), "SECOND": _part("second"),
    "DATEDIF": _datedif, "EDATE": _edate, "EOMONTH": _eomonth, "STARTOFMONTH": _trunc("month"), "STARTOFWEEK": _trunc("week"),
    "TODATE": lambda q, a: S(day_of(q, a[0]), Kind.DATE), "DATEVALUE": _datevalue,
    **{f"{unit}/make": _make(unit) for unit in UNIT_US}, **{f"{unit}/in": _measure(unit) for unit in UNIT_US},
}  # fmt: skip
