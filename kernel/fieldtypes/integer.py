"""A whole number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger

from kernel.errors import Problem
from kernel.fieldtypes import numbers
from kernel.fieldtypes.base import BadExample, Column, Example, Finder, Reader, Settings
from kernel.fieldtypes.decimal import DecimalType
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import LABELS, prop

BOUND = {"type": "integer", "minimum": -(10**15), "maximum": 10**15}


@dataclass(frozen=True)
class IntegerSettings(Settings):
    """Range and unit."""

    min: int | None = prop(None, doc="Least allowed value.", schema=BOUND)
    max: int | None = prop(None, doc="Greatest allowed value.", schema=BOUND)
    unit: Mapping[str, str] = prop({}, doc="Unit shown after the number, per language.", schema=LABELS)
    trim: bool = False


class IntegerType(DecimalType):
    """A whole number, for counts."""

    key = "integer"
    label = _("Whole number")
    icon = "hash"
    Settings: ClassVar[type] = IntegerSettings
    examples: ClassVar[Sequence[Example]] = (
        Example(0, 0, "0", "0"),
        Example(1234567, 1234567, "1,234,567", "1,234,567"),
        Example("-12", -12, "-12", "-12"),
        Example(3.0, 3, "3", "3"),
    )
    bad_examples: ClassVar[Sequence[BadExample]] = (
        BadExample(1.5, "too_many_places"),
        BadExample(False, "type"),
        BadExample("twelve", "type"),
        BadExample(10**18, "too_many_digits"),
        BadExample(float("inf"), "type"),
    )

    def places(self, field: Field) -> int:
        return 0

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", BigInteger()),)

    def parse(self, field: Field, raw: Any) -> Any:
        return int(super().parse(field, raw))

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        found = super().parse_text(field, text, reader, finder)
        return None if found is None else int(found)

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        settings = self.settings(field)
        yield from numbers.range_problems(Decimal(value), settings.min, settings.max)

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return value

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [str(value)]

    def to_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else Decimal(value)

    def from_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else int(numbers.rounded(Decimal(value), 0))

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        bounds = {"minimum": -(10**18) + 1, "maximum": 10**18 - 1}
        return {"anyOf": [{"type": "integer", **bounds}, {"type": "string", "pattern": "^-?[0-9]{1,18}$"}]}

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "integer"}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {**super().form_attributes(field, reader), "inputmode": "numeric"}
