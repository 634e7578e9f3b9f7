"""Columns for expressions: own fields, hops through references, child rows and referring records.

A scope with ``rights`` serves a reader: every field must be one the reader may use, and at every hop only records the
reader may read are seen (D6). A trusted scope serves rules of the application, which run as the system.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, ColumnElement, Date, FromClause, Numeric, Text, and_, case, literal, not_, null, select, true

from kernel.errors import Invalid, Problem
from kernel.expr import to_sql
from kernel.expr.scope import RowsSource
from kernel.i18n import _
from kernel.permissions import Rights
from kernel.platform.columns import Instant
from kernel.platform.ctx import Ctx
from runtime.clocks import sql as clocks
from runtime.records.env import parameters, referring_field
from runtime.records.shape import SYSTEM_TARGETS, EntityShape, FieldShape, RowShape, shape_of

Path = tuple[str, ...]
_COLUMNS = {"owner": "owner_id", "team": "team_id"}
_TYPES: tuple[tuple[type, Any], ...] = (
    (bool, Boolean()),
    (Decimal, Numeric()),
    (datetime, Instant()),
    (date, Date()),
    (str, Text()),
    (tuple, Text()),
    (timedelta, Text()),
)


def no_such_field(name: str, path: str = "where") -> Invalid:
    """The one answer for fields that don't exist and fields that are hidden."""
    return Invalid([Problem("unknown_name", _("There is no field {name}.", name=name), path)])


