"""Promises with a clock: something is promised, it can end, it counts by a calendar there is, and somebody can be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import missing
from kernel.expr.core import Const
from kernel.expr.findings import ExpressionError
from kernel.expr.types import Kind
from kernel.i18n import _
from kernel.model.elements import Clock, ClockStep

_MOMENTS = frozenset({Kind.INSTANT})
_SPANS = frozenset({Kind.DURATION, Kind.NUMBER})
_WANTED = {"from": _MOMENTS, "done_at": _MOMENTS, "target": _SPANS, "days": frozenset({Kind.NUMBER}), "after": _SPANS}


def check(place: Place) -> Iterable[Finding]:
    """Every promise by itself."""
    for clock in place.application.clocks:
        if place.schema.exists(clock.entity):
            yield from _clock(place, clock)


def _clock(place: Place, clock: Clock) -> Iterator[Finding]:
    if (clock.target is None) is (clock.days is None):
        yield place.find(
            clock, "target", "target", _("“{label}” must say how long it may take: a target, or working days.", label=clock.label), _("Give one of “target” and “days”."))
    if clock.counts not in ("team", "owner", "elapsed", *place.application.calendars):
        yield missing(place, clock, "counts", "calendar", clock.counts, ["team", "owner", "elapsed", *place.application.calendars])
    if clock.counts != "elapsed" and not place.application.calendars:
        yield place.find(
            clock, "no_calendar", "counts", _("“{label}” counts working time, but there is no working calendar.", label=clock.label),
            _("Add a calendar, or let it count every minute: “counts: elapsed”."), severity="warning")
    if clock.days is not None and clock.counts == "elapsed":
        yield place.find(clock, "days_elapsed", "days", _("Working days need a calendar."), _("Let it count by team, by owner or by a calendar."))
    for name in ("starts", "from", "target", "days", "pauses", "done", "done_at", "cancels"):
        yield from _formula(place, clock, name)
    if _always(place, clock, "done", False) or (clock.done is None and _always(place, clock, "starts", True)):
        yield place.find(
            clock, "never_kept", "done", _("Nothing ever keeps the promise “{label}”: each of its clocks is broken some day.", label=clock.label),
            _("Say in “done” what keeps it."), severity="warning")
    yield from _act(place, clock)
    for step in clock.steps:
        yield from _formula(place, step, "after")
        yield from _people(place, clock, step)


def _formula(place: Place, element: Clock | ClockStep, name: str) -> Iterator[Finding]:
    try:
        found = place.schema.expression(element, name)
    except ExpressionError:
        return  # said by the formulas' check
    if found is None:
        return
    if found.volatile:
        yield place.find(
            element, "moves_with_time", name, _("What a clock looks at must not move with time alone (TODAY, NOW): nothing would tell it."),
            _("Let a step after the target do what shall happen later."))
    if name in _WANTED and found.type.kind not in _WANTED[name] | {Kind.ANY, Kind.BLANK}:
        wanted = _("a date and time") if _WANTED[name] is _MOMENTS else _("a number") if name == "days" else _("a duration, or a number of seconds")
        yield place.find(element, "wrong_type", name, _("Here {wanted} is needed.", wanted=wanted))


def _act(place: Place, clock: Clock) -> Iterator[Finding]:
    """The one tap leads somewhere."""
    verb, _colon, key = (clock.act or "").partition(":")
    entity = place.application.entities[clock.entity]
    if verb == "step":
        steps = [t.key for m in place.application.machines_of(clock.entity) for t in m.transitions]
        if key not in steps:
            yield missing(place, clock, "act", "transition", key, steps)
    elif verb == "new":
        fitting = [e.key for e in place.application.entities.values() if any(f.type == "reference" and f.settings.get("to") == clock.entity for f in e.fields)]
        if key not in fitting:
            yield missing(place, clock, "act", "entity", key, fitting)
    elif verb in ("call", "edit"):
        fields = [f.key for f in entity.fields if verb == "edit" or f.type == "phone"]
        if key not in fields:
            yield missing(place, clock, "act", "field", key, fields)


def _always(place: Place, clock: Clock, name: str, value: bool) -> bool:
    try:
        found = place.schema.expression(clock, name)
    except ExpressionError:
        return False
    return found is not None and isinstance(found.core, Const) and found.core.value is value


def _people(place: Place, clock: Clock, step: ClockStep) -> Iterator[Finding]:
    for index, name in enumerate(step.tell):
        path = f"tell.{index}"
        if name.startswith("role:"):
            role = name.removeprefix("role:")
            if role not in place.application.roles:
                yield missing(place, step, path, "role", role, place.application.roles)
            continue
        found = place.schema.type_at(clock.entity, tuple(name.split(".")))
        if found is None:
            yield missing(place, step, path, "field", name, [m.key for m in place.schema.members(clock.entity)])
        elif found.entity != "person":
            yield place.find(
                step, "no_person", path, _("“{name}” is not a person.", name=name), _("Name a path that ends with somebody, such as owner or owner.manager."))
