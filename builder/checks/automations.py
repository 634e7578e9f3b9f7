"""Automations: each has a trigger that there is, steps that can be carried out, formulas that fit, and people who can be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.checks.finding import Finding
from builder.checks.formulas import said
from builder.checks.place import Place
from builder.checks.references import missing
from kernel import fieldtypes
from kernel.calendars import rhythm
from kernel.expr.check import check as typed
from kernel.expr.core import Field as Read
from kernel.expr.findings import ExpressionError
from kernel.expr.types import ANY, Kind, Type
from kernel.i18n import _
from kernel.model import acting
from kernel.model.elements import Automation, AutomationStep, Field
from kernel.model.elements.automations import TRIGGERS

_COMPANIONS: Mapping[str, frozenset[str]] = {
    "clock": frozenset({"at"}), "every": frozenset({"calendar"}), "date": frozenset({"before", "after", "time", "calendar"}),
    "button": frozenset({"roles", "states"}), "approval": frozenset(),
}
_USES: Mapping[str, frozenset[str]] = {
    "set": frozenset({"of", "fields"}), "create": frozenset({"entity", "fields"}), "link": frozenset({"of", "field", "to", "remove"}),
    "transition": frozenset({"of", "step", "fields", "asks"}), "assign": frozenset({"to", "by", "among", "within", "fits", "team", "load", "else"}),
    "webhook": frozenset({"of", "target", "event", "fields"}), "notify": frozenset({"of", "who", "text", "urgency"}), "comment": frozenset({"of", "text"}),
    "wait": frozenset({"for", "takes", "working", "until"}),
    "branch": frozenset(), "each": frozenset({"of", "where"}), "stop": frozenset(),
}
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "set": ("fields",), "create": ("entity", "fields"), "link": ("field", "to"), "transition": ("step",), "notify": ("who", "text"), "webhook": ("target",), "comment": ("text",),
    "branch": ("if",), "each": ("of",),
}
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)\}")
_OWN = frozenset({"title", "who", "detail"})
_ALWAYS = frozenset({"do", "if", "labels", "help", "aliases"})


def check(place: Place) -> Iterable[Finding]:
    """Every automation by itself; how they set each other off is the loops' check."""
    for automation in place.application.automations:
        if place.schema.exists(automation.entity):
            yield from _trigger(place, automation)
            if not automation.steps:
                yield place.find(automation, "no_steps", "steps", _("“{label}” does nothing.", label=automation.label), _("Give it at least one step."))
            yield from _steps(place, automation.steps)


def _trigger(place: Place, automation: Automation) -> Iterator[Finding]:
    when, schema, entity = automation.when, place.schema, automation.entity
    named = [name for name in TRIGGERS if name in when]
    if len(named) != 1:
        yield place.find(
            automation, "trigger", "when", _("“{label}” must have one trigger.", label=automation.label), _("Say one of: {names}.", names=", ".join(TRIGGERS)))
        return
    trigger = named[0]
    for name in sorted(set(when) - {trigger} - _COMPANIONS.get(trigger, frozenset())):
        yield place.find(automation, "useless_key", f"when.{name}", _("“{name}” has no effect here.", name=name), severity="warning")
    match trigger:
        case "changed":
            known = [*schema.fields(entity), "owner", "team", "state"]
            for name in when["changed"]:
                if name not in known:
                    yield missing(place, automation, "when.changed", "field", name, known)
        case "step":
            steps = [s.key for m in place.application.machines_of(entity) for s in m.transitions]
            for name in automation.takes_steps:
                if name not in steps:
                    yield missing(place, automation, "when.step", "transition", name, steps)
        case "clock":
            clocks = {c.key: c for c in place.application.clocks_of(entity)}
            if when["clock"] not in clocks:
                yield missing(place, automation, "when.clock", "clock", when["clock"], clocks)
            elif "at" in when and when["at"] not in (points := [s.key for s in clocks[when["clock"]].steps]):
                yield missing(place, automation, "when.at", "clock_step", when["at"], points)
        case "every":
            try:
                rhythm.read(when["every"])
            except ValueError:
                yield place.find(
                    automation, "rhythm", "when.every", _("“{text}” is no rhythm.", text=when["every"]),
                    _("Write it like one of these: mon,thu 09:00 · day 18:00 · workday 09:00 · month 1 09:00 · month last 18:00 · hour · 15 minutes."))
        case "date":
            yield from _date(place, automation)
        case "button":
            states = [s.key for m in place.application.machines_of(entity) if m.first for s in m.states]
            for kind, found, known in (("role", when.get("roles", ()), list(place.application.roles)), ("state", when.get("states", ()), states)):
                for name in found:
                    if name not in known:
                        yield missing(place, automation, f"when.{kind}s", kind, name, known)
        case "approval":
            if not any(s.approvals for m in place.application.machines_of(entity) for s in m.transitions):
                yield place.find(automation, "no_approval", "when.approval", _("No step of these records needs approval."))
    if "calendar" in when and when["calendar"] not in (*place.application.calendars, "default"):
        yield missing(place, automation, "when.calendar", "calendar", when["calendar"], place.application.calendars)
    for prop, wanted in (("where", "every"), ("asks", "button")):
        if getattr(automation, prop) and trigger != wanted:
            yield place.find(automation, "useless_key", prop, _("“{name}” has no effect here.", name=prop), severity="warning")


