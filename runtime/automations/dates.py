"""When a date counts as reached: so long before or after it, at a time of day. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kernel.calendars.calendar import WorkingCalendar, first_instant
from kernel.expr.types import Kind
from kernel.model.application import Application
from kernel.model.elements import Automation
from runtime.automations.spans import Span, read

MORNING = "09:00"
_FAR = 60


def job_key(uid: str) -> str:
    """The name of the alarm of an automation."""
    return f"automation_at:{hashlib.sha256(uid.encode()).hexdigest()[:32]}"


def run_key(uid: str, record: str, moment: str) -> str:
    """The name of a run that must count once."""
    return f"{hashlib.sha256(uid.encode()).hexdigest()[:16]}:{record}:{moment}"[:120]


def exact(app: Application, automation: Automation) -> bool:
    """Whether it goes by the minute: a field of date and time, no time of day said, no working days."""
    field = app.entities[automation.entity].by_key.get(str(automation.when["date"]))
    instant = field is not None and app.schema.type_of(field).kind is Kind.INSTANT
    return instant and "time" not in automation.when and "working" not in str(automation.when.get("before") or automation.when.get("after") or "")


def span_of(automation: Automation) -> tuple[Span | None, bool]:
    """How long, and whether before."""
    text = automation.when.get("before") or automation.when.get("after")
    return (read(text) if text else None), "before" in automation.when


def moment_of(automation: Automation, value: datetime) -> datetime:
    """Of an exact one: when a value counts as reached."""
    span, before = span_of(automation)
    return value if span is None else value - span.length if before else value + span.length


def value_at(automation: Automation, moment: datetime) -> datetime:
    """Of an exact one: which value counts as reached at a moment."""
    span, before = span_of(automation)
    return moment if span is None else moment + span.length if before else moment - span.length


def at_day(automation: Automation, day: date, zone: ZoneInfo) -> datetime:
    """The moment of a day at which it looks."""
    hour, minute = str(automation.when.get("time") or MORNING).split(":")
    return first_instant(datetime.combine(day, datetime.min.time()) + timedelta(hours=int(hour), minutes=int(minute)), zone)


def days_at(automation: Automation, day: date, calendar: WorkingCalendar | None) -> list[date]:
    """The dates that count as reached on a day."""
    span, before = span_of(automation)
    if span is None:
        return [day]
    if span.unit != "working day":
        n = span.days or round(span.length / timedelta(days=1))
        return [day + timedelta(days=n if before else -n)]
    sign = 1 if before else -1
    near = (day + timedelta(days=sign * n) for n in range(1, span.n * 3 + _FAR))
    return [d for d in near if shifted(d, span.n, before, calendar) == day]


def shifted(day: date, n: int, before: bool, calendar: WorkingCalendar | None) -> date:
    """The n-th working day before or after a date."""
    for found in _away(day, before):
        off = found.weekday() >= 5 if calendar is None else calendar.is_off(found)
        n -= 0 if off else 1
        if n == 0:
            return found
    return day


def _away(day: date, before: bool) -> Iterator[date]:
    for ahead in range(1, 2_000):
        yield day + timedelta(days=-ahead if before else ahead)
