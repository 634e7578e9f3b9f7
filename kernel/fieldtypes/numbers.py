"""Numbers in and out: exact decimals from JSON, from what people type in Chinese or English, and back to text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from kernel.errors import Problem
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _
from kernel.model.sqltypes import DIGITS

_JSON = re.compile(r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$")
_PLAIN = re.compile(r"^[0-9]+(\.[0-9]*)?$|^\.[0-9]+$")
_GROUPED = re.compile(r"^[0-9]{1,3}([, '][0-9]{3})+(\.[0-9]*)?$")
_UNITS = {"万亿": 12, "亿": 8, "百万": 6, "万": 4, "千": 3, "百": 2, "w": 4, "k": 3, "trillion": 12, "billion": 9, "million": 6, "thousand": 3}
_UNIT = re.compile(r"^(.*?)\s*(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")$", re.IGNORECASE)
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
NUMBER = {"type": ["string", "number"], "pattern": r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$"}


def _no_number(hint: Any = None) -> Unreadable:
    return Unreadable("type", _("This is no number."), hint or _("Write digits, for example 1234.5."))


def read_json(raw: Any) -> Decimal:
    """The exact decimal of API JSON: a string of digits, or a JSON number. Raises Unreadable; NaN and Infinity too."""
    if isinstance(raw, bool) or raw is None:
        raise _no_number()
    if isinstance(raw, str):
        if not _JSON.fullmatch(raw):
            raise _no_number()
        return Decimal(raw)
    if isinstance(raw, int):
        if abs(raw) >= 10**40:
            raise too_many_digits()
        return Decimal(raw)
    if isinstance(raw, (float, Decimal)):
        # The shortest digits that mean this float are what was written in the JSON.
        number = raw if isinstance(raw, Decimal) else Decimal(repr(raw))
        if not number.is_finite():
            raise _no_number()
        if number.adjusted() >= 40 or int(number.as_tuple().exponent) < -40:
            raise too_many_digits()
        return number
    raise _no_number()


def read_text(text: str) -> Decimal:
    """The number a person typed: full-width digits, thousands separators, 万, 亿, brackets for minus. Raises Unreadable."""
    written = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-").replace("\u00a0", " ").replace("\u2009", " ")
    if len(written) > 60:
        raise _no_number()
    negative = False
    if written.startswith("(") and written.endswith(")"):
        negative, written = True, written[1:-1].strip()
    if written[:1] in ("+", "-"):
        negative, written = negative != (written[0] == "-"), written[1:].strip()
    power = 0
    unit = _UNIT.fullmatch(written)
    if unit:
        written, power = unit[1].strip(), _UNITS[unit[2].lower()]
    if _GROUPED.fullmatch(written):
        written = re.sub(r"[, ']", "", written)
    if not _PLAIN.fullmatch(written):
        hint = _("Commas group thousands (1,234.5); the decimal sign is a point.") if "," in written else None
        raise _no_number(hint)
    try:
        number = Decimal(written).scaleb(power, _EXACT)
    except InvalidOperation as error:
        raise _no_number() from error
    return -number if negative and number else number


def too_many_digits() -> Unreadable:
    return Unreadable("too_many_digits", _("The number has too many digits (at most {n}).", n=DIGITS), _("Use a shorter number."))


def fit(number: Decimal, places: int) -> Decimal:
    """``number`` with exactly ``places`` places. Raises Unreadable when digits would be lost or there are too many."""
    try:
        fitted = number.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    except InvalidOperation as error:
        raise too_many_digits() from error
    if fitted != number:
        if places == 0:
            raise Unreadable("too_many_places", _("A whole number is expected."), _("Leave out what stands after the point."))
        raise Unreadable("too_many_places", _("At most {n} digits may stand after the point.", n=places), _("Round the number."))
    if abs(fitted) >= Decimal(10) ** (DIGITS - places):
        raise too_many_digits()
    return fitted or abs(fitted)  # no negative zero


def rounded(number: Decimal, places: int) -> Decimal:
    """``number`` rounded half away from zero. Raises Unreadable when it has too many digits."""
    try:
        return fit(number.quantize(Decimal(1).scaleb(-places), context=_EXACT), places)
    except InvalidOperation as error:
        raise too_many_digits() from error


def limit(value: Any) -> Decimal | None:
    """A bound from settings."""
    return None if value is None else Decimal(str(value))


def range_problems(value: Decimal, least: Any, most: Any, show: Any = None) -> Iterable[Problem]:
    """Breaches of the bounds; ``show`` makes text of a bound."""
    shown = show or (lambda number: show_number(number))
    low, high = limit(least), limit(most)
    if low is not None and value < low:
        yield Problem("too_small", _("At least {least} is expected.", least=shown(low)), data={"least": str(low)})
    if high is not None and value > high:
        yield Problem("too_large", _("At most {most} is allowed.", most=shown(high)), data={"most": str(high)})


def show_number(value: Decimal | int, *, trim: bool = True, places: int | None = None) -> str:
    """The number with thousands separators, the same in Chinese and English; ``places`` fills up with zeros."""
    text = (f"{value:,f}" if places is None else f"{value:,.{places}f}") if isinstance(value, Decimal) else f"{value:,d}"
    return text.rstrip("0").rstrip(".") if trim and "." in text else text


def plain(value: Decimal, *, trim: bool = False) -> str:
    """The number's digits as JSON and inputs hold them: no separators, no exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if trim and "." in text else text
