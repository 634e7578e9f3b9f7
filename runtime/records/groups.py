"""What lists are grouped by: a field or system column whose values are few, dates by day, week, month or year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Text, and_, func, literal, type_coerce

from kernel.errors import Invalid, Problem
from kernel.expr import check, to_sql
from kernel.expr.scope import Scope as NameScope
from kernel.i18n import _
from kernel.permissions import ReaderSchema
from kernel.platform.ctx import Ctx
from runtime.records.shape import EntityShape
from runtime.records.sqlscope import RecordScope

UNITS = ("day", "week", "month", "year")
VALUES = frozenset({"choice", "state", "boolean", "reference", "user", "team"})
SYSTEM = {"state": "state", "owner": "user", "team": "team", "created_at": "datetime", "updated_at": "datetime"}


@dataclass(frozen=True, slots=True)
class Within:
    """One group: ``by`` is ``key`` or ``key:unit``; ``value`` as :func:`text_of` gives it, None for the rows without a value."""

    by: str
    value: str | None


def kind_of(shape: EntityShape, by: str) -> str | None:
    """choice, state, boolean, reference, user, team, date or datetime; None when lists can't be grouped by it."""
    key, _colon, unit = by.partition(":")
    field = shape.fields.get(key)
    stored = field is not None and bool(field.columns) and not field.virtual and not field.type.multiple
    kind = SYSTEM.get(key) if field is None else field.stored_as.type if stored else None
    if kind in ("date", "datetime"):
        return kind if unit in UNITS else None
    return kind if kind in VALUES and not unit else None


def _kind(shape: EntityShape, scope: RecordScope, by: str) -> str:
    """As :func:`kind_of`. Raises Invalid, the same for what can't be grouped by and for what this reader may not use (D6)."""
    kind, key = kind_of(shape, by), by.partition(":")[0]
    hidden = scope.rights is not None and key in shape.fields and key not in scope.rights.entity(shape.key).queryable
    if kind is None or hidden:
        raise Invalid([Problem("not_groupable", _("Lists can't be grouped by {name}.", name=by[:100]), "group")])
    return kind


def expression(ctx: Ctx, shape: EntityShape, scope: RecordScope, by: str) -> ColumnElement[Any]:
    """What the rows are grouped by: the stored value, or the first day of the unit as ISO text. Raises Invalid."""
    kind = _kind(shape, scope, by)
    key, _colon, unit = by.partition(":")
    if kind not in ("date", "datetime"):
        return scope.column((key,))
    day = scope.column((key,)) if kind == "date" else _local_day(ctx, shape, scope, key)
    if scope.dialect != "sqlite":
        cut = day if unit == "day" else func.date_trunc(literal(unit), day)
        return func.to_char(cut, "YYYY-MM-DD", type_=Text())
    written = type_coerce(day, Text())
    if unit == "week":
        return func.date(written, "-6 days", "weekday 1", type_=Text())
    size = {"day": 10, "month": 7, "year": 4}[unit]
    return func.substr(written, 1, size, type_=Text()) + {10: "", 7: "-01", 4: "-01-01"}[size]


def _local_day(ctx: Ctx, shape: EntityShape, scope: RecordScope, key: str) -> ColumnElement[Any]:
    """The day of an instant in the tenant's zone, as the expression language knows it."""
    assert scope.rights is not None
    names = ReaderSchema(ctx.app.schema, scope.rights)
    made = to_sql(check(f"TODATE({key})", NameScope(names, shape.key, ctx.app.schema.scope("record", shape.key).roots), for_sql=True), scope)
    found: ColumnElement[Any] = made.value
    return found


def inside(ctx: Ctx, shape: EntityShape, scope: RecordScope, within: Within) -> ColumnElement[bool]:
    """The rows of one group. Raises Invalid."""
    kind = _kind(shape, scope, within.by)
    key, _colon, unit = within.by.partition(":")
    column = scope.column((key,))
    if within.value is None:
        return column.is_(None)
    if kind == "boolean":
        return column.is_(within.value == "1")
    if kind not in ("date", "datetime"):
        return column == within.value
    first, after = span(within.value, unit)
    low: Any = first
    high: Any = after
    if kind == "datetime":
        low, high = (datetime.combine(day, time.min, scope.zone).astimezone(UTC) for day in (first, after))
    type_ = column.type if isinstance(column, Column) else None
    return and_(column >= literal(low, type_), column < literal(high, type_))


def span(value: str, unit: str) -> tuple[date, date]:
    """First day of a group of days and the day after its last. Raises Invalid."""
    try:
        first = date.fromisoformat(value)
        if unit == "month":
            return first, (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        if unit == "year":
            return first, first.replace(year=first.year + 1)
        return first, first + timedelta(days=7 if unit == "week" else 1)
    except (ValueError, OverflowError) as error:
        raise Invalid([Problem("bad_group", _("There is no such group."), "group")]) from error


def text_of(value: Any) -> str | None:
    """The value of a group as text, for addresses."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
