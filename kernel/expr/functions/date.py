"""Dates, instants and durations. What an instant's day or hour is depends on the tenant's time zone."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from kernel.expr import numbers as n
from kernel.expr.functions.operators import add_days, micros, rounded_span, whole
from kernel.expr.functions.text import SPACES
from kernel.expr.table import Function, function, overload, overloaded
from kernel.expr.types import NUM, VALUE, ErrorValue
from kernel.i18n import Text, _

DATE_TEXT = r"^([0-9]{4})(-|/|\.|年)([0-9]{1,2})(-|/|\.|月)([0-9]{1,2})日?$"
_DATE_TEXT = re.compile(DATE_TEXT)
UNITS = ("Y", "M", "D", "YM", "MD", "YD")
UNIT_US = {"DAYS": 86_400_000_000, "HOURS": 3_600_000_000, "MINUTES": 60_000_000, "SECONDS": 1_000_000}


def local_date(env: Any, at: date) -> date:
    """The day of a date, or of an instant in the tenant's zone."""
    return at.astimezone(env.zone).date() if isinstance(at, datetime) else at


def today(env: Any) -> date:
    """The tenant's day."""
    return local_date(env, env.now)


def _date(year: Decimal, month: Decimal, day: Decimal) -> Any:
    return add_months_to(whole(year) * 12 + whole(month) - 1, whole(day))


