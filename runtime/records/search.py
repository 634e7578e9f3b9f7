"""Quick search: words and bigrams we cut ourselves, so that two characters of Chinese are found exactly.

Letters make words (found by their beginning); digits and characters of scripts without blanks make overlapping pairs plus
the last one alone. A run of pairs in a row is a substring; a single character is the beginning of a pair or the last one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, TableClause, and_, cast, column, literal, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from kernel.fieldtypes.base import Reader
from kernel.platform.ctx import Ctx
from runtime.records import store
from runtime.records.record import Record
from runtime.records.shape import EntityShape

MOST_CHARACTERS = 20_000  # of one field that can be found
MOST_TERMS = 8
_PAIRED = "0-9\u0e00-\u0eff\u1100-\u11ff\u2e80-\u312f\u3130-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(f"([0-9]+)|([{_PAIRED}]+)|([^\\W_{_PAIRED}]+)")
_MOST_POSITIONS = 16_000  # a tsvector knows no more


def words_of(written: str) -> list[list[str]]:
    """Runs of tokens: a letter word is a run of one, paired characters a run of pairs with the last one alone at the end."""
    folded = unicodedata.normalize("NFKC", written).casefold()[:MOST_CHARACTERS]
    runs = []
    for match in _RUN.finditer(folded):
        run = match[0]
        if match[3]:
            runs.append([run])
        else:
            runs.append([run[i : i + 2] for i in range(len(run) - 1)] + [run[-1]])
    return runs


def pieces_of(written: str) -> list[tuple[str, bool]]:
    """What a search looks for, as text: letter words (found by their beginning) and runs of characters (found anywhere)."""
    folded = unicodedata.normalize("NFKC", written).casefold()[:200]
    return [(match[0], bool(match[3])) for match in _RUN.finditer(folded)]


def bodies(shape: EntityShape, record: Record, reader: Reader, keys: Iterable[str] | None = None) -> dict[str, list[list[str]]]:
    """Per searchable field the runs of what it can be found by."""
    wanted = shape.searchable if keys is None else [s for s in shape.searchable if s.key in set(keys)]
    found = {}
    for field in wanted:
        value = record.values.get(field.key)
        found[field.key] = [] if value is None else words_of(field.type.search_text(field.field, value, reader))
    return found


def add(ctx: Ctx, entity: str, entries: Sequence[tuple[str, Mapping[str, list[list[str]]]]]) -> None:
    """Make records findable; nothing of these fields may be there yet."""
    rows = [(id_, key, runs) for id_, found in entries for key, runs in found.items() if runs]
    if not rows:
        return
    # Straight to the driver: a dozen rows per record, whose parameters need no conversion.
    if ctx.conn.dialect.name != "sqlite":
        ctx.conn.exec_driver_sql(_PG_INSERT, [(entity, id_, key, _vector(runs)) for id_, key, runs in rows])
        return
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        chunk = rows[at : at + _ROWS_AT_ONCE]
        values = ",".join(["(?,?)"] * len(chunk))
        given = tuple(part for id_, key, _runs in chunk for part in (id_, key))
        # The helper table numbers the rows; which number is whose is said by the row itself, not by the order of the answer.
        numbered = ctx.conn.exec_driver_sql(f"INSERT INTO search_row (record_id, field) VALUES {values} RETURNING record_id, field, id", given)
        numbers = {(id_, key): number for id_, key, number in numbered}
        ctx.conn.exec_driver_sql(
            _FTS_INSERT, [(numbers[(id_, key)], entity, id_, key, " ".join([" ".join(run) for run in runs])) for id_, key, runs in chunk]
        )


def replace(ctx: Ctx, entity: str, record_id: str, found: Mapping[str, list[list[str]]]) -> None:
    """Make these fields of a record findable by what they hold now."""
    if found:
        remove(ctx, record_id, list(found))
        add(ctx, entity, [(record_id, found)])


def remove(ctx: Ctx, record_id: str, fields: Sequence[str]) -> None:
    """Forget some fields of a record."""
    rows = _rows(ctx)
    ctx.conn.execute(rows.delete().where(and_(rows.c.record_id == record_id, rows.c.field.in_(fields))))


def remove_all(ctx: Ctx, ids: Sequence[str]) -> None:
    """Forget records."""
    rows = _rows(ctx)
    for chunk in store.chunks(ids):
        ctx.conn.execute(rows.delete().where(rows.c.record_id.in_(chunk)))


def _rows(ctx: Ctx) -> TableClause:
    return table("search_row" if ctx.conn.dialect.name == "sqlite" else "search", column("record_id"), column("field"))


def _vector(runs: Sequence[Sequence[str]]) -> str:
    """A tsvector as text: tokens with their places, so that no parser of the database has a say in what is a word."""
    places: dict[str, list[int]] = {}
    at = 0
    for run in runs:
        for token in run:
            at += 1
            if at > _MOST_POSITIONS:
                break
            places.setdefault(token, []).append(at)
        at += 1  # a gap, so that no phrase reaches over two runs
    return " ".join(f"'{token}':{','.join(map(str, found[:255]))}" for token, found in places.items())


def conditions(ctx: Ctx, shape: EntityShape, id_: ColumnElement[Any], written: str, fields: frozenset[str]) -> list[ColumnElement[bool]]:
    """One condition per word of what somebody searches: found in a field the reader may search in."""
    keys = sorted(s.key for s in shape.searchable if s.key in fields)
    runs = words_of(written[:200])[:MOST_TERMS]
    if not runs or not keys:
        return [literal(False)] if runs or written.strip() else []
    return [_condition(ctx, shape, id_, run, keys) for run in runs]


def _condition(ctx: Ctx, shape: EntityShape, id_: ColumnElement[Any], run: list[str], keys: list[str]) -> ColumnElement[bool]:
    rows = table("search", column("entity"), column("record_id"), column("field"), column("search"), column("body"))
    in_sqlite = rows.c.search.op("MATCH", is_comparison=True)(_fts_query(run))
    in_postgresql = rows.c.body.op("@@", is_comparison=True)(cast(literal(_ts_query(run)), TSQUERY))
    matches = in_sqlite if ctx.conn.dialect.name == "sqlite" else in_postgresql
    query = select(rows.c.record_id).where(matches, rows.c.entity == shape.key, rows.c.field.in_(keys))
    return id_.in_(query)


def _fts_query(run: list[str]) -> str:
    """Words of one run as FTS5 wants them; in quotation marks, so that nothing in them is an operator."""
    if len(run) == 1:
        return f'"{run[0]}"*'
    return '"' + " ".join(run[:-1]) + '"'


def _ts_query(run: list[str]) -> str:
    if len(run) == 1:
        return f"'{run[0]}':*"
    return " <-> ".join(f"'{token}'" for token in run[:-1])


_ROWS_AT_ONCE = 400
_FTS_INSERT = "INSERT INTO search (rowid, entity, record_id, field, body) VALUES (?, ?, ?, ?, ?)"
_PG_INSERT = "INSERT INTO search (entity, record_id, field, body) VALUES (%s, %s, %s, CAST(%s AS tsvector))"
