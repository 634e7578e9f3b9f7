"""Kinds that say who may do what, and the parameters that rules read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from kernel.model.elements.base import Element
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, KEYS, Formula, prop

SCOPE = {
    "description": "none, own, team, team_and_below, all, or an expression over the record",
    "anyOf": [{"enum": ["none", "own", "team", "team_and_below", "all"]}, EXPRESSION],
}


@dataclass(frozen=True, kw_only=True)
class Right(Element):
    """What a role may do with one entity. Its key is the entity's key.

    ``fields`` maps a field to ``{read, write}`` (default: both true); ``states`` narrows actions and fields while a
    record is in a state of the first machine. The fields a person sees belong to the right that lets them see the record (D9).
    """

    KIND: ClassVar[str] = "right"
    read: str = prop("none", doc="Which records may be read.", schema=SCOPE, formula=Formula(expects="boolean", sql=True))
    create: bool = prop(False, doc="May make new records.", schema=BOOLEAN)
    update: str = prop("none", doc="Which records may be changed.", schema=SCOPE, formula=Formula(expects="boolean", sql=True))
    delete: str = prop("none", doc="Which records may be moved to the bin.", schema=SCOPE, formula=Formula(expects="boolean", sql=True))
    assign: str = prop("none", doc="Which records may be given to another owner or team.", schema=SCOPE, formula=Formula(expects="boolean", sql=True))
    fields: Mapping[str, Any] = prop(
        {},
        doc="Exceptions per field, or child rows' field as rows.field: may it be read, may it be written.",
        schema={
            "type": "object",
            "propertyNames": {"pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$"},
            "additionalProperties": {
                "type": "object",
                "properties": {"read": {"type": "boolean"}, "write": {"type": "boolean"}},
                "additionalProperties": False,
            },
        },
    )
    states: Mapping[str, Any] = prop(
        {},
        doc="Narrower rights per state of the first machine.",
        schema={
            "type": "object",
            "propertyNames": KEY,
            "additionalProperties": {
                "type": "object",
                "properties": {"update": SCOPE, "delete": SCOPE, "read_only": KEYS, "hidden": KEYS},
                "additionalProperties": False,
            },
        },
    )


@dataclass(frozen=True, kw_only=True)
class Role(Element):
    """A named set of rights."""

    KIND: ClassVar[str] = "role"
    SLOTS: ClassVar[Mapping[str, str]] = {"rights": "right"}
    can: tuple[str, ...] = prop((), doc="Rights beyond records.", schema={"type": "array", "items": {"enum": ["design", "administer", "export", "import"]}, "uniqueItems": True})
    member_when: str | None = prop(None, doc="Persons for whom this holds are members without being named.", schema=EXPRESSION, formula=Formula(scope="person", expects="boolean"))
    rights: tuple[Right, ...] = ()

    @cached_property
    def by_entity(self) -> Mapping[str, Right]:
        return {r.key: r for r in self.rights}


@dataclass(frozen=True, kw_only=True)
class Parameter(Element):
    """A number, text, flag or duration that rules use as ``param.<key>`` and an admin may change."""

    KIND: ClassVar[str] = "parameter"
    type: str = prop(doc="number, text, boolean, duration (seconds) or date.", schema={"enum": ["number", "text", "boolean", "duration", "date"]})
    value: Any = prop(doc="The value.", schema={"type": ["number", "string", "boolean"]})  # noqa: RUF009 - a field declaration
    unit: str | None = prop(None, doc="Unit shown beside the value.")
    min: float | None = prop(None, doc="Least allowed value.", schema={"type": "number"})
    max: float | None = prop(None, doc="Greatest allowed value.", schema={"type": "number"})
    effective_from: str | None = prop(None, doc="First day on which it holds.", schema={"type": "string", "format": "date"})
