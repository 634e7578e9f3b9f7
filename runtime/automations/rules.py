"""An application's automations, compiled once per release: which entity's writes they look at, their conditions, their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kernel.expr import Expression
from kernel.expr.types import Kind, Type
from kernel.model import acting
from kernel.model.application import Application
from kernel.model.elements import Automation, AutomationStep
from runtime.automations.program import Instruction, compiled


@dataclass(frozen=True)
class Rule:
    """One automation. ``condition``: its ``if``."""

    element: Automation
    condition: Expression | None
    program: tuple[Instruction, ...]

    waits_for: frozenset[str] = frozenset()
    """The record's own fields that its waits look at."""

    @property
    def uid(self) -> str:
        return self.element.uid


class Rules:
    """The automations of an application, in their order."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.all = tuple(self._compile(element) for element in sorted(app.automations, key=lambda a: (a.rank, a.uid)))
        self.by_uid: Mapping[str, Rule] = {rule.uid: rule for rule in self.all}
        self._by: dict[tuple[str, str], tuple[Rule, ...]] = {}
        for rule in self.all:
            trigger = "write" if rule.element.trigger in ("created", "changed", "step") else rule.element.trigger
            key = (rule.element.entity, trigger)
            self._by[key] = (*self._by.get(key, ()), rule)

    def of(self, entity: str, trigger: str) -> tuple[Rule, ...]:
        """Those of an entity with this trigger; ``write`` are created, changed and step together."""
        return self._by.get((entity, trigger), ())

    def about(self, entity: str) -> tuple[Rule, ...]:
        """Every automation that looks at this kind of record."""
        return tuple(rule for rule in self.all if rule.element.entity == entity)

    @cached_property
    def waits(self) -> bool:
        """Whether any of them waits for what a record says."""
        return any(rule.waits_for for rule in self.all)

    def waiting_for(self, entity: str) -> tuple[Rule, ...]:
        """Those of an entity that wait for what its records say."""
        return tuple(rule for rule in self.about(entity) if rule.waits_for)

    @cached_property
    def timed(self) -> tuple[Rule, ...]:
        """Those that wait for a moment."""
        return tuple(rule for rule in self.all if rule.element.trigger in ("every", "date"))

    def _compile(self, element: Automation) -> Rule:
        program = compiled(element.steps)
        schema = self.app.schema
        waits = [schema.expression(one.step, "until") for one in program if one.op == "wait" and one.step is not None and one.step.until is not None]
        return Rule(element, schema.expression(element, "if"), program, frozenset(path[0] for e in waits if e is not None for path in e.reads))


def rules_of(app: Application) -> Rules:
    """The automations of an application; compiled once."""
    found: Rules | None = app.__dict__.get("_automation_rules")
    if found is None:
        found = app.__dict__["_automation_rules"] = Rules(app)
    return found


def rule_of(app: Application, uid: str) -> Rule | None:
    """The automation with this uid in this release."""
    return rules_of(app).by_uid.get(uid) if app.automations else None


class Texts:
    """Formulas of a step as they stand, typed against the application of now: a run that waited over a release speaks of the fields there are.

    Raises ExpressionError for what no longer makes sense.
    """

    def __init__(self, app: Application, pinned: Application) -> None:
        self.app, self.pinned = app, pinned
        self._known: dict[tuple[str, str, str], Expression] = app.__dict__.setdefault("_automation_texts", {})

    def of(self, step: AutomationStep, name: str, text: str, expect: Type | None = None, scope: str = "automation") -> Expression:
        """The formula ``text`` of a step; ``name`` says where it stands."""
        key = (step.uid, f"{scope}:{name}:{expect.kind if expect else ''}:{expect.entity if expect and expect.kind is Kind.RECORD else ''}", text)
        if key not in self._known:
            from kernel.expr.check import check

            schema = self.app.schema
            place, outer = acting.places_of(self.pinned.schema, step)
            asker = acting.automation_of(self.pinned.schema, step)
            made: Any
            if scope == "automation":
                made = acting.steps_scope(schema, place, outer, asker)
            elif scope == "each":
                made = schema.scope("record", acting.target_of(schema, place, step.of), within=place)
            else:
                made = schema.scope("record", scope, within=place)
            self._known[key] = check(text, made, expect)
        return self._known[key]
