"""The database tables of an application, built from its metadata and the names that were fixed when they were made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from kernel import fieldtypes
from kernel.model.application import Application
from kernel.model.elements import Entity, Field
from kernel.model.names import CHILD_COLUMNS, SYSTEM_COLUMNS, choose
from kernel.model.sqltypes import CText, Id, UtcDateTime

LINK_COLUMNS = ("record_id", "target_id", "rank")


@dataclass(frozen=True, eq=False)
class ChildTable:
    """The table of a child-rows field: ``id, record_id, rank`` and a column (or several) per field of a row."""

    table: Table
    columns: Mapping[str, tuple[Column[Any], ...]]
    links: Mapping[str, Table]

    def main(self, key: str) -> Column[Any]:
        """The first column of a row's field, by which one filters and sorts. Raises KeyError."""
        return self.columns[key][0]

    column = main


@dataclass(frozen=True, eq=False)
class EntityTable:
    """The table of an entity with what hangs on it. Fields that store nothing of their own are absent."""

    table: Table
    columns: Mapping[str, tuple[Column[Any], ...]]
    children: Mapping[str, ChildTable]
    links: Mapping[str, Table]

    def main(self, key: str) -> Column[Any]:
        """The first column of a field, by which one filters and sorts. Raises KeyError."""
        return self.columns[key][0]

    column = main

    def child(self, key: str) -> ChildTable:
        """The table of a child-rows field. Raises KeyError."""
        return self.children[key]

    def link(self, key: str) -> Table:
        """The link table (``record_id, target_id, rank``) of a field that refers to many. Raises KeyError."""
        return self.links[key]

    @property
    def all_tables(self) -> tuple[Table, ...]:
        """This table, then those that hang on it."""
        inner = (t for child in self.children.values() for t in (child.table, *child.links.values()))
        return (self.table, *inner, *self.links.values())


@dataclass(frozen=True, eq=False)
class Tables:
    """All record tables of an application in one MetaData."""

    metadata: MetaData
    entities: Mapping[str, EntityTable]

    def of(self, entity: str) -> EntityTable:
        """The tables of an entity by key. Raises KeyError."""
        return self.entities[entity]

    def __iter__(self) -> Iterator[EntityTable]:
        return iter(self.entities.values())


def build(application: Application, columns: Mapping[str, str]) -> Tables:
    """The tables. ``columns`` maps the uid of each entity, child-rows and references field to its table, of each other
    stored field to its (first) column; :func:`assign_names` makes it. Raises KeyError on a missing name."""
    metadata = MetaData()
    made = {key: _entity_table(entity, application, columns, metadata) for key, entity in application.entities.items()}
    return Tables(metadata, made)


def _entity_table(entity: Entity, application: Application, names: Mapping[str, str], metadata: MetaData) -> EntityTable:
    name = names[entity.uid]
    own = {f.key: _columns(f, application, names) for f in entity.fields}
    table = Table(name, metadata, *_system_columns(), *(c for group in own.values() for c in group))
    children, links = {}, {}
    for field in entity.fields:
        if field.type == "rows":
            children[field.key] = _child_table(field, name, application, names, metadata)
        elif field.type == "references":
            links[field.key] = _link_table(names[field.uid], name, metadata)
    return EntityTable(table, {k: v for k, v in own.items() if v}, children, links)


def _child_table(field: Field, parent: str, application: Application, names: Mapping[str, str], metadata: MetaData) -> ChildTable:
    name = names[field.uid]
    own = {f.key: _columns(f, application, names) for f in field.fields}
    table = Table(
        name,
        metadata,
        Column("id", Id, primary_key=True),
        Column("record_id", Id, ForeignKey(f"{parent}.id", ondelete="CASCADE"), nullable=False),
        Column("rank", Integer, nullable=False),
        *(c for group in own.values() for c in group),
    )
    links = {f.key: _link_table(names[f.uid], name, metadata) for f in field.fields if f.type == "references"}
    return ChildTable(table, {k: v for k, v in own.items() if v}, links)


def _link_table(name: str, parent: str, metadata: MetaData) -> Table:
    # The target has no foreign key: its table may be hidden, and a record in the bin still is one.
    return Table(
        name,
        metadata,
        Column("record_id", Id, ForeignKey(f"{parent}.id", ondelete="CASCADE"), primary_key=True),
        Column("target_id", Id, primary_key=True),
        Column("rank", Integer, nullable=False),
    )


def _system_columns() -> tuple[Column[Any], ...]:
    return (
        Column("id", Id, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("owner_id", Id),
        Column("team_id", Id),
        Column("state", CText),
        Column("state_since", UtcDateTime()),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("created_by", Id),
        Column("updated_at", UtcDateTime(), nullable=False),
        Column("updated_by", Id),
        Column("release_id", Integer),
        Column("deleted_at", UtcDateTime()),
    )


def _columns(field: Field, application: Application, names: Mapping[str, str]) -> tuple[Column[Any], ...]:
    type_ = fieldtypes.find(field.type)
    if type_ is None or not type_.stored:
        return ()
    # Every field may be blank in the database: required is a rule of the record road, and changes by publishing.
    return tuple(Column(names[field.uid] + c.suffix, c.type) for c in type_.columns(field, application.schema))


def assign_names(
    application: Application,
    previous: Mapping[str, str],
    used: Mapping[str, Collection[str]],
    renew: Collection[str] = (),
) -> dict[str, str]:
    """Names of all tables and columns, by uid: those in ``previous`` stay, new elements get new ones.

    ``used`` are all tables that ever were, each with all columns that ever were in it, hidden and purged ones too.
    Uids in ``renew`` (fields whose old column can't hold the new type) get a new name. Elements that are gone are left
    out of the result; as their names stand in ``used``, nobody gets them again.
    """
    tables_ever = set(used) | set(previous.values())
    found: dict[str, str] = {}

    def keep(uid: str) -> bool:
        if uid in previous and uid not in renew:
            found[uid] = previous[uid]
            return True
        return False

    def table(uid: str, wanted: str) -> str:
        if not keep(uid):
            found[uid] = choose(wanted, tables_ever)
            tables_ever.add(found[uid])
        return found[uid]

    def name_columns(fields: Iterable[Field], table_name: str, system: tuple[str, ...], prefix: str) -> None:
        columns_ever = {*used.get(table_name, ()), *system}
        stored = []
        for field in fields:
            if field.type in ("rows", "references"):
                child = table(field.uid, f"{'c' if field.type == 'rows' else 'l'}_{prefix}_{field.key}")
                if field.type == "rows":
                    name_columns(field.fields, child, CHILD_COLUMNS, f"{prefix}_{field.key}")
                continue
            type_ = fieldtypes.find(field.type)
            if type_ is not None and type_.stored:
                suffixes = [c.suffix for c in type_.columns(field, application.schema)]
                if suffixes:
                    stored.append((field, suffixes))
        for field, suffixes in stored:
            if keep(field.uid):
                columns_ever.update(found[field.uid] + s for s in suffixes)
        for field, suffixes in stored:
            if field.uid not in found:
                found[field.uid] = choose(field.key, columns_ever, suffixes)
                columns_ever.update(found[field.uid] + s for s in suffixes)

    for entity in application.entities.values():
        name = table(entity.uid, f"e_{entity.key}")
        name_columns(entity.fields, name, SYSTEM_COLUMNS, entity.key)
    return found
