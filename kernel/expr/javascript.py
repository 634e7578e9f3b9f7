"""The JavaScript target: a typed tree as JSON that ``kernel/web/static/js/expr.js`` interprets.

Nodes are lists: ``["c", kind, value]`` constant, ``["f", kind, path, level]`` field, ``["a", op, args]`` application,
``["r", how, path, level, value, condition, separator]`` aggregate over rows.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from kernel.expr.core import Aggregate, Apply, Const, Core, Field
from kernel.expr.expression import Expression
from kernel.expr.functions.operators import micros
from kernel.expr.numbers import canonical
from kernel.expr.types import ErrorValue


def to_js(expression: Expression) -> dict[str, Any]:
    """The tree for the browser: ``{"type": kind, "node": [...]}``."""
    return {"type": expression.type.kind.value, "node": _node(expression.core)}


def to_json_value(value: Any) -> Any:
    """A value in the form of the API, as ``expr.js`` takes and gives it (durations: seconds as text)."""
    if isinstance(value, ErrorValue):
        return {"error": value.code}
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return f"{utc.year:04d}-{utc:%m-%dT%H:%M:%S}" + (f".{utc.microsecond:06d}" if utc.microsecond else "") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return canonical(Decimal(micros(value)).scaleb(-6))
    return list(value) if isinstance(value, tuple) else value


def _node(core: Core) -> list[Any]:
    if isinstance(core, Const):
        return ["c", core.type.kind.value, to_json_value(core.value)]
    if isinstance(core, Field):
        return ["f", core.type.kind.value, list(core.path), core.level]
    if isinstance(core, Aggregate):
        inner = [_node(part) if part is not None else None for part in (core.value, core.condition, core.separator)]
        return ["r", core.how, list(core.rows.path), core.rows.level, *inner]
    assert isinstance(core, Apply)
    return ["a", core.op.op, [_node(arg) for arg in core.args]]
