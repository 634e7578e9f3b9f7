"""A compiled part of an expression: its SQL, when it is an error, and how its values are represented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal_column, not_, or_, true
from sqlalchemy.sql.elements import False_, True_

from kernel.expr.numbers import DIGITS, PLACES
from kernel.expr.types import Kind

Sql = ColumnElement[Any]
UNKNOWN: Any = object()


@dataclass(frozen=True, slots=True)
class S:
    """``loose``: a boolean in which NULL means FALSE. ``places``: the value is an integer of 10^-places (numbers on
    SQLite, durations in seconds everywhere); None on SQLite: numbers are canonical text. ``digits`` and ``decimals``
    bound a number, ``digits`` the length of a text. ``constant``: the value if it is known now.
    """

    value: Sql
    kind: Kind
    error: Sql | None = None
    loose: bool = False
    places: int | None = None
    digits: int = DIGITS
    decimals: int = PLACES
    constant: Any = UNKNOWN
    size: int = 1

    @property
    def known(self) -> bool:
        """Whether the value is a constant."""
        return self.constant is not UNKNOWN


def any_of(*errors: Sql | None) -> Sql | None:
    """The condition that at least one of the errors occurs."""
    found = [error for error in errors if error is not None and not isinstance(error, False_)]
    if any(isinstance(error, True_) for error in found):
        return true()
    return or_(*found) if len(found) > 1 else found[0] if found else None


def guarded(condition: Sql, error: Sql | None) -> Sql | None:
    """The error, if ``condition`` holds."""
    return None if error is None else and_(condition, error)


def truth(s: S) -> Sql:
    """A boolean that is never NULL."""
    if s.known:
        return true() if s.constant is True else false()
    return func.coalesce(s.value, false())


def negated(s: S) -> Sql:
    """The opposite, never NULL."""
    if s.known:
        return false() if s.constant is True else true()
    return not_(truth(s))


def all_present(args: Sequence[S]) -> Sql:
    """The condition that no argument is blank."""
    tests = [arg.value.is_not(None) for arg in args if not arg.known]
    if any(arg.known and arg.constant is None for arg in args):
        return false()
    return and_(true(), *tests)


def strict(args: Sequence[S], value: Sql) -> Sql:
    """``value``, but NULL if any argument is blank."""
    return case((all_present(args), value))


def num(text: str) -> Sql:
    """A number or another piece of SQL of our own, written out. Negative ones in brackets: ``--2`` would be a comment."""
    return literal_column(f"({text})" if text.startswith("-") else text)


def arith(a: Sql, sign: str, b: Sql, type_: Any) -> Sql:
    """An arithmetic sign between types SQLAlchemy has no rule for. The precedence is what makes it set brackets."""
    return a.op(sign, precedence=8 if sign in "*/%" else 7, return_type=type_)(b)