def add_months_to(months: int, day: int) -> Any:
    """Day number ``day`` counted from the first of a month given as year times 12 plus month less 1."""
    if not 12 <= months < 120_000:
        return NUM
    return add_days(date(months // 12, months % 12 + 1, 1), day - 1)


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def edate(day: date, months: int) -> Any:
    """The same day some months on, or the last day of that month."""
    number = _month_number(day) + months
    if not 12 <= number < 120_000:
        return NUM
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _eomonth(day: date, months: Decimal) -> Any:
    found = edate(day.replace(day=1), whole(months))
    if isinstance(found, ErrorValue):
        return found
    return found.replace(day=monthrange(found.year, found.month)[1])


def _datedif(start: date, end: date, unit: str) -> Any:
    if start > end:
        return NUM
    unit = unit.upper()
    months = _month_number(end) - _month_number(start) - (end.day < start.day)
    if unit == "D":
        return Decimal((end - start).days)
    if unit == "MD":
        return Decimal((end - edate(start, months)).days)
    if unit == "YD":
        return Decimal((end - edate(start, months // 12 * 12)).days)
    return Decimal({"Y": months // 12, "M": months, "YM": months % 12}[unit])


def _weekday(env: Any, at: date, type_: Decimal = n.ONE) -> Any:
    monday0 = local_date(env, at).weekday()
    found = {1: (monday0 + 1) % 7 + 1, 2: monday0 + 1, 3: monday0}.get(whole(type_))
    return NUM if found is None else Decimal(found)


def _weeknum(env: Any, at: date, type_: Decimal = n.ONE) -> Any:
    day = local_date(env, at)
    kind = whole(type_)
    if kind == 21:
        return Decimal(day.isocalendar().week)
    if kind not in (1, 2):
        return NUM
    first = date(day.year, 1, 1).weekday()
    return Decimal(((day - date(day.year, 1, 1)).days + ((first + 1) % 7 if kind == 1 else first)) // 7 + 1)


def _datevalue(value: str) -> Any:
    match = _DATE_TEXT.match(value.strip(SPACES))
    if match is None or (match[2], match[4]) not in (("-", "-"), ("/", "/"), (".", "."), ("年", "月")):
        return VALUE
    try:
        return date(int(match[1]), int(match[3]), int(match[5]))
    except ValueError:
        return VALUE


def _local(part: str) -> Any:
    return lambda env, at: Decimal(getattr(at.astimezone(env.zone), part))


def _part(part: str) -> Any:
    return lambda env, at: Decimal(getattr(local_date(env, at), part))


def _make(unit: str) -> Any:
    factor = Decimal(UNIT_US[unit])
    return lambda count: rounded_span(n.EXACT.multiply(count, factor))


def _measure(unit: str) -> Any:
    return lambda span: n.from_ratio(micros(span), UNIT_US[unit])


def _start_of_month(env: Any, at: date) -> date:
    return local_date(env, at).replace(day=1)


def _start_of_week(env: Any, at: date) -> Any:
    day = local_date(env, at)
    return add_days(day, -day.weekday())


def _unit(name: str, doc: Text) -> Function:
    ways = [
        overload(f"{name}(count: number) -> duration", _make(name), op=f"{name}/make"),
        overload(f"{name}(duration: duration) -> number", _measure(name), op=f"{name}/in"),
    ]
    signatures = [f"{name}(count: number) -> duration", f"{name}(duration: duration) -> number"]
    if name == "DAYS":
        signatures.append("DAYS(end: date, start: date) -> number")
        ways.append(overload(signatures[-1], lambda end, start: Decimal((end - start) // timedelta(days=1)), op="DAYS/between"))
    return overloaded(doc, *ways, signatures=tuple(signatures))


FUNCTIONS: tuple[Function, ...] = (
    function("TODAY() -> date", _("Today's date in your time zone."), today, env=True, volatile=True),
    function("NOW() -> instant", _("Date and time of this moment."), lambda env: env.now, env=True, volatile=True),
    function("DATE(year: number, month: number, day: number) -> date", _("A date from its parts; months and days beyond the end run on."), _date),
    function("YEAR(at: date | instant) -> number", _("The year."), _part("year"), env=True),
    function("MONTH(at: date | instant) -> number", _("The month, 1 to 12."), _part("month"), env=True),
    function("DAY(at: date | instant) -> number", _("The day of the month."), _part("day"), env=True),
    function(
        "QUARTER(at: date | instant) -> number", _("The quarter of the year, 1 to 4."), lambda env, at: Decimal((local_date(env, at).month + 2) // 3), env=True
    ),
    function(
        "WEEKDAY(at: date | instant, type?: number) -> number",
        _("The day of the week: type 1 counts from Sunday = 1, 2 from Monday = 1, 3 from Monday = 0."),
        _weekday,
        env=True,
    ),
    function(
        "WEEKNUM(at: date | instant, type?: number) -> number",
        _("The week of the year: type 1 begins weeks on Sunday, 2 on Monday, 21 is the ISO week."),
        _weeknum,
        env=True,
    ),
    function("HOUR(at: instant) -> number", _("The hour, 0 to 23."), _local("hour"), env=True),
    function("MINUTE(at: instant) -> number", _("The minute, 0 to 59."), _local("minute"), env=True),
    function("SECOND(at: instant) -> number", _("The second, 0 to 59."), _local("second"), env=True),
    function(
        "DATEDIF(start: date, end: date, unit: literal) -> number",
        _('Whole years "Y", months "M" or days "D" between two dates; "YM", "MD" and "YD" leave out the larger unit.'),
        _datedif,
        rule="datedif",
    ),
    function("EDATE(start: date, months: number) -> date", _("The same day some months later."), lambda day, months: edate(day, whole(months))),
    function("EOMONTH(start: date, months: number) -> date", _("The last day of the month some months later."), _eomonth),
    function("STARTOFMONTH(at: date | instant) -> date", _("The first day of the month."), _start_of_month, env=True),
    function("STARTOFWEEK(at: date | instant) -> date", _("The Monday of the week."), _start_of_week, env=True),
    function("TODATE(at: instant) -> date", _("The date of a moment in your time zone."), local_date, env=True),
    function("DATEVALUE(text: text) -> date", _("The date that a text shows, such as 2026-03-01 or 2026年3月1日."), _datevalue),
    _unit("DAYS", _("A duration of days; of a duration how many days; of two dates the days between them.")),
    _unit("HOURS", _("A duration of hours; of a duration how many hours.")),
    _unit("MINUTES", _("A duration of minutes; of a duration how many minutes.")),
    _unit("SECONDS", _("A duration of seconds; of a duration how many seconds.")),
)
