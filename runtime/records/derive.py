"""Values the platform works out: formulas, roll-ups and look-ups of a record and of its rows, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kernel.expr.types import ErrorValue
from kernel.fieldtypes.base import Unreadable
from runtime.records.dependencies import dependencies_of
from runtime.records.env import Env, RecordEnv, RowEnv
from runtime.records.shape import FieldShape

if TYPE_CHECKING:
    from runtime.records.work import Work

_NONE: frozenset[str] = frozenset()


def derive(work: Work) -> None:
    """Work out the stored derived fields of ``work``; each after those it reads. Of an existing record only those that read
    something that changed: what they read of other records is kept up to date when those change (dependents.py)."""
    changed = None if work.old is None else set(work.changed())
    derive_into(work.env, work.values, work.reader, changed=changed)


def derive_into(env: RecordEnv, values: dict[str, Any], reader: Any, *, known: Mapping[str, Any] | None = None, changed: set[str] | None = None) -> None:
    """The same for any record; ``values`` must be those of ``env``. ``known`` are values worked out already, ``changed``
    the own fields that moved (None: all)."""
    shape = env.shape
    own = dependencies_of(shape.app).own
    for name in shape.order:
        key, _, inner = name.partition(".")
        field = shape.rows[key].fields[inner] if inner else shape.fields[key]
        if field.virtual or (changed is not None and not changed & own.get(field.uid, _NONE) and not _new_system(own.get(field.uid, _NONE), shape)):
            continue
        if inner:
            _derive_rows(env, values, key, inner, reader)
            continue
        value = known[key] if known is not None and key in known else value_of(field, env, reader)
        if value != values.get(key):
            values[key] = value
            if changed is not None:
                changed.add(key)


def _new_system(own: frozenset[str], shape: Any) -> bool:
    """Whether a formula reads what no field holds (state, owner, dates of the system): cheap enough to work out each time."""
    return any(k not in shape.fields for k in own)


def _derive_rows(env: RecordEnv, values: dict[str, Any], key: str, inner: str, reader: Any) -> None:
    rows = values.get(key)
    shape = env.shape.rows[key]
    field = shape.fields[inner]
    if not rows or field.virtual:
        return
    made = []
    for row in rows:
        value = value_of(field, RowEnv(env, shape, row), reader)
        made.append(row if value == row.values.get(inner) else replace(row, values={**row.values, inner: value}))
    values[key] = tuple(made)


def value_of(field: FieldShape, env: Env, reader: Any) -> Any:
    """The value of a derived field in ``env``; a mistake in the data (division by zero ...) leaves it blank."""
    if field.expression is None:
        return None
    return from_expression(field, field.expression.evaluate(env), reader)


def from_expression(field: FieldShape, value: Any, reader: Any) -> Any:
    """The value of an expression result, complete with what only the tenant knows."""
    if value is None or isinstance(value, ErrorValue):
        return None
    try:
        found = field.type.from_expr(field.field, value)
    except Unreadable:
        return None
    return None if found is None else field.type.settle(field.field, found, reader)