def _date(place: Place, automation: Automation) -> Iterator[Finding]:
    when = automation.when
    field = place.schema.find_field(automation.entity, when["date"])
    found = place.schema.type_of(field) if field is not None else None
    if field is None or found is None:
        yield missing(place, automation, "when.date", "field", when["date"], place.schema.fields(automation.entity))
        return
    if found.kind not in (Kind.DATE, Kind.INSTANT) or not fieldtypes.of(field).columns(field, place.schema):
        yield place.find(automation, "wrong_type", "when.date", _("“{label}” is not a date that is stored.", label=field.label))
    if "before" in when and "after" in when:
        yield place.find(automation, "trigger", "when.after", _("Say either “before” or “after”."))


def _steps(place: Place, steps: Iterable[AutomationStep]) -> Iterator[Finding]:
    for step in steps:
        yield from _shape(place, step)
        at, outer = acting.places_of(place.schema, step)
        if at is None or not place.schema.exists(at):
            continue
        yield from _by_kind(place, step, at)
        yield from _values(place, step, at, outer)
        yield from _people(place, step, at)
        yield from _words(place, step, at)
        yield from _steps(place, (*step.steps, *step.otherwise))


def _shape(place: Place, step: AutomationStep) -> Iterator[Finding]:
    given = set(place.tree[step.uid].props) - _ALWAYS
    for name in sorted(given - _USES[step.do]):
        yield place.find(step, "useless_key", name, _("“{name}” has no effect here.", name=name), severity="warning")
    for name in _NEEDS.get(step.do, ()):
        if name not in given | ({"if"} if step.if_ else set()):
            yield place.find(step, "missing", name, _("“{name}” is missing.", name=name))
    if step.do in ("branch", "each"):
        if not step.steps:
            yield place.find(step, "no_steps", "steps", _("“{label}” does nothing.", label=step.label), _("Give it at least one step."))
    elif step.steps or step.otherwise:
        yield place.find(step, "useless_key", "steps", _("“{name}” has no effect here.", name="steps"), severity="warning")
    if step.do == "wait" and not (step.for_ or step.takes or step.working or step.until):
        yield place.find(step, "missing", "for", _("“{name}” is missing.", name="for"), _("Say how long it waits, or until what holds."))
    if step.do == "assign" and not (step.to or step.among or step.team):
        yield place.find(step, "missing", "among", _("“{name}” is missing.", name="among"), _("Say among whom it is handed out, or to whom it goes."))


def _by_kind(place: Place, step: AutomationStep, at: str) -> Iterator[Finding]:
    schema = place.schema
    target = acting.target_of(schema, at, step.of)
    if step.do == "each" and step.of is not None:
        found = schema.type_at(at, step.of.split("."))
        if found is not None and found.kind is not Kind.ROWS:
            yield place.find(step, "no_rows", "of", _("“{name}” is not several records or rows.", name=step.of), _("Name rows of a sub-form, or a field that refers to many."))
    if target is None:
        return  # said by the references' check
    if step.do == "transition" and target in place.application.entities and step.step is not None:
        steps = {s.key: s for m in place.application.machines_of(str(target)) for s in m.transitions}
        if step.step not in steps:
            yield missing(place, step, "step", "transition", step.step, steps)
        else:
            answered = {f.key: f for f in steps[step.step].asks}
            for key, asked in answered.items():
                if asked.required and key not in step.asks and asked.default is None:
                    yield place.find(step, "missing", "asks", _("The step asks “{label}”; answer it.", label=asked.label))
            for key in step.asks:
                if key not in answered:
                    yield missing(place, step, f"asks.{key}", "field", key, answered)
    if step.do == "link" and step.field is not None:
        field = schema.find_field(str(target), step.field)
        if field is None or field.type not in ("reference", "references", "user", "team"):
            yield missing(place, step, "field", "field", step.field, [k for k, f in schema.fields(str(target)).items() if f.type in ("reference", "references", "user", "team")])
    if step.do == "assign" and step.among is not None and step.among.removeprefix("role:") not in place.application.roles:
        yield missing(place, step, "among", "role", step.among.removeprefix("role:"), place.application.roles)


