"""Working calendars: hours that can be read, days that exist, some working time at all."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.calendars import country, hours
from kernel.errors import Invalid
from kernel.i18n import _
from kernel.model.elements import Calendar, Element


def check(place: Place) -> Iterable[Finding]:
    """Every calendar by itself, then that at most one is the default."""
    calendars = list(place.application.calendars.values())
    for calendar in calendars:
        yield from _calendar(place, calendar)
    for other in [c for c in calendars if c.default][1:]:
        yield place.find(other, "two_defaults", "default", _("Two calendars are the default one."), _("Leave it to one of them."))


def _calendar(place: Place, calendar: Calendar) -> Iterator[Finding]:
    if calendar.zone is not None:
        try:
            ZoneInfo(calendar.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield place.find(calendar, "unknown_zone", "zone", _("There is no time zone “{name}”.", name=calendar.zone), _("Use a name such as Asia/Shanghai."))
    worked = False
    for day, text in calendar.week.items():
        unreadable = yield from _hours(place, calendar, f"week.{day}", text)
        worked = worked or unreadable or bool(text.strip())
    if calendar.make_up is not None:
        yield from _hours(place, calendar, "make_up", calendar.make_up)
    if calendar.holidays is not None:
        try:
            country.year_of(*_country(calendar.holidays))
        except Invalid as error:
            for problem in error.problems:
                yield place.find(calendar, "unknown_country", "holidays", problem.message, problem.hint)
    for own in calendar.days:
        if own.to is not None and own.to < own.from_:
            yield place.find(own, "ends_before", "to", _("It ends before it begins."), _("Choose a last day that is not before the first."))
        yield from _hours(place, own, "hours", own.hours)
    if not worked:
        yield place.find(calendar, "no_working_time", "week", _("Nobody ever works by this calendar: what counts by it would never be due."), _("Give at least one day its hours."))


def _country(text: str) -> tuple[str, int, str | None]:
    name, _dash, part = text.partition("-")
    return name, 2026, part or None


def _hours(place: Place, element: Element, path: str, text: str) -> Generator[Finding, None, bool]:
    """What is wrong with these hours; returns whether something is."""
    try:
        hours.parse(text)
    except Invalid as error:
        for problem in error.problems:
            yield place.find(element, problem.code, path, problem.message, problem.hint)
        return True
    return False
