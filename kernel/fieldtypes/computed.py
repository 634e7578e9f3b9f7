"""A value given by a formula over the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kernel.expr.core import Field as FieldCore
from kernel.expr.findings import ExpressionError
from kernel.expr.types import BLANK, Type
from kernel.fieldtypes.base import BadExample, Example
from kernel.fieldtypes.derived import Derived, DisplaySettings
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import EXPRESSION, Formula, prop

if TYPE_CHECKING:
    from kernel.model.schema import AppSchema


@dataclass(frozen=True)
class ComputedSettings(DisplaySettings):
    """The formula."""

    value: str = prop("BLANK", doc="The formula.", schema=EXPRESSION, formula=Formula(expects="any"))


class ComputedType(Derived):
    """A value given by a formula over the record. Stored with it, unless it changes with time alone (TODAY, NOW)."""

    key = "computed"
    label = _("Formula")
    icon = "math-function"
    Settings = ComputedSettings
    examples = (
        Example("12.5", Decimal("12.500000"), "12.5", "12.5"),
        Example("0", Decimal(0), "0", "0"),
        Example("-1000", Decimal("-1000"), "-1,000", "-1,000"),
    )
    bad_examples = (
        BadExample("1", "read_only", schema=False),
        BadExample(1, "read_only", schema=False),
        BadExample({"amount": "1"}, "read_only", schema=False),
    )

    def expects(self, field: Field, name: str, schema: AppSchema) -> Type | None:
        """Shown as a type of its own, the formula must give that."""
        return self.value_type(field, schema) if self.settings(field).as_ else None

    def result_type(self, field: Field, schema: AppSchema) -> Type:
        found = schema.expression(field, "value")
        return found.type if found else BLANK

    def source_field(self, field: Field, schema: AppSchema) -> Field | None:
        try:
            found = schema.expression(field, "value")
        except ExpressionError:
            return None
        core = found.core if found else None
        return schema.field_at(field.place, core.path) if isinstance(core, FieldCore) and core.level == 0 else None

    def reads(self, field: Field, schema: AppSchema) -> Iterable[tuple[str, tuple[str, ...]]]:
        found = schema.expression(field, "value")
        return [(field.place, path) for path in sorted(found.reads)] if found else []
