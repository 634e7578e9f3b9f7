"""Texts with ``{field}`` slots: titles of records and comments of actions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.i18n import _
from kernel.model.elements import Element, Entity, State, Transition
from kernel.model.schemas import nearest_hint

_SLOT = re.compile(r"\{([^{}]*)\}")


def check(place: Place) -> Iterable[Finding]:
    """Every slot names a field of the record."""
    for uid in sorted(place.tree):
        element = place.application.by_uid.get(uid)
        if isinstance(element, Entity):
            yield from _text(place, element, "title", element.title, element.key)
        elif isinstance(element, (Transition, State)):
            entity = place.schema.entity_of(element)
            lists = {"actions": element.actions} if isinstance(element, Transition) else {"on_entry": element.on_entry, "on_exit": element.on_exit}
            for prop, actions in lists.items():
                for index, action in enumerate(actions):
                    if entity is not None and place.schema.exists(entity):
                        yield from _text(place, element, f"{prop}.{index}.text", str(action.get("text") or ""), entity)


def _text(place: Place, element: Element, path: str, text: str, entity: str) -> Iterator[Finding]:
    fields = place.schema.fields(entity)
    for name in _SLOT.findall(text):
        if name not in fields:
            yield place.find(
                element,
                "unknown_slot",
                path,
                _("There is no field “{name}” for the slot in this text.", name=name),
                nearest_hint(name, fields),
                witness={"missing": name},
            )
    rest = _SLOT.sub("", text)
    if "{" in rest or "}" in rest:
        yield place.find(element, "open_slot", path, _("A brace in this text has no partner."), _("Write {example}.", example="{field}"))
