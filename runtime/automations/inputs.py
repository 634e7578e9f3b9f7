"""What a condition read, with the values of that moment: kept with the run, so that "why" and "why not" have an answer later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from kernel.expr import Expression
from kernel.fieldtypes.base import Reader
from runtime.records.env import RecordEnv
from runtime.records.work import reader_of

MOST = 20
_LONG = 200


def read(expression: Expression, env: RecordEnv) -> list[dict[str, Any]]:
    """The paths that it reads, with their values as JSON; of rows and of what others refer with, how many."""
    reader = reader_of(env.scene.ctx)
    found = []
    for path in sorted(expression.reads)[:MOST]:
        if path[0] in ("param", "me"):
            continue
        found.append({"path": ".".join(path), "value": _value(env, path, reader)})
    return found


def _value(env: RecordEnv, path: Sequence[str], reader: Reader) -> Any:
    own: RecordEnv | None = env
    rest = tuple(path)
    if rest[0] == "old":
        own, rest = env.roots.get("old"), rest[1:]
    if own is None or not rest:
        return None
    field = own.fields.get(rest[0])
    if field is not None and field.many:
        return {"rows": len(own.rows((rest[0],)))}
    if field is not None and len(rest) == 1 and not field.virtual:
        value = own.values.get(rest[0])
        return None if value is None else _short(field.type.dump(field.field, value, reader))
    return plain(own.get(rest))


def plain(value: Any) -> Any:
    """An expression's value as JSON."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return _short(value) if isinstance(value, str) else None


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONG]
    if isinstance(value, Mapping) and set(value) == {"id", "label"}:
        return value["id"]
    return value if not isinstance(value, (list, dict)) or len(str(value)) <= 4 * _LONG else None
