"""Every property that names another element names one that exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel import fieldtypes
from kernel.expr.types import Kind
from kernel.i18n import Text, _
from kernel.model.elements import Element, Entity, Field, Machine, Right
from kernel.model.props import Prop, Ref, props_of
from kernel.model.schemas import nearest_hint


def check(place: Place) -> Iterable[Finding]:
    """Properties, and settings of field types, declared with a ``Ref``; and the few places that hold keys otherwise."""
    for uid in sorted(place.tree):
        element = place.application.by_uid.get(uid)
        if element is None:
            continue
        for prop in props_of(type(element)).values():
            if prop.ref is not None:
                yield from _refs(place, element, prop, getattr(element, prop.attribute), prop.name)
        if isinstance(element, Field):
            yield from _of_settings(place, element)
        if isinstance(element, Entity):
            yield from _tracked(place, element)
        if isinstance(element, Right) and element.key not in place.application.entities:
            yield _missing(place, element, "key", "entity", element.key, place.application.entities)


def _of_settings(place: Place, field: Field) -> Iterator[Finding]:
    type_ = fieldtypes.find(field.type)
    if type_ is None:
        return
    for prop in props_of(type_.Settings).values():
        if prop.ref is not None:
            yield from _refs(place, field, prop, field.settings.get(prop.name), f"settings.{prop.name}")
    origin = field.settings.get("from")
    if "from" in props_of(type_.Settings) and isinstance(origin, str):
        yield from _referring(place, field, origin)


def _referring(place: Place, field: Field, origin: str) -> Iterator[Finding]:
    """``from: task.project``: an entity, and a field of it that refers to the entity at hand."""
    key, _dot, through = origin.partition(".")
    other = place.application.entities.get(key)
    if other is None:
        yield _missing(place, field, "settings.from", "entity", key, place.application.entities)
        return
    reference = other.by_key.get(through)
    if reference is None:
        yield _missing(place, field, "settings.from", "field", through, other.by_key)
        return
    if place.schema.type_of(reference).entity != field.entity:
        yield place.find(
            field,
            "wrong_reference",
            "settings.from",
            _("“{name}” does not refer to this entity.", name=origin),
            _("Name a reference field whose target is {entity}.", entity=field.entity),
        )
    names = [*(field.settings.get("columns") or ()), *([field.settings["field"]] if isinstance(field.settings.get("field"), str) else [])]
    for name in names:
        wrong = broken_at(place, key, name)
        if wrong is not None:
            yield _missing(place, field, "settings.columns" if name != field.settings.get("field") else "settings.field", "field", *wrong)


def _tracked(place: Place, entity: Entity) -> Iterator[Finding]:
    for name in entity.tracked:
        if name not in ("state", "owner", "team") and name not in entity.by_key:
            yield _missing(place, entity, "tracked", "field", name, [*entity.by_key, "state", "owner", "team"])


def _refs(place: Place, element: Element, prop: Prop, value: Any, path: str) -> Iterator[Finding]:
    ref = prop.ref
    assert ref is not None
    for name in [value] if isinstance(value, str) else value or ():
        if isinstance(name, str):
            yield from _one(place, element, ref, name, path)


def _one(place: Place, element: Element, ref: Ref, name: str, path: str) -> Iterator[Finding]:
    if ref.kind == "field":
        entity = place.schema.entity_of(element)
        if entity is None or not place.schema.exists(entity):
            return  # said where the entity is named
        if ref.path:
            wrong = broken_at(place, entity, name)
            if wrong is not None:
                yield _missing(place, element, path, "field", *wrong)
        elif place.schema.find_field(entity, name) is None:
            yield _missing(place, element, path, "field", name, place.schema.fields(entity))
        return
    known = _known(place, element, ref)
    if known is not None and name not in known:
        yield _missing(place, element, path, ref.kind, name, known)


def _known(place: Place, element: Element, ref: Ref) -> Mapping[str, Any] | dict[str, Any] | None:
    application = place.application
    match ref.kind:
        case "entity":
            return application.entities
        case "role":
            return application.roles
        case "option_set" | "options":
            return application.option_sets
        case "group":
            return {g.key: g for g in application.groups}
        case "parameter":
            return application.parameters
        case "calendar":
            return application.calendars
        case "similarity":
            return {s.key: s for s in application.similarities}
        case "evidence":
            return {e.key: e for e in application.evidence}
        case "state":
            machine = machine_of(place, element)
            return machine.by_key if machine is not None else None
        case "machine":
            entity = place.schema.entity_of(element)
            return {m.key: m for m in application.machines_of(entity)} if entity else {m.key: m for m in application.machines}
    return None


def machine_of(place: Place, element: Element) -> Machine | None:
    """The machine an element stands in."""
    node = place.tree.get(element.uid)
    while node is not None:
        found = place.application.by_uid.get(node.uid)
        if isinstance(found, Machine):
            return found
        node = place.tree.get(node.parent) if node.parent else None
    return None


def broken_at(place: Place, entity: str, path: str) -> tuple[str, list[str]] | None:
    """The first name of a dotted path that leads nowhere, with the names there are; None for a path that leads on."""
    at: str | None = entity
    for name in path.split("."):
        if at is None or not place.schema.exists(at):
            return name, []
        member = place.schema.member(at, name)
        if member is None:
            return name, [m.key for m in place.schema.members(at)]
        at = member.type.entity if member.type.kind in (Kind.RECORD, Kind.ROWS) else None
    return None


_NAMES: dict[str, Text] = {
    "entity": _("entity"),
    "field": _("field"),
    "role": _("role"),
    "option_set": _("option set"),
    "options": _("option set"),
    "group": _("group"),
    "parameter": _("parameter"),
    "calendar": _("working calendar"),
    "evidence": _("policy of what counts"),
    "similarity": _("comparison of records"),
    "state": _("state"),
    "machine": _("state machine"),
    "transition": _("step"),
    "clock": _("promise with a clock"),
    "clock_step": _("step of a promise"),
}


def _missing(place: Place, element: Element, path: str, kind: str, name: str, known: Iterable[str]) -> Finding:
    names = list(known)
    hint = nearest_hint(name, names) or (_("There are: {names}.", names=names[:30]) if names else None)
    return place.find(
        element, f"unknown_{kind}", path, _("There is no {kind} “{name}”.", kind=_NAMES.get(kind, kind), name=name), hint, witness={"missing": name}
    )


missing = _missing
