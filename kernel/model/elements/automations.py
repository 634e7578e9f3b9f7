"""Kinds that act by themselves: automations and their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from kernel.model.elements.base import FIELD_PATH, Element
from kernel.model.elements.data import Field
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, KEYS, LABELS, Formula, Ref, prop

TRIGGERS = ("created", "changed", "step", "clock", "every", "date", "button", "approval")
"""What can set an automation off; exactly one of them stands in ``when``."""

SPAN = {"type": "string", "pattern": r"^[1-9][0-9]{0,4} (second|minute|hour|day|working day|week)s?$"}
"""A length of time in words: 30 minutes, 2 working days."""

TIME = {"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9]$"}
RHYTHM = {"type": "string", "maxLength": 60}
PERSON = {"type": "string", "pattern": r"^(role:[a-z][a-z0-9_]*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*)$"}
PEOPLE = {"type": "array", "maxItems": 20, "uniqueItems": True, "items": PERSON}

WHEN = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "created": {"const": True},
        "changed": {**KEYS, "minItems": 1},
        "step": {"anyOf": [KEY, {**KEYS, "minItems": 1}]},
        "clock": KEY,
        "at": KEY,
        "every": RHYTHM,
        "calendar": KEY,
        "date": FIELD_PATH,
        "before": SPAN,
        "after": SPAN,
        "time": TIME,
        "button": {"const": True},
        "roles": KEYS,
        "states": KEYS,
        "approval": {"enum": ["approved", "declined", "returned", "withdrawn"]},
    },
}

VALUES = {"type": "object", "maxProperties": 100, "additionalProperties": EXPRESSION}


@dataclass(frozen=True, kw_only=True)
class AutomationStep(Element):
    """One step of an automation. Its label says in words what it does; which properties count follows from ``do``."""

    KIND: ClassVar[str] = "automation_step"
    SLOTS: ClassVar[Mapping[str, str]] = {"steps": "automation_step", "otherwise": "automation_step"}
    do: str = prop(
        doc="What it does: set fields, create a record, link records, take a step (transition), assign, notify, comment, webhook, wait, branch, each, stop.",
        schema={"enum": ["set", "create", "link", "transition", "assign", "notify", "comment", "webhook", "wait", "branch", "each", "stop"]})
    if_: str | None = prop(None, doc="It is left out unless this holds; of a branch: what decides.", schema=EXPRESSION, formula=Formula("automation", expects="boolean"), name="if")
    of: str | None = prop(
        None, doc="The record it is about, by a path from the record at hand; none: that one. Of each: the records or rows to go through.", schema=FIELD_PATH,
        ref=Ref("field", "entity", path=True))
    # set, create, transition
    entity: str | None = prop(None, doc="Create: what is made.", schema=KEY, ref=Ref("entity"))
    fields: Mapping[str, str] = prop({}, doc="Set, create, transition: fields and the formulas of their values. Create also takes owner and team. Webhook: what is sent.", schema=VALUES)
    # link
    field: str | None = prop(None, doc="Link: the field that refers to other records.", schema=KEY)
    to: str | None = prop(None, doc="Link: the record to refer to. Assign: to whom, instead of a rule.", schema=EXPRESSION, formula=Formula("automation"))
    remove: bool = prop(False, doc="Link: take the reference away instead.", schema=BOOLEAN)
    # transition
    step: str | None = prop(None, doc="Transition: the step to take. One that needs approval asks for it.", schema=KEY)
    asks: Mapping[str, str] = prop({}, doc="Transition: answers to what the step asks, as formulas.", schema=VALUES)
    # assign
    by: str = prop("turns", doc="Assign: turns (one after the other), load (who has least), first (the first that fits).", schema={"enum": ["turns", "load", "first"]})
    among: str | None = prop(None, doc="Assign: among whom, role:<key>.", schema={"type": "string", "pattern": r"^role:[a-z][a-z0-9_]*$"})
    within: str = prop("team", doc="Assign: of the record's team, of it and the teams below, of the nearest team upwards that has somebody, or anywhere.",
                       schema={"enum": ["team", "below", "chain", "anywhere"]})
    fits: str | None = prop(None, doc="Assign: who fits, a formula over the person; the record is `this`.", schema=EXPRESSION, formula=Formula("candidate", expects="boolean"))
    team: str | None = prop(
        None, doc="Assign: the record's team by territory, a formula over the team; the record is `this`. The first team counts.", schema=EXPRESSION,
        formula=Formula("territory", expects="boolean"))
    load: str | None = prop(
        None, doc="Assign by load: which of a person's records count; none: those that are open.", schema=EXPRESSION, formula=Formula(expects="boolean", sql=True))
    else_: str | None = prop(None, doc="Assign: a path to whoever gets it when nobody is found.", schema=FIELD_PATH, ref=Ref("field", "entity", path=True), name="else")
    # notify, comment
    who: tuple[str, ...] = prop((), doc="Notify: paths to people (owner, owner.manager) or role:<key>, near the record's team.", schema=PEOPLE)
    text: Mapping[str, str] = prop({}, doc="Notify, comment: the words, per language, with {field} where a value stands.", schema=LABELS)
    urgency: str = prop("normal", doc="Notify: low, normal, or high: high stands out on whatever page is open.", schema={"enum": ["low", "normal", "high"]})
    # webhook
    target: str | None = prop(None, doc="Webhook: the name of a connection that administrators keep; a package carries no address.", schema={"type": "string", "maxLength": 100})
    event: str | None = prop(None, doc="Webhook: what it is called; none: the key of the automation.", schema={"type": "string", "pattern": "^[a-z][a-z0-9_.]{0,99}$"})
    # wait
    for_: str | None = prop(None, doc="Wait: so long, like 2 working days.", schema=SPAN, name="for")
    takes: str | None = prop(None, doc="Wait: so long, as a formula: a duration, or seconds.", schema=EXPRESSION, formula=Formula("automation"))
    working: bool = prop(False, doc="Wait: until somebody works again, by the calendar of the record's team.", schema=BOOLEAN)
    until: str | None = prop(None, doc="Wait: until this holds; then `for` is the longest it waits.", schema=EXPRESSION, formula=Formula("automation", expects="boolean"))
    # each
    where: str | None = prop(None, doc="Each: only those for which this holds.", schema=EXPRESSION, formula=Formula("each", expects="boolean"))
    steps: tuple[AutomationStep, ...] = ()
    otherwise: tuple[AutomationStep, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Automation(Element):
    """Something the product does by itself: what sets it off, under which condition, and its steps. Its help says why it is there."""

    KIND: ClassVar[str] = "automation"
    SLOTS: ClassVar[Mapping[str, str]] = {"asks": "field", "steps": "automation_step"}
    entity: str = prop(doc="Whose records.", schema=KEY, ref=Ref("entity"))
    when: Mapping[str, Any] = prop(
        doc="What sets it off, one of: created, changed (fields), step (a transition), clock with at, every (a rhythm) with calendar, date with before or after and time, "
            "button with roles and states, approval.",
        schema=WHEN)
    if_: str | None = prop(None, doc="Only when this holds; `old` is the record as it was before.", schema=EXPRESSION, formula=Formula("trigger", expects="boolean"), name="if")
    where: str | None = prop(
        None, doc="With every: for each record that fits; none: once, for no record.", schema=EXPRESSION, formula=Formula(expects="boolean", sql=True))
    also: tuple[str, ...] = prop((), doc="Set off by imports or hand-overs, too.", schema={"type": "array", "uniqueItems": True, "items": {"enum": ["import", "hand_over"]}})
    asks: tuple[Field, ...] = ()
    steps: tuple[AutomationStep, ...] = ()

    @property
    def trigger(self) -> str:
        """Which of the triggers it has; empty where none is said."""
        return next((name for name in TRIGGERS if name in self.when), "")

    @property
    def takes_steps(self) -> tuple[str, ...]:
        """The transitions that set it off."""
        found = self.when.get("step") or ()
        return (found,) if isinstance(found, str) else tuple(found)
