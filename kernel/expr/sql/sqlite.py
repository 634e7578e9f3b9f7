"""SQLite: exact numbers and functions by our own Python, registered on the connection.

Values travel as SQLite stores them: numbers as canonical text, durations as microseconds, dates and instants as ISO
text, booleans as 0 and 1, lists as ``|a|b|``. ``register`` must have been called on every connection.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from kernel.expr import numbers as n
from kernel.expr.functions import OPS
from kernel.expr.functions.operators import SPAN_LIMIT, micros
from kernel.expr.types import ErrorValue, Kind

CODES = {
    Kind.NUMBER: "n", Kind.TEXT: "t", Kind.BOOLEAN: "b", Kind.DATE: "d", Kind.INSTANT: "i", Kind.DURATION: "s", Kind.LIST: "l",
}  # fmt: skip


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


_READ: dict[str, Callable[[Any], Any]] = {
    "n": Decimal,
    "t": lambda v: v if v != "" else None,
    "b": bool,
    "d": date.fromisoformat,
    "i": _instant,
    "s": lambda v: timedelta(microseconds=v),
    "l": lambda v: tuple(v.strip("|").split("|")) if v else None,
}


def write(value: Any) -> Any:
    """A value as SQLite keeps it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return n.canonical(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if value.year >= 1000 else _early(value)
    if isinstance(value, date):
        return value.isoformat()
    return micros(value)


def _early(value: datetime) -> str:
    """strftime does not pad years before 1000."""
    return f"{value.year:04d}-{value:%m-%d %H:%M:%S.%f}"


class _Zone:
    """The part of an Env that functions on stored values may need."""

    holidays = None

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)


_zone = lru_cache(maxsize=64)(_Zone)


def _run(op: str, zone: str, codes: str, *raw: Any) -> Any:
    way = OPS[op]
    values = [None if value is None else _READ[code](value) for code, value in zip(codes, raw, strict=True)]
    if None in values and way.blank != "raw":
        return False if way.blank == "false" else None
    return way.run(_zone(zone), *values) if way.env else way.run(*values)


def _call(op: str, zone: str, codes: str, *raw: Any) -> Any:
    value = _run(op, zone, codes, *raw)
    return None if isinstance(value, ErrorValue) else write(value)


def _fail(op: str, zone: str, codes: str, *raw: Any) -> int:
    return int(isinstance(_run(op, zone, codes, *raw), ErrorValue))


def _dec(value: int | None, places: int) -> str | None:
    return None if value is None else n.canonical(Decimal(value).scaleb(-places, n.EXACT))


def _cmp(a: str | None, b: str | None) -> int | None:
    if a is None or b is None:
        return None
    x, y = Decimal(a), Decimal(b)
    return (x > y) - (x < y)


# Sums come as two halves (each half sums without overflowing 64 bits), so that the adding itself stays native.
HALF = 10**9


def _whole(high: int | None, low: int | None) -> int:
    return (high or 0) * HALF + (low or 0)


def _sum(high: int | None, low: int | None, places: int) -> str | None:
    total = Decimal(_whole(high, low)).scaleb(-places, n.EXACT)
    return n.canonical(total) if abs(total) < n.LIMIT else None


def _mean(high: int | None, low: int | None, count: int, places: int) -> str | None:
    found = n.from_ratio(_whole(high, low), count * 10**places) if count else None
    return n.canonical(found) if isinstance(found, Decimal) else None


def _sum_span(high: int | None, low: int | None, places: int) -> int | None:
    total = _whole(high, low) * int(10 ** (6 - places))
    return total if abs(total) <= SPAN_LIMIT else None


def _mean_span(high: int | None, low: int | None, count: int, places: int) -> int | None:
    if not count:
        return None
    total = _whole(high, low) * int(10 ** (6 - places))
    us = (2 * abs(total) + count) // (2 * count)
    return -us if total < 0 else us


class _Decimals:
    """Collects numbers given as text."""

    def __init__(self) -> None:
        self.values: list[Decimal] = []

    def step(self, value: str | None) -> None:
        """One row."""
        if value is not None:
            self.values.append(Decimal(value))


class _Total(_Decimals):
    def finalize(self) -> str | None:
        """The sum; NULL when out of range."""
        found = OPS["SUM"].run(*self.values)
        return n.canonical(found) if isinstance(found, Decimal) else None


class _Average(_Decimals):
    def finalize(self) -> str | None:
        """The mean; NULL of nothing."""
        found = OPS["AVERAGE"].run(*self.values)
        return n.canonical(found) if isinstance(found, Decimal) else None


class _Least(_Decimals):
    def finalize(self) -> str | None:
        """The smallest."""
        return n.canonical(min(self.values)) if self.values else None


class _Greatest(_Decimals):
    def finalize(self) -> str | None:
        """The largest."""
        return n.canonical(max(self.values)) if self.values else None


class _Join:
    """Texts with a separator between them, in the order of further keys (SQLite's own gives no order)."""

    def __init__(self) -> None:
        self.rows: list[tuple[tuple[Any, ...], int, str]] = []
        self.separator = ""

    def step(self, value: str | None, separator: str | None, *keys: Any) -> None:
        """One row."""
        self.separator = separator or ""
        if value is not None:
            self.rows.append((tuple((key is not None, key) for key in keys), len(self.rows), value))

    def finalize(self) -> str | None:
        """The joined text."""
        return self.separator.join(value for _keys, _index, value in sorted(self.rows, key=lambda row: row[:2])) or None


def register(connection: Any) -> None:
    """Registers everything compiled expressions may call on one DB-API connection of ``sqlite3``."""
    for name, count, run in (
        ("fy_call", -1, _call), ("fy_fail", -1, _fail), ("fy_dec", 2, _dec), ("fy_cmp", 2, _cmp), ("fy_sum2", 3, _sum), ("fy_mean2", 4, _mean),
        ("fy_sum_span", 3, _sum_span), ("fy_mean_span", 4, _mean_span),
    ):  # fmt: skip
        connection.create_function(name, count, run, deterministic=True)
    for name, count, kind in (
        ("fy_total", 1, _Total),
        ("fy_average", 1, _Average),
        ("fy_least", 1, _Least),
        ("fy_greatest", 1, _Greatest),
        ("fy_join", -1, _Join),
    ):
        connection.create_aggregate(name, count, kind)
    connection.create_collation("fy_decimal", lambda a, b: _cmp(a, b) or 0)
