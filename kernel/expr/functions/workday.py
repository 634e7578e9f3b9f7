"""Working days by the Env's calendar; without one, Saturdays and Sundays are off."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kernel.expr.functions.operators import add_days, whole
from kernel.expr.table import Function, function
from kernel.expr.types import LIMIT, ErrorValue
from kernel.i18n import _

DAY_LIMIT = 10_000  # days looked at in one call


def _is_off(env: Any) -> Any:
    holidays = getattr(env, "holidays", None)
    return holidays if holidays is not None else lambda day: day.weekday() >= 5


def _workday(env: Any, start: date, days: Decimal) -> Any:
    left = whole(days)
    step = 1 if left > 0 else -1
    off = _is_off(env)
    day = start
    for _turn in range(DAY_LIMIT):
        if left == 0:
            return day
        moved = add_days(day, step)
        if isinstance(moved, ErrorValue):
            return moved
        day = moved
        if not off(day):
            left -= step
    return LIMIT if left else day


def _networkdays(env: Any, start: date, end: date) -> Any:
    sign = 1
    if start > end:
        start, end, sign = end, start, -1
    if (end - start).days >= DAY_LIMIT:
        return LIMIT
    off = _is_off(env)
    first = start.toordinal()
    return Decimal(sign * sum(not off(date.fromordinal(day)) for day in range(first, end.toordinal() + 1)))


FUNCTIONS: tuple[Function, ...] = (
    function("WORKDAY(start: date, days: number) -> date", _("The date some working days later, by the working calendar."), _workday, env=True, sql_ok=False),
    function(
        "NETWORKDAYS(start: date, end: date) -> number",
        _("How many working days there are from one date to another, both included."),
        _networkdays,
        env=True,
        sql_ok=False,
    ),
)