class Scope:
    """What scopes of records and of child rows have in common."""

    fields: dict[str, FieldShape]

    def __init__(self, ctx: Ctx, table: FromClause, rights: Rights | None, this: Any = None) -> None:
        self.ctx, self.table, self.rights, self.this = ctx, table, rights, this
        self.dialect = ctx.conn.dialect.name
        self.now: datetime = ctx.now
        self.zone = ZoneInfo(ctx.tenant.zone)
        self.holidays = None

    # --- kernel.expr.scope.SqlScope ---------------------------------------------------------------------------

    def column(self, path: Path) -> ColumnElement[Any]:
        """The column, scalar subquery or bind for ``path``. Raises Invalid for what the reader may not use."""
        key = path[0]
        field = self.fields.get(key)
        if field is None and key == "param":
            return _bind(parameters(self.ctx).get(path[1]))
        if field is None and key == "this":
            return self._this(path[1:])
        if field is None and key == clocks.ROOT and len(path) == 2:
            return self._clock(path[1])
        if len(path) == 1:
            return self._own(key, field)
        return self._through(path, lambda scope, rest: scope.column(rest))

    def stored(self, path: Path, at: int) -> ColumnElement[Any]:
        """The ``at``-th database column of the field at the end of ``path``."""
        if len(path) == 1:
            field = self._field(path[0])
            return self.table.c[field.columns[at].name]
        return self._through(path, lambda scope, rest: scope.stored(rest, at))

    def rows(self, path: Path) -> RowsSource:
        """The rows at ``path``."""
        if path[0] == "this" and "this" not in self.fields:
            assert isinstance(self.this, Scope)
            return self.this.rows(path[1:])
        if len(path) == 1:
            return self._rows(path[0], self.table.c.id)
        holder = self._end_scope(path[:-1])
        return holder._rows(path[-1], self.column((*path[:-1], "id")))

    # --- hops -------------------------------------------------------------------------------------------------

    def _own(self, key: str, field: FieldShape | None) -> ColumnElement[Any]:
        if field is None:
            return self._system(key)
        self._require(key)
        if field.virtual:
            return self._worked_out(field)
        return self.table.c[field.columns[0].name]

    def _worked_out(self, field: FieldShape) -> ColumnElement[Any]:
        if field.field.type == "lookup":
            return self.column(field.type.path(field.field))  # type: ignore[attr-defined]
        if field.expression is None:
            return _bind(None)
        # The formula runs as the system; that this reader may use its result was decided by its inputs (D8).
        made = to_sql(field.expression, self.trusted())
        return made.value if made.error is None else case((not_(made.error), made.value), else_=null())

    def _through(self, path: Path, take: Any) -> ColumnElement[Any]:
        """What ``take`` gives at the record to which the first key points, as a correlated subquery."""
        reference, target = self._reference(path[0])
        if target is None:
            return _bind(None)
        alias = target.table.alias()
        scope = RecordScope(self.ctx, target, alias, self.rights, self.this)
        value = take(scope, path[1:])
        return select(value).where(alias.c.id == reference, scope.seen()).correlate_except(alias).scalar_subquery()

    def _reference(self, key: str) -> tuple[ColumnElement[Any], EntityShape | None]:
        field = self.fields.get(key)
        if field is None:
            if key == "me":
                return _bind(self.ctx.actor.person), self._shape("person")
            return self._system(key), self._shape(self._system_target(key))
        self._require(key)
        if field.virtual:
            return self._worked_out(field), self._shape(field.target)
        return self.table.c[field.columns[0].name], self._shape(field.target)

    def _end_scope(self, path: Path) -> Scope:
        """A scope over the entity at which ``path`` ends; only its names are used."""
        scope: Scope = self
        for key in path:
            if key == "this" and "this" not in scope.fields:
                scope = scope.this
                continue
            _reference, target = scope._reference(key)
            if target is None:
                raise no_such_field(key)
            scope = RecordScope(self.ctx, target, target.table.alias(), self.rights, self.this)
        return scope

    def _rows(self, key: str, base: ColumnElement[Any]) -> RowsSource:
        field = self.fields.get(key)
        if field is None:
            if "." in key:
                return self._referring(key, base)
            raise no_such_field(key)
        self._require(key)
        if field.rows is not None:
            assert isinstance(self, RecordScope)
            child = field.rows.table.alias()
            inner = RowScopeOf(self.ctx, field.rows, child, self.rights, self, self.this or self)
            return RowsSource(child, child.c.record_id == base, inner, (child.c.rank, child.c.id))
        if field.field.type == "referring":
            return self._referring(".".join(field.type.origin(field.field)), base)  # type: ignore[attr-defined]
        return self._linked(field, key, base)

    def _linked(self, field: FieldShape, key: str, base: ColumnElement[Any]) -> RowsSource:
        target = self._shape(field.target)
        assert target is not None
        link = self._link(key).alias()
        alias = target.table.alias()
        scope = RecordScope(self.ctx, target, alias, self.rights, self)
        return RowsSource(link.join(alias, alias.c.id == link.c.target_id), and_(link.c.record_id == base, scope.seen()), scope, (link.c.rank, alias.c.id))

    def _referring(self, origin: str, base: ColumnElement[Any]) -> RowsSource:
        via = referring_field(self.ctx.release.application, origin)
        if via is None:
            raise no_such_field(origin)
        shape = shape_of(self.ctx.release, via.entity)
        alias = shape.table.alias()
        scope = RecordScope(self.ctx, shape, alias, self.rights, self)
        scope._require(via.key)
        points: ColumnElement[bool]
        if via.type == "references":
            link = shape.links[via.key].alias()
            points = alias.c.id.in_(select(link.c.record_id).where(link.c.target_id == base).correlate_except(link))
        else:
            points = alias.c[shape.fields[via.key].columns[0].name] == base
        return RowsSource(alias, and_(points, alias.c.deleted_at.is_(None), scope.seen()), scope, (alias.c.created_at, alias.c.id))

    def _clock(self, name: str) -> ColumnElement[Any]:
        raise no_such_field(clocks.ROOT)

    # --- what differs -----------------------------------------------------------------------------------------

    def _system(self, key: str) -> ColumnElement[Any]:
        raise NotImplementedError

    def _system_target(self, key: str) -> str | None:
        return SYSTEM_TARGETS.get(key)

    def _link(self, key: str) -> Any:
        raise NotImplementedError

    def _require(self, key: str) -> None:
        raise NotImplementedError

    def trusted(self) -> Scope:
        raise NotImplementedError

    def _field(self, key: str) -> FieldShape:
        field = self.fields.get(key)
        if field is None:
            raise no_such_field(key)
        self._require(key)
        return field

    def _shape(self, entity: str | None) -> EntityShape | None:
        return shape_of(self.ctx.release, entity) if entity and entity in self.ctx.release.application.entities else None

    def _this(self, rest: Path) -> ColumnElement[Any]:
        if isinstance(self.this, Scope):
            return self.this.column(rest or ("id",))
        return _bind(None if self.this is None else self.this.get(rest) if rest else self.this.id)


