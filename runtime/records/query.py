"""Lists: filter, sort, search, pages and totals. Rights are part of the statement; hidden and unknown are one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from kernel.errors import Invalid, NotFound, Problem
from kernel.expr import Expression, ExpressionError, check, to_where
from kernel.expr.findings import did_you_mean
from kernel.expr.scope import Scope as NameScope
from kernel.expr.types import BOOLEAN
from kernel.i18n import _
from kernel.permissions import EntityRights, ReaderSchema, rights_of
from kernel.platform.ctx import Ctx
from runtime.clocks import sql as clocks
from runtime.records import labels as naming
from runtime.records import search, store
from runtime.records.columns import Sight, select_for, shown
from runtime.records.counting import Count, count_rows
from runtime.records.env import Scene
from runtime.records.groups import Within, inside
from runtime.records.record import Record
from runtime.records.shape import EntityShape, shape_of
from runtime.records.sorting import SortTerm, after, cursor_of, read_cursor, sort_terms
from runtime.records.sqlscope import RecordScope
from runtime.records.titles import title_of
from runtime.records.work import reader_of

MOST = 500


@dataclass(frozen=True, slots=True)
class During:
    """Records that lie between two days of the reader's zone (the second not included): they begin there, or last into them."""

    starts: str
    ends: str
    first: date
    until: date


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What is asked for. ``where``: typed (:func:`read_where`); ``sort``: keys or paths, minus for descending; ``fields``: None for
    all; ``q``: quick search; ``cursor``: what :attr:`Listing.next_cursor` was; ``during``: between two days;
    ``within``: only the rows of one group; ``ids``: only these records, at most 500."""

    where: Expression | str | None = None
    sort: Sequence[str] = ()
    fields: Sequence[str] | None = None
    q: str = ""
    limit: int = 50
    cursor: str | None = None
    during: During | None = None
    within: Within | None = None
    ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A record of a list as its reader sees it."""

    record: Record
    readable: frozenset[str]
    title: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page. ``next_cursor`` is None on the last one; ``labels`` names the ids of all items."""

    items: tuple[Item, ...]
    next_cursor: str | None
    labels: Mapping[str, str]


def read_where(ctx: Ctx, entity: str, text: str, path: str = "where") -> Expression:
    """The typed form of a filter somebody wrote. Raises Invalid with every mistake; a hidden name is an unknown one."""
    names = ReaderSchema(ctx.app.schema, rights_of(ctx.release, ctx.actor))
    scope = ctx.app.schema.scope("record", entity)
    about_clocks = clocks.names(ctx, rights_of(ctx.release, ctx.actor), entity)
    roots = {**scope.roots, **({clocks.ROOT: about_clocks} if about_clocks is not None else {})}
    try:
        return check(text, NameScope(names, entity, roots), BOOLEAN, for_sql=True)
    except ExpressionError as error:
        raise Invalid(error.problems(path)) from error


def require_readable(ctx: Ctx, entity: str, fields: Sequence[str]) -> None:
    """Raises Invalid for fields that don't exist or that the actor may read in no record."""
    access = _access(ctx, entity)
    known = {k for k in access.readable_ever() if "." not in k}
    problems = [
        Problem("unknown_field", _("There is no field “{name}” here.", name=name[:100]), "fields", did_you_mean(name[:100], known))
        for name in fields
        if name not in known
    ]
    if problems:
        raise Invalid(problems)


def list_records(ctx: Ctx, entity: str, asked: ListQuery) -> Listing:
    """A page of the records the actor may read. Raises NotFound, Invalid."""
    access, shape = _access(ctx, entity), shape_of(ctx.release, entity)
    if not 1 <= asked.limit <= MOST:
        raise Invalid([Problem("bad_limit", _("limit is a number from 1 to {most}.", most=MOST), "limit")])
    scope = RecordScope(ctx, shape, shape.table, access.rights)
    reader = reader_of(ctx)
    terms = sort_terms(shape, scope, asked.sort)
    keys = None if asked.fields is None else frozenset(asked.fields) | frozenset(title_of(shape).keys)
    selection = select_for(access, shape, scope, reader, keys)
    first, end = selection.add(term.column for term in terms)
    query = select(*selection.columns).where(*_conditions(ctx, shape, scope, asked))
    if asked.cursor is not None:
        query = query.where(*after(terms, read_cursor(asked.cursor, entity, terms)))
    rows = [tuple(row) for row in ctx.conn.execute(query.order_by(*(t.order for t in terms)).limit(asked.limit + 1)).all()]
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    parts = store.parts(ctx, shape, [row[0] for row in rows], selection.parts) if rows and selection.parts else {}
    sight = Sight(selection, access, Scene(ctx))
    wanted = naming.Wanted()
    made: list[tuple[Record, frozenset[str]]] = []
    for row in rows:
        record = selection.record(row, parts.get(row[0]))
        readable = sight.readable(row, record)
        values = dict(record.values)
        sight.late(record, values, reader)
        record = replace(record, values=shown(shape, values, readable))
        wanted.add_record(shape, record, record.values)
        made.append((record, readable))
    names = naming.resolve(ctx, wanted) if wanted.ids else {}
    reader = reader_of(ctx, names)
    title = title_of(shape)
    items = tuple(Item(r, f, title.of(r.values, reader, f) or f"{shape.entity.label.to(ctx.language)} {r.id[-6:]}") for r, f in made)
    return Listing(items, cursor_of(entity, terms, rows[-1][first:end]) if more else None, names)


def count(ctx: Ctx, entity: str, asked: ListQuery) -> Count:
    """How many records the list has, over visible rows only (D11); stops at 10,000 or after 300 ms."""
    access, shape = _access(ctx, entity), shape_of(ctx.release, entity)
    scope = RecordScope(ctx, shape, shape.table, access.rights)
    return count_rows(ctx, select(shape.table.c.id).where(*_conditions(ctx, shape, scope, asked)))


