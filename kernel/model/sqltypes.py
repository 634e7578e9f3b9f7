"""Column types of record tables: exact decimals, whole seconds, UTC instants and code-point text on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Numeric, TypeDecorator
from sqlalchemy.types import TypeEngine

from kernel.platform.columns import ID, Instant, text_type

DIGITS = 18  # of a stored decimal; 18 digits fit a 64-bit integer
MAX_PLACES = 6

Id = ID  # a UUIDv7 as text of 36 characters
CText = text_type()  # compares by code point on both databases


class UtcDateTime(Instant):
    """An aware instant in UTC: ``timestamptz`` on PostgreSQL, sortable text on SQLite."""

    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime


class ScaledDecimal(TypeDecorator[Decimal]):
    """A decimal with a fixed number of places: NUMERIC on PostgreSQL, a 64-bit integer of 10^-places on SQLite."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int = 2) -> None:
        super().__init__()
        self.places = places

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(DIGITS, self.places))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return int(Decimal(value).scaleb(self.places).to_integral_value(ROUND_HALF_UP))

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        return str(self.process_bind_param(value, dialect))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name == "postgresql":
            return value  # type: ignore[no-any-return]
        return Decimal(value).scaleb(-self.places)


class Seconds(TypeDecorator[timedelta]):
    """A duration as whole seconds, the same on both databases. Binding a fraction of a second raises ValueError."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[timedelta]:
        return timedelta

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.microseconds:
            raise ValueError("a stored duration has whole seconds")
        return value.days * 86_400 + value.seconds

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        return str(self.process_bind_param(value, dialect))

    def process_result_value(self, value: Any, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(seconds=int(value))
