"""Column types of what compiled expressions give back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text, TypeDecorator


class DecimalText(TypeDecorator[Decimal]):
    """A computed decimal on SQLite: canonical text. Order by it with the collation ``fy_decimal``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | str | None, dialect: Dialect) -> str | None:
        return format(value, "f") if isinstance(value, Decimal) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class ScaledDuration(TypeDecorator[timedelta]):
    """A duration as a whole number of 10^-places seconds: 0 places are seconds, 6 microseconds."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int = 0) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: timedelta | int | None, dialect: Dialect) -> int | None:
        return value // timedelta(microseconds=10 ** (6 - self.places)) if isinstance(value, timedelta) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> timedelta | None:
        try:
            return None if value is None else timedelta(microseconds=int(value) * 10 ** (6 - self.places))
        except OverflowError:  # beside such a value stands an error, which is what counts
            return None
