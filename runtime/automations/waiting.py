"""How long a run waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kernel.calendars.calendar import WorkingCalendar, first_instant
from kernel.calendars.reckon import NoWorkingTime, add_days
from kernel.errors import Conflict
from kernel.i18n import _
from kernel.model.elements import AutomationStep
from runtime.automations.spans import Span, read
from runtime.clocks import whose

if TYPE_CHECKING:
    from runtime.automations.stretch import Stretch

LOOK_AGAIN = timedelta(hours=1)
_FAR = timedelta(days=366)


def due(stretch: Stretch, step: AutomationStep) -> datetime | None:
    """When the wait is over at the latest; None: only when its condition holds. Raises Conflict."""
    now = stretch.base.now
    if step.working:
        return next_working(_calendar(stretch), now)
    if step.for_ is not None:
        return later(now, read(step.for_), _calendar(stretch) if "working" in step.for_ else None, ZoneInfo(stretch.base.tenant.zone))
    if step.takes is not None:
        found: Any = stretch.value(step, "takes", step.takes, stretch.env())
        amount = timedelta(seconds=int(found)) if isinstance(found, Decimal) else found
        if not isinstance(amount, timedelta) or amount < timedelta(0):
            raise Conflict(_("How long it waits is not a length of time."))
        return now + amount
    return None


def next_look(step: AutomationStep, end: datetime | None, now: datetime) -> datetime:
    """When to look again: at the end; a condition also from time to time, because not everything it reads tells of itself."""
    if step.until is None:
        return end or now
    soon = now + LOOK_AGAIN
    return min(end, soon) if end is not None else soon


def later(moment: datetime, span: Span, calendar: WorkingCalendar | None, zone: ZoneInfo) -> datetime:
    """A moment so much later: days keep the time of day, working days count by the calendar (without one by plain days)."""
    if span.unit == "working day" and calendar is not None:
        try:
            found = add_days(calendar, moment, span.n).due
        except NoWorkingTime as error:
            raise Conflict(error.message) from error
        return found or moment + timedelta(days=span.n)
    if span.days:
        wall = moment.astimezone(zone).replace(tzinfo=None) + timedelta(days=span.days)
        return first_instant(wall, zone)
    return moment + span.length


def next_working(calendar: WorkingCalendar | None, moment: datetime) -> datetime:
    """This moment if somebody works then, else when work begins again. Raises Conflict."""
    if calendar is None:
        return moment
    span = next(iter(calendar.spans(moment, moment + _FAR)), None)
    if span is None:
        raise Conflict(_("The calendar has no working time in the next year."))
    return max(span.start, moment)


def _calendar(stretch: Stretch) -> WorkingCalendar | None:
    return whose.of_team(stretch.base, stretch.record_env(stretch.env()).team)
