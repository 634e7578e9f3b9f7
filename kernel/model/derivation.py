"""In which order derived fields are computed, and the cycles that make it impossible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kernel import fieldtypes
from kernel.errors import Problem
from kernel.expr.findings import ExpressionError
from kernel.i18n import _
from kernel.model.elements import Field

if TYPE_CHECKING:
    from kernel.model.schema import AppSchema

Node = tuple[str, str]  # entity (or child rows) and key of a derived field


class CycleError(Exception):
    """Derived fields that depend on themselves; ``cycle`` lists them, the first again at the end."""

    def __init__(self, cycle: tuple[Field, ...]) -> None:
        self.cycle = cycle
        super().__init__(" → ".join(f"{f.place}.{f.key}" for f in cycle))

    def problem(self, path: str = "") -> Problem:
        """The cycle in words, for checks."""
        labels = [f.label for f in self.cycle]
        return Problem(
            "cycle",
            _("These fields depend on themselves: {fields}.", fields=labels),
            path,
            _("Take one of them out of the formula of another."),
            rule=self.cycle[0].uid,
        )


def is_derived(field: Field) -> bool:
    """Whether the platform works the value out of others."""
    type_ = fieldtypes.find(field.type)
    return type_ is not None and type_.derived


def order(schema: AppSchema, entity: str) -> tuple[str, ...]:
    """See :meth:`AppSchema.derivation_order`."""
    places = [entity] if "." in entity else [entity, *(f"{entity}.{f.key}" for f in schema.fields(entity).values() if f.fields)]
    done: dict[Node, None] = {}
    for place in places:
        for field in schema.fields(place).values():
            if is_derived(field):
                _follow(schema, field, done)
    wanted = set(places)
    return tuple(key if place == entity else f"{place.partition('.')[2]}.{key}" for place, key in done if place in wanted)


def _follow(schema: AppSchema, start: Field, done: dict[Node, None]) -> None:
    """Depth first, without recursion: chains of formulas over many entities may be long."""
    path: list[Field] = [start]
    left = [iter(reads(schema, start))]
    while path:
        field = path[-1]
        if (field.place, field.key) in done:
            path.pop()
            left.pop()
            continue
        step = next(left[-1], None)
        if step is None:
            done[(field.place, field.key)] = None
            path.pop()
            left.pop()
        elif (step.place, step.key) not in done:
            uids = [f.uid for f in path]
            if step.uid in uids:
                raise CycleError((*path[uids.index(step.uid) :], step))
            path.append(step)
            left.append(iter(reads(schema, step)))


def volatile(schema: AppSchema, field: Field) -> bool:
    """Whether ``field``, or a derived field that it reads, over any number of hops, has a formula with TODAY or NOW."""
    seen: set[str] = set()
    left = [field]
    while left:
        step = left.pop()
        if step.uid in seen or not is_derived(step):
            continue
        seen.add(step.uid)
        for name in schema.formulas(step):
            try:
                found = schema.expression(step, name)
            except ExpressionError:
                continue
            if found is not None and found.volatile:
                return True
        left.extend(reads(schema, step))
    return False


def reads(schema: AppSchema, field: Field) -> tuple[Field, ...]:
    """The derived fields that ``field`` reads, over any number of hops. What can't be read is the checks' matter."""
    try:
        paths = list(fieldtypes.of(field).reads(field, schema))
    except ExpressionError:
        return ()
    found: dict[str, Field] = {}
    for place, path in paths:
        for read in _along(schema, place, path):
            if is_derived(read):
                found.setdefault(read.uid, read)
    return tuple(found.values())


def _along(schema: AppSchema, place: str, path: tuple[str, ...]) -> Iterable[Field]:
    for end in range(1, len(path) + 1):
        field = schema.field_at(place, path[:end])
        if field is not None:
            yield field