class RecordScope(Scope):
    """The rows of an entity's table (or an alias of it)."""

    def __init__(self, ctx: Ctx, shape: EntityShape, table: FromClause, rights: Rights | None = None, this: Any = None) -> None:
        super().__init__(ctx, table, rights, this)
        self.shape = shape
        self.fields = shape.fields

    def seen(self) -> ColumnElement[bool]:
        """The records this scope may look at: for a reader those of the reader's rights."""
        if self.rights is None:
            return true()
        return and_(self.table.c.deleted_at.is_(None), self.rights.where("read", self.shape.key, self))

    def system(self, name: str) -> ColumnElement[Any]:
        """See :class:`kernel.permissions.RowScope`."""
        return self.table.c[_COLUMNS.get(name, name)]

    def trusted(self) -> RecordScope:
        return self if self.rights is None else RecordScope(self.ctx, self.shape, self.table, None, self.this)

    def with_this(self, env: Any) -> RecordScope:
        """The same scope with a record's values as ``this``."""
        return RecordScope(self.ctx, self.shape, self.table, self.rights, env)

    def _system(self, key: str) -> ColumnElement[Any]:
        if key == "me":
            return _bind(self.ctx.actor.person)
        if key.endswith("_since") and key[:-6] in self.shape.since_columns:
            self._require(key[:-6])
            return self.table.c[self.shape.since_columns[key[:-6]][1].name]
        name = _COLUMNS.get(key, key)
        if name not in self.table.c:
            raise no_such_field(key)
        return self.table.c[name]

    def _clock(self, name: str) -> ColumnElement[Any]:
        found = clocks.column(self.ctx, self.rights, self.shape.key, self.table.c.id, name)
        if found is None:
            raise no_such_field(f"{clocks.ROOT}.{name}")
        return found

    def _link(self, key: str) -> Any:
        return self.shape.links[key]

    def _require(self, key: str) -> None:
        if self.rights is not None:
            access = self.rights.entity(self.shape.key)
            if not access.any("read") or key not in access.queryable:
                raise no_such_field(key)


class RowScopeOf(Scope):
    """The child rows of one field."""

    def __init__(self, ctx: Ctx, shape: RowShape, table: FromClause, rights: Rights | None, parent: RecordScope, this: Any) -> None:
        super().__init__(ctx, table, rights, this)
        self.shape, self.parent = shape, parent
        self.fields = shape.fields

    def trusted(self) -> RowScopeOf:
        return RowScopeOf(self.ctx, self.shape, self.table, None, self.parent.trusted(), self.this)

    def _system(self, key: str) -> ColumnElement[Any]:
        if key == "id":
            return self.table.c.id
        if key == "parent":
            return self.table.c.record_id
        if key == "me":
            return _bind(self.ctx.actor.person)
        raise no_such_field(key)

    def _system_target(self, key: str) -> str | None:
        return self.shape.entity if key == "parent" else None

    def _link(self, key: str) -> Any:
        return self.shape.links[key]

    def _require(self, key: str) -> None:
        if self.rights is not None and f"{self.shape.key}.{key}" not in self.rights.entity(self.shape.entity).queryable:
            raise no_such_field(key)


def _bind(value: Any) -> ColumnElement[Any]:
    """A value that is known now; the compiler folds it."""
    return literal(value, next((t for kind, t in _TYPES if isinstance(value, kind)), Text()))
