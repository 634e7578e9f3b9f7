"""Filters of a list: chips in words in the page, an expression for the query, ``f=`` parameters in the address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kernel import fieldtypes
from kernel.errors import Message
from kernel.fieldtypes.base import Reader, Unreadable
from kernel.fieldtypes.options import options_of
from kernel.i18n import Text, _
from kernel.model.elements import Field, Machine
from runtime.web.filter_words import NAMED, PERIODS, PLAIN, WORDS

# What can be asked of clocks (see runtime.clocks.sql), in the order in which it is offered.
CLOCKS: Mapping[str, Text] = {
    "overdue": _("overdue"), "soon": _("running short"), "intime": _("in good time"), "paused": _("paused"), "late": _("kept late"), "kept": _("kept in time"),
    "refused": _("can't be worked out")}
_FORM = re.compile(r"^([a-z][a-z0-9_]{0,49}(?::[a-z][a-z0-9_]{0,49})?)\.([a-z_]{1,20})\.(.*)$", re.DOTALL)
MOST_FILTERS = 20
MOST_VALUES = 50

COMPARE: Mapping[str, str] = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
SYSTEM: Mapping[str, tuple[str, Text]] = {
    "state": ("state", _("Status")), "owner": ("user", _("Owner")), "team": ("team", _("Team")),
    "created_at": ("datetime", _("Created")), "updated_at": ("datetime", _("Last change")),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: ``field`` (see :attr:`Subject.key`), ``op``, and texts as a person gave them."""

    field: str
    op: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}.{self.op}.{'~'.join(v.replace('~', ' ') for v in self.values)}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be filtered by, with its operators: a field, a system column, a field of what a reference names (``ref:field``), or
    a cell of child rows (``rows:field``: any row fits). ``rows`` names the rows then."""

    key: str
    label: Message
    kind: str
    ops: tuple[str, ...]
    field: Field | None = None
    target: str | None = None
    machine: Machine | None = None
    rows: str | None = None
    group: Message | None = None

    @property
    def name(self) -> str:
        """Its name in expressions; within its rows if it is a cell, without the state if it is about clocks."""
        if self.kind == "clock":
            return f"clock.{policy}_" if (policy := self.key.partition(":")[2]) else "clock."
        return self.key.partition(":")[2] if self.rows else self.key.replace(":", ".")

    def options(self, language: str) -> list[tuple[str, str]]:
        """What can be chosen, in words."""
        if self.kind == "clock":
            return [(key, words.to(language)) for key, words in CLOCKS.items()]
        if self.machine is not None:
            return [(s.key, s.label.to(language)) for s in self.machine.states]
        if self.kind not in ("choice", "choices") or self.field is None:
            return []
        return [(o.key, o.label.to(language)) for o in options_of(fieldtypes.of(self.field).shape(self.field))]


def read(texts: Iterable[str]) -> list[Filter]:
    """The filters of an address; what can't be read is left out, as old bookmarks must keep working."""
    found = []
    for text in list(texts)[:MOST_FILTERS]:
        parts = _FORM.match(text)
        if parts:
            values = tuple(v for v in parts[3].split("~") if v.strip())[:MOST_VALUES]
            found.append(Filter(parts[1], parts[2], values))
    return found


