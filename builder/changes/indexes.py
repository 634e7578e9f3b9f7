"""Which indexes the metadata ask for: filters and sorts of views, references, uniqueness, row scopes, child rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kernel import fieldtypes
from kernel.expr.core import Apply, Const, Core
from kernel.expr.core import Field as Read
from kernel.expr.findings import ExpressionError
from kernel.i18n import Text, _
from kernel.model.application import Application
from kernel.model.elements import Entity, Field
from kernel.model.tables import EntityTable, Tables

_MAX_NAME = 63
_SYSTEM = {
    "owner": "owner_id",
    "team": "team_id",
    "state": "state",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "created_by": "created_by",
    "state_since": "state_since",
}


@dataclass(frozen=True)
class Index:
    """Columns of a table in order. ``live``: only of records that are not in the bin. The name follows from the content."""

    table: str = ""
    columns: tuple[str, ...] = ()
    unique: bool = False
    live: bool = False
    why: Text | str = ""

    @property
    def name(self) -> str:
        """The same index has the same name in every tenant and release."""
        base = f"{'uq' if self.unique else 'ix'}_{self.table}_{'_'.join(self.columns)}{'_live' if self.live and not self.unique else ''}"
        if len(base) <= _MAX_NAME:
            return base
        return f"{base[: _MAX_NAME - 9]}_{hashlib.sha256(base.encode()).hexdigest()[:8]}"


def wanted(application: Application, tables: Tables) -> dict[str, tuple[Index, str]]:
    """The indexes by name, each with the uid of the element that asks for it first."""
    found: dict[str, tuple[Index, str]] = {}
    for entity in application.entities.values():
        kept = [*_of_entity(application, entity, tables.of(entity.key))]
        for index, uid in kept:
            if not _covered(index, [i for i, _uid in kept if i is not index]):
                found.setdefault(index.name, (index, uid))
    return found


def _covered(index: Index, others: Iterable[Index]) -> bool:
    """Whether another index of the same records begins with the same columns."""
    size = len(index.columns)
    return not index.unique and any(
        other.table == index.table and not other.unique and other.live == index.live and len(other.columns) > size and other.columns[:size] == index.columns
        for other in others
    )


def _of_entity(application: Application, entity: Entity, tables: EntityTable) -> Iterator[tuple[Index, str]]:
    name = tables.table.name
    sorts = [c for c in (_column(tables, entity, s.removeprefix("-")) for s in entity.sort) if c]
    usual = sorts[0] if sorts else None
    tail = (usual, "id") if usual else ("id",)

    def index(columns: Iterable[str], why: Text, uid: str, **options: Any) -> tuple[Index, str]:
        return Index(name, tuple(dict.fromkeys(columns)), why=why, **options), uid

    for column in sorts:
        yield index((column, "id"), _("the usual order"), entity.uid)
    for field in entity.fields:
        type_ = fieldtypes.find(field.type)
        own = tables.columns.get(field.key, ())
        if type_ is None or not own:
            continue
        if field.unique:
            # The record road compares the first column (an amount without its currency): so does the index.
            yield index((own[0].name,), _("no value twice"), field.uid, unique=True, live=True)
        elif _refers(field):
            yield index((own[0].name, "id"), _("records that refer to one"), field.uid)
        elif field.type == "state":
            yield index((own[0].name, "id"), _("records in one state"), field.uid)
    if application.machines_of(entity.key):
        yield index(("state", *tail), _("records in one state"), entity.uid)
    for view in application.views_of(entity.key):
        order = [c for c in (_column(tables, entity, s.removeprefix("-")) for s in view.sort) if c]
        for name_ in order:
            yield index((name_, "id"), _("an order of the view “{label}”", label=view.label), view.uid)
        equal = _equal_columns(application, entity, tables, view, "where")
        if equal:
            yield index((*equal, *(order[:1] or tail), "id"), _("the filter of the view “{label}”", label=view.label), view.uid)
        if view.group_by and (grouped := _column(tables, entity, view.group_by)):
            yield index((grouped, "id"), _("the columns of the view “{label}”", label=view.label), view.uid)
    yield from _of_scopes(application, entity, tables, index, tail)
    for key, child in tables.children.items():
        yield Index(child.table.name, ("record_id", "rank"), why=_("rows of a record")), entity.by_key[key].uid
        for inner in entity.by_key[key].fields:
            if _refers(inner) and inner.key in child.columns:
                yield Index(child.table.name, (child.main(inner.key).name,), why=_("records that refer to one")), inner.uid
        for inner_key, link in child.links.items():
            yield Index(link.name, ("target_id",), why=_("records that refer to one")), entity.by_key[key].by_key[inner_key].uid
    for key, link in tables.links.items():
        yield Index(link.name, ("target_id",), why=_("records that refer to one")), entity.by_key[key].uid


def _of_scopes(application: Application, entity: Entity, tables: EntityTable, index: Any, tail: tuple[str, ...]) -> Iterator[tuple[Index, str]]:
    why = _("which records a role may see")
    for role in application.roles.values():
        right = role.by_entity.get(entity.key)
        if right is None:
            continue
        if right.read == "own":
            yield index(("owner_id", *tail), why, right.uid)
        elif right.read in ("team", "team_and_below"):
            yield index(("team_id", *tail), why, right.uid)
        elif right.read not in ("none", "all"):
            for column in _equal_columns(application, entity, tables, right, "read"):
                yield index((column, *tail), why, right.uid)


def _refers(field: Field) -> bool:
    return field.type in ("reference", "user", "team")


def _column(tables: EntityTable, entity: Entity, key: str) -> str | None:
    """The first column of a field or of a system member; None for paths and what stores nothing."""
    if key in tables.columns:
        type_ = fieldtypes.find(entity.by_key[key].type)
        return tables.main(key).name if type_ is not None and type_.indexable else None
    return _SYSTEM.get(key)


def _equal_columns(application: Application, entity: Entity, tables: EntityTable, element: Any, prop: str) -> list[str]:
    """Columns that a condition compares for equality in each of its parts joined by AND."""
    try:
        expression = application.schema.expression(element, prop)
    except ExpressionError:
        return []  # the checks say what is wrong with it
    return list(dict.fromkeys(_equals(expression.core, tables, entity))) if expression is not None else []


def _equals(core: Core, tables: EntityTable, entity: Entity) -> Iterator[str]:
    if not isinstance(core, Apply):
        return
    if core.op.op == "AND":
        for part in core.args:
            yield from _equals(part, tables, entity)
    elif core.op.op == "=":
        for side, other in (core.args, core.args[::-1]):
            fixed = isinstance(other, Const) or (isinstance(other, Read) and other.path[0] in ("me", "param"))
            if isinstance(side, Read) and side.level == 0 and len(side.path) == 1 and fixed:
                column = _column(tables, entity, side.path[0])
                if column:
                    yield column
