"""A place: its address in words, and where it is on the map."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kernel.errors import Problem
from kernel.expr.types import TEXT, Type
from kernel.fieldtypes import numbers
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.texts import clean, length_problems
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import BOOLEAN, prop
from kernel.model.sqltypes import CText, ScaledDecimal

_AT = re.compile(r"(.*?)\s*[(（]\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，]\s*(-?\d{1,3}(?:\.\d+)?)\s*[)）]", re.DOTALL)
_PLACES = {"latitude": 6, "longitude": 6, "accuracy": 2}
_NUMBERS = tuple(_PLACES)
_LIMITS = {"latitude": Decimal(90), "longitude": Decimal(180), "accuracy": Decimal(10_000_000)}


@dataclass(frozen=True, slots=True)
class Address:
    """A place. Degrees of WGS 84 with six places; ``accuracy`` in metres, as the device told it."""

    text: str | None = None
    region: str | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    accuracy: Decimal | None = None


@dataclass(frozen=True)
class AddressSettings(Settings):
    """How it is asked for."""

    locate: bool = prop(False, doc="Offer to take the position of the device.", schema=BOOLEAN)
    max: int = prop(300, doc="Greatest number of characters.", schema={"type": "integer", "minimum": 10, "maximum": 1000})


class AddressType(FieldType):
    """A place. Formulas, filters and search use its words."""

    key = "address"
    label = _("Address")
    icon = "map-pin"
    group = "text"
    Settings = AddressSettings
    searchable = True
    operators = ("contains", "blank", "not_blank")
    widget = "address"
    wide = True
    examples = (
        Example({"text": "上海市南京东路 1 号"}, Address("上海市南京东路 1 号"), "上海市南京东路 1 号", "上海市南京东路 1 号"),
        Example(
            {"text": "1 Main Street", "region": "Springfield"},
            Address("1 Main Street", "Springfield"),
            "Springfield 1 Main Street",
            "1 Main Street, Springfield",
        ),
        Example(
            {"text": "Pier 4", "latitude": "31.230400", "longitude": 121.4737, "accuracy": "12.5"},
            Address("Pier 4", None, Decimal("31.230400"), Decimal("121.473700"), Decimal("12.50")),
            "Pier 4",
            "Pier 4",
        ),
        Example({"text": ""}, None, "", ""),
    )
    bad_examples = (
        BadExample("Main Street", "type"),
        BadExample({"text": "x", "latitude": 1}, "incomplete", schema=False),
        BadExample({"text": "x", "latitude": "91", "longitude": "0"}, "too_large", schema=False),
        BadExample({"street": "x"}, "unknown_key"),
        BadExample({"text": 5}, "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (
            Column("", CText),
            Column("_region", CText),
            Column("_lat", ScaledDecimal(6)),
            Column("_lng", ScaledDecimal(6)),
            Column("_acc", ScaledDecimal(2)),
        )

    def value_type(self, field: Field, schema: Any) -> Type:
        return TEXT

    def parse(self, field: Field, raw: Any) -> Address | None:
        if not isinstance(raw, Mapping):
            raise Unreadable("type", _("An address is expected."), _("For example {example}.", example='{"text": "…"}'))
        extra = sorted(set(map(str, raw)) - {"text", "region", *_NUMBERS})
        if extra:
            raise Unreadable("unknown_key", _("“{key}” is not known here.", key=extra[0]), _("Known are: {keys}.", keys=["text", "region", *_NUMBERS]))
        text, region = (None if raw.get(k) is None else clean(raw[k]) for k in ("text", "region"))
        # Devices hand out more digits than mean anything: the position is rounded, not refused.
        latitude, longitude, accuracy = (None if raw.get(k) is None else numbers.rounded(numbers.read_json(raw[k]), places) for k, places in _PLACES.items())
        return _or_none(Address(text, region, latitude, longitude, accuracy))

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Address | None:
        """Words, with the position in brackets where it is known: ``Pier 4 (31.2304, 121.4737)``."""
        at = _AT.fullmatch(text.strip())
        if at:
            return self.parse(field, {"text": at[1], "latitude": at[2], "longitude": at[3]})
        return _or_none(Address(clean(text)))

    def parse_form(self, field: Field, texts: Sequence[str], reader: Reader, finder: Finder | None = None) -> Address | None:
        """Inputs in this order: words, latitude, longitude, accuracy, region; later ones may be left out."""
        names = ("text", *_NUMBERS, "region")
        return self.parse(field, {k: t.strip() for k, t in zip(names, texts, strict=False) if t.strip()})

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        if value is None:
            return []
        measured = [getattr(value, k) for k in _NUMBERS]
        return [value.text or "", *("" if m is None else numbers.plain(m) for m in measured), value.region or ""]

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        yield from length_problems(value.text or "", None, self.settings(field).max)
        yield from length_problems(value.region or "", None, 200)
        if (value.latitude is None) != (value.longitude is None):
            yield Problem("incomplete", _("A position needs latitude and longitude."), hint=_("Give both, or neither."))
        for name, limit in _LIMITS.items():
            number = getattr(value, name)
            if number is not None and (abs(number) > limit or (name == "accuracy" and number < 0)):
                yield Problem("too_large", _("This position does not exist."), hint=_("Latitude goes from -90 to 90, longitude from -180 to 180."))

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        if value is None:
            return None
        found: dict[str, Any] = {"text": value.text, "region": value.region}
        found.update({k: None if getattr(value, k) is None else numbers.plain(getattr(value, k)) for k in _NUMBERS})
        return found

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        if value is None:
            return ""
        parts = [p for p in (value.text, value.region) if p]
        if not parts and value.latitude is not None:
            return f"({numbers.plain(value.latitude, trim=True)}, {numbers.plain(value.longitude or Decimal(0), trim=True)})"
        # Chinese goes from the large to the small, English the other way round.
        return " ".join(reversed(parts)) if reader.language == "zh" else ", ".join(parts)

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        return (None,) * 5 if value is None else (value.text, value.region, value.latitude, value.longitude, value.accuracy)

    def load(self, field: Field, stored: tuple[Any, ...]) -> Address | None:
        return _or_none(Address(*stored))

    def to_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else value.text

    def from_expr(self, field: Field, value: Any) -> Address | None:
        return None if value is None else _or_none(Address(clean(str(value))))

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        words: dict[str, Any] = {"type": ["string", "null"], "maxLength": self.settings(field).max}
        number: dict[str, Any] = {**numbers.NUMBER, "type": ["string", "number", "null"]}
        return {
            "type": "object",
            "properties": {"text": words, "region": {"type": ["string", "null"], "maxLength": 200}, **{k: dict(number) for k in _NUMBERS}},
            "additionalProperties": False,
        }

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        return {"maxlength": settings.max * 2, "data-max": settings.max, **({"data-locate": "1"} if settings.locate else {})}


def _or_none(address: Address) -> Address | None:
    return None if address == Address() else address
