"""A number with places after the point, exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from kernel.errors import Problem
from kernel.expr.types import NUMBER as NUMBER_TYPE
from kernel.expr.types import Type
from kernel.fieldtypes import numbers
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings
from kernel.i18n import _, pick
from kernel.model.elements import Field
from kernel.model.props import BOOLEAN, LABELS, prop
from kernel.model.sqltypes import MAX_PLACES, ScaledDecimal

BOUND = {"type": ["number", "string"], "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,6})?$"}


@dataclass(frozen=True)
class DecimalSettings(Settings):
    """Range and places."""

    places: int = prop(2, doc="Digits after the point.", schema={"type": "integer", "minimum": 0, "maximum": MAX_PLACES})
    min: float | str | None = prop(None, doc="Least allowed value.", schema=BOUND)
    max: float | str | None = prop(None, doc="Greatest allowed value.", schema=BOUND)
    unit: Mapping[str, str] = prop({}, doc="Unit shown after the number, per language.", schema=LABELS)
    trim: bool = prop(False, doc="Show no zeros at the end.", schema=BOOLEAN)


class DecimalType(FieldType):
    """A number with places after the point."""

    key = "decimal"
    label = _("Decimal number")
    icon = "ruler-measure"
    group = "number"
    Settings: ClassVar[type] = DecimalSettings
    operators: ClassVar[tuple[str, ...]] = ("=", "<>", "<", "<=", ">", ">=", "blank", "not_blank")
    widget = "number"
    examples: ClassVar[Sequence[Example]] = (
        Example("1234.50", Decimal("1234.50"), "1,234.50", "1,234.50"),
        Example(-7, Decimal("-7.00"), "-7.00", "-7.00"),
        Example(0.1, Decimal("0.10"), "0.10", "0.10"),
        Example("9999999999999999.99", Decimal("9999999999999999.99"), "9,999,999,999,999,999.99", "9,999,999,999,999,999.99"),
    )
    bad_examples: ClassVar[Sequence[BadExample]] = (
        BadExample(True, "type"),
        BadExample("NaN", "type"),
        BadExample("1e5", "type"),
        BadExample("12,5", "type"),
        BadExample("1.234", "too_many_places", schema=False),
        BadExample("1" + "0" * 18, "too_many_digits", schema=False),
    )

    def places(self, field: Field) -> int:
        """Digits after the point of stored values."""
        return int(self.settings(field).places)

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", ScaledDecimal(self.places(field))),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return NUMBER_TYPE

    def parse(self, field: Field, raw: Any) -> Any:
        return numbers.fit(numbers.read_json(raw), self.places(field))

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        text = text.strip()
        if not text:
            return None
        for unit in self.settings(field).unit.values():
            text = text.removesuffix(unit).rstrip() or text
        return numbers.fit(numbers.read_text(text), self.places(field))

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        settings = self.settings(field)
        yield from numbers.range_problems(Decimal(value), settings.min, settings.max)

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else numbers.plain(value)

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        if value is None:
            return ""
        settings = self.settings(field)
        unit = pick(settings.unit, reader.language)
        shown = numbers.show_number(value, trim=settings.trim, places=self.places(field))
        return f"{shown} {unit}" if unit else shown

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [numbers.plain(value, trim=self.settings(field).trim)]

    def from_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else numbers.rounded(Decimal(value), self.places(field))

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return dict(numbers.NUMBER)

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": numbers.NUMBER["pattern"]}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        found = {"inputmode": "decimal", "data-places": self.places(field), "data-min": settings.min, "data-max": settings.max}
        unit = pick(settings.unit, reader.language)
        return {k: v for k, v in {**found, "data-unit": unit}.items() if v is not None}
