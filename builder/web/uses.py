"""Where something is used: formulas that read it and properties that name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from builder.web import words
from kernel import fieldtypes
from kernel.errors import Message
from kernel.expr.findings import ExpressionError
from kernel.i18n import Text, _
from kernel.model.application import Application
from kernel.model.elements import KINDS, Element, Entity, Field
from kernel.model.props import props_of

_PROPS: Mapping[str, Text] = {
    "value": _("formula"), "default": _("value of a new record"), "show_when": _("when it is shown"), "required_when": _("when it is required"),
    "read_only_when": _("when it is locked"), "holds": _("condition"), "when": _("when it is checked"), "where": _("filter"), "columns": _("columns"),
    "sort": _("order"), "group_by": _("columns of the board"), "needs": _("must be filled in"), "facts": _("key facts"), "at": _("where the message stands"),
    "read": _("who may read"), "update": _("who may change"), "delete": _("who may delete"), "assign": _("who may assign"), "fields": _("exceptions by field"),
    "path": _("look-up"), "of": _("roll-up"), "to": _("reference"), "from": _("referring records"), "member_when": _("who belongs to the role"),
    "options": _("options"), "entity": _("records shown"), "title": _("title"),
}


@dataclass(frozen=True, slots=True)
class Use:
    """One place: the kind and name of what uses it, what stands around that, and for what."""

    kind: Text
    icon: str
    label: Message
    within: Message | None
    what: Message
    uid: str


def uses_of_parts(app: Application, entity: Entity) -> dict[str, list[Use]]:
    """Per field key of ``entity`` the places outside of the field itself that use it."""
    found: dict[str, list[Use]] = {f.key: [] for f in entity.fields}
    by_uid = {f.uid: f.key for f in entity.fields}
    for element in _elements(app):
        for prop, uids in _reads(app, element):
            for key in {by_uid[u] for u in uids if u in by_uid and u != element.uid}:
                found[key].append(_use(app, element, prop))
        for prop, key in _names(app, element, entity):
            if key in found and element.uid != entity.by_key[key].uid:
                found[key].append(_use(app, element, prop))
    return {key: _unique(uses) for key, uses in found.items()}


def uses_of_parameter(app: Application) -> dict[str, list[Use]]:
    """Per uid of a parameter the places that use it."""
    wanted = {p.uid for p in app.parameters.values()}
    found: dict[str, list[Use]] = {uid: [] for uid in wanted}
    for element in _elements(app):
        for prop, uids in _reads(app, element):
            for uid in uids & wanted:
                found[uid].append(_use(app, element, prop))
    return {uid: _unique(uses) for uid, uses in found.items()}


def uses_of_entity(app: Application, key: str) -> list[Use]:
    """What refers to an entity from outside: references, look-ups of other records."""
    found = []
    for entity in app.entities.values():
        for field in entity.fields:
            target = field.settings.get("to") or str(field.settings.get("from", "")).partition(".")[0] or fieldtypes_target(field)
            if target == key and entity.key != key:
                found.append(_use(app, field, "to" if field.settings.get("to") or fieldtypes_target(field) else "from"))
    return _unique(found)


def uses_of_options(app: Application, key: str) -> list[Use]:
    """The fields that offer an option set."""
    found = []
    for entity in app.entities.values():
        for field in entity.fields:
            found += [_use(app, f, "options") for f in (field, *field.fields) if f.settings.get("options") == key]
    return _unique(found)


def fieldtypes_target(field: Field) -> str | None:
    """The system entity that a type points at by itself."""
    type_ = fieldtypes.find(field.type)
    return type_.refers_to if type_ else None


def _elements(app: Application) -> Iterator[Element]:
    yield from (e for e in app.by_uid.values() if e.uid in app.tree)


def _reads(app: Application, element: Element) -> Iterator[tuple[str, frozenset[str]]]:
    for prop in app.schema.formulas(element):
        try:
            expression = app.schema.expression(element, prop)
        except (ExpressionError, KeyError):
            continue
        if expression is not None:
            yield prop, expression.read_uids


def _names(app: Application, element: Element, entity: Entity) -> Iterator[tuple[str, str]]:
    """Properties of ``element`` that name fields of ``entity`` by key."""
    if app.schema.entity_of(element) != entity.key and not (isinstance(element, Field) and element.place == entity.key):
        return
    for name, prop in props_of(KINDS[element.KIND]).items():
        if (prop.ref is not None and prop.ref.kind == "field") or name in ("sort", "group_by") or (name == "fields" and element.KIND == "right"):
            yield from ((name, key) for key in _keys(getattr(element, prop.attribute)))
    if element.KIND == "item":
        yield "columns", element.key
    if isinstance(element, Entity):
        yield from (("title", f.key) for f in entity.fields if f"{{{f.key}}}" in entity.title)
    if isinstance(element, Field):
        for name in ("path", "of"):
            if isinstance(element.settings.get(name), str):
                yield name, element.settings[name].partition(".")[0]


def _keys(value: Any) -> Iterator[str]:
    for text in [value] if isinstance(value, str) else list(value or ()):
        if isinstance(text, str):
            yield text.lstrip("-").partition(".")[0]


def _use(app: Application, element: Element, prop: str) -> Use:
    what: Message = words.kind_words("form") if element.KIND == "item" else _PROPS.get(prop, _("rule"))
    node = app.tree.get(element.uid)
    shown: Element = element
    if element.KIND in ("item", "section"):
        # People know the form, not its parts.
        while node is not None and node.kind != "form" and node.parent is not None:
            node = app.tree.get(node.parent)
        shown = app.by_uid.get(node.uid, element) if node is not None else element
        what = _("shown there")
    above = app.tree.get(node.parent) if node is not None and node.parent else None
    within = app.by_uid[above.uid].label if above is not None and above.uid in app.by_uid else None
    if shown.KIND == "right":
        label: Message = within or shown.key
        return Use(words.kind_words("role"), words.kind_icon("role"), label, None, what, shown.uid)
    return Use(words.kind_words(shown.KIND), words.kind_icon(shown.KIND), shown.label, within, what, shown.uid)


def _unique(uses: list[Use]) -> list[Use]:
    seen: dict[tuple[str, str], Use] = {}
    for use in uses:
        seen.setdefault((use.uid, str(use.what)), use)
    return sorted(seen.values(), key=lambda u: (str(u.kind), str(u.label)))
