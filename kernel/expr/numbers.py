"""Exact numbers: at most 26 digits before the point and 12 after it (38 together), the same on every target.

Every operation gives the exact result rounded half away from zero to 12 places; what needs more than 26 digits
before the point is #NUM!. PostgreSQL does this with NUMERIC, the browser with BigInt, SQLite through this module.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from kernel.expr.types import DIV0, NUM, ErrorValue

PLACES = 12
DIGITS = 26
LIMIT = Decimal(10) ** DIGITS
UNIT = Decimal(1).scaleb(-PLACES)
ZERO, ONE = Decimal(0), Decimal(1)

# 80 digits hold any product of two such numbers; no trap, as ranges are looked at by hand.
EXACT = Context(prec=80, rounding=ROUND_HALF_UP, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_TRUNCATE = Context(prec=80, rounding=ROUND_DOWN, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
SCALE = 10**PLACES


def settle(value: Decimal) -> Decimal | ErrorValue:
    """``value`` rounded to the places there are, or #NUM!."""
    value = EXACT.quantize(value, UNIT)
    return value if -LIMIT < value < LIMIT else NUM


def add(a: Decimal, b: Decimal) -> Decimal | ErrorValue:
    """The sum of two numbers that are in range themselves."""
    value = EXACT.add(a, b)
    return value if -LIMIT < value < LIMIT else NUM


def subtract(a: Decimal, b: Decimal) -> Decimal | ErrorValue:
    """The difference of two numbers that are in range themselves."""
    value = EXACT.subtract(a, b)
    return value if -LIMIT < value < LIMIT else NUM


def multiply(a: Decimal, b: Decimal) -> Decimal | ErrorValue:
    """The product, rounded."""
    return settle(EXACT.multiply(a, b))


def divide(a: Decimal, b: Decimal) -> Decimal | ErrorValue:
    """The quotient, rounded once from the exact ratio (a second rounding could differ from the other targets)."""
    return from_ratio(to_scaled(a), to_scaled(b)) if b else DIV0


def from_ratio(numerator: int, denominator: int) -> Decimal | ErrorValue:
    """``numerator / denominator`` rounded half away from zero."""
    negative = (numerator < 0) != (denominator < 0)
    n, d = abs(numerator), abs(denominator)
    scaled = (2 * n * SCALE + d) // (2 * d)
    return from_scaled(-scaled if negative else scaled)


def to_scaled(value: Decimal) -> int:
    """The number as a whole count of 10^-12."""
    return int(EXACT.quantize(value, UNIT).scaleb(PLACES, EXACT))


def from_scaled(value: int) -> Decimal | ErrorValue:
    """The number that is ``value`` times 10^-12."""
    return EXACT.scaleb(Decimal(value), -PLACES) if abs(value) < 10**38 else NUM


def truncate(value: Decimal, places: int = 0) -> Decimal:
    """``value`` cut towards zero."""
    return _TRUNCATE.quantize(value, Decimal(1).scaleb(-places)) if places < PLACES else value


def tidy(value: Decimal) -> Decimal:
    """The same number without trailing zeros, exponent or negative zero."""
    value = value.normalize(EXACT)
    if not value:
        return ZERO
    return value.quantize(ONE, context=EXACT) if value.as_tuple().exponent > 0 else value  # type: ignore[operator]


def canonical(value: Decimal) -> str:
    """The number as text: plain digits, no trailing zeros; equal numbers have equal texts."""
    return format(tidy(value), "f")
