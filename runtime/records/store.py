"""The content of record tables: the only module that reads and writes it. One statement per table, whatever the number of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, select, update

from kernel.model.elements import Field
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records.record import Record, Row
from runtime.records.shape import EntityShape, RowShape

MOST_ROWS = 10_001  # referring records an expression looks at: one more than it may count
_CHUNK = 500  # ids per statement


def record_of(shape: EntityShape, row: tuple[Any, ...], parts: Mapping[str, Any] | None = None) -> Record:
    """A record out of a result row of ``shape.columns.select``."""
    values = shape.columns.values(row)
    if parts:
        values.update(parts)
    return Record(
        row[0],
        shape.key,
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        values,
        shape.states(row) if shape._since else {},
    )


def load(ctx: Ctx, shape: EntityShape, ids: Sequence[str], *, parts: bool = True, lock: bool = False) -> dict[str, Record]:
    """Records by id, those in the bin too. ``lock`` holds the rows until the end of the transaction."""
    found: dict[str, Record] = {}
    for chunk in chunks(ids):
        query = select(*shape.columns.select).where(shape.table.c.id == chunk[0] if len(chunk) == 1 else shape.table.c.id.in_(chunk))
        if lock:
            # In one order everywhere, so that two writers can't wait for each other.
            query = query.order_by(shape.table.c.id).with_for_update() if len(chunk) > 1 else query.with_for_update()
        rows = [tuple(row) for row in ctx.conn.execute(query)]
        inner = parts_of(ctx, shape, [row[0] for row in rows]) if parts and rows else {}
        for row in rows:
            found[row[0]] = record_of(shape, row, inner.get(row[0]))
    return found


def load_with_head(ctx: Ctx, shape: EntityShape, id_: str, *, lock: bool = True) -> tuple[Record, int, str | None] | None:
    """A locked record with number and hash of the last entry of its history, in one statement (and one per child table)."""
    log = t.change_log.c
    last = select(log.id).where(log.entity == shape.key, log.record_id == shape.table.c.id).order_by(log.seq.desc()).limit(1)
    seq = last.with_only_columns(log.seq).correlate(shape.table).scalar_subquery()
    hash_ = last.with_only_columns(log.hash).correlate(shape.table).scalar_subquery()
    query = select(*shape.columns.select, seq, hash_).where(shape.table.c.id == id_)
    if lock and ctx.conn.dialect.name == "postgresql":
        # The lock comes first: a subquery of a waiting statement would still see the history of before.
        ctx.conn.execute(select(shape.table.c.id).where(shape.table.c.id == id_).with_for_update())
    row = ctx.conn.execute(query).first()
    if row is None:
        return None
    plain = tuple(row)
    parts = parts_of(ctx, shape, [id_])
    return record_of(shape, plain[:-2], parts.get(id_)), plain[-2] or 0, plain[-1]


def parts_of(ctx: Ctx, shape: EntityShape, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Child rows and links of several records: one statement per table."""
    return parts(ctx, shape, ids, only=(*shape.rows, *shape.links))