def _values(place: Place, step: AutomationStep, at: str, outer: str | None) -> Iterator[Finding]:
    schema = place.schema
    entity = step.entity if step.do == "create" else acting.target_of(schema, at, step.of)
    if entity is None or not schema.exists(entity):
        return
    scope = acting.steps_scope(schema, at, outer, acting.automation_of(schema, step))
    for key, text in step.fields.items():
        path = f"fields.{key}"
        if step.do == "webhook":
            yield from _formula(place, step, path, text, scope, None)
            continue
        field = schema.find_field(entity, key)
        if field is None:
            if step.do == "create" and key in ("owner", "team"):
                yield from _formula(place, step, path, text, scope, schema.member(entity, key).type)  # type: ignore[union-attr]
            else:
                hint = _("Owner and team change by “do: assign”.") if key in ("owner", "team") else None
                found = missing(place, step, path, "field", key, schema.fields(entity))
                yield place.find(step, found.code, path, found.message, hint) if hint else found
            continue
        yield from _field(place, step, path, text, scope, field)
    asked = {f.key: f for m in place.application.machines_of(entity) for s in m.transitions if s.key == step.step for f in s.asks}
    for key, text in step.asks.items():
        if key in asked:
            yield from _field(place, step, f"asks.{key}", text, scope, asked[key])


def _field(place: Place, step: AutomationStep, path: str, text: str, scope: Any, field: Field) -> Iterator[Finding]:
    type_ = fieldtypes.find(field.type)
    if type_ is not None and not type_.writable:
        yield place.find(step, "not_writable", path, _("“{label}” can't be set: the platform works it out.", label=field.label))
        return
    wanted = place.schema.type_of(field)
    yield from _formula(place, step, path, text, scope, None if wanted.kind is ANY.kind else wanted)


def _formula(place: Place, step: AutomationStep, path: str, text: str, scope: Any, wanted: Type | None) -> Iterator[Finding]:
    try:
        if wanted is not None and wanted.kind is Kind.RECORD:
            core = typed(text, scope, None).core
            if isinstance(core, Read) and core.path[-1] == "id":
                return
        typed(text, scope, wanted)
    except ExpressionError as error:
        yield from said(place, step, path, error)


def _people(place: Place, step: AutomationStep, at: str) -> Iterator[Finding]:
    head = at.partition(".")[0]
    names = [(f"who.{i}", name) for i, name in enumerate(step.who)] + ([("else", step.else_)] if step.else_ else [])
    for path, name in names:
        if name.startswith("role:"):
            if name.removeprefix("role:") not in place.application.roles:
                yield missing(place, step, path, "role", name.removeprefix("role:"), place.application.roles)
            continue
        found = place.schema.type_at(head, tuple(name.split(".")))
        if found is None and path != "else":
            yield missing(place, step, path, "field", name, [m.key for m in place.schema.members(head)])
        elif found is not None and found.entity != "person":
            yield place.find(
                step, "no_person", path, _("“{name}” is not a person.", name=name), _("Name a path that ends with somebody, such as owner or owner.manager."))


def _words(place: Place, step: AutomationStep, at: str) -> Iterator[Finding]:
    entity = acting.target_of(place.schema, at.partition(".")[0], step.of) or at
    for language, text in step.text.items():
        for key in _SLOT.findall(text):
            if step.do == "notify" and (key in _OWN or place.schema.type_at(entity, key.split(".")) is not None):
                continue
            if place.schema.find_field(entity, key) is None:
                yield missing(place, step, f"text.{language}", "field", key, place.schema.fields(entity))
