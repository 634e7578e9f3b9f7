"""What the application offers to expressions: names to the checker, values to Python, columns to SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause

from kernel.expr.types import Type, Value

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A field as expressions see it. ``names`` are labels and aliases that may be written instead of ``key``."""

    key: str
    uid: str
    type: Type
    names: tuple[str, ...] = ()


class Schema(Protocol):
    """The entities and fields of one application."""

    def member(self, entity: str, name: str) -> Member | None:
        """The member of ``entity`` called ``name`` (key, alias or label in any language), or None."""

    def members(self, entity: str) -> Iterable[Member]:
        """All members of ``entity``, for suggestions and completion."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A root that is not a record but a set of typed names, such as ``param`` or ``ask``."""

    members: Mapping[str, Member]

    def member(self, name: str) -> Member | None:
        """The member called ``name`` by key or by one of its names."""
        found = self.members.get(name)
        if found is None:
            found = next((m for m in self.members.values() if name in m.names), None)
        return found


def namespace(types: Mapping[str, Type], prefix: str = "") -> Namespace:
    """A namespace of plain keys; uids are ``prefix`` plus key."""
    return Namespace({key: Member(key, f"{prefix}{key}", type_) for key, type_ in types.items()})


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: ``entity`` gives the plain names, ``roots`` the names that begin with a root.

    A member of the entity wins over a root of the same name.
    """

    schema: Schema
    entity: str | None = None
    roots: Mapping[str, Type | Namespace] = field(default_factory=dict)


class Env(Protocol):
    """The values of one record, and what can be reached from it. Paths consist of keys as :attr:`Expression.reads` lists them.

    Two further attributes may be left out: ``holidays(date) -> bool`` (true on days off, weekends included, make-up
    working days not; without it Saturdays and Sundays are off).
    """

    now: datetime
    zone: ZoneInfo
    holidays: Callable[[date], bool] | None

    def get(self, path: Path) -> Value:
        """The value at ``path``: an own field, a hop through references, or a root."""

    def rows(self, path: Path) -> Sequence[Env]:
        """One Env for each child row, referring or referred record at ``path``, in their order."""


@dataclass(frozen=True)
class RowsSource:
    """The rows at a path as SQL: what to select from, how it hangs on the outer row, and the scope inside."""

    from_: FromClause
    where: ColumnElement[bool]
    scope: SqlScope
    order_by: Sequence[ColumnElement[Any]] = ()


class SqlScope(Protocol):
    """Columns for paths. Stored blanks are NULL. A scope may carry ``holidays`` like :class:`Env`."""

    dialect: str
    now: datetime
    zone: ZoneInfo

    def column(self, path: Path) -> ColumnElement[Any]:
        """A typed column, scalar subquery or bind for ``path``."""

    def rows(self, path: Path) -> RowsSource:
        """The rows at ``path``."""


@dataclass(frozen=True)
class SqlValue:
    """A compiled value, and the condition under which it is an error instead (None: never)."""

    value: ColumnElement[Any]
    error: ColumnElement[bool] | None = None
