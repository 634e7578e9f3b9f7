"""What stands behind the signs + - * / ^ & = < and behind the silent turning of values into texts."""

from __future__ import annotations

import operator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from kernel.expr import numbers as n
from kernel.expr.table import Overload, overload
from kernel.expr.types import DIV0, LIMIT, NUM, ErrorValue

TEXT_LIMIT = 65_536
SPAN_LIMIT = 10**18  # microseconds; more than the distance between any two instants
DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


def micros(span: timedelta) -> int:
    """A duration as whole microseconds."""
    return span // _MICRO


def span(us: int) -> timedelta | ErrorValue:
    """A duration from microseconds, #NUM! beyond the limit."""
    return timedelta(microseconds=us) if abs(us) <= SPAN_LIMIT else NUM


def rounded_span(us: Decimal | ErrorValue) -> timedelta | ErrorValue:
    """A duration from microseconds with places, rounded half away from zero."""
    if isinstance(us, ErrorValue):
        return us
    return span(int(n.EXACT.quantize(us, n.ONE)))


def text(value: str) -> str | ErrorValue | None:
    """A text result: empty is blank, too long is #LIMIT!."""
    return (value or None) if len(value) <= TEXT_LIMIT else LIMIT


def whole(value: Decimal) -> int:
    """A number without its places."""
    return int(value)


def add_days(day: date, days: int) -> date | ErrorValue:
    """A date some days on, #NUM! outside of the years 1 to 9999."""
    number = day.toordinal() + days
    return date.fromordinal(number) if 1 <= number <= 3_652_059 else NUM


def _add_span(at: datetime, by: timedelta) -> datetime | ErrorValue:
    try:
        return at + by
    except OverflowError:
        return NUM


def _span_times(by: timedelta, factor: Decimal) -> timedelta | ErrorValue:
    return rounded_span(n.EXACT.multiply(Decimal(micros(by)), factor))


def _span_by(by: timedelta, divisor: Decimal) -> timedelta | ErrorValue:
    if not divisor:
        return DIV0
    d = n.to_scaled(divisor)
    num = micros(by) * n.SCALE
    us = (2 * abs(num) + abs(d)) // (2 * abs(d))
    return span(-us if (num < 0) != (d < 0) else us)


def _ratio(a: timedelta, b: timedelta) -> Decimal | ErrorValue:
    return n.from_ratio(micros(a), micros(b)) if b else DIV0


def _join(a: str | None, b: str | None) -> Any:
    return text((a or "") + (b or ""))


def instant_text(env: Any, at: datetime) -> str:
    """An instant as people of the tenant write it, to the minute."""
    local = at.astimezone(env.zone)
    return f"{local.year:04d}-{local.month:02d}-{local.day:02d} {local.hour:02d}:{local.minute:02d}"


def _compare(op: str, run: Any) -> Overload:
    return overload(f"{op}(a: any, b: any) -> boolean", run, op=op, blank="false")


def _o(signature: str, run: Any, **options: Any) -> Overload:
    return overload(signature, run, **options)


OPERATORS: dict[str, Overload] = {
    made.op: made
    for made in (
        _compare("=", operator.eq),
        _compare("<>", operator.ne),
        _compare("<", operator.lt),
        _compare("<=", operator.le),
        _compare(">", operator.gt),
        _compare(">=", operator.ge),
        _o("neg(a: number) -> number", Decimal.copy_negate),
        _o("neg_span(a: duration) -> duration", operator.neg),
        _o("add(a: number, b: number) -> number", n.add),
        _o("sub(a: number, b: number) -> number", n.subtract),
        _o("mul(a: number, b: number) -> number", n.multiply),
        _o("div(a: number, b: number) -> number", n.divide),
        _o("add_days(a: date, b: number) -> date", lambda a, b: add_days(a, whole(b))),
        _o("sub_days(a: date, b: number) -> date", lambda a, b: add_days(a, -whole(b))),
        _o("days_between(a: date, b: date) -> number", lambda a, b: Decimal((a - b).days)),
        _o("add_span(a: instant, b: duration) -> instant", _add_span),
        _o("sub_span(a: instant, b: duration) -> instant", lambda a, b: _add_span(a, -b)),
        _o("span_between(a: instant, b: instant) -> duration", operator.sub),
        _o("add_spans(a: duration, b: duration) -> duration", lambda a, b: span(micros(a) + micros(b))),
        _o("sub_spans(a: duration, b: duration) -> duration", lambda a, b: span(micros(a) - micros(b))),
        _o("mul_span(a: duration, b: number) -> duration", _span_times),
        _o("div_span(a: duration, b: number) -> duration", _span_by),
        _o("ratio(a: duration, b: duration) -> number", _ratio),
        _o("join(a: text, b: text) -> text", _join, blank="raw"),
        _o("number_text(a: number) -> text", n.canonical),
        _o("boolean_text(a: boolean) -> text", lambda a: "TRUE" if a else "FALSE"),
        _o("date_text(a: date) -> text", lambda a: a.isoformat()),
        _o("instant_text(a: instant) -> text", instant_text, env=True),
        _o("nothing(a: any, b: any) -> blank", lambda a, b: None),
        _o("count_list(a: list) -> number", lambda a: Decimal(len(a) if a else 0), blank="raw"),
    )
}
