"""The calendars of an application as values that reckon; made once per application and zone."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from kernel.calendars.calendar import Exception_, WorkingCalendar
from kernel.calendars.hours import parse
from kernel.model.application import Application
from kernel.model.elements import DAYS_OF_WEEK, Calendar


def calendar_of(application: Application, key: str | None, zone: ZoneInfo) -> WorkingCalendar | None:
    """The calendar with this key, the default one for None or a key that is gone; None when the application has none.

    ``zone`` is the company's, for calendars that name none.
    """
    element = application.calendars.get(key) if key else None
    element = element or application.default_calendar
    if element is None:
        return None
    known = application.__dict__.setdefault("_working", {})
    found = known.get((element.key, zone.key))
    if found is None:
        found = known[(element.key, zone.key)] = compile_calendar(element, zone)
    return found  # type: ignore[no-any-return]


def compile_calendar(element: Calendar, zone: ZoneInfo) -> WorkingCalendar:
    """A calendar element that passed the checks, as a value. Raises Invalid for hours that can't be read."""
    days = [
        Exception_(date.fromisoformat(own.from_), date.fromisoformat(own.to or own.from_), parse(own.hours), dict(own.labels)) for own in element.days]
    return WorkingCalendar(
        element.key, ZoneInfo(element.zone) if element.zone else zone, [parse(element.week.get(day, "")) for day in DAYS_OF_WEEK],
        holidays=element.holidays, make_up=None if element.make_up is None else parse(element.make_up), exceptions=days)