OPS: Mapping[str, tuple[str, ...]] = {
    "text": ("contains", "not_contains", "eq", "ne", "starts", "blank", "not_blank"),
    "number": ("ge", "le", "between", "gt", "lt", "eq", "ne", "blank", "not_blank"),
    "duration": ("ge", "le", "between", "blank", "not_blank"),
    "date": ("within", "between", "before", "after", "eq", "last_n", "next_n", "blank", "not_blank"),
    "instant": ("within", "between", "before", "after", "eq", "last_n", "next_n", "blank", "not_blank"),
    "boolean": ("eq", "blank", "not_blank"),
    "choice": ("in", "not_in", "blank", "not_blank"),
    "choices": ("has", "has_all", "has_not", "blank", "not_blank"),
    "record": ("in", "not_in", "blank", "not_blank"),
    "records": ("has", "has_not", "blank", "not_blank"),
    "rows": ("not_blank", "blank", "ge", "le"),
    "other": ("blank", "not_blank"),
    "clock": ("in", "not_in"),
}
_KINDS: Mapping[str, str] = {
    "text": "text", "long_text": "text", "phone": "text", "email": "text", "url": "text", "auto_number": "text", "integer": "number",
    "decimal": "number", "money": "number", "percent": "number", "rating": "number", "boolean": "boolean", "date": "date", "datetime": "instant",
    "duration": "duration", "choice": "choice", "state": "choice", "calendar": "choice", "choices": "choices", "reference": "record", "user": "record",
    "team": "record", "references": "records", "rows": "rows", "referring": "rows", "address": "other", "file": "other", "files": "other",
    "image": "other", "images": "other", "signature": "other",
}


def kind_of(field: Field) -> str | None:
    """Which family of operators suits a field; None when it can't be filtered."""
    return _KINDS.get(field.type)


def expression(filters: Iterable[Filter], known: Mapping[str, Subject], reader: Reader) -> str | None:
    """All filters as one condition in the expression language; None without any. Raises Unreadable for a value that is none."""
    parts = [text for f in filters if f.field in known and (text := _condition(f, known[f.field], reader))]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else f"AND({', '.join(parts)})"


def _condition(f: Filter, subject: Subject, reader: Reader) -> str | None:
    if f.op not in subject.ops:
        return None
    found = _of(f, subject, subject.name, reader)
    return f"ANY({subject.rows}, {found})" if found is not None and subject.rows else found


def _of(f: Filter, subject: Subject, name: str, reader: Reader) -> str | None:
    kind = subject.kind
    if f.op in ("blank", "not_blank"):
        is_blank = f"COUNT({name}) = 0" if kind in ("records", "rows") else f"ISBLANK({name})"
        return is_blank if f.op == "blank" else f"NOT({is_blank})"
    if not f.values:
        return None
    if kind == "clock":
        wanted = [f"{name}{v}" for v in f.values if v in CLOCKS]
        return _not(f.op == "not_in", _joined("OR", wanted)) if wanted else None
    if kind in ("record", "records"):
        return _of_records(f, name, kind == "records")
    if kind == "choice":
        return _not(f.op == "not_in", f"IN({name}, {', '.join(quoted(v) for v in f.values)})")
    if kind == "choices":
        parts = [f"HAS({name}, {quoted(v)})" for v in f.values]
        return _joined("AND", parts) if f.op == "has_all" else _not(f.op == "has_not", _joined("OR", parts))
    if kind == "boolean":
        return f"{name} = {'TRUE' if f.values[0] in ('1', 'true', 'yes') else 'FALSE'}"
    if kind in ("date", "instant"):
        return _of_dates(f, f"TODATE({name})" if kind == "instant" else name)
    if kind == "text":
        if f.op in ("eq", "ne"):
            return _not(f.op == "ne", _joined("OR", [f"{name} = {quoted(v)}" for v in f.values]))
        function = "STARTSWITH" if f.op == "starts" else "CONTAINS"
        return _not(f.op == "not_contains", _joined("OR", [_found(function, name, v) for v in f.values]))
    if kind == "rows":
        return f"COUNT({name}) {COMPARE[f.op]} {_whole(f.values[0])}"
    numbers = [n for v in f.values[:2] if (n := _number(v, subject, reader)) is not None]
    if not numbers:
        return None
    if f.op == "between":
        if len(numbers) < 2:
            raise Unreadable("missing", _("Write both ends."))
        return f"AND({name} >= {numbers[0]}, {name} <= {numbers[1]})"
    return f"NOT({name} = {numbers[0]})" if f.op == "ne" else f"{name} {COMPARE[f.op]} {numbers[0]}"


