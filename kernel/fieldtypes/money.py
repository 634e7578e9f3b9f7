"""An exact amount with its currency."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import get_currency_symbol

from kernel.errors import Problem
from kernel.expr.types import NUMBER as NUMBER_TYPE
from kernel.expr.types import Type
from kernel.fieldtypes import numbers
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.decimal import BOUND
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import prop
from kernel.model.sqltypes import CText, ScaledDecimal

CODE = {"type": "string", "pattern": "^[A-Z]{3}$"}
_CODE = re.compile("[A-Z]{3}")
_SIGNS = {
    "¥": "CNY",
    "元": "CNY",
    "人民币": "CNY",
    "RMB": "CNY",
    "$": "USD",
    "US$": "USD",
    "美元": "USD",
    "€": "EUR",
    "欧元": "EUR",
    "£": "GBP",
    "英镑": "GBP",
    "HK$": "HKD",
    "港元": "HKD",
    "日元": "JPY",
}
_LEADING = re.compile(r"(HK\$|US\$|人民币|RMB|[¥$€£]|[A-Za-z]{3}(?=[\s\d(.+-]))\s*(.*)")
_TRAILING = re.compile(r"(.*?[\d)万亿千])\s*(人民币|美元|欧元|英镑|港元|日元|元|[A-Za-z]{3})")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount. ``currency`` is an ISO 4217 code; empty only until ``settle`` fills in the tenant's own."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{numbers.plain(self.amount)} {self.currency}".rstrip()


@dataclass(frozen=True)
class MoneySettings(Settings):
    """Currencies, places and range."""

    currency: str | None = prop(None, doc="Currency of new amounts; none: the tenant's.", schema=CODE)
    currencies: tuple[str, ...] = prop(
        (), doc="Currencies that may be chosen; none: only the one above.", schema={"type": "array", "items": CODE, "uniqueItems": True, "maxItems": 50}
    )
    places: int = prop(2, doc="Digits after the point.", schema={"type": "integer", "minimum": 0, "maximum": 6})
    min: float | str | None = prop(None, doc="Least allowed amount.", schema=BOUND)
    max: float | str | None = prop(None, doc="Greatest allowed amount.", schema=BOUND)


class MoneyType(FieldType):
    """An exact amount with its currency. Filters, sorts and formulas use the amount."""

    key = "money"
    label = _("Money")
    icon = "currency-yen"
    group = "number"
    Settings = MoneySettings
    operators = ("=", "<>", "<", "<=", ">", ">=", "blank", "not_blank")
    widget = "money"
    examples = (
        Example({"amount": "1234.50", "currency": "CNY"}, Money(Decimal("1234.50"), "CNY"), "¥1,234.50", "¥1,234.50"),
        Example({"amount": 800000, "currency": "CNY"}, Money(Decimal("800000.00"), "CNY"), "¥800,000.00", "¥800,000.00"),
        Example({"amount": "-0.01", "currency": "CNY"}, Money(Decimal("-0.01"), "CNY"), "-¥0.01", "-¥0.01"),
    )
    bad_examples = (
        BadExample("80", "type"),
        BadExample({"amount": True, "currency": "CNY"}, "type"),
        BadExample({"amount": "1", "currency": "yuan"}, "bad_currency"),
        BadExample({"amount": "1.005", "currency": "CNY"}, "too_many_places", schema=False),
        BadExample({"amount": "1", "currency": "CNY", "rate": 1}, "unknown_key"),
        BadExample({"currency": "CNY"}, "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", ScaledDecimal(self.settings(field).places)), Column("_cur", CText))

    def value_type(self, field: Field, schema: Any) -> Type:
        return NUMBER_TYPE

    def currencies(self, field: Field, reader: Reader | None = None) -> tuple[str, ...]:
        """The currencies that may be chosen, the usual one first."""
        settings = self.settings(field)
        usual = settings.currency or (settings.currencies[0] if settings.currencies else (reader.currency if reader else ""))
        return tuple(dict.fromkeys(c for c in (usual, *settings.currencies) if c))

    def parse(self, field: Field, raw: Any) -> Money:
        if not isinstance(raw, Mapping):
            raise Unreadable(
                "type", _("An amount with its currency is expected."), _("For example {example}.", example='{"amount": "1234.50", "currency": "CNY"}')
            )
        extra = sorted(set(map(str, raw)) - {"amount", "currency"})
        if extra:
            raise Unreadable("unknown_key", _("“{key}” is not known here.", key=extra[0]), _("Send amount and currency only."))
        currency = raw.get("currency")
        if currency is None:
            currency = self.settings(field).currency or ""
        elif not isinstance(currency, str) or not _CODE.fullmatch(currency):
            raise Unreadable("bad_currency", _("This is no currency code."), _("Use three capital letters, for example CNY."))
        return Money(numbers.fit(numbers.read_json(raw.get("amount")), self.settings(field).places), currency)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Money | None:
        written = unicodedata.normalize("NFKC", text).strip()
        if not written:
            return None
        sign, negative = "", written.startswith(("-", "\u2212"))
        rest = written[1:].strip() if negative else written
        leading, trailing = _LEADING.fullmatch(rest), _TRAILING.fullmatch(rest)
        if leading:
            sign, rest = leading[1], leading[2]
        elif trailing:
            rest, sign = trailing[1], trailing[2]
        amount = numbers.fit(numbers.read_text(f"-{rest}" if negative else rest), self.settings(field).places)
        return Money(amount, self._named(sign, field, reader))

    def _named(self, sign: str, field: Field, reader: Reader) -> str:
        if not sign:
            return next(iter(self.currencies(field, reader)), reader.currency)
        code = _SIGNS.get(sign) or _SIGNS.get(sign.upper()) or sign.upper()
        if sign == "¥" and self.currencies(field, reader)[:1] == ("JPY",):
            code = "JPY"
        return code

    def parse_form(self, field: Field, texts: Sequence[str], reader: Reader, finder: Finder | None = None) -> Money | None:
        """The first input holds the amount, a second one the currency."""
        found = self.parse_text(field, texts[0], reader, finder) if texts else None
        if found is not None and len(texts) > 1 and texts[1].strip():
            code = texts[1].strip().upper()
            if not _CODE.fullmatch(code):
                raise Unreadable("bad_currency", _("This is no currency code."), _("Use three capital letters, for example CNY."))
            found = replace(found, currency=code)
        return found

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [numbers.plain(value.amount), value.currency or reader.currency]

    def settle(self, field: Field, value: Any, reader: Reader) -> Any:
        if value is None or value.currency:
            return value
        return replace(value, currency=self.settings(field).currency or reader.currency)

    def check(self, field: Field, value: Money) -> Iterable[Problem]:
        settings = self.settings(field)
        yield from numbers.range_problems(value.amount, settings.min, settings.max)
        allowed = self.currencies(field)
        if value.currency and settings.currencies and value.currency not in allowed:
            yield Problem("currency", _("This currency is not offered here."), hint=_("Choose one of: {currencies}.", currencies=list(allowed)))

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else {"amount": numbers.plain(value.amount), "currency": value.currency or reader.currency}

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        if value is None:
            return ""
        digits = numbers.show_number(abs(value.amount), trim=False, places=self.settings(field).places)
        return f"{'-' if value.amount < 0 else ''}{symbol(value.currency or reader.currency, reader.language)}{digits}"

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        return (None, None) if value is None else (value.amount, value.currency)

    def load(self, field: Field, stored: tuple[Any, ...]) -> Money | None:
        return None if stored[0] is None else Money(stored[0], stored[1] or "")

    def to_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else value.amount

    def from_expr(self, field: Field, value: Any) -> Money | None:
        if value is None:
            return None
        return Money(numbers.rounded(Decimal(value), self.settings(field).places), self.settings(field).currency or "")

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        settings = self.settings(field)
        currency: dict[str, Any] = {"enum": list(self.currencies(field))} if settings.currencies else dict(CODE)
        return {
            "type": "object",
            "properties": {"amount": dict(numbers.NUMBER), "currency": currency},
            "required": ["amount"],
            "additionalProperties": False,
        }

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        found = {"inputmode": "decimal", "data-places": settings.places, "data-min": settings.min, "data-max": settings.max}
        codes = self.currencies(field, reader)
        shown = {"currencies": [(code, symbol(code, reader.language)) for code in codes], "data-currency": codes[0] if codes else reader.currency}
        return {k: v for k, v in {**found, **shown}.items() if v is not None}


@lru_cache(maxsize=500)
def symbol(code: str, language: str) -> str:
    """The sign of a currency; the plain ¥ for the renminbi in English too, as people here read it."""
    if code == "CNY":
        return "¥"
    found = get_currency_symbol(code, locale="zh_CN" if language == "zh" else "en_US")
    return found if len(found) < 3 or not found.isalpha() else f"{found} "
