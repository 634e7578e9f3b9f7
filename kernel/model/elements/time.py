"""Kinds that promise something in time: working calendars and clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from kernel.model.elements.base import Element
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, Formula, Ref, prop

DAYS_OF_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = {"type": "string", "maxLength": 200}


@dataclass(frozen=True, kw_only=True)
class CalendarDay(Element):
    """Own days on top of week and public holidays: a day or a run of days, worked in other hours or off. Of several the last counts."""

    KIND: ClassVar[str] = "calendar_day"
    from_: str = prop(doc="First day.", schema={"type": "string", "format": "date"}, name="from")
    to: str | None = prop(None, doc="Last day; none: the first.", schema={"type": "string", "format": "date"})
    hours: str = prop("", doc="Hours worked then, like 09:00-12:00; none: off.", schema=HOURS)


@dataclass(frozen=True, kw_only=True)
class Calendar(Element):
    """When working time counts: hours per day of the week, public holidays with make-up days, own days on top."""

    KIND: ClassVar[str] = "calendar"
    SLOTS: ClassVar[Mapping[str, str]] = {"days": "calendar_day"}
    zone: str | None = prop(None, doc="Time zone such as Asia/Shanghai; none: the company's.", schema={"type": "string", "maxLength": 60})
    week: Mapping[str, str] = prop(
        doc="Hours per day, like mon: 09:00-12:00, 13:00-18:00; a day left out is off. A shift past midnight counts to the day it begins on.",
        schema={"type": "object", "propertyNames": {"enum": list(DAYS_OF_WEEK)}, "additionalProperties": HOURS, "minProperties": 1},
    )
    holidays: str | None = prop(None, doc="Country (and region) of the public holidays, such as CN or DE-BY.", schema={"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"})
    make_up: str | None = prop(None, doc="Hours of a day off that is worked in exchange for a holiday; none: as on the first worked day of the week.", schema=HOURS)
    default: bool = prop(False, doc="Counts where no team has a calendar of its own.", schema=BOOLEAN)
    days: tuple[CalendarDay, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClockStep(Element):
    """What happens at a moment of a clock: a warning before it is due, the breach, an escalation after it. Its label says what people read."""

    KIND: ClassVar[str] = "clock_step"
    at: float = prop(1, doc="Share of the target that has passed: 0.75 is a warning, 1 the breach.", schema={"type": "number", "minimum": 0, "maximum": 1})
    after: str | None = prop(None, doc="So long after that, in the time that the clock counts.", schema=EXPRESSION, formula=Formula(expects="any"))
    tell: tuple[str, ...] = prop(
        (), doc="Who is told: paths to people (owner, owner.manager, team.manager) or role:<key> for whoever has the role in the record's team or above.",
        schema={"type": "array", "maxItems": 20, "uniqueItems": True, "items": {"type": "string", "pattern": r"^(role:[a-z][a-z0-9_]*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*)$"}},
    )
    similar: str | None = prop(None, doc="What is told comes with records alike: a similarity by key.", schema=KEY, ref=Ref("similarity"))
    urgency: str = prop("normal", doc="low, normal, or high: high stands out on whatever page is open.", schema={"enum": ["low", "normal", "high"]})


@dataclass(frozen=True, kw_only=True)
class Clock(Element):
    """A promise with a clock on the records of an entity: what starts it, what pauses it, what keeps it, and how long it may take."""

    KIND: ClassVar[str] = "clock"
    SLOTS: ClassVar[Mapping[str, str]] = {"steps": "clock_step"}
    entity: str = prop(doc="Whose records.", schema=KEY, ref=Ref("entity"))
    starts: str = prop("TRUE", doc="It starts when this becomes true; by itself with the record.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    restarts: bool = prop(False, doc="Starts again each time that becomes true anew.", schema=BOOLEAN)
    from_: str | None = prop(None, doc="The moment from which it counts; none: when it starts.", schema=EXPRESSION, formula=Formula(expects="any"), name="from")
    target: str | None = prop(None, doc="How long it may take: a duration, or seconds.", schema=EXPRESSION, formula=Formula(expects="any"))
    days: str | None = prop(None, doc="Instead of a target: so many working days.", schema=EXPRESSION, formula=Formula(expects="any"))
    counts: str = prop(
        "team", doc="Which time counts: the hours of the record's team, the hours of its owner's team, elapsed (every minute), or a calendar by key.", schema=KEY)
    pauses: str | None = prop(None, doc="Time does not count while this holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    done: str | None = prop(None, doc="The promise is kept when this becomes true; none: when what started it no longer holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    done_at: str | None = prop(None, doc="The moment at which it was kept; none: when that became true.", schema=EXPRESSION, formula=Formula(expects="any"))
    cancels: str | None = prop(None, doc="The promise falls away when this becomes true.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    act: str | None = prop(
        None, doc="The one tap that keeps it: call:<phone field>, edit:<field>, step:<transition> or new:<entity that refers to this one>.",
        schema={"type": "string", "pattern": "^(call|edit|step|new):[a-z][a-z0-9_]*$"})
    steps: tuple[ClockStep, ...] = ()

    @cached_property
    def warns_at(self) -> float:
        """Share of the target from which it is shown as running out: the first step before the breach, else 0.75."""
        return min((s.at for s in self.steps if s.at < 1 and s.after is None), default=0.75)
