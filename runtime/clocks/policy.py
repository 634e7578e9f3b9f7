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
from runtime.clocks.decide import Facts
from runtime.records.dependencies import Dependency, sources_of
from runtime.records.env import RecordEnv

_CONDITIONS = ("starts", "pauses", "done", "cancels")
_VALUES = ("from", "target", "days", "done_at")


@dataclass(frozen=True)
class Policy:
    """One promise. ``expressions`` by property; ``keys`` of the record's own that they read."""

    element: Clock
    expressions: Mapping[str, Expression]
    keys: frozenset[str]

    @property
    def key(self) -> str:
        return self.element.key

    def holds(self, name: str, env: RecordEnv) -> bool:
        expression = self.expressions.get(name)
        return expression is not None and expression.evaluate(env) is True

    def value(self, name: str, env: RecordEnv) -> Any:
        expression = self.expressions.get(name)
        found = None if expression is None else expression.evaluate(env)
        return None if isinstance(found, ErrorValue) else found

    def facts(self, env: RecordEnv, calendar: str | None) -> Facts:
        """What the record says. A formula that fails counts as not said: of the target, nothing is promised then."""
        starts = self.holds("starts", env)
        since, done_at = self.value("from", env), self.value("done_at", env)
        target, days = self.value("target", env), self.value("days", env)
        return Facts(
            starts=starts, paused=self.holds("pauses", env), done=self.holds("done", env) if "done" in self.expressions else not starts,
            cancelled=self.holds("cancels", env), since=since if isinstance(since, datetime) else None, done_at=done_at if isinstance(done_at, datetime) else None,
            target=span(target), days=int(days) if isinstance(days, Decimal) and days >= 0 else None, calendar=calendar)

    def definition(self, env: RecordEnv) -> dict[str, Any]:
        """What a clock keeps of it: its steps with their offsets worked out, whose texts are looked up by uid."""
        schema = env.shape.app.schema
        steps = []
        for step in self.element.steps:
            after = schema.expression(step, "after") if step.after is not None else None
            offset = span(after.evaluate(env)) if after is not None else timedelta(0)
            steps.append({
                "key": step.key, "uid": step.uid, "at": step.at, "after": int((offset or timedelta(0)).total_seconds()), "tell": list(step.tell), "urgency": step.urgency})
        return {"steps": steps, "warn": self.element.warns_at}


def span(value: Any) -> timedelta | None:
    """A duration, or a number of seconds; None for anything else and for what is negative."""
    if isinstance(value, Decimal):
        value = timedelta(seconds=int(value))
    return value if isinstance(value, timedelta) and value >= timedelta(0) else None


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
        keys = {path[0] for expression in found.values() for path in expression.reads}
        # Whose hours count follows from team and owner.
        return Policy(element, found, frozenset(keys | {"team", "owner"}))

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
