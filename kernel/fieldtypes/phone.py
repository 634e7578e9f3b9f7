"""A phone number, kept in the international form."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers

from kernel.expr.types import TEXT, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.texts import clean
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import prop
from kernel.model.sqltypes import CText


@dataclass(frozen=True)
class PhoneSettings(Settings):
    """Where numbers without a country code are."""

    region: str = prop("CN", doc="Country of numbers written without country code.", schema={"type": "string", "pattern": "^[A-Z]{2}$"})


class PhoneType(FieldType):
    """A phone number. Kept as E.164 (+8613812345678), shown as the country writes it."""

    key = "phone"
    label = _("Phone")
    icon = "phone"
    group = "text"
    Settings = PhoneSettings
    searchable = True
    operators = ("=", "<>", "contains", "blank", "not_blank")
    widget = "phone"
    examples = (
        Example("+8613812345678", "+8613812345678", "138 1234 5678", "138 1234 5678"),
        Example("138-1234-5678", "+8613812345678", "138 1234 5678", "138 1234 5678"),
        Example("010 8888 6666", "+861088886666", "010 8888 6666", "010 8888 6666"),
        Example("+442079460018", "+442079460018", "+44 20 7946 0018", "+44 20 7946 0018"),
    )
    bad_examples = (
        BadExample("12", "bad_phone", schema=False),
        BadExample("call me", "bad_phone", schema=False),
        BadExample(13812345678, "type"),
        BadExample("1" * 60, "bad_phone"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return TEXT

    def parse(self, field: Field, raw: Any) -> str | None:
        text = clean(raw)
        if text is None:
            return None
        if len(text) > 50:
            raise _bad()
        return _read(unicodedata.normalize("NFKC", text), self.settings(field).region)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> str | None:
        # A sheet that took the number for a number has lost nothing but added a point.
        return self.parse(field, text.strip().removesuffix(".0").removeprefix("'"))

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return "" if value is None else _show(value, self.settings(field).region)

    def from_expr(self, field: Field, value: Any) -> str | None:
        return None if value is None else self.parse(field, str(value))

    def search_text(self, field: Field, value: Any, reader: Reader) -> str:
        """Digits with and without country code, so that any written form and the last four digits find it."""
        if value is None:
            return ""
        number = _parsed(value, None)
        return f"{value[1:]} {phonenumbers.national_significant_number(number)}" if number else value

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "string", "maxLength": 50}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {"type": "tel", "inputmode": "tel", "autocomplete": "tel", "maxlength": 50}


def _bad() -> Unreadable:
    return Unreadable("bad_phone", _("This is no phone number."), _("Write all digits, with the area code; abroad with + and the country code."))


@lru_cache(maxsize=4000)
def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _read(text: str, region: str) -> str:
    number = _parsed(text, region)
    # "Possible" rather than "valid": new ranges come faster than releases of the library, and demo numbers are legal.
    if number is None or number.extension or not phonenumbers.is_possible_number(number):
        raise _bad()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=4000)
def _show(value: str, region: str) -> str:
    number = _parsed(value, None)
    if number is None:
        return value
    home = phonenumbers.country_code_for_region(region) == number.country_code
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)
