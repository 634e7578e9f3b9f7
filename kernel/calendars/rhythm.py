"""When something happens again and again: ``mon,thu 09:00``, ``day 18:30``, ``workday 09:00``, ``month 1 09:00``, ``month last 18:00``, ``hour``, ``15 minutes``. Pure."""

from __future__ import annotations

import calendar as months
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kernel.calendars.calendar import WorkingCalendar, first_instant

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])"
_DAILY = re.compile(rf"(day|workday|(?:{'|'.join(DAYS)})(?:,(?:{'|'.join(DAYS)}))*) {_TIME}")
_MONTHLY = re.compile(rf"month ([1-9]|[12][0-9]|3[01]|last) {_TIME}")
_MINUTES = re.compile(r"(5|10|15|20|30) minutes")
# How far ahead is looked for a day that counts.
_FAR = 800


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``days``: days of the week (0 is Monday), None: every; ``of_month``: a day of the month, 0 the last; ``minutes``: instead of a time of day."""

    at: int = 0
    days: frozenset[int] | None = None
    worked: bool = False
    of_month: int | None = None
    minutes: int | None = None

    def after(self, moment: datetime, zone: ZoneInfo, calendar: WorkingCalendar | None) -> datetime | None:
        """The first time after a moment; None where there is none within two years. A time that a clock change skips is the first valid moment."""
        if self.minutes is not None:
            size = self.minutes * 60
            return datetime.fromtimestamp((int(moment.timestamp()) // size + 1) * size, UTC)
        on = moment.astimezone(zone).date()
        for ahead in range(_FAR):
            day = on + timedelta(days=ahead)
            if self._counts(day, calendar):
                found = first_instant(datetime.combine(day, time(self.at // 60, self.at % 60)), zone)
                if found > moment:
                    return found
        return None

    def _counts(self, day: date, calendar: WorkingCalendar | None) -> bool:
        if self.of_month is not None:
            last = months.monthrange(day.year, day.month)[1]
            return day.day == (last if self.of_month == 0 else min(self.of_month, last))
        if self.worked:
            return day.weekday() < 5 if calendar is None else not calendar.is_off(day)
        return self.days is None or day.weekday() in self.days


def read(text: str) -> Rhythm:
    """A rhythm as it is written. Raises ValueError."""
    if text == "hour":
        return Rhythm(minutes=60)
    found = _MINUTES.fullmatch(text)
    if found:
        return Rhythm(minutes=int(found[1]))
    found = _MONTHLY.fullmatch(text)
    if found:
        return Rhythm(int(found[2]) * 60 + int(found[3]), of_month=0 if found[1] == "last" else int(found[1]))
    found = _DAILY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    at = int(found[2]) * 60 + int(found[3])
    if found[1] in ("day", "workday"):
        return Rhythm(at, worked=found[1] == "workday")
    return Rhythm(at, frozenset(DAYS.index(name) for name in found[1].split(",")))
