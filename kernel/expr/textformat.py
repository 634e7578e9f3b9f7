"""Patterns of TEXT: ``0``, ``0.00``, ``#,##0``, ``#,##0.00``, ``0%`` for numbers; ``yyyy mm dd hh ss`` for dates.

A pattern is written out, so it is taken apart once, when the formula is checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from kernel.expr import numbers as n

_NUMBER = re.compile(r"^(?P<before>[^0#,.%]*)(?P<whole>0|#,##0|#)(?:\.(?P<places>0{1,12}))?(?P<percent>%)?(?P<after>[^0#,.%]*)$")
_DATE = re.compile(r"yyyy|mm|m|dd|d|hh|h|ss|s|[^ymdhsYMDHS]", re.IGNORECASE)

CODES = {"yyyy", "mm", "m", "dd", "d", "hh", "h", "ss", "s", "MI", "M1"}
TIME_CODES = {"hh", "h", "ss", "s", "MI", "M1"}


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """A number's pattern taken apart."""

    before: str
    grouped: bool
    hide_zero: bool
    places: int
    percent: bool
    after: str


@lru_cache(maxsize=256)
def number_pattern(pattern: str) -> NumberPattern | None:
    """The parts of a number's pattern; None if it is none."""
    match = _NUMBER.match(pattern)
    if match is None:
        return None
    return NumberPattern(match["before"], "," in match["whole"], match["whole"] == "#", len(match["places"] or ""), bool(match["percent"]), match["after"])


@lru_cache(maxsize=256)
def date_pattern(pattern: str) -> tuple[str, ...] | None:
    """The parts of a date's pattern, codes in lower case; minutes are ``MI`` (mm after hours); None if it is none."""
    found: list[str] = []
    at = 0
    hours = False
    while at < len(pattern):
        match = _DATE.match(pattern, at)
        if match is None:
            return None
        part = match[0].lower()
        if part in ("hh", "h"):
            hours = True
        elif part in ("mm", "m") and hours:
            part, hours = ("MI" if part == "mm" else "M1"), False
        elif part in ("yyyy", "dd", "d"):
            hours = False
        found.append(part if part in CODES else match[0])
        at = match.end()
    return tuple(found) if any(part in CODES for part in found) else None


def number_format(value: Decimal, pattern: str) -> Any:
    """``value`` in a number's pattern."""
    parts = number_pattern(pattern)
    assert parts is not None
    shown = n.multiply(value, Decimal(100)) if parts.percent else value
    if not isinstance(shown, Decimal):
        return shown
    shown = n.EXACT.quantize(shown, Decimal(1).scaleb(-parts.places))
    digits = format(shown.copy_abs(), ",f" if parts.grouped else "f")
    if parts.hide_zero and digits.startswith("0"):
        digits = digits[1:]
    sign = "-" if shown < 0 else ""
    return (sign + parts.before + digits + ("%" if parts.percent else "") + parts.after) or None


def date_format(env: Any, value: date, pattern: str) -> str:
    """A date, or an instant in the tenant's zone, in a date's pattern."""
    parts = date_pattern(pattern)
    assert parts is not None
    if isinstance(value, datetime):
        value = value.astimezone(env.zone)
    hour, minute, second = (value.hour, value.minute, value.second) if isinstance(value, datetime) else (0, 0, 0)
    shown = {
        "yyyy": f"{value.year:04d}", "mm": f"{value.month:02d}", "m": str(value.month), "dd": f"{value.day:02d}", "d": str(value.day),
        "hh": f"{hour:02d}", "h": str(hour), "MI": f"{minute:02d}", "M1": str(minute), "ss": f"{second:02d}", "s": str(second),
    }  # fmt: skip
    return "".join(shown.get(part, part) for part in parts)
