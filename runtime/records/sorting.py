"""Order of lists and the keyset cursors that go with it. Blanks are the smallest value, the id settles ties, on both databases."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, false, literal, or_

from kernel.errors import Invalid, Problem
from kernel.expr.findings import did_you_mean
from kernel.i18n import _
from kernel.model.indexes import ordering
from runtime.clocks import sql as clocks
from runtime.records.shape import SYSTEM_TARGETS, EntityShape, shape_of
from runtime.records.sqlscope import RecordScope, no_such_field
from runtime.records.titles import title_of

MOST_TERMS = 5
_SYSTEM = ("id", "state", "state_since", "owner", "team", "created_at", "updated_at", "created_by", "updated_by", "version")


@dataclass(frozen=True, slots=True)
class SortTerm:
    """One key of an order."""

    name: str
    column: ColumnElement[Any]
    descending: bool
    nullable: bool

    @property
    def order(self) -> ColumnElement[Any]:
        if isinstance(self.column, Column):
            return ordering(self.column, self.descending)
        return self.column.desc().nulls_last() if self.descending else self.column.asc().nulls_first()


def sort_terms(shape: EntityShape, scope: RecordScope, asked: Sequence[str]) -> list[SortTerm]:
    """The terms, ending with the id. Raises Invalid for names that don't exist, are hidden or have no order."""
    terms: list[SortTerm] = []
    problems: list[Problem] = []
    if len(asked) > MOST_TERMS:
        problems.append(Problem("too_many", _("Sort by at most {n} fields.", n=MOST_TERMS), "sort"))
    for name in asked[:MOST_TERMS]:
        key = name.lstrip("-+")
        try:
            terms.append(_term(shape, scope, key, name.startswith("-")))
        except Invalid:
            assert scope.rights is not None
            known = {*scope.rights.entity(shape.key).queryable, *_SYSTEM}
            problems.append(Problem("unknown_name", _("There is no field {name}.", name=key[:100]), "sort", did_you_mean(key[:100], known)))
        except _NoOrder:
            problems.append(
                Problem("not_sortable", _("Lists can't be sorted by {name}.", name=key[:100]), "sort", _("Sort by a field with single values that are stored."))
            )
    if problems:
        raise Invalid(problems)
    if not asked:
        for name in shape.entity.sort or ("-created_at",):
            try:
                terms.append(_term(shape, scope, name.lstrip("-"), name.startswith("-")))
            except (Invalid, _NoOrder):
                continue  # the entity's own order names what this reader may not use: it just doesn't count
    if not any(t.name == "id" for t in terms):
        terms.append(SortTerm("id", shape.table.c.id, terms[-1].descending if terms else False, False))
    return terms


class _NoOrder(Exception):
    pass


def _term(shape: EntityShape, scope: RecordScope, key: str, descending: bool) -> SortTerm:
    path = tuple(key.split("."))
    field = shape.fields.get(path[0])
    if field is None and path == (clocks.ROOT, clocks.DUE) and scope.ctx.app.clocks_of(shape.key):
        return SortTerm(key, clocks.urgency(scope.ctx, scope.rights, shape.key, scope.table.c.id), descending, False)
    if len(path) == 1 and field is not None:
        scope._require(path[0])
        if not field.type.sortable or field.virtual or not field.columns:
            raise _NoOrder
        if field.target is not None and field.target in scope.ctx.app.entities:
            path = (path[0], _title_key(scope, field.target))
    elif len(path) == 1 and path[0] in ("owner", "team") and SYSTEM_TARGETS[path[0]] in scope.ctx.app.entities:
        with suppress(_NoOrder):
            path = (path[0], _title_key(scope, SYSTEM_TARGETS[path[0]]))
    elif len(path) > 1:
        if field is None and path[0] not in SYSTEM_TARGETS:
            raise no_such_field(path[0])
        schema = scope.ctx.app.schema
        steps = [f for n in range(1, len(path) + 1) if (f := schema.field_at(shape.key, path[:n])) is not None]
        if any(schema.type_of(f).kind.value in ("rows", "list") for f in steps):
            raise _NoOrder
        scope._end_scope(path[:-1])  # every step must end at a record
        end = schema.field_at(shape.key, path)
        if end is not None and _virtual(scope, end):
            raise _NoOrder
    try:
        column = scope.column(path)
    except (KeyError, IndexError) as error:
        raise _NoOrder from error
    return SortTerm(key, column, descending, not isinstance(column, Column) or bool(column.nullable))