def parts(ctx: Ctx, shape: EntityShape, ids: Sequence[str], only: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The named child rows (tuples of Row) and links (tuples of ids, or None) of several records."""
    found: dict[str, dict[str, Any]] = {i: {} for i in ids}
    for key in only:
        rows = shape.rows.get(key)
        if rows is not None:
            by_record = _child_rows(ctx, rows, ids)
            for id_ in ids:
                found[id_][key] = tuple(by_record.get(id_, ()))
        else:
            links = _links(ctx, shape.links[key], ids)
            for id_ in ids:
                found[id_][key] = tuple(links.get(id_, ())) or None
    return found


def _child_rows(ctx: Ctx, shape: RowShape, ids: Sequence[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for chunk in chunks(ids):
        query = select(*shape.columns.select).where(shape.table.c.record_id.in_(chunk)).order_by(shape.table.c.record_id, shape.table.c.rank, shape.table.c.id)
        for row in map(tuple, ctx.conn.execute(query)):
            found.setdefault(row[1], []).append(Row(row[0], row[2], shape.columns.values(row)))
    for key, table in shape.links.items():
        row_ids = [r.id for rows in found.values() for r in rows if r.id]
        linked = _links(ctx, table, row_ids) if row_ids else {}
        for id_, rows in found.items():
            found[id_] = [Row(r.id, r.rank, {**r.values, key: tuple(linked.get(r.id or "", ())) or None}) for r in rows]
    return found


def _links(ctx: Ctx, table: Table, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for chunk in chunks(ids):
        query = select(table.c.record_id, table.c.target_id).where(table.c.record_id.in_(chunk)).order_by(table.c.record_id, table.c.rank)
        for record_id, target in ctx.conn.execute(query):
            found.setdefault(record_id, []).append(target)
    return found


def load_referring(ctx: Ctx, shape: EntityShape, via: Field, id_: str) -> list[Record]:
    """The records of an entity that refer to ``id_`` through ``via``, oldest first, without those in the bin."""
    condition: ColumnElement[bool]
    if via.type == "references":
        link = shape.links[via.key]
        condition = shape.table.c.id.in_(select(link.c.record_id).where(link.c.target_id == id_))
    else:
        condition = shape.fields[via.key].columns[0] == id_
    query = (
        select(*shape.columns.select).where(condition, shape.table.c.deleted_at.is_(None)).order_by(shape.table.c.created_at, shape.table.c.id).limit(MOST_ROWS)
    )
    return [record_of(shape, tuple(row)) for row in ctx.conn.execute(query)]


def load_referring_to(ctx: Ctx, shape: EntityShape, via: Field, ids: Sequence[str], most: int) -> dict[str, list[Record]]:
    """The records of an entity that refer to any of ``ids`` through ``via``, by that id, oldest first; at most ``most`` in all."""
    if via.type == "references":
        link = shape.links[via.key]
        target: Any = link.c.target_id
        query = select(target, *shape.columns.select).join(shape.table, shape.table.c.id == link.c.record_id)
    else:
        target = shape.fields[via.key].columns[0]
        query = select(target, *shape.columns.select)
    query = query.where(target.in_(ids), shape.table.c.deleted_at.is_(None)).order_by(shape.table.c.created_at, shape.table.c.id).limit(most)
    found: dict[str, list[Record]] = {}
    for row in ctx.conn.execute(query):
        found.setdefault(row[0], []).append(record_of(shape, tuple(row[1:])))
    return found


# --- writing ----------------------------------------------------------------------------------------------------------


def insert_records(ctx: Ctx, shape: EntityShape, records: Sequence[Record]) -> None:
    """New records with their child rows and links: one statement per table."""
    ctx.conn.execute(insert(shape.table), [_row(shape, r) for r in records])
    for key, rows in shape.rows.items():
        insert_rows(ctx, rows, [(r.id, row) for r in records for row in r.values.get(key) or ()])
    for key, table in shape.links.items():
        insert_links(ctx, table, [(r.id, r.values.get(key) or ()) for r in records])


def _row(shape: EntityShape, record: Record) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": record.id,
        "version": record.version,
        "owner_id": record.owner,
        "team_id": record.team,
        "state": record.state,
        "state_since": record.state_since,
        "created_at": record.created_at,
        "created_by": record.created_by,
        "updated_at": record.updated_at,
        "updated_by": record.updated_by,
        "release_id": record.release_id,
        "deleted_at": record.deleted_at,
    }
    _fill(row, shape.fields, record.values)
    for key, (_state, since) in shape.since_columns.items():
        row[since.name] = record.states.get(key, (None, None))[1]
    return row


def _fill(row: dict[str, Any], fields: Mapping[str, Any], values: Mapping[str, Any], only: Iterable[str] | None = None) -> None:
    for key in fields if only is None else only:
        field = fields[key]
        columns = field.columns
        if not columns:
            continue
        if field.plain_store:
            row[columns[0].name] = values.get(key)
        else:
            for column, value in zip(columns, field.type.store(field.field, values.get(key)), strict=False):
                row[column.name] = value


def insert_rows(ctx: Ctx, shape: RowShape, rows: Sequence[tuple[str, Row]]) -> None:
    """New child rows of any number of records."""
    if not rows:
        return
    made = []
    for record_id, row in rows:
        values: dict[str, Any] = {"id": row.id, "record_id": record_id, "rank": row.rank}
        _fill(values, shape.fields, row.values)
        made.append(values)
    ctx.conn.execute(insert(shape.table), made)
    for key, table in shape.links.items():
        insert_links(ctx, table, [(row.id or "", row.values.get(key) or ()) for _id, row in rows])


def insert_links(ctx: Ctx, table: Table, links: Iterable[tuple[str, Sequence[str]]]) -> None:
    """References to many, in their order."""
    made = [{"record_id": record_id, "target_id": target, "rank": n} for record_id, targets in links for n, target in enumerate(targets)]
    if made:
        ctx.conn.execute(insert(table), made)


def update_record(ctx: Ctx, shape: EntityShape, old: Record, new: Record, changed: Iterable[str], system: Mapping[str, Any]) -> bool:
    """Write the changed fields and system columns where the version still is the old one; False when it is not."""
    row = dict(system)
    changed = list(changed)
    _fill(row, shape.fields, new.values, [k for k in changed if k in shape.fields])
    done = ctx.conn.execute(update(shape.table).where(shape.table.c.id == old.id, shape.table.c.version == old.version).values(row))
    if done.rowcount != 1:
        return False
    for key in changed:
        if key in shape.rows:
            _replace_rows(ctx, shape.rows[key], old.id, old.values.get(key) or (), new.values.get(key) or ())
        elif key in shape.links:
            ctx.conn.execute(delete(shape.links[key]).where(shape.links[key].c.record_id == old.id))
            insert_links(ctx, shape.links[key], [(old.id, new.values.get(key) or ())])
    return True


def _replace_rows(ctx: Ctx, shape: RowShape, record_id: str, old: Sequence[Row], new: Sequence[Row]) -> None:
    """A given list replaces: rows are matched by id, missing ones go, changed ones are written."""
    before = {row.id: row for row in old}
    kept = {row.id for row in new}
    gone = [i for i in before if i not in kept]
    if gone:
        ctx.conn.execute(delete(shape.table).where(shape.table.c.id.in_(gone)))
    insert_rows(ctx, shape, [(record_id, row) for row in new if row.id not in before])
    rewritten = [row for row in new if row.id in before and row != before[row.id]]
    if rewritten:
        made = []
        for row in rewritten:
            values: dict[str, Any] = {"rank": row.rank}
            _fill(values, shape.fields, row.values)
            made.append({"b_id": row.id, **values})
        ctx.conn.execute(update(shape.table).where(shape.table.c.id == bindparam("b_id")), made)
        for key, table in shape.links.items():
            ctx.conn.execute(delete(table).where(table.c.record_id.in_([r.id for r in rewritten])))
            insert_links(ctx, table, [(r.id or "", r.values.get(key) or ()) for r in rewritten])


def write_derived(ctx: Ctx, shape: EntityShape, records: Sequence[tuple[Record, Iterable[str]]]) -> None:
    """New values of derived fields of existing records; their version stays: nobody edited them."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for record, changed in records:
        keys = tuple(sorted(changed))
        own = [k for k in keys if k in shape.fields and k not in shape.rows]
        row: dict[str, Any] = {}
        _fill(row, shape.fields, record.values, own)
        if row:
            groups.setdefault(tuple(sorted(row)), []).append({"b_id": record.id, **row})
        for key in (k for k in keys if k in shape.rows):
            rows = shape.rows[key]
            made = []
            for child in record.values.get(key) or ():
                values: dict[str, Any] = {}
                _fill(values, rows.fields, child.values, [k for k, f in rows.fields.items() if f.derived])
                made.append({"b_id": child.id, **values})
            if made:
                ctx.conn.execute(update(rows.table).where(rows.table.c.id == bindparam("b_id")), made)
    for made in groups.values():
        ctx.conn.execute(update(shape.table).where(shape.table.c.id == bindparam("b_id")), made)


def mark_deleted(ctx: Ctx, shape: EntityShape, ids: Sequence[str], at: datetime | None) -> int:
    """Locked records into the bin (``at``) or out of it (None); says how many were where they should be."""
    table = shape.table
    there = table.c.deleted_at.is_(None) if at is not None else table.c.deleted_at.is_not(None)
    done = 0
    for chunk in chunks(ids):
        done += ctx.conn.execute(
            update(table).where(table.c.id.in_(chunk), there)
            .values(deleted_at=at, version=table.c.version + 1, updated_at=ctx.now, updated_by=ctx.actor.person)
        ).rowcount
    return done


def purge(ctx: Ctx, shape: EntityShape, ids: Sequence[str]) -> None:
    """Records in the bin for good, with their rows and links (which hang on them)."""
    for chunk in chunks(ids):
        ctx.conn.execute(delete(shape.table).where(shape.table.c.id.in_(chunk), shape.table.c.deleted_at.is_not(None)))


def chunks(ids: Sequence[str]) -> Iterable[list[str]]:
    """Ids without doubles, in pieces that every database takes."""
    unique = list(dict.fromkeys(ids))
    for at in range(0, len(unique), _CHUNK):
        yield unique[at : at + _CHUNK]
