"""Text. Positions and lengths count code points; what has no characters is blank."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from kernel.expr import numbers as n
from kernel.expr.functions.operators import TEXT_LIMIT, text, whole
from kernel.expr.table import Function, function, overload, overloaded
from kernel.expr.textformat import date_format, number_format
from kernel.expr.types import LIMIT, VALUE
from kernel.i18n import _

# Case is mapped one to one for these letters, the same on every target; a database's own rules depend on its locale.
LOWER = "".join(
    [chr(c) for c in range(0x61, 0x7B)]
    + [chr(c) for c in range(0xE0, 0xFF) if c != 0xF7]
    + [chr(c) for c in range(0x3B1, 0x3CA) if c != 0x3C2]
    + [chr(c) for c in range(0x430, 0x450)]
    + [chr(c) for c in range(0x450, 0x460)]
    + [chr(c) for c in range(0xFF41, 0xFF5B)]
)
UPPER = "".join(chr(ord(c) - (80 if 0x450 <= ord(c) < 0x460 else 32)) for c in LOWER)
TO_UPPER, TO_LOWER = str.maketrans(LOWER, UPPER), str.maketrans(UPPER, LOWER)
SPACES = " \t\n\r\u00a0\u3000"
_SPACES = re.compile(f"[{SPACES}]+")
NUMERIC = r"^[+-]?([0-9]{1,26}|[0-9]{1,3}(,[0-9]{3}){1,8})?(\.[0-9]{0,30})?%?$"
_NUMERIC = re.compile(NUMERIC)


def _left(value: str, count: Decimal = n.ONE) -> Any:
    return VALUE if count < 0 else value[: whole(count)] or None


def _right(value: str, count: Decimal = n.ONE) -> Any:
    if count < 0:
        return VALUE
    return value[max(0, len(value) - whole(count)) :] or None


def _mid(value: str, start: Decimal, count: Decimal) -> Any:
    first = whole(start)
    if first < 1 or count < 0:
        return VALUE
    return value[first - 1 : first - 1 + whole(count)] or None


def _trim(value: str) -> Any:
    return _SPACES.sub(" ", value).strip(" ") or None


def _concat(*values: str | None) -> Any:
    return text("".join(value for value in values if value is not None))


def _textjoin(separator: str | None, *values: str | None) -> Any:
    return text((separator or "").join(value for value in values if value is not None))


def _substitute(value: str | None, old: str | None, new: str | None, which: Decimal | None = None) -> Any:
    if value is None or old is None:
        return value
    if which is None:
        if len(value) + value.count(old) * (len(new or "") - len(old)) > TEXT_LIMIT:
            return LIMIT
        return text(value.replace(old, new or ""))
    if which < 1:
        return VALUE
    at = -len(old)
    for _turn in range(min(whole(which), len(value) + 1)):
        at = value.find(old, at + len(old))
        if at < 0:
            return value
    return text(value[:at] + (new or "") + value[at + len(old) :])


def _replace(value: str | None, start: Decimal | None, count: Decimal | None, new: str | None) -> Any:
    if start is None or count is None:
        return None
    first = whole(start)
    if first < 1 or count < 0:
        return VALUE
    value = value or ""
    return text(value[: first - 1] + (new or "") + value[first - 1 + whole(count) :])


def _find(needle: str, value: str, start: Decimal = n.ONE) -> Any:
    first = whole(start)
    if first < 1:
        return VALUE
    at = value.find(needle, first - 1)
    return Decimal(at + 1) if at >= 0 else VALUE


def _search(needle: str, value: str, start: Decimal = n.ONE) -> Any:
    return _find(needle.translate(TO_LOWER), value.translate(TO_LOWER), start)


def _rept(value: str, count: Decimal) -> Any:
    times = whole(count)
    if times < 0:
        return VALUE
    return LIMIT if len(value) * times > TEXT_LIMIT else text(value * times)


def _value(value: str) -> Any:
    value = value.strip(SPACES)
    if not _NUMERIC.match(value) or not any(c.isdigit() for c in value):
        return VALUE
    plain = value.rstrip("%").replace(",", "")
    number = Decimal(plain if plain[-1] != "." else plain + "0")
    number = number.scaleb(-2, n.EXACT) if value[-1] == "%" else number
    return n.settle(number)


FUNCTIONS: tuple[Function, ...] = (
    function("LEN(text: text) -> number", _("How many characters the text has."), lambda t: Decimal(len(t or "")), blank="raw"),
    function("LEFT(text: text, count?: number) -> text", _("The first characters of a text."), _left),
    function("RIGHT(text: text, count?: number) -> text", _("The last characters of a text."), _right),
    function("MID(text: text, start: number, count: number) -> text", _("Characters out of the middle of a text; the first is number 1."), _mid),
    function("UPPER(text: text) -> text", _("The text in capital letters."), lambda t: t.translate(TO_UPPER)),
    function("LOWER(text: text) -> text", _("The text in small letters."), lambda t: t.translate(TO_LOWER)),
    function("TRIM(text: text) -> text", _("The text without spaces at its ends and with single spaces inside."), _trim),
    function("CONCAT(value*: string) -> text", _("All values as one text."), _concat, blank="raw"),
    function(
        "TEXTJOIN(separator: text, value*: string) -> text",
        _("All values that are not blank, with a separator between them."),
        _textjoin,
        blank="raw",
        rule="textjoin",
    ),
    function(
        "SUBSTITUTE(text: text, old: text, new: text, which?: number) -> text",
        _("The text with one text in place of another; which picks one occurrence."),
        _substitute,
        blank="raw",
    ),
    function(
        "REPLACE(text: text, start: number, count: number, new: text) -> text", _("The text with other characters from a position on."), _replace, blank="raw"
    ),
    function(
        "FIND(part: text, text: text, start?: number) -> number",
        _("Where a part begins in a text, capital and small letters apart; #VALUE! if it is not there."),
        _find,
    ),
    function(
        "SEARCH(part: text, text: text, start?: number) -> number",
        _("Where a part begins in a text, capital and small letters alike; #VALUE! if it is not there."),
        _search,
    ),
    function("CONTAINS(text: text, part: text) -> boolean", _("TRUE if the text holds the part."), lambda t, p: p in t, blank="false"),
    function("STARTSWITH(text: text, part: text) -> boolean", _("TRUE if the text begins with the part."), lambda t, p: t.startswith(p), blank="false"),
    function("ENDSWITH(text: text, part: text) -> boolean", _("TRUE if the text ends with the part."), lambda t, p: t.endswith(p), blank="false"),
    function("EXACT(a: text, b: text) -> boolean", _("TRUE if two texts are the same, letter by letter."), lambda a, b: a == b, blank="false"),
    function("REPT(text: text, count: number) -> text", _("The text several times over."), _rept),
    overloaded(
        _("A number or a date as text, in the pattern you write, for example 0.00, #,##0 or yyyy-mm-dd."),
        overload("TEXT(value: number, pattern: literal) -> text", number_format, op="TEXT"),
        overload("TEXT(value: date, pattern: literal) -> text", date_format, op="TEXT/date", env=True),
        overload("TEXT(value: instant, pattern: literal) -> text", date_format, op="TEXT/instant", env=True),
        signatures=("TEXT(value: number | date | instant, pattern: literal) -> text",),
        rule="text",
    ),
    function("VALUE(text: text) -> number", _("The number that a text shows; #VALUE! if it shows none."), _value),
)
