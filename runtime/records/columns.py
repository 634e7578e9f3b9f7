"""Which columns a reader's statement selects: stored ones, values looked up through references, and what decides about fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, case, null

from kernel.errors import Invalid
from kernel.expr import ExpressionError, to_sql
from kernel.fieldtypes.base import Reader
from kernel.permissions import EntityRights
from kernel.permissions.policy import Policy
from kernel.permissions.scopes import Condition, Nothing
from runtime.records.derive import from_expression, value_of
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Record, Row
from runtime.records.shape import SYSTEM, EntityShape, FieldShape
from runtime.records.sqlscope import RecordScope

Load = Callable[[tuple[Any, ...]], Any]


@dataclass
class Selection:
    """Columns of one statement and how its rows become records. ``late`` fields are worked out row by row."""

    shape: EntityShape
    columns: list[ColumnElement[Any]] = field(default_factory=list)
    stored: list[tuple[str, int, int, Callable[[Any], Any] | None]] = field(default_factory=list)
    virtual: list[tuple[str, int, int, Load]] = field(default_factory=list)
    late: list[FieldShape] = field(default_factory=list)
    decided: list[tuple[Policy, int | None]] = field(default_factory=list)
    parts: tuple[str, ...] = ()
    since: dict[str, int] = field(default_factory=dict)

    def add(self, columns: Iterable[ColumnElement[Any]]) -> tuple[int, int]:
        """Select further columns; says where they stand in a row."""
        at = len(self.columns)
        self.columns.extend(columns)
        return at, len(self.columns)

    def values(self, row: tuple[Any, ...]) -> dict[str, Any]:
        found = {key: row[at] if load is None else load(row[at:end]) for key, at, end, load in self.stored}
        for key, at, end, read in self.virtual:
            found[key] = read(row[at:end])
        return found

    def record(self, row: tuple[Any, ...], parts: Mapping[str, Any] | None) -> Record:
        """The record of a row, with everything that was selected."""
        values = self.values(row)
        if parts:
            values.update(parts)
        states = {key: (row[at], row[at + 1]) for key, at in self.since.items()}
        return Record(row[0], self.shape.key, row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], values, states)


def select_for(rights: EntityRights, shape: EntityShape, scope: RecordScope, reader: Reader, keys: frozenset[str] | None) -> Selection:
    """The columns for reading ``keys`` (None: all) with these rights."""
    made = Selection(shape)
    made.add(shape.table.c[name] for name in SYSTEM)
    ever = rights.readable_ever()
    wanted = ever if keys is None else ever & keys
    parts = []
    for key, field_ in shape.fields.items():
        if key not in wanted:
            continue
        if key in shape.rows or key in shape.links:
            parts.append(key)
        elif field_.virtual:
            _virtual(made, field_, scope, reader)
        elif field_.columns:
            at, end = made.add(field_.columns)
            made.stored.append((key, at, end, field_.load))
            if key in shape.since_columns:
                made.since[key] = at
    made.parts = tuple(parts)
    _decisions(made, rights, scope)
    return made


def _virtual(made: Selection, field_: FieldShape, scope: RecordScope, reader: Reader) -> None:
    """Look-ups see what the reader may see at the other end (D6); formulas of time run as they stand."""
    try:
        if field_.field.type == "lookup":
            path = field_.type.path(field_.field)  # type: ignore[attr-defined]
            source = shape_at(scope, path)
            if source is not None and source.columns and source.load is not None:
                at, end = made.add([scope.stored(path, n) for n in range(len(source.columns))])
                made.virtual.append((field_.key, at, end, source.load))
                return
            at, end = made.add([scope.column(path)])
            made.virtual.append((field_.key, at, end, lambda cut: cut[0] if source is not None else from_expression(field_, cut[0], reader)))
            return
        if field_.expression is None:
            return
        value = to_sql(field_.expression, scope.trusted())
        at, end = made.add([value.value if value.error is None else case((value.error, null()), else_=value.value)])
        made.virtual.append((field_.key, at, end, lambda cut: from_expression(field_, cut[0], reader)))
    except Invalid:
        made.virtual.append((field_.key, 0, 0, lambda cut: None))
    except ExpressionError:
        made.late.append(field_)


def shape_at(scope: RecordScope, path: tuple[str, ...]) -> FieldShape | None:
    """The stored field at the end of a path through references."""
    from runtime.records.shape import SYSTEM_TARGETS, shape_of

    shape: EntityShape | None = scope.shape
    found: FieldShape | None = None
    for key in path:
        if shape is None:
            return None
        found = shape.fields.get(key)
        target = found.target if found is not None else SYSTEM_TARGETS.get(key)
        shape = shape_of(scope.ctx.release, target) if target and target in scope.ctx.app.entities else None
    return None if found is None or found.virtual else found


def _decisions(made: Selection, rights: EntityRights, scope: RecordScope) -> None:
    """Which policy matched a row decides which fields it shows (D9): words are decided in Python, conditions by the database."""
    readers = [p for p in rights.policies if not isinstance(p.scopes["read"], Nothing)]
    for policy in readers:
        at = None
        if len(readers) > 1 and isinstance(policy.scopes["read"], Condition):
            at, _end = made.add([case((policy.scopes["read"].where(rights.actor, scope), 1), else_=0)])
        made.decided.append((policy, at))


class Sight:
    """Decides per row what its reader may read, and leaves everything else out."""

    def __init__(self, selection: Selection, rights: EntityRights, scene: Scene) -> None:
        self.selection, self.rights, self.scene = selection, rights, scene
        self._known: dict[tuple[tuple[Policy, ...], str | None], frozenset[str]] = {}

    def readable(self, row: tuple[Any, ...], record: Record) -> frozenset[str]:
        """The fields of this row that may be read."""
        if self.rights.everything:
            return self.rights.every_field
        decided = self.selection.decided
        if len(decided) == 1:
            matched: tuple[Policy, ...] = (decided[0][0],)
        else:
            matched = tuple(
                p
                for p, at in decided
                if (bool(row[at]) if at is not None else p.scopes["read"].holds(self.rights.actor, record))  # type: ignore[arg-type]
            )
        key = (matched, record.state)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self.rights.readable_by(matched, record.state)
        return found

    def late(self, record: Record, values: dict[str, Any], reader: Reader) -> None:
        """Formulas no database can do."""
        if self.selection.late:
            env = RecordEnv(self.scene, self.selection.shape, record, values)
            for field_ in self.selection.late:
                values[field_.key] = value_of(field_, env, reader)


def shown(shape: EntityShape, values: Mapping[str, Any], readable: frozenset[str]) -> dict[str, Any]:
    """The values a reader may see, cells of rows included."""
    found = {}
    for key, value in values.items():
        if key not in readable:
            continue
        rows = shape.rows.get(key)
        if rows is not None and value:
            cells = [k for k in rows.fields if f"{key}.{k}" in readable]
            if len(cells) < len(rows.fields):
                value = tuple(Row(r.id, r.rank, {k: r.values.get(k) for k in cells}) for r in value)
        found[key] = value
    return found
