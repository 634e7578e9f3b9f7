"""Kinds that compare records: which past ones are like the one at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from kernel.model.elements.base import FIELD_PATH, Element
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, Formula, Ref, prop


@dataclass(frozen=True, kw_only=True)
class Comparison(Element):
    """One thing by which records are compared. Its label says what; none: the field's."""

    KIND: ClassVar[str] = "comparison"
    field: str = prop(doc="A field, or a field of what it refers to (project.kind).", schema=FIELD_PATH)
    how: str = prop("equal", doc="equal: the same; near: numbers not far from each other; shared: options in common; text: words in common.", schema={
        "enum": ["equal", "near", "shared", "text"]})
    weight: float = prop(1, doc="How much it counts beside the others.", schema={"type": "number", "exclusiveMinimum": 0, "maximum": 100})

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.field.split("."))


@dataclass(frozen=True, kw_only=True)
class Similarity(Element):
    """Records that are like the one at hand, the likest first, with the way each took."""

    KIND: ClassVar[str] = "similarity"
    SLOTS: ClassVar[Mapping[str, str]] = {"compares": "comparison"}
    entity: str = prop(doc="Whose records.", schema=KEY, ref=Ref("entity"))
    among: str = prop("TRUE", doc="Which records are looked through.", schema=EXPRESSION, formula=Formula(expects="boolean", sql=True))
    when: str = prop("TRUE", doc="For which records they are shown.", schema=EXPRESSION, formula=Formula(expects="boolean"))
    most: int = prop(3, doc="How many are shown.", schema={"type": "integer", "minimum": 1, "maximum": 20})
    least: float = prop(0.3, doc="How like they must be, from 0 to 1.", schema={"type": "number", "minimum": 0, "maximum": 1})
    beyond: bool = prop(
        False, doc="Also those that the reader may not open: of these only how like they are and the way they took, never a name or a value.", schema=BOOLEAN)
    compares: tuple[Comparison, ...] = ()

    @cached_property
    def total(self) -> float:
        return sum(c.weight for c in self.compares)
