"""The typed tree: every name resolved to a path of keys, every operator to an entry of the function table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.expr.types import Type, Value

if TYPE_CHECKING:
    from kernel.expr.table import Overload

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Core:
    """A typed part; ``start`` and ``end`` are its place in the text."""

    type: Type
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Const(Core):
    """A literal."""

    value: Value


@dataclass(frozen=True, slots=True)
class Field(Core):
    """The value at ``path``. ``level`` counts row scopes outwards: 0 is the innermost record."""

    path: Path
    level: int


@dataclass(frozen=True, slots=True)
class Rows(Core):
    """Rows as such: only aggregates take them."""

    path: Path
    level: int


@dataclass(frozen=True, slots=True)
class RowField(Core):
    """A field of each row, as in ``items.amount``: only aggregates take it."""

    rows: Rows
    path: Path


@dataclass(frozen=True, slots=True)
class Apply(Core):
    """A function or operator applied to values."""

    op: Overload
    args: tuple[Core, ...]


@dataclass(frozen=True, slots=True)
class Aggregate(Core):
    """One value out of many rows. ``how`` is a key of ``aggregates.HOW``; value and condition stand inside the row."""

    how: str
    rows: Rows
    value: Core | None
    condition: Core | None
    separator: Core | None = None


def parts(core: Core) -> tuple[Core, ...]:
    """The direct parts, those inside rows included."""
    if isinstance(core, Apply):
        return core.args
    if isinstance(core, Aggregate):
        return tuple(c for c in (core.value, core.condition, core.separator) if c is not None)
    return ()


def walk(core: Core) -> Iterator[Core]:
    """All parts of a typed tree."""
    stack = [core]
    while stack:
        core = stack.pop()
        yield core
        stack.extend(reversed(parts(core)))
