"""A promise of the metadata, compiled once per release: its expressions, what they read, whose records they follow from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from kernel.calendars.calendar import WorkingCalendar
from kernel.calendars.compiled import calendar_of
from kernel.expr import Expression
from kernel.expr.types import ErrorValue
from kernel.model.application import Application
from kernel.model.elements import Clock, ClockStep
from kernel.platform.releases import Release
from runtime.clocks.decide import Facts, Fault
from runtime.records.dependencies import Dependency, sources_of
from runtime.records.env import RecordEnv

# Nobody promises more: what a formula makes beyond it is a mistake.
MOST = timedelta(days=3660)
MOST_DAYS = 1000
_CONDITIONS = ("starts", "pauses", "done", "cancels")
_VALUES = ("from", "target", "days", "done_at")


@dataclass(frozen=True)
class Policy:
    """One promise. ``expressions`` by property, ``offsets`` by step; ``keys`` of the record's own that they read."""

    element: Clock
    app: Application
    expressions: Mapping[str, Expression]
    offsets: Mapping[str, Expression]
    keys: frozenset[str]

    @property
    def key(self) -> str:
        return self.element.key

    def facts(self, env: RecordEnv, calendar: str | None, *, under_way: bool = True) -> Facts:
        """What the record says. A formula that fails counts as not said, and is named. Where no clock is ``under_way`` and none
        starts, nothing else is asked."""
        faults: list[Fault] = []
        starts = self._value("starts", env, faults) is True
        if not starts and not under_way:
            return Facts(starts=False, faults=tuple(faults))
        done = self._value("done", env, faults) is True if "done" in self.expressions else not starts and not faults
        cancelled = self._value("cancels", env, faults) is True
        if (done or cancelled) and not under_way:
            return Facts(starts=starts, done=done, cancelled=cancelled)
        paused = self._value("pauses", env, faults) is True
        since, done_at = self._value("from", env, faults), self._value("done_at", env, faults) if done else None
        target, days = self._value("target", env, faults), self._value("days", env, faults)
        promised, whole = span(target), int(days) if isinstance(days, Decimal) and 0 <= days <= MOST_DAYS else None
        if (target is not None and promised is None) or (days is not None and whole is None):
            faults.append(Fault("target" if days is None else "days", "span"))
        return Facts(
            starts=starts, paused=paused, done=done, cancelled=cancelled, since=since if isinstance(since, datetime) else None,
            done_at=done_at if isinstance(done_at, datetime) else None, target=promised, days=whole, calendar=calendar, faults=tuple(faults))

    def _value(self, name: str, env: RecordEnv, faults: list[Fault]) -> Any:
        expression = self.expressions.get(name)
        found = None if expression is None else expression.evaluate(env)
        if isinstance(found, ErrorValue):
            faults.append(Fault(name, found.code))
            return None
        return found

    @cached_property
    def version(self) -> tuple[Any, ...]:
        """What makes it another promise: its wording for machines and the parameters it names, not its labels."""
        e = self.element
        names = {path[1] for expression in (*self.expressions.values(), *self.offsets.values()) for path in expression.reads if path[0] == "param" and len(path) > 1}
        steps = tuple((s.key, s.at, s.after, s.tell, s.urgency, s.similar) for s in e.steps)
        return (e.entity, e.starts, e.restarts, e.from_, e.target, e.days, e.counts, e.pauses, e.done, e.done_at, e.cancels, steps,
                tuple(sorted((name, repr(p.value)) for name in names if (p := self.app.parameters.get(name)) is not None)))

    def definition(self, env: RecordEnv) -> dict[str, Any]:
        """What a clock keeps of it: its steps with their offsets worked out, whose texts are looked up by uid."""
        steps = []
        for step in self.element.steps:
            after = self.offsets.get(step.key)
            offset = span(after.evaluate(env)) if after is not None else timedelta(0)
            steps.append({
                "key": step.key, "uid": step.uid, "at": step.at, "after": int((offset or timedelta(0)).total_seconds()), "tell": list(step.tell), "urgency": step.urgency,
                **({"similar": step.similar} if step.similar else {})})
        return {"steps": steps, "warn": self.element.warns_at}


def span(value: Any) -> timedelta | None:
    """A duration, or a number of seconds; None for anything else and for what is negative."""
    if isinstance(value, Decimal):
        value = timedelta(seconds=int(value)) if abs(value) <= MOST.total_seconds() else None
    return value if isinstance(value, timedelta) and timedelta(0) <= value <= MOST else None


class Policies:
    """The promises of an application. ``by_entity`` in their order; ``follows``: per entity, whose clocks follow from its records."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.by_entity: dict[str, tuple[Policy, ...]] = {
            entity: tuple(self._compile(element) for element in app.clocks_of(entity)) for entity in {c.entity for c in app.clocks}}

    def _compile(self, element: Clock) -> Policy:
        schema = self.app.schema
        found = {}
        for name in (*_CONDITIONS, *_VALUES):
            expression = schema.expression(element, name)
            if expression is not None:
                found[name] = expression
        offsets = {step.key: made for step in element.steps if step.after is not None and (made := schema.expression(step, "after")) is not None}
        keys = {path[0] for expression in found.values() for path in expression.reads}
        # Whose hours count follows from team and owner.
        return Policy(element, self.app, found, offsets, frozenset(keys | {"team", "owner"}))

    def find(self, entity: str, key: str) -> Policy | None:
        """The promise with this key on an entity."""
        return next((p for p in self.by_entity.get(entity, ()) if p.key == key), None)

    @cached_property
    def follows(self) -> Mapping[str, tuple[Dependency, ...]]:
        """What else the conditions read, walked backwards: entity of the changed record to the clocks that look at it."""
        return sources_of(self.app, [(p.element.entity, e) for policies in self.by_entity.values() for p in policies for e in p.expressions.values()])


def policies_of(app: Application) -> Policies:
    """The promises of an application; compiled once."""
    found: Policies | None = app.__dict__.get("_clock_policies")
    if found is None:
        found = app.__dict__["_clock_policies"] = Policies(app)
    return found


def calendar_by_key(release: Release, key: str | None, zone: ZoneInfo) -> WorkingCalendar | None:
    """The calendar a clock counts by; None: every second."""
    return None if key is None else calendar_of(release.application, key, zone)


def step_of(app: Application, uid: str) -> ClockStep | None:
    found = app.by_uid.get(uid)
    return found if isinstance(found, ClockStep) else None
