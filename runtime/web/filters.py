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
from kernel.model.elements import Entity, Field, Machine

_FORM = re.compile(r"^([a-z][a-z0-9_]{0,49})\.([a-z_]{1,20})\.(.*)$", re.DOTALL)
MOST_FILTERS = 20
MOST_VALUES = 50

COMPARE: Mapping[str, str] = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
PERIODS: Mapping[str, Text] = {
    "today": _("today"), "tomorrow": _("tomorrow"), "this_week": _("this week"), "next_7": _("the next 7 days"), "this_month": _("this month"),
    "last_7": _("the last 7 days"), "last_30": _("the last 30 days"), "past": _("in the past"),
}
WORDS: Mapping[str, Text] = {
    "eq": _("is"), "ne": _("is not"), "lt": _("below"), "le": _("at most"), "gt": _("above"), "ge": _("at least"), "in": _("is"), "not_in": _("is not"),
    "has": _("includes"), "contains": _("contains"), "starts": _("starts with"), "blank": _("is empty"), "not_blank": _("is filled in"), "within": _("in"),
    "before": _("before"), "after": _("not before"),
}
SYSTEM: Mapping[str, tuple[str, Text]] = {
    "state": ("state", _("Status")), "owner": ("user", _("Owner")), "team": ("team", _("Team")),
    "created_at": ("datetime", _("Created")), "updated_at": ("datetime", _("Last change")),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: ``field`` (a key, or state, owner, team, created_at, updated_at), ``op``, and texts as a person gave them."""

    field: str
    op: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}.{self.op}.{'~'.join(v.replace('~', ' ') for v in self.values)}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be filtered by: a field or a system column, with its operators."""

    key: str
    label: Message
    kind: str
    ops: tuple[str, ...]
    field: Field | None = None


def read(texts: Iterable[str]) -> list[Filter]:
    """The filters of an address; what can't be read is left out, as old bookmarks must keep working."""
    found = []
    for text in list(texts)[:MOST_FILTERS]:
        parts = _FORM.match(text)
        if parts:
            values = tuple(v for v in parts[3].split("~") if v.strip())[:MOST_VALUES]
            found.append(Filter(parts[1], parts[2], values))
    return found


def subjects(entity: Entity, machine: Machine | None, queryable: frozenset[str]) -> list[Subject]:
    """Everything the reader may filter this entity by."""
    found = []
    if machine is not None:
        found.append(Subject("state", SYSTEM["state"][1], "choice", ("in", "not_in")))
    for field in entity.fields:
        if field.key not in queryable or field.type not in fieldtypes.BUILTIN:
            continue
        type_ = fieldtypes.of(field)
        shape = type_.shape(field)
        kind = kind_of(shape)
        if kind and (type_.stored or shape.type == "references"):
            found.append(Subject(field.key, field.label, kind, OPS[kind], field))
    for key in ("owner", "team", "created_at", "updated_at"):
        kind = {"user": "record", "team": "record", "datetime": "instant"}[SYSTEM[key][0]]
        found.append(Subject(key, SYSTEM[key][1], kind, OPS[kind]))
    return found


OPS: Mapping[str, tuple[str, ...]] = {
    "text": ("contains", "eq", "starts", "blank", "not_blank"),
    "number": ("ge", "le", "gt", "lt", "eq", "blank", "not_blank"),
    "duration": ("ge", "le", "blank", "not_blank"),
    "date": ("within", "before", "after", "eq", "blank", "not_blank"),
    "instant": ("within", "before", "after", "blank", "not_blank"),
    "boolean": ("eq", "blank"),
    "choice": ("in", "not_in", "blank", "not_blank"),
    "choices": ("has", "blank", "not_blank"),
    "record": ("in", "not_in", "blank", "not_blank"),
    "other": ("blank", "not_blank"),
}


def kind_of(field: Field) -> str | None:
    """Which family of operators suits a field; None when it can't be filtered."""
    by_type = {
        "text": "text", "long_text": "text", "phone": "text", "email": "text", "url": "text", "auto_number": "text", "integer": "number",
        "decimal": "number", "money": "number", "percent": "number", "rating": "number", "boolean": "boolean", "date": "date", "datetime": "instant",
        "duration": "duration", "choice": "choice", "state": "choice", "choices": "choices", "reference": "record", "user": "record", "team": "record",
        "file": "other", "files": "other", "image": "other", "images": "other", "signature": "other",
    }
    return by_type.get(field.type)


def expression(filters: Iterable[Filter], known: Mapping[str, Subject], reader: Reader) -> str | None:
    """All filters as one condition in the expression language; None without any. Raises Unreadable for a value that is none."""
    parts = [text for f in filters if f.field in known and (text := _condition(f, known[f.field], reader))]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else f"AND({', '.join(parts)})"


def _condition(f: Filter, subject: Subject, reader: Reader) -> str | None:
    if f.op not in subject.ops and f.op not in ("eq", "ne"):
        return None
    name, kind = f.field, subject.kind
    if f.op == "blank":
        return f"ISBLANK({name})"
    if f.op == "not_blank":
        return f"NOT(ISBLANK({name}))"
    if not f.values:
        return None
    if kind == "record":
        return _of_records(f, name)
    if kind in ("choice", "choices"):
        if kind == "choices":
            return _any([f"HAS({name}, {quoted(v)})" for v in f.values])
        inside = f"IN({name}, {', '.join(quoted(v) for v in f.values)})"
        return f"NOT({inside})" if f.op in ("not_in", "ne") else inside
    if kind == "boolean":
        return f"{name} = {'TRUE' if f.values[0] in ('1', 'true', 'yes') else 'FALSE'}"
    if kind in ("date", "instant"):
        return _of_dates(f, f"TODATE({name})" if kind == "instant" else name, subject, reader)
    if kind == "text":
        if f.op in ("contains", "starts"):
            function = "CONTAINS" if f.op == "contains" else "STARTSWITH"
            return _any([f"{function}({name}, {quoted(v)})" for v in f.values])
        return _any([f"{name} {COMPARE[f.op]} {quoted(v)}" for v in f.values])
    assert subject.field is not None
    type_ = fieldtypes.of(subject.field)
    shape = type_.shape(subject.field)
    value = fieldtypes.of(shape).parse_text(shape, f.values[0], reader)
    number = fieldtypes.of(shape).to_expr(shape, value)
    if number is None:
        return None
    if kind == "duration":
        return f"{name} {COMPARE[f.op]} SECONDS({int(number.total_seconds())})"
    return f"{name} {COMPARE[f.op]} {format(Decimal(number), 'f')}"


def _any(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"OR({', '.join(parts)})"


def _of_records(f: Filter, name: str) -> str:
    parts = []
    ids = [v for v in f.values if v != "me"]
    if "me" in f.values:
        parts.append(f"{name}.id = me.id")
    if ids:
        parts.append(f"IN({name}.id, {', '.join(quoted(v) for v in ids)})")
    inside = _any(parts)
    return f"NOT({inside})" if f.op in ("not_in", "ne") else inside


def _of_dates(f: Filter, name: str, subject: Subject, reader: Reader) -> str | None:
    if f.op == "within":
        return {
            "today": f"{name} = TODAY()",
            "tomorrow": f"{name} = TODAY() + DAYS(1)",
            "this_week": f"AND({name} >= STARTOFWEEK(TODAY()), {name} < STARTOFWEEK(TODAY()) + DAYS(7))",
            "next_7": f"AND({name} >= TODAY(), {name} < TODAY() + DAYS(7))",
            "this_month": f"AND({name} >= STARTOFMONTH(TODAY()), {name} <= EOMONTH(TODAY(), 0))",
            "last_7": f"AND({name} > TODAY() - DAYS(7), {name} <= TODAY())",
            "last_30": f"AND({name} > TODAY() - DAYS(30), {name} <= TODAY())",
            "past": f"{name} < TODAY()",
        }.get(f.values[0])
    day = _day(f.values[0])
    sign = {"before": "<", "after": ">=", "eq": "="}[f.op]
    return f"{name} {sign} DATE({day.year}, {day.month}, {day.day})"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise Unreadable("bad_date", _("This is no date."), _("Write it like 2026-11-24.")) from error


def quoted(text: str) -> str:
    """A text literal of the expression language."""
    return '"' + text.replace('"', '""') + '"'


def words(f: Filter, subject: Subject, machine: Machine | None, labels: Mapping[str, str], language: str) -> tuple[str, list[str]]:
    """The chip of a filter: what is filtered and how, and the values in words."""
    verb = WORDS[f.op].to(language)
    label = subject.label if isinstance(subject.label, str) else subject.label.to(language)
    head = f"{label}{'' if language == 'zh' else ' '}{verb}"
    if f.op in ("blank", "not_blank"):
        return head, []
    if subject.key == "state" and machine is not None:
        return head, [machine.by_key[v].label.to(language) if v in machine.by_key else v for v in f.values]
    if subject.kind in ("choice", "choices") and subject.field is not None:
        shape = fieldtypes.of(subject.field).shape(subject.field)
        named = {o.key: o.label.to(language) for o in options_of(shape)}
        return head, [named.get(v, v) for v in f.values]
    if subject.kind == "record":
        return head, [_("me").to(language) if v == "me" else labels.get(v, "—") for v in f.values]
    if subject.kind == "boolean":
        return head, [(_("Yes") if f.values[:1] in (("1",), ("true",), ("yes",)) else _("No")).to(language)]
    if f.op == "within":
        return head, [PERIODS[v].to(language) if v in PERIODS else v for v in f.values[:1]]
    return head, list(f.values)
