"""Types and values of the expression language.

A value is ``None`` (blank; an empty text *is* blank), ``bool``, ``decimal.Decimal``, ``str`` (text, the key of a
choice, the id of a record), ``datetime.date``, an aware UTC ``datetime.datetime``, ``datetime.timedelta``, a tuple
(list, rows) or an :class:`ErrorValue`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kernel.i18n import Text, _


class Kind(StrEnum):
    """What sort of value an expression gives."""

    BLANK = "blank"
    BOOLEAN = "boolean"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"
    DURATION = "duration"
    CHOICE = "choice"
    RECORD = "record"
    ROWS = "rows"
    LIST = "list"
    FILE = "file"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice: its stored key and every name it may be written with (labels in all languages, aliases)."""

    key: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Type:
    """A kind with its particulars: the entity of records and rows, the element of a list, the options of a choice."""

    kind: Kind
    entity: str | None = None
    of: Type | None = None
    options: tuple[Option, ...] = ()

    def __str__(self) -> str:
        if self.entity:
            return f"{self.kind.value} of {self.entity}"
        return f"list of {self.of}" if self.of else self.kind.value


BLANK = Type(Kind.BLANK)
BOOLEAN = Type(Kind.BOOLEAN)
NUMBER = Type(Kind.NUMBER)
TEXT = Type(Kind.TEXT)
DATE = Type(Kind.DATE)
INSTANT = Type(Kind.INSTANT)
DURATION = Type(Kind.DURATION)
FILE = Type(Kind.FILE)
ANY = Type(Kind.ANY)


def choice(options: Iterable[Option] = ()) -> Type:
    """One option out of ``options``."""
    return Type(Kind.CHOICE, options=tuple(options))


def record(entity: str) -> Type:
    """A reference to one record of ``entity``."""
    return Type(Kind.RECORD, entity=entity)


def rows(entity: str) -> Type:
    """Child rows, referring records or references to many of ``entity``."""
    return Type(Kind.ROWS, entity=entity)


def list_of(of: Type) -> Type:
    """Several values of one type, such as a multiple choice."""
    return Type(Kind.LIST, of=of, options=of.options)


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """A result that is an error. It spreads through everything but IFERROR and ISERROR."""

    code: str
    message: Text

    def __str__(self) -> str:
        return self.code


DIV0 = ErrorValue("#DIV/0!", _("Division by zero."))
VALUE = ErrorValue("#VALUE!", _("A value does not fit here."))
NUM = ErrorValue("#NUM!", _("The number or date is out of range."))
NA = ErrorValue("#N/A", _("No case fits."))
REF = ErrorValue("#REF!", _("What is referred to is not there any more."))
LIMIT = ErrorValue("#LIMIT!", _("The result or the work needed for it is too large."))

ERRORS = {error.code: error for error in (DIV0, VALUE, NUM, NA, REF, LIMIT)}

Value = None | bool | Decimal | str | date | datetime | timedelta | tuple[Any, ...] | ErrorValue

KIND_NAMES = {
    Kind.BLANK: _("nothing"),
    Kind.BOOLEAN: _("yes or no"),
    Kind.NUMBER: _("a number"),
    Kind.TEXT: _("a text"),
    Kind.DATE: _("a date"),
    Kind.INSTANT: _("a date with time"),
    Kind.DURATION: _("a duration"),
    Kind.CHOICE: _("a choice"),
    Kind.RECORD: _("a record"),
    Kind.ROWS: _("rows"),
    Kind.LIST: _("a list"),
    Kind.FILE: _("a file"),
    Kind.ANY: _("any value"),
}


def in_words(type_: Type) -> Text:
    """The type as a person says it."""
    return KIND_NAMES[type_.kind]
