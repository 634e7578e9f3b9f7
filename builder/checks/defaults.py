"""Defaults and parameters whose constant value does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel import fieldtypes
from kernel.expr.findings import ExpressionError
from kernel.expr.scope import Env
from kernel.expr.types import ErrorValue
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import Text, _
from kernel.model.elements import Field, Parameter


class Nowhere(Env):
    """An Env without a record; time stands still, because a constant does not depend on it."""

    now = datetime(2000, 1, 3, tzinfo=UTC)
    zone = ZoneInfo("UTC")
    holidays = None

    def get(self, path: tuple[str, ...]) -> Any:
        return None

    def rows(self, path: tuple[str, ...]) -> tuple[Any, ...]:
        return ()


def check(place: Place) -> Iterable[Finding]:
    """Constant defaults are read as the field's type would; parameters as their own type."""
    for uid in sorted(place.tree):
        element = place.application.by_uid.get(uid)
        if isinstance(element, Field) and element.default is not None:
            yield from _default(place, element)
        elif isinstance(element, Parameter):
            yield from _parameter(place, element)


def _default(place: Place, field: Field) -> Iterator[Finding]:
    type_ = fieldtypes.find(field.type)
    if type_ is None:
        return
    if not type_.writable:
        yield place.find(
            field,
            "useless_default",
            "default",
            _("“{label}” gets its value from the platform; a default has no effect.", label=field.label),
            severity="warning",
        )
        return
    try:
        expression = place.schema.expression(field, "default")
    except ExpressionError:
        return  # said by the formulas' check
    if expression is None or expression.reads or expression.volatile:
        return
    value = expression.evaluate(Nowhere())
    if isinstance(value, ErrorValue):
        yield _wrong(place, field, value.message)
        return
    try:
        made = type_.from_expr(field, value)
    except Unreadable as error:
        yield _wrong(place, field, error.message, error.hint)
        return
    if made is not None:
        for problem in type_.check(field, made):
            yield _wrong(place, field, problem.message, problem.hint)


def _wrong(place: Place, field: Field, why: Any, hint: Any = None) -> Finding:
    return place.find(
        field, "bad_default", "default", _("The default of “{label}” does not fit: {why}", label=field.label, why=why), hint, witness={"default": field.default}
    )


def _parameter(place: Place, parameter: Parameter) -> Iterator[Finding]:
    value, wrong = _read(parameter)
    if wrong is not None:
        yield place.find(
            parameter, "bad_value", "value", _("The value of “{label}” must be {type}.", label=parameter.label, type=wrong), witness={"value": parameter.value}
        )
    elif isinstance(value, Decimal):
        if parameter.min is not None and value < Decimal(str(parameter.min)):
            yield place.find(
                parameter, "out_of_bounds", "value", _("“{name}” must be at least {n}.", name=parameter.key, n=parameter.min), witness={"value": str(value)}
            )
        if parameter.max is not None and value > Decimal(str(parameter.max)):
            yield place.find(
                parameter, "out_of_bounds", "value", _("“{name}” must be at most {n}.", name=parameter.key, n=parameter.max), witness={"value": str(value)}
            )
    if parameter.effective_from is not None and _date(parameter.effective_from) is None:
        yield place.find(parameter, "bad_value", "effective_from", _("“{name}” must be a date such as 2026-01-31.", name="effective_from"))


def _read(parameter: Parameter) -> tuple[Any, Text | None]:
    value = parameter.value
    if parameter.type in ("number", "duration"):
        try:
            if isinstance(value, bool):
                raise InvalidOperation
            number = Decimal(str(value))
            return (number, None) if number.is_finite() else (None, _("a number"))
        except InvalidOperation:
            return None, _("a number") if parameter.type == "number" else _("a number of seconds")
    if parameter.type == "boolean":
        return (value, None) if isinstance(value, bool) else (None, _("true or false"))
    if parameter.type == "date":
        return (value, None) if _date(value) is not None else (None, _("a date such as 2026-01-31"))
    return (value, None) if isinstance(value, str) else (None, _("a text"))


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
