"""How like two values are, from 0 to 1. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any


def likeness(how: str, mine: Any, other: Any) -> float | None:
    """None where the one at hand says nothing, so that it does not count."""
    if mine is None or mine == () or mine == "":
        return None
    if other is None or other == () or other == "":
        return 0.0
    if how == "near":
        return _near(_number(mine), _number(other))
    if how == "shared":
        return _shared(_options(mine), _options(other))
    if how == "text":
        return _words(str(mine), str(other))
    return 1.0 if mine == other else 0.0


def _near(mine: float, other: float) -> float:
    """1 when equal, 0.5 when one is twice the other, 0 across zero."""
    largest = max(abs(mine), abs(other))
    if largest == 0:
        return 1.0
    return max(0.0, 1 - abs(mine - other) / largest)


def _number(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp() / 86400
    if isinstance(value, date):
        return float(value.toordinal())
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, (int, float, Decimal)) else 0.0


def _options(value: Any) -> frozenset[str]:
    """Options as they are in memory, or as they are stored (|a|b|)."""
    if isinstance(value, str):
        return frozenset(part for part in value.split("|") if part)
    return frozenset(map(str, value))


def _shared(mine: Collection[str], other: Collection[str]) -> float:
    both = set(mine) | set(other)
    return len(set(mine) & set(other)) / len(both) if both else 0.0


def _words(mine: str, other: str) -> float:
    """Share of pairs of characters they have in common: fit for Chinese, which has no spaces."""
    a, b = _pairs(mine), _pairs(other)
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else float(mine.strip().lower() == other.strip().lower())


def _pairs(text: str) -> set[str]:
    plain = "".join(ch for ch in text.lower() if ch.isalnum())[:2000]
    return {plain[i:i + 2] for i in range(len(plain) - 1)}
