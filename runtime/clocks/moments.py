"""When the steps of a clock are due, and which of them are still to come. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kernel.calendars.calendar import WorkingCalendar
from kernel.calendars.reckon import add
from runtime.clocks.decide import PAUSED
from runtime.clocks.rows import ClockRow

# Every clock has a breach, whether somebody is told of it or not.
BREACH = "#breach"


@dataclass(frozen=True, slots=True)
class Moment:
    """A step and when it is due."""

    key: str
    at: datetime
    step: dict[str, Any]

    @property
    def breach(self) -> bool:
        return bool(self.step["at"] == 1 and not self.step["after"])


def moments(row: ClockRow, calendar: WorkingCalendar | None) -> list[Moment]:
    """Every step of the present plan in order; none while the clock is paused."""
    if row.state == PAUSED:
        return []
    steps = [dict(step) for step in row.definition["steps"]]
    if not any(step["at"] == 1 and not step["after"] for step in steps):
        steps.append({"key": BREACH, "uid": "", "at": 1, "after": 0, "tell": [], "urgency": "normal"})
    found = []
    for step in steps:
        amount = timedelta(seconds=int(row.target.total_seconds() * step["at"])) + timedelta(seconds=step["after"])
        due = add(calendar, row.started_at, amount, row.pauses).due
        if due is not None:
            found.append(Moment(step["key"], due, step))
    return sorted(found, key=lambda m: (m.at, m.step["at"], m.step["after"]))


def pending(row: ClockRow, calendar: WorkingCalendar | None) -> list[Moment]:
    """Steps of this plan that have not been carried out."""
    done = {f["step"] for f in row.fired if f["generation"] == row.generation}
    return [m for m in moments(row, calendar) if m.key not in done]


def carried(row: ClockRow, calendar: WorkingCalendar | None, now: datetime) -> tuple[dict[str, Any], ...]:
    """For a new plan: steps that were carried out before and whose moment is past by the new plan, too. They don't happen twice."""
    before = {f["step"] for f in row.fired if f["generation"] < row.generation}
    return tuple(
        {"step": m.key, "generation": row.generation, "at": m.at.isoformat(), "carried": True} for m in moments(row, calendar) if m.key in before and m.at <= now)
