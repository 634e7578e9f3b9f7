"""Kinds that say how things are shown: forms, views, groups of the navigation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from kernel.model.elements.base import FIELD_PATHS, SORT, Element
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, KEYS, LABELS, Formula, Ref, prop

LIMITS = {
    "type": "object",
    "propertyNames": {"pattern": r"^[A-Za-z0-9_-]{1,50}$"},
    "maxProperties": 100,
    "additionalProperties": {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            {
                "type": "object",
                "properties": {"most": {"type": "integer", "minimum": 1, "maximum": 1_000_000}, "hard": BOOLEAN},
                "required": ["most"],
                "additionalProperties": False,
            },
        ]
    },
}


@dataclass(frozen=True, kw_only=True)
class Item(Element):
    """A field's place in a form. Its key is the field's key."""

    KIND: ClassVar[str] = "item"
    wide: bool = prop(False, doc="Takes both columns.", schema=BOOLEAN)


@dataclass(frozen=True, kw_only=True)
class Section(Element):
    """A titled part of a form."""

    KIND: ClassVar[str] = "section"
    SLOTS: ClassVar[Mapping[str, str]] = {"items": "item"}
    tab: Mapping[str, str] = prop({}, doc="Name of the tab it stands on; none: the first.", schema=LABELS)
    collapsed: bool = prop(False, doc="Folded when the form opens.", schema=BOOLEAN)
    show_when: str | None = prop(None, doc="Shown only while this holds.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Form(Element):
    """An arrangement of an entity's fields for entry and for the record page."""

    KIND: ClassVar[str] = "form"
    SLOTS: ClassVar[Mapping[str, str]] = {"sections": "section"}
    entity: str = prop(doc="Whose fields.", schema=KEY, ref=Ref("entity"))
    roles: tuple[str, ...] = prop((), doc="Roles that get this form; none: everybody.", schema=KEYS, ref=Ref("role"))
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, kw_only=True)
class View(Element):
    """A saved way to list records."""

    KIND: ClassVar[str] = "view"
    entity: str = prop(doc="Whose records.", schema=KEY, ref=Ref("entity"))
    as_: str = prop("table", doc="How they are shown.", schema={"enum": ["table", "board", "calendar", "timeline", "gallery"]}, name="as")
    where: str | None = prop(None, doc="Which records.", schema=EXPRESSION, formula=Formula(expects="boolean", sql=True))
    columns: tuple[str, ...] = prop((), doc="Fields shown, in order; paths through references are allowed.", schema=FIELD_PATHS, ref=Ref("field", "entity", path=True))
    sort: tuple[str, ...] = prop((), doc="Order; minus for descending.", schema=SORT)
    group_by: str | None = prop(None, doc="Field whose values make the columns of a board, or the bands of a timeline.", schema=KEY)
    starts: str | None = prop(None, doc="Date or moment at which a record stands in a calendar, or its bar in a timeline begins.", schema=KEY, ref=Ref("field", "entity", path=True))
    ends: str | None = prop(None, doc="Date or moment at which its span ends.", schema=KEY, ref=Ref("field", "entity", path=True))
    image: str | None = prop(None, doc="Picture on the cards of a gallery.", schema=KEY, ref=Ref("field", "entity", path=True))
    card: tuple[str, ...] = prop((), doc="Fields on a card, in order; none: the columns.", schema=KEYS, ref=Ref("field", "entity", path=True))
    limits: Mapping[str, Any] = prop(
        {},
        doc="Most cards per column of a board: a number, or {most, hard}; a hard limit refuses the step into a full state.",
        schema=LIMITS,
    )
    total: str | None = prop(None, doc="Number or amount added up per column of a board.", schema=KEY, ref=Ref("field", "entity", path=True))
    roles: tuple[str, ...] = prop((), doc="Roles that see it; none: everybody.", schema=KEYS, ref=Ref("role"))

    def limit(self, key: str) -> tuple[int, bool] | None:
        """The most cards of a column, and whether more are refused."""
        found = self.limits.get(key)
        if found is None:
            return None
        return (found, False) if isinstance(found, int) else (found["most"], bool(found.get("hard")))


@dataclass(frozen=True, kw_only=True)
class Group(Element):
    """A group of entries in the navigation."""

    KIND: ClassVar[str] = "group"
