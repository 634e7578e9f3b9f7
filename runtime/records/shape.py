"""Everything about an entity that reading and writing its records needs, compiled once per release."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import Column, Table

from kernel import fieldtypes
from kernel.errors import NotFound
from kernel.expr import Expression, ExpressionError
from kernel.expr.types import Kind
from kernel.fieldtypes.base import FieldType
from kernel.model.elements import Entity, Field, Machine
from kernel.platform.releases import Release
from runtime.records.formulas import formula_of

SYSTEM = (
    "id",
    "version",
    "state",
    "state_since",
    "owner_id",
    "team_id",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "release_id",
    "deleted_at",
)
"""System columns in the order in which every statement selects them."""

SYSTEM_TARGETS = {"owner": "person", "created_by": "person", "updated_by": "person", "team": "team"}
"""Where system members point."""

FILE_TYPES = frozenset({"file", "files", "image", "images", "signature"})


class FieldShape:
    """A field with what its type says, looked up once."""

    def __init__(self, field: Field, app_schema: Any) -> None:
        self.field, self.key, self.uid = field, field.key, field.uid
        self.type: FieldType = fieldtypes.of(field)
        self.rule_type = f"{field.uid}#type"
        self.writable = self.type.writable
        self.derived = self.type.derived
        self.tracked = field.tracked
        self.columns: tuple[Column[Any], ...] = ()
        self.rows: RowShape | None = None
        found = app_schema.type_of(field)
        self.kind = found.kind
        self.stored_as = app_schema.shape_of(field)
        self.many = field.type in ("references", "referring", "rows")
        self.target: str | None = found.entity if found.kind in (Kind.RECORD, Kind.ROWS) and field.type != "rows" else None
        self.is_file = self.stored_as.type in FILE_TYPES
        self.plain_expr = type(self.type).to_expr is FieldType.to_expr
        self.load: Callable[[Any], Any] | None = None if type(self.type).load is FieldType.load else self._load
        self.plain_store = type(self.type).store is FieldType.store
        # Looked up, or moving with time alone: worked out whenever it is asked for.
        self.virtual = self.derived and not self.type.columns(field, app_schema)
        self._schema = app_schema

    @cached_property
    def expression(self) -> Expression | None:
        """The formula of a derived field; None when its settings point nowhere."""
        return formula_of(self._schema, self.field) if self.derived else None

    @cached_property
    def reads(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What a derived field is made of: entity at which a path starts, path."""
        try:
            return tuple(self.type.reads(self.field, self._schema)) if self.derived else ()
        except ExpressionError:
            return ()

    def _load(self, stored: Any) -> Any:
        return self.type.load(self.field, stored)

    def store(self, value: Any) -> tuple[Any, ...]:
        """Values for ``columns``; a type may leave later columns (such as ``_since``) to the platform."""
        return (value,) if self.plain_store else self.type.store(self.field, value)

    def expr(self, value: Any) -> Any:
        """The expression value."""
        return value if self.plain_expr or value is None else self.type.to_expr(self.field, value)