def groups(ctx: Ctx, entity: str, key: str, asked: ListQuery) -> Mapping[Any, int]:
    """How many visible records there are per stored value of a field (or ``state``), for boards. Raises Invalid, NotFound."""
    access, shape = _access(ctx, entity), shape_of(ctx.release, entity)
    scope = RecordScope(ctx, shape, shape.table, access.rights)
    column = scope.column((key,))
    query = select(column, func.count()).where(*_conditions(ctx, shape, scope, asked)).group_by(column)
    return {row[0]: row[1] for row in ctx.conn.execute(query)}


def candidates(ctx: Ctx, entity: str, field: str, *, q: str = "", values: Any = None, id_: str | None = None, limit: int = 20) -> list[tuple[str, str]]:
    """Records that may be chosen in a reference field (``rows.field`` for one of rows), as (id, label): visible ones that fulfil the
    field's own condition for the record as it stands in the form (``values`` by key). Raises NotFound."""
    from runtime.records.creating import new_work
    from runtime.records.env import RecordEnv, RowEnv
    from runtime.records.record import Row

    shape = shape_of(ctx.release, entity)
    head, _dot, inner = field.partition(".")
    holder = shape.fields.get(head)
    if holder is not None and inner:
        holder = holder.rows.fields.get(inner) if holder.rows else None
    access = rights_of(ctx.release, ctx.actor).entity(entity)
    if holder is None or holder.target is None or field not in access.readable_ever() | access.creatable:
        raise NotFound()
    target = shape_of(ctx.release, holder.target)
    rights = _access(ctx, holder.target)
    scope = RecordScope(ctx, target, target.table, rights.rights)
    conditions = _conditions(ctx, target, scope, ListQuery(q=q))
    if holder.field.settings.get("where"):
        expression = shape.schema.expression(holder.field, "where")
        assert expression is not None
        record = store.load(ctx, shape, [id_]).get(id_) if id_ else None
        base = record or new_work(ctx, shape, None, None, None).skeleton
        env: Any = RecordEnv(Scene(ctx), shape, base, {**base.values, **({} if inner else values or {})})
        if inner and shape.fields[head].rows is not None:
            env = RowEnv(env, shape.fields[head].rows, Row(None, 0, values or {}))  # type: ignore[arg-type]
        conditions.append(to_where(expression, scope.trusted().with_this(env)))
    terms = sort_terms(target, scope, ())
    ids = ctx.conn.execute(select(target.table.c.id).where(*conditions).order_by(*(t.order for t in terms)).limit(min(limit, MOST))).scalars().all()
    wanted = naming.Wanted()
    wanted.add(holder.target, tuple(ids))
    names = naming.resolve(ctx, wanted)
    return [(i, names[i]) for i in ids if i in names]


def _access(ctx: Ctx, entity: str) -> EntityRights:
    if entity not in ctx.app.entities:
        raise NotFound()
    access = rights_of(ctx.release, ctx.actor).entity(entity)
    if not access.any("read"):
        raise NotFound()
    return access


def _conditions(ctx: Ctx, shape: EntityShape, scope: RecordScope, asked: ListQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [shape.table.c.deleted_at.is_(None)]
    assert scope.rights is not None
    access = scope.rights.entity(shape.key)
    found.append(access.where("read", scope))
    if asked.ids is not None:
        found.append(shape.table.c.id.in_(list(asked.ids)))
    if asked.where is not None:
        expression = read_where(ctx, shape.key, asked.where) if isinstance(asked.where, str) else asked.where
        try:
            found.append(to_where(expression, scope))
        except ExpressionError as error:
            raise Invalid(error.problems("where")) from error
    if asked.during is not None:
        found.append(_during(ctx, scope, asked.during))
    if asked.within is not None:
        found.append(inside(ctx, shape, scope, asked.within))
    if asked.q.strip():
        found.extend(search.conditions(ctx, shape, shape.table.c.id, asked.q, access.queryable))
    return found


def conditions(ctx: Ctx, entity: str, asked: ListQuery) -> tuple[EntityShape, RecordScope, list[ColumnElement[bool]]]:
    """What narrows a list: rights, filter, search, days; for statements that add up instead of listing. Raises NotFound, Invalid."""
    access, shape = _access(ctx, entity), shape_of(ctx.release, entity)
    scope = RecordScope(ctx, shape, shape.table, access.rights)
    return shape, scope, _conditions(ctx, shape, scope, asked)


def _during(ctx: Ctx, scope: RecordScope, asked: During) -> ColumnElement[bool]:
    """Both halves say what their own column must be, so that an index on either serves it."""
    starts = scope.column((asked.starts,))
    begins = and_(starts >= _bound(ctx, starts, asked.first), starts < _bound(ctx, starts, asked.until))
    if not asked.ends:
        return begins
    ends = scope.column((asked.ends,))
    return or_(begins, and_(ends >= _bound(ctx, ends, asked.first), starts < _bound(ctx, starts, asked.first)))


def _bound(ctx: Ctx, column: ColumnElement[Any], day: date) -> ColumnElement[Any]:
    """The beginning of a day in the reader's zone, as the column holds it."""
    value = day if column.type.python_type is date else datetime(day.year, day.month, day.day, tzinfo=ctx.zone).astimezone(UTC)
    return literal(value, column.type)


__all__ = [
    "Count", "During", "Item", "ListQuery", "Listing", "SortTerm", "Within", "candidates", "conditions", "count", "groups", "list_records", "read_where",
    "require_readable",
]
