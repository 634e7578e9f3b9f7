"""What the formulas of automations may name: the record at hand, and inside of an "each" the record from which it was reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.expr.scope import Scope
from kernel.expr.types import Kind, record
from kernel.model.elements import Automation, AutomationStep, Element
from kernel.model.props import Formula

if TYPE_CHECKING:
    from kernel.model.schema import AppSchema

SCOPES = frozenset({"trigger", "automation", "candidate", "territory", "each"})


def automation_of(schema: AppSchema, element: Element) -> Automation | None:
    """The automation that an element stands in."""
    node = schema.application.tree.get(element.uid)
    while node is not None:
        found = schema.application.by_uid.get(node.uid)
        if isinstance(found, Automation):
            return found
        node = schema.application.tree.get(node.parent) if node.parent else None
    return None


def places_of(schema: AppSchema, element: Element) -> tuple[str | None, str | None]:
    """What is at hand for an automation or one of its steps, and what it was reached from (None outside of any "each").

    Child rows are ``task.items``. What leads nowhere gives None.
    """
    application = schema.application
    node = application.tree.get(element.uid)
    above: list[Element] = []
    while node is not None:
        found = application.by_uid.get(node.uid)
        if isinstance(found, (Automation, AutomationStep)):
            above.append(found)
        node = application.tree.get(node.parent) if node.parent else None
    if not above or not isinstance(above[-1], Automation):
        return None, None
    place: str | None = above[-1].entity
    outer: str | None = None
    for step in reversed(above[1:-1]):
        if isinstance(step, AutomationStep) and step.do == "each":
            outer, place = place, target_of(schema, place, step.of)
    return place, outer


def target_of(schema: AppSchema, place: str | None, path: str | None) -> str | None:
    """The entity (or child rows) at the end of a path of keys; None where it leads nowhere."""
    if place is None or path is None or not schema.exists(place):
        return place if path is None else None
    type_ = schema.type_at(place, path.split("."))
    return type_.entity if type_ is not None and type_.kind in (Kind.RECORD, Kind.ROWS) else None


def scope_of(schema: AppSchema, element: Element, formula: Formula) -> Scope:
    """The scope of a formula of an automation or of one of its steps."""
    place, outer = places_of(schema, element)
    asker = automation_of(schema, element)
    if formula.scope == "trigger":
        return schema.scope("transition", place, asker)
    if formula.scope == "automation":
        return steps_scope(schema, place, outer, asker)
    if formula.scope in ("candidate", "territory"):
        return schema.scope("record", "person" if formula.scope == "candidate" else "team", within=place)
    if formula.scope == "each" and isinstance(element, AutomationStep):
        return schema.scope("record", target_of(schema, place, element.of), within=place)
    return schema.scope("record", place)


def steps_scope(schema: AppSchema, place: str | None, outer: str | None, asker: Automation | None) -> Scope:
    """What the formulas of a step may name: what is at hand, ``ask`` of a button, and ``this`` inside of an "each"."""
    scope = schema.scope("transition", place, asker)
    roots = {k: v for k, v in scope.roots.items() if k != "old"}
    if outer is not None:
        roots["this"] = record(outer)
    return Scope(schema, place, roots)