class Columns:
    """Columns of a table's fields and how a result row becomes values."""

    def __init__(self, shapes: Iterable[FieldShape], columns: Mapping[str, tuple[Column[Any], ...]], first: tuple[Column[Any], ...]) -> None:
        self.select: list[Column[Any]] = list(first)
        self.loaders: list[tuple[str, int, int, Callable[[Any], Any] | None]] = []
        for shape in shapes:
            found = columns.get(shape.key, ())
            if not found:
                continue
            shape.columns = tuple(found)
            self.loaders.append((shape.key, len(self.select), len(self.select) + len(found), shape.load))
            self.select.extend(found)

    def values(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """The values by key of one result row."""
        return {key: row[at] if load is None else load(row[at:end]) for key, at, end, load in self.loaders}


class Group:
    """What an entity and a kind of child rows have in common: fields, defaults, rules."""

    place: str
    fields: dict[str, FieldShape]

    def _compile(self, release: Release, fields: Iterable[Field]) -> None:
        schema = release.application.schema
        self.schema = schema
        self.fields = {f.key: FieldShape(f, schema) for f in fields}
        own = list(self.fields.values())

        def formulas(prop: str) -> list[tuple[FieldShape, Expression]]:
            pairs = ((s, schema.expression(s.field, prop)) for s in own if getattr(s.field, prop))
            return [(s, e) for s, e in pairs if e is not None]

        self.defaults = formulas("default")
        self.show_when = formulas("show_when")
        self.required_when = formulas("required_when")
        self.read_only_when = formulas("read_only_when")
        self.required = [s for s in own if s.field.required]
        self.rule_keys = {s.key for group in (self.show_when, self.required_when, self.read_only_when) for s, _ in group}


class RowShape(Group):
    """The child rows of one field."""

    def __init__(self, release: Release, entity: str, field: Field) -> None:
        self.place = f"{entity}.{field.key}"
        self.entity, self.key, self.uid = entity, field.key, field.uid
        self._compile(release, field.fields)
        child = release.tables.of(entity).child(field.key)
        self.table: Table = child.table
        self.links: Mapping[str, Table] = getattr(child, "links", {})
        self.columns = Columns(self.fields.values(), child.columns, (child.table.c.id, child.table.c.record_id, child.table.c.rank))


class EntityShape(Group):
    """An entity, ready for work. Made by :func:`shape_of`."""

    def __init__(self, release: Release, key: str) -> None:
        app = release.application
        self.release, self.app, self.key = release, app, key
        self.place = key
        self.entity: Entity = app.entity(key)
        self.uid = self.entity.uid
        tables = release.tables.of(key)
        self.table: Table = tables.table
        self._compile(release, self.entity.fields)
        self.links: Mapping[str, Table] = {k: tables.link(k) for k, f in self.fields.items() if f.field.type == "references"}
        self.columns = Columns(self.fields.values(), tables.columns, tuple(self.table.c[name] for name in SYSTEM))
        self.rows: dict[str, RowShape] = {}
        for shape in self.fields.values():
            if shape.field.type == "rows":
                shape.rows = self.rows[shape.key] = RowShape(release, key, shape.field)
        self.machines: tuple[Machine, ...] = app.machines_of(key)
        self.machine: Machine | None = self.machines[0] if self.machines else None
        self.since_columns = {
            m.key: (self.fields[m.key].columns[0], self.fields[m.key].columns[1])
            for m in self.machines[1:]
            if m.key in self.fields and len(self.fields[m.key].columns) > 1
        }
        self._since = {key: next(at for k, at, _e, _l in self.columns.loaders if k == key) for key in self.since_columns}
        self.order = app.schema.derivation_order(key)
        self.unique = [s for s in self.fields.values() if s.field.unique and s.columns]
        self.tracked = frozenset(s.key for s in self.fields.values() if s.tracked) | (frozenset(self.entity.tracked) - {"state", "owner", "team"})
        schema = app.schema
        self.validations = [(v, schema.expression(v, "holds"), schema.expression(v, "when") if v.when else None) for v in self.entity.validations]
        self.numbered = [s for s in self.fields.values() if s.field.type == "auto_number"]
        self.virtual = [s for s in self.fields.values() if s.virtual]
        self.searchable = [s for s in self.fields.values() if (s.type.searchable or fieldtypes.of(s.stored_as).searchable) and not s.virtual]

    @cached_property
    def writable(self) -> frozenset[str]:
        return frozenset(k for k, s in self.fields.items() if s.writable)

    @cached_property
    def read_by_formulas(self) -> frozenset[str]:
        """Own fields that some derived field or rule reads."""
        rules = [e for group in (self.show_when, self.required_when, self.read_only_when) for _s, e in group]
        conditions = [e for _v, holds, when in self.validations for e in (holds, when) if e is not None]
        read = {path[0] for e in (*rules, *conditions) for path in e.reads}
        return frozenset(read | {path[0] for s in self.fields.values() for place, path in s.reads if place == self.key})

    def states(self, row: tuple[Any, ...]) -> dict[str, tuple[str | None, Any]]:
        """State and since of every further machine, from a result row."""
        return {key: (row[at], row[at + 1]) for key, at in self._since.items()}

    def action_expression(self, text: str, transition: Any = None) -> Expression:
        """The typed form of a text in an action; remembered."""
        cache: dict[tuple[str, str], Expression] = self.__dict__.setdefault("_actions", {})
        key = (transition.uid if transition else "", text)
        if key not in cache:
            cache[key] = self.schema.expression_of(text, self.key, "transition", transition=transition)
        return cache[key]


_LIMIT = 1024
_lock = threading.Lock()
_shapes: OrderedDict[tuple[str, str], EntityShape] = OrderedDict()


def shape_of(release: Release, entity: str) -> EntityShape:
    """The compiled shape of an entity. Raises NotFound for one that does not exist."""
    key = (release.hash, entity)
    with _lock:
        found = _shapes.get(key)
        if found is not None:
            _shapes.move_to_end(key)
            return found
    if entity not in release.application.entities:
        raise NotFound()
    made = EntityShape(release, entity)
    with _lock:
        kept = _shapes.setdefault(key, made)
        while len(_shapes) > _LIMIT:
            _shapes.popitem(last=False)
    return kept
