"""One value out of many: over child rows, referring or referred records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from kernel.expr.findings import ExpressionError
from kernel.expr.types import ANY, BOOLEAN, NUMBER, Type
from kernel.fieldtypes.base import BadExample, Example
from kernel.fieldtypes.derived import Derived, DisplaySettings
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import EXPRESSION, Formula, Ref, prop

if TYPE_CHECKING:
    from kernel.model.schema import AppSchema

FUNCTIONS = ("sum", "count", "min", "max", "average", "any", "all")
PATH = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,4}$"}
FROM = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"}


@dataclass(frozen=True)
class RollupSettings(DisplaySettings):
    """Over what, and how. Either ``of`` or ``from`` is given."""

    of: str | None = prop(
        None,
        doc="Own rows (or references to many, or referring records) and the field of them: items.amount, or items to count.",
        schema=PATH,
        ref=Ref("field", "entity", path=True),
    )
    from_: str | None = prop(None, doc="Entity and reference field of the records that refer to this one: task.project.", schema=FROM)
    field: str | None = prop(None, doc="With from: the field of those records.", schema=PATH)
    function: str = prop("sum", doc="How the values become one; blanks are skipped.", schema={"enum": list(FUNCTIONS)})
    where: str | None = prop(
        None,
        doc="Which rows count. Plain names are fields of the row, `this` is the record with the roll-up.",
        schema=EXPRESSION,
        formula=Formula(expects="boolean"),
    )


@dataclass(frozen=True, slots=True)
class Source:
    """What is rolled up. ``place`` is the entity of the rows (``task.items`` for child rows).

    ``through`` leads there: the own rows or references field, or, for ``referring``, the reference field on the other
    side. ``path`` are the keys from a row to its value; empty when rows are only counted.
    """

    kind: Literal["rows", "references", "referring"]
    place: str
    through: Field
    path: tuple[str, ...]


class RollupType(Derived):
    """One value out of many records: a sum, a count, the latest date ..."""

    key = "rollup"
    label = _("Roll-up")
    icon = "sum"
    Settings = RollupSettings
    examples = (
        Example("30.00", Decimal("30.00"), "30.00", "30.00"),
        Example("0.00", Decimal("0.00"), "0.00", "0.00"),
        Example(None, None, "", ""),
    )
    bad_examples = (
        BadExample("1", "read_only", schema=False),
        BadExample(1, "read_only", schema=False),
        BadExample([], "read_only", schema=False),
    )

    def source(self, field: Field, schema: AppSchema) -> Source | None:
        """What is rolled up; None when the settings point nowhere, which the checks report."""
        settings = self.settings(field)
        if settings.of:
            head, *rest = settings.of.split(".")
            through = schema.find_field(field.place, head)
            if through is None:
                return None
            if through.type == "rows":
                return Source("rows", f"{through.entity}.{through.key}", through, tuple(rest))
            if through.type == "references":
                return Source("references", str(through.settings.get("to")), through, tuple(rest))
            if through.type == "referring":
                return self._referring(str(through.settings.get("from")), tuple(rest), schema)
            return None
        if settings.from_:
            return self._referring(settings.from_, tuple(settings.field.split(".")) if settings.field else (), schema)
        return None

    @staticmethod
    def _referring(from_: str, path: tuple[str, ...], schema: AppSchema) -> Source | None:
        entity, _dot, key = from_.partition(".")
        through = schema.find_field(entity, key)
        return Source("referring", entity, through, path) if through is not None else None

    def formula_place(self, field: Field, name: str, schema: AppSchema) -> str:
        source = self.source(field, schema)
        return source.place if name == "where" and source else field.place

    def result_type(self, field: Field, schema: AppSchema) -> Type:
        function = self.settings(field).function
        if function == "count":
            return NUMBER
        if function in ("any", "all"):
            return BOOLEAN
        source = self.source(field, schema)
        return (schema.type_at(source.place, source.path) or ANY) if source and source.path else ANY

    def source_field(self, field: Field, schema: AppSchema) -> Field | None:
        source = self.source(field, schema)
        if source is None or self.settings(field).function not in ("sum", "min", "max", "average"):
            return None
        found = schema.field_at(source.place, source.path)
        return None if found is None or found.uid == field.uid else found

    def _shape(self, field: Field, schema: AppSchema) -> Field:
        shape = super()._shape(field, schema)
        settings = self.settings(field)
        if settings.function == "count" and not settings.as_:
            return self._whole(shape)
        if settings.function == "average" and shape.type in ("integer", "rating") and not settings.as_:
            return replace(shape, type="decimal", settings={"places": 6, "trim": True})
        return shape

    @staticmethod
    def _whole(shape: Field) -> Field:
        return replace(shape, type="integer", settings={k: v for k, v in shape.settings.items() if k == "unit"})

    def reads(self, field: Field, schema: AppSchema) -> Iterable[tuple[str, tuple[str, ...]]]:
        source = self.source(field, schema)
        if source is None:
            return []
        found = [(source.place, source.path)] if source.path else []
        if source.kind == "referring":
            found.append((source.place, (source.through.key,)))
        try:
            condition = schema.expression(field, "where")
        except ExpressionError:
            condition = None
        for path in sorted(condition.reads) if condition else ():
            found.append((field.place, path[1:]) if path[0] == "this" else (source.place, path))
        return found
