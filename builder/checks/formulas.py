"""Every formula is read and typed, with its position in the text; actions of transitions and states, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import missing
from kernel import fieldtypes
from kernel.expr.core import Field as Read
from kernel.expr.expression import Expression
from kernel.expr.findings import ExpressionError
from kernel.expr.types import ANY, BOOLEAN, Kind, Type
from kernel.i18n import _
from kernel.model.elements import Element, Field, State, Transition


def check(place: Place) -> Iterable[Finding]:
    """Formulas in properties and settings, then those in actions."""
    for uid in sorted(place.tree):
        element = place.application.by_uid.get(uid)
        if element is None or not _stands(place, element):
            continue
        for name in place.schema.formulas(element):
            yield from _formula(place, element, name)
        if isinstance(element, Transition):
            yield from _actions(place, element, "actions", element.actions, element)
        elif isinstance(element, State):
            yield from _actions(place, element, "on_entry", element.on_entry, None)
            yield from _actions(place, element, "on_exit", element.on_exit, None)


def _stands(place: Place, element: Element) -> bool:
    """Whether the entity it belongs to exists: otherwise every name in it would be reported."""
    entity = place.schema.entity_of(element)
    return entity is None or place.schema.exists(entity)


def _formula(place: Place, element: Element, name: str) -> Iterator[Finding]:
    path = name
    if isinstance(element, Field) and name in element.settings:
        path = f"settings.{name}"
        try:
            if not place.schema.exists(fieldtypes.of(element).formula_place(element, name, place.schema)):
                return  # said where the target is named
        except (KeyError, AttributeError, ExpressionError):
            return
    try:
        place.schema.expression(element, name)
    except ExpressionError as error:
        yield from said(place, element, path, error)


def said(place: Place, element: Element, path: str, error: ExpressionError) -> Iterator[Finding]:
    for finding in error.findings:
        yield place.find(
            element, f"formula_{finding.code}", path, finding.message, finding.hint, witness={"text": error.text, "start": finding.start, "end": finding.end}
        )


def _actions(place: Place, element: Element, prop: str, actions: tuple[Mapping[str, Any], ...], transition: Transition | None) -> Iterator[Finding]:
    entity = place.schema.entity_of(element)
    assert entity is not None
    for index, action in enumerate(actions):
        path = f"{prop}.{index}"
        if action.get("if") is not None:
            yield from _expression(place, element, f"{path}.if", action["if"], entity, BOOLEAN, transition)
        target = entity
        if action["do"] == "create":
            target = str(action.get("entity") or entity)
            if not place.schema.exists(target):
                yield missing(place, element, f"{path}.entity", "entity", target, place.application.entities)
                continue
        elif action.get("entity"):
            yield place.find(
                element, "useless_key", f"{path}.entity", _("“{name}” has no effect here.", name="entity"), _("Only “do: create” needs it."), severity="warning"
            )
        if action["do"] == "comment" and not action.get("text"):
            yield place.find(element, "missing", f"{path}.text", _("“{name}” is missing.", name="text"), _("Say what the comment shall say."))
        if action["do"] == "set" and not action.get("fields"):
            yield place.find(element, "missing", f"{path}.fields", _("“{name}” is missing.", name="fields"), _("Say which fields are set to what."))
        for key, text in (action.get("fields") or {}).items():
            yield from _set(place, element, f"{path}.fields.{key}", key, text, entity, target, action["do"], transition)


def _set(place: Place, element: Element, path: str, key: str, text: str, entity: str, target: str, do: str, transition: Transition | None) -> Iterator[Finding]:
    field = place.schema.find_field(target, key)
    wanted: Type | None = None
    if field is not None:
        type_ = fieldtypes.find(field.type)
        if type_ is not None and not type_.writable:
            yield place.find(element, "not_writable", path, _("“{label}” can't be set: the platform works it out.", label=field.label))
            return
        wanted = place.schema.type_of(field)
        wanted = None if wanted.kind is ANY.kind else wanted
    elif key in ("owner", "team") and do == "set":
        wanted = place.schema.member(target, key).type  # type: ignore[union-attr]
    else:
        yield missing(place, element, path, "field", key, place.schema.fields(target))
        return
    yield from _expression(place, element, path, text, entity, wanted, transition)


def _expression(place: Place, element: Element, path: str, text: str, entity: str, expect: Type | None, transition: Transition | None) -> Iterator[Finding]:
    try:
        if expect is not None and expect.kind is Kind.RECORD and _is_id(place.schema.expression_of(text, entity, "transition", transition=transition)):
            return
        place.schema.expression_of(text, entity, "transition", expect, transition=transition)
    except ExpressionError as error:
        yield from said(place, element, path, error)


def _is_id(expression: Expression) -> bool:
    """``id`` of the record, or of one it refers to, stands for the record itself."""
    return isinstance(expression.core, Read) and expression.core.path[-1] == "id"
