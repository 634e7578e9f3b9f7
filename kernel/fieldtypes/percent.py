"""A share: 0.25 is 25 %."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kernel.errors import Problem
from kernel.fieldtypes import numbers
from kernel.fieldtypes.base import BadExample, Example, Finder, Reader, Settings
from kernel.fieldtypes.decimal import BOUND, DecimalType
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import prop


@dataclass(frozen=True)
class PercentSettings(Settings):
    """Range and places; bounds are shares, 1 is 100 %."""

    places: int = prop(2, doc="Digits after the point of the percentage.", schema={"type": "integer", "minimum": 0, "maximum": 4})
    min: float | str | None = prop(None, doc="Least allowed share (0.1 is 10 %).", schema=BOUND)
    max: float | str | None = prop(None, doc="Greatest allowed share (1 is 100 %).", schema=BOUND)


class PercentType(DecimalType):
    """A share, typed and shown as a percentage."""

    key = "percent"
    label = _("Percentage")
    icon = "percentage"
    Settings = PercentSettings
    widget = "percent"
    examples = (
        Example("0.25", Decimal("0.2500"), "25%", "25%"),
        Example(1, Decimal("1.0000"), "100%", "100%"),
        Example("0.0825", Decimal("0.0825"), "8.25%", "8.25%"),
        Example("-0.5", Decimal("-0.5000"), "-50%", "-50%"),
    )
    bad_examples = (
        BadExample("25%", "type"),
        BadExample(True, "type"),
        BadExample("0.12345", "too_many_places", schema=False),
        BadExample("Infinity", "type"),
    )

    def places(self, field: Field) -> int:
        return int(self.settings(field).places) + 2

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        """People type percentages: "25", "25%" and "25 %" all mean 0.25."""
        written = unicodedata.normalize("NFKC", text).strip().removeprefix("百分之").removesuffix("%").strip()
        if not written:
            return None
        return numbers.fit(numbers.read_text(written).scaleb(-2), self.places(field))

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        settings = self.settings(field)
        yield from numbers.range_problems(value, settings.min, settings.max, show=_shown)

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return "" if value is None else _shown(value)

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [numbers.plain(value.scaleb(2), trim=True)]

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        low, high = numbers.limit(settings.min), numbers.limit(settings.max)
        found = {
            "inputmode": "decimal",
            "data-places": settings.places,
            "data-unit": "%",
            "data-min": None if low is None else numbers.plain(low.scaleb(2), trim=True),
            "data-max": None if high is None else numbers.plain(high.scaleb(2), trim=True),
        }
        return {k: v for k, v in found.items() if v is not None}


def _shown(value: Decimal) -> str:
    return f"{numbers.show_number(value.scaleb(2))}%"
