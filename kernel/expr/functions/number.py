"""Numbers. Rounding is half away from zero, like Excel's."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from kernel.expr import numbers as n
from kernel.expr.functions.operators import whole
from kernel.expr.table import Function, function
from kernel.expr.types import DIV0, NUM, ErrorValue
from kernel.i18n import _

POWER_LIMIT = 1000


def _places(places: Decimal) -> int:
    return max(-n.DIGITS - 1, min(n.PLACES, whole(places)))


def _quantum(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def _round(value: Decimal, places: Decimal = n.ZERO) -> Any:
    return n.settle(n.EXACT.quantize(value, _quantum(_places(places))))


def _rounddown(value: Decimal, places: Decimal = n.ZERO) -> Any:
    return n.truncate(value, _places(places))


def _roundup(value: Decimal, places: Decimal = n.ZERO) -> Any:
    cut = n.truncate(value, _places(places))
    if cut == value:
        return value
    return n.settle(n.EXACT.add(cut, _quantum(_places(places)).copy_sign(value)))


def _floor_mod(value: Decimal, divisor: Decimal) -> Decimal:
    """What is left of ``value``, with the sign of ``divisor``."""
    rest = n.to_scaled(value) % n.to_scaled(divisor)
    return Decimal(rest).scaleb(-n.PLACES, n.EXACT)


def _mod(value: Decimal, divisor: Decimal) -> Any:
    return _floor_mod(value, divisor) if divisor else DIV0


def _int(value: Decimal) -> Decimal:
    return n.EXACT.subtract(value, _floor_mod(value, n.ONE))


def _floor(value: Decimal, step: Decimal = n.ONE) -> Any:
    if not step:
        return DIV0
    if value > 0 > step:
        return NUM
    return n.subtract(value, _floor_mod(value, step))


def _ceiling(value: Decimal, step: Decimal = n.ONE) -> Any:
    if not step:
        return n.ZERO
    if value > 0 > step:
        return NUM
    rest = _floor_mod(value, step)
    return n.settle(n.EXACT.add(n.EXACT.subtract(value, rest), step)) if rest else value


def _power(base: Decimal, exponent: Decimal) -> Any:
    times = whole(exponent)
    if times != exponent or abs(times) > POWER_LIMIT:
        return NUM
    if not base:
        return n.ONE if times == 0 else n.ZERO if times > 0 else DIV0
    scaled = n.to_scaled(base)
    power = abs(times)
    # Far out of range needs no thousand-digit product; the margin leaves all close calls to exact arithmetic.
    size = power * (math.log10(abs(scaled)) - n.PLACES) * (1 if times >= 0 else -1)
    if size > n.DIGITS + 1:
        return NUM
    if size < -n.PLACES - 2:
        return n.ZERO
    top, bottom = scaled**power, n.SCALE**power
    return n.from_ratio(top, bottom) if times >= 0 else n.from_ratio(bottom, top)


def _sqrt(value: Decimal) -> Any:
    if value < 0:
        return NUM
    # Twice the root, cut, decides the rounding exactly: floor(2r) is odd when the root lies at or above the half.
    doubled = math.isqrt(4 * n.to_scaled(value) * n.SCALE)
    return n.from_scaled((doubled + 1) // 2)


def _clamp(value: Decimal, low: Decimal, high: Decimal) -> Any:
    return NUM if low > high else min(max(value, low), high)


def _sign(value: Decimal) -> Decimal | ErrorValue:
    return Decimal((value > 0) - (value < 0))


FUNCTIONS: tuple[Function, ...] = (
    function("ABS(number: number) -> number", _("The number without its sign."), Decimal.copy_abs),
    function("ROUND(number: number, places?: number) -> number", _("The number rounded to places; a half goes away from zero."), _round),
    function("ROUNDUP(number: number, places?: number) -> number", _("The number rounded away from zero."), _roundup),
    function("ROUNDDOWN(number: number, places?: number) -> number", _("The number cut towards zero."), _rounddown),
    function("TRUNC(number: number, places?: number) -> number", _("The number cut towards zero, like ROUNDDOWN."), _rounddown),
    function("INT(number: number) -> number", _("The next whole number below."), _int),
    function("MOD(number: number, divisor: number) -> number", _("What is left after a division; it has the sign of the divisor."), _mod),
    function("POWER(base: number, exponent: number) -> number", _("The number to a whole power from -1000 to 1000."), _power),
    function("SQRT(number: number) -> number", _("The square root."), _sqrt),
    function("SIGN(number: number) -> number", _("1, 0 or -1 for a number above, at or below zero."), _sign),
    function("CEILING(number: number, step?: number) -> number", _("The next multiple of a step above."), _ceiling),
    function("FLOOR(number: number, step?: number) -> number", _("The next multiple of a step below."), _floor),
    function("CLAMP(number: number, low: number, high: number) -> number", _("The number, but at least low and at most high."), _clamp),
)
