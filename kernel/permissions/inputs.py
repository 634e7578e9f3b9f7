"""What a derived field is made of: every stored field, over any number of formulas and hops."""

from __future__ import annotations

from typing import NamedTuple

from kernel import fieldtypes
from kernel.expr.findings import ExpressionError
from kernel.model.application import Application
from kernel.model.elements import Field


class Input(NamedTuple):
    """A field by entity and key; a field of child rows has ``rows.field`` as its key."""

    entity: str
    key: str


def inputs_of(app: Application, field: Field) -> frozenset[Input]:
    """The fields, other than derived ones, from which the value of ``field`` follows. Empty for a field that is not derived."""
    cache: dict[str, frozenset[Input]] = app.__dict__.setdefault("_inputs_of", {})
    found = cache.get(field.uid)
    if found is None:
        found = cache[field.uid] = frozenset(_collect(app, field))
    return found


def name_of(field: Field) -> Input:
    """The field as an input."""
    return Input(field.entity, f"{field.parent_field}.{field.key}" if field.parent_field else field.key)


def _collect(app: Application, start: Field) -> set[Input]:
    found: set[Input] = set()
    seen: set[str] = {start.uid}
    waiting = [start]
    schema = app.schema
    while waiting:
        field = waiting.pop()
        try:
            paths = list(fieldtypes.of(field).reads(field, schema))
        except ExpressionError:
            continue  # a formula that can't be read gives no value
        for place, path in paths:
            for end in range(1, len(path) + 1):
                step = schema.field_at(place, path[:end])
                if step is None or step.uid in seen:
                    continue
                seen.add(step.uid)
                if fieldtypes.of(step).derived:
                    waiting.append(step)
                else:
                    found.add(name_of(step))
    return found