def _virtual(scope: RecordScope, field: Any) -> bool:
    if field.parent_field:
        return True
    return shape_of(scope.ctx.release, field.entity).fields[field.key].virtual


def _title_key(scope: RecordScope, entity: str) -> str:
    """The field by which references to an entity are sorted: the first of its title that the reader may use."""
    target = shape_of(scope.ctx.release, entity)
    assert scope.rights is not None
    open_ = scope.rights.queryable(entity)
    found = next((k for k in title_of(target).keys if k in open_ and target.fields[k].columns and target.fields[k].target is None), None)
    if found is None:
        raise _NoOrder
    return found


def after(terms: Sequence[SortTerm], values: Sequence[Any]) -> list[ColumnElement[bool]]:
    """The rows that come after the one with these values."""
    steps: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for term, value in zip(terms, values, strict=True):
        steps.append(and_(*equal, _beyond(term, value)))
        equal.append(term.column.is_(None) if value is None else term.column == _typed(term, value))
    found = [or_(*steps)]
    first = terms[0]
    if values[0] is not None and (not first.descending or not first.nullable):
        # Says once more what the first key must be, so that an index is entered at the right place.
        bound = _typed(first, values[0])
        found.append(first.column <= bound if first.descending else first.column >= bound)
    return found


def _typed(term: SortTerm, value: Any) -> ColumnElement[Any]:
    return literal(value, term.column.type)


def _beyond(term: SortTerm, value: Any) -> ColumnElement[bool]:
    """Strictly after, where a blank is the smallest value."""
    if value is None:
        return false() if term.descending else term.column.is_not(None)
    bound = _typed(term, value)
    if not term.descending:
        return term.column > bound
    return or_(term.column < bound, term.column.is_(None)) if term.nullable else term.column < bound


# --- cursors ----------------------------------------------------------------------------------------------------------

_PACK: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    (bool, "b", bool),
    (datetime, "t", datetime.isoformat),
    (date, "d", date.isoformat),
    (timedelta, "s", timedelta.total_seconds),
    (Decimal, "n", str),
    (int, "i", int),
    (str, "c", str),
)
_UNPACK: dict[str, Callable[[Any], Any]] = {
    "b": bool,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "s": lambda v: timedelta(seconds=v),
    "n": Decimal,
    "i": int,
    "c": str,
}


def _mark(entity: str, terms: Sequence[SortTerm]) -> str:
    order = ",".join(f"{'-' if t.descending else ''}{t.name}" for t in terms)
    return hashlib.sha256(f"{entity}|{order}".encode()).hexdigest()[:8]


def cursor_of(entity: str, terms: Sequence[SortTerm], values: Sequence[Any]) -> str:
    """Where a page ended. It holds the sort values of its last row, which its reader has seen, and nothing that grants access."""
    packed = [None if v is None else next([code, pack(v)] for kind, code, pack in _PACK if isinstance(v, kind)) for v in values]
    text = json.dumps([_mark(entity, terms), packed], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, entity: str, terms: Sequence[SortTerm]) -> list[Any]:
    """The values of a cursor. Raises Invalid for one that is broken or belongs to another list or order."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        mark, packed = json.loads(text)
        if mark != _mark(entity, terms) or len(packed) != len(terms):
            raise ValueError
        values = [None if p is None else _UNPACK[p[0]](p[1]) for p in packed]
        if any(v is not None and not _fits(t, v) for t, v in zip(terms, values, strict=True)):
            raise ValueError
        return values
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, InvalidOperation, RecursionError, binascii.Error) as error:
        raise Invalid([Problem("bad_cursor", _("This page marker does not belong to this list."), "cursor", _("Start again from the first page."))]) from error


def _fits(term: SortTerm, value: Any) -> bool:
    """Whether the database can compare the value with the column at all."""
    try:
        kind = term.column.type.python_type
    except NotImplementedError:
        return True
    if isinstance(value, str) and "\x00" in value:
        return False
    if isinstance(value, datetime) and value.tzinfo is None:
        return False
    if isinstance(value, Decimal) and (not value.is_finite() or abs(value) >= 10**18):
        return False
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return False
    return (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))) or (kind in (Decimal, float) and isinstance(value, (int, Decimal)))
