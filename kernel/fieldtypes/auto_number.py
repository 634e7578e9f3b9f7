"""A number that the platform counts up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from kernel.expr.types import TEXT, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Reader, Settings
from kernel.fieldtypes.texts import clean
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import prop
from kernel.model.sqltypes import CText

_SLOT = re.compile(r"\{(yyyy|yy|mm|dd|0{1,12})\}")
PATTERN = {"type": "string", "minLength": 3, "maxLength": 60, "pattern": r"^[^{}]*(\{(yyyy|yy|mm|dd)\}[^{}]*)*\{0{1,12}\}[^{}]*(\{(yyyy|yy|mm|dd)\}[^{}]*)*$"}


@dataclass(frozen=True)
class AutoNumberSettings(Settings):
    """What the number looks like."""

    pattern: str = prop(
        "{000000}",
        doc="Text with {0000} for the count and {yyyy}, {yy}, {mm}, {dd} for the day; the count starts again with each period named.",
        schema=PATTERN,
    )


class AutoNumberType(FieldType):
    """A number that the platform gives once, when the record is made: ``T-2026-0042``."""

    key = "auto_number"
    label = _("Running number")
    icon = "id"
    group = "derived"
    Settings = AutoNumberSettings
    writable = False
    searchable = True
    operators = ("=", "contains", "starts", "blank", "not_blank")
    widget = "readonly"
    example_settings = {"pattern": "T-{yyyy}-{0000}"}
    examples = (
        Example("T-2026-0001", "T-2026-0001", "T-2026-0001", "T-2026-0001"),
        Example("T-2026-0042", "T-2026-0042", "T-2026-0042", "T-2026-0042"),
        Example("T-2026-12345", "T-2026-12345", "T-2026-12345", "T-2026-12345"),
    )
    bad_examples = (
        BadExample(42, "type"),
        BadExample(["T-1"], "type"),
        BadExample("T\x00", "control_character", schema=False),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return TEXT

    def parse(self, field: Field, raw: Any) -> str | None:
        return clean(raw)

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return value or ""

    def counter(self, field: Field, today: date) -> str:
        """The key of the sequence to count: one per field and, where the pattern names a period, per period."""
        named = set(_SLOT.findall(self.settings(field).pattern))
        period = (
            today.strftime("%Y-%m-%d")
            if "dd" in named
            else today.strftime("%Y-%m")
            if "mm" in named
            else today.strftime("%Y")
            if named & {"yyyy", "yy"}
            else ""
        )
        return f"auto_number:{field.uid}" + (f":{period}" if period else "")

    def number(self, field: Field, count: int, today: date) -> str:
        """The value for the ``count``-th record of its period, counted from 1."""

        def fill(match: re.Match[str]) -> str:
            slot = match[1]
            dates = {"yyyy": f"{today.year:04d}", "yy": f"{today.year % 100:02d}", "mm": f"{today.month:02d}", "dd": f"{today.day:02d}"}
            return dates.get(slot) or str(count).zfill(len(slot))

        return _SLOT.sub(fill, self.settings(field).pattern)

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "string", "readOnly": True}