def _found(function: str, name: str, text: str) -> str:
    """Capital and small letters alike; where there are none (Chinese, digits) nothing has to be folded."""
    if text.lower() == text.upper():
        return f"{function}({name}, {quoted(text)})"
    return f"{function}(LOWER({name}), LOWER({quoted(text)}))"


def _number(text: str, subject: Subject, reader: Reader) -> str | None:
    assert subject.field is not None
    shape = fieldtypes.of(subject.field).shape(subject.field)
    value = fieldtypes.of(shape).to_expr(shape, fieldtypes.of(shape).parse_text(shape, text, reader))
    if value is None:
        return None
    return f"SECONDS({int(value.total_seconds())})" if subject.kind == "duration" else format(Decimal(value), "f")


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text.strip()):
        raise Unreadable("type", _("Write a whole number."))
    return int(text)


def _joined(function: str, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{function}({', '.join(parts)})"


def _not(negative: bool, condition: str) -> str:
    return f"NOT({condition})" if negative else condition


def _of_records(f: Filter, name: str, many: bool) -> str:
    id_ = "id" if many else f"{name}.id"
    parts = []
    ids = [v for v in f.values if v != "me"]
    if "me" in f.values:
        parts.append(f"{id_} = me.id")
    if ids:
        parts.append(f"IN({id_}, {', '.join(quoted(v) for v in ids)})")
    inside = _joined("OR", parts)
    return _not(f.op in ("not_in", "has_not"), f"ANY({name}, {inside})" if many else inside)


def _of_dates(f: Filter, name: str) -> str | None:
    if f.op == "within":
        found = PERIODS.get(f.values[0])
        return found[1].replace("$", name) if found else None
    if f.op in ("last_n", "next_n"):
        days = _whole(f.values[0])
        if f.op == "last_n":
            return f"AND({name} > TODAY() - {days}, {name} <= TODAY())"
        return f"AND({name} >= TODAY(), {name} < TODAY() + {days})"
    first = _day(f.values[0])
    if f.op == "between":
        if len(f.values) < 2:
            raise Unreadable("missing", _("Write both ends."))
        return f"AND({name} >= {first}, {name} <= {_day(f.values[1])})"
    return f"{name} {({'before': '<', 'after': '>=', 'eq': '='})[f.op]} {first}"


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise Unreadable("bad_date", _("This is no date."), _("Write it like 2026-11-24.")) from error
    return f"DATE({day.year}, {day.month}, {day.day})"


def quoted(text: str) -> str:
    """A text literal of the expression language."""
    return '"' + text.replace('"', '""') + '"'


def words(f: Filter, subject: Subject, labels: Mapping[str, str], language: str) -> tuple[str, list[str]]:
    """The chip of a filter: what is filtered and how, and the values in words."""
    label = subject.label if isinstance(subject.label, str) else subject.label.to(language)
    head = f"{label}{'' if language == 'zh' else ' '}{WORDS[f.op].to(language)}"
    if f.op in PLAIN:
        return head, []
    if subject.kind in ("choice", "choices", "clock"):
        named = dict(subject.options(language))
        return head, [named.get(v, v) for v in f.values]
    if subject.kind in ("record", "records"):
        return head, [_("me").to(language) if v == "me" else labels.get(v, "—") for v in f.values]
    if subject.kind == "boolean":
        return head, [(_("Yes") if f.values[:1] in (("1",), ("true",), ("yes",)) else _("No")).to(language)]
    if f.op == "within":
        return head, [PERIODS[v][0].to(language) if v in PERIODS else v for v in f.values[:1]]
    if f.op in NAMED:
        return head, [Text(NAMED[f.op].msgid, {"n": v}).to(language) for v in f.values[:1]]
    if f.op == "between":
        return head, [" – ".join(f.values[:2])]
    return head, list(f.values)
