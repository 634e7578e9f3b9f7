"""What ids stand for, for one reader: titles of records, names of people, teams and files. One statement, or one per kind of
record whose title is more than text; ids of what the reader may not see get no label."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from sqlalchemy import Text, bindparam, cast, literal, null, select, type_coerce, union_all

from kernel.i18n import _
from kernel.model.sqltypes import CText
from kernel.permissions import Rights, rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import store
from runtime.records.record import Record
from runtime.records.shape import EntityShape, FieldShape, shape_of
from runtime.records.sqlscope import RecordScope
from runtime.records.titles import Title, title_of
from runtime.records.work import reader_of

FILE = "#file"
_MOST_STATEMENTS = 64
_DEPTH = 2  # a title may name a record whose title names another one


class Wanted:
    """Ids to name, by entity."""

    def __init__(self) -> None:
        self.ids: dict[str, dict[str, None]] = {}

    def add(self, entity: str | None, value: Any) -> None:
        """One id, several, or none."""
        if entity and value:
            group = self.ids.setdefault(entity, {})
            for id_ in (value,) if isinstance(value, str) else value:
                group[id_] = None

    def add_record(self, shape: EntityShape, record: Record, readable: Container[str]) -> None:
        """Everything a record refers to in the fields its reader may read."""
        self.add("person", record.owner)
        self.add("team", record.team)
        values = record.values
        for key, target in _pointing(shape):
            if key in readable:
                self.add(target, values.get(key))
        for key, cells in _pointing_rows(shape):
            if key in readable:
                for row in values.get(key) or ():
                    for cell, target in cells:
                        self.add(target, row.values.get(cell))


def _pointing(shape: EntityShape) -> list[tuple[str, str]]:
    """The fields whose values are ids, with what they point at."""
    found: list[tuple[str, str]] | None = shape.__dict__.get("_pointing")
    if found is None:
        found = shape.__dict__["_pointing"] = _ids_of(shape.fields)
    return found


def _pointing_rows(shape: EntityShape) -> list[tuple[str, list[tuple[str, str]]]]:
    found: list[tuple[str, list[tuple[str, str]]]] | None = shape.__dict__.get("_pointing_rows")
    if found is None:
        found = shape.__dict__["_pointing_rows"] = [(key, cells) for key, rows in shape.rows.items() if (cells := _ids_of(rows.fields))]
    return found


def _ids_of(fields: Mapping[str, FieldShape]) -> list[tuple[str, str]]:
    targets = ((key, FILE if f.is_file else f.target) for key, f in fields.items() if f.field.type not in ("rows", "referring"))
    return [(key, target) for key, target in targets if target]


def resolve(ctx: Ctx, wanted: Wanted, depth: int = 0, *, marked: bool = True) -> dict[str, str]:
    """Labels by id; ids the reader may not see are absent. ``marked``: what lies in the bin says so."""
    found: dict[str, str] = {}
    rights = rights_of(ctx.release, ctx.actor)
    plain: list[tuple[EntityShape, Title, list[str], list[str]]] = []
    for entity, ids in wanted.ids.items():
        if entity == FILE:
            for chunk in store.chunks(list(ids)):
                found.update((row.id, row.name) for row in ctx.conn.execute(select(t.file.c.id, t.file.c.name).where(t.file.c.id.in_(chunk))))
            continue
        if entity not in ctx.app.entities or not rights.entity(entity).any("read"):
            continue
        shape = shape_of(ctx.release, entity)
        title = title_of(shape)
        keys = [k for k in title.keys if k in rights.queryable(entity) and shape.fields[k].columns]
        if all(_is_text(shape, k) for k in keys):
            plain.append((shape, title, keys, list(ids)))
        elif depth < _DEPTH:
            found.update(_rich(ctx, rights, shape, title, keys, list(ids), depth, marked))
    if plain:
        found.update(_plain(ctx, rights, plain, marked))
    return found


def _is_text(shape: EntityShape, key: str) -> bool:
    field = shape.fields[key]
    return field.load is None and field.stored_as.type in ("text", "auto_number", "email", "url", "phone") and len(field.columns) == 1


def _plain(ctx: Ctx, rights: Rights, groups: list[tuple[EntityShape, Title, list[str], list[str]]], marked: bool) -> dict[str, str]:
    """All entities whose titles are made of texts, in one statement."""
    statement = _statement(ctx, rights, groups)
    values = {f"ids_{at}": ids for at, (_shape, _title, _keys, ids) in enumerate(groups)}
    reader = reader_of(ctx)
    found = {}
    for at, id_, deleted_at, *texts in map(tuple, ctx.conn.execute(statement, values)):
        shape, title, keys, _ids = groups[at]
        found[id_] = _named(ctx, shape, title.of(dict(zip(keys, texts, strict=False)), reader, keys), id_, marked and deleted_at is not None)
    return found


def _statement(ctx: Ctx, rights: Rights, groups: list[tuple[EntityShape, Title, list[str], list[str]]]) -> Any:
    """The statement for these entities; kept with the rights where no row scope depends on the moment."""
    kept: dict[Any, Any] = rights.__dict__.setdefault("_label_statements", {})
    key = tuple((shape.key, *keys) for shape, _title, keys, _ids in groups)
    if key in kept:
        return kept[key]
    width = max(len(keys) for _s, _t, keys, _i in groups)
    parts: list[Any] = []
    for at, (shape, _title, keys, _ids) in enumerate(groups):
        table = shape.table
        texts: list[Any] = [type_coerce(shape.fields[k].columns[0], CText) for k in keys]
        texts += [cast(null(), Text()) for _missing in range(width - len(keys))]
        scope = RecordScope(ctx, shape, table)
        found_by: Any = select(literal(at), table.c.id, table.c.deleted_at, *texts)
        parts.append(found_by.where(table.c.id.in_(bindparam(f"ids_{at}", expanding=True)), rights.where("read", shape.key, scope)))
    made: Any = union_all(*parts) if len(parts) > 1 else parts[0]
    if len(kept) < _MOST_STATEMENTS and all(rights.entity(shape.key).timeless for shape, *_rest in groups):
        kept[key] = made
    return made


def _rich(
    ctx: Ctx, rights: Rights, shape: EntityShape, title: Title, keys: list[str], ids: list[str], depth: int, marked: bool
) -> dict[str, str]:
    """Titles with dates, choices, references ...: their fields are loaded and written by their types."""
    table = shape.table
    columns = [c for k in keys for c in shape.fields[k].columns]
    rows = []
    for chunk in store.chunks(ids):
        query = select(table.c.id, table.c.deleted_at, *columns).where(table.c.id.in_(chunk), rights.where("read", shape.key, RecordScope(ctx, shape, table)))
        rows += [tuple(row) for row in ctx.conn.execute(query)]
    values: dict[str, dict[str, Any]] = {}
    inner = Wanted()
    for row in rows:
        at, made = 2, {}
        for key in keys:
            field = shape.fields[key]
            width = len(field.columns)
            made[key] = row[at] if field.load is None else field.load(row[at : at + width])
            at += width
            inner.add(field.target, made[key])
        values[row[0]] = made
    labels = resolve(ctx, inner, depth + 1) if inner.ids else {}
    reader = reader_of(ctx, labels)
    return {row[0]: _named(ctx, shape, title.of(values[row[0]], reader, keys), row[0], marked and row[1] is not None) for row in rows}


def _named(ctx: Ctx, shape: EntityShape, text: str, id_: str, removed: bool) -> str:
    text = text or f"{shape.entity.label.to(ctx.language)} {id_[-6:]}"
    return _("{title} (removed)", title=text).to(ctx.language) if removed else text


def of_people(ctx: Ctx, ids: Iterable[str | None]) -> Mapping[str, str]:
    """Names of people, as the reader may see them."""
    wanted = Wanted()
    wanted.add("person", tuple(i for i in dict.fromkeys(ids) if i))
    return resolve(ctx, wanted)
