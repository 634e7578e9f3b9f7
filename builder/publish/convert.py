"""Values of a field that gets another type: read in the old one, written in the new one, blank where they don't fit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, bindparam, select, update

from builder.changes.ops import ConvertColumns
from kernel import fieldtypes
from kernel.fieldtypes.base import FieldType, Reader
from kernel.fieldtypes.conversion import conversion
from kernel.model.elements import Field
from kernel.platform.releases import Release

_PIECE = 1_000


def convert(conn: Connection, old: Release, new: Release, op: ConvertColumns, zone: str, now: datetime, currency: str) -> int:
    """Fill the new columns from the old ones, piece by piece in order of id; returns how many values did not fit."""
    before, after = old.application.by_uid[op.uid], new.application.by_uid[op.uid]
    assert isinstance(before, Field) and isinstance(after, Field)
    where = ZoneInfo(zone)
    reader = Reader("en", where, now.astimezone(where).date(), now, currency)
    source = old.tables.metadata.tables[op.table]
    target = new.tables.metadata.tables[op.table]
    read = [source.c[name] for name in op.old_columns]
    write = [target.c[name] for name in op.columns]
    change = _Change(before, after, reader)
    lost = 0
    last = ""
    while True:
        rows = conn.execute(select(source.c.id, *read).where(source.c.id > last, read[0].is_not(None)).order_by(source.c.id).limit(_PIECE)).all()
        if not rows:
            return lost
        last = rows[-1][0]
        found = []
        for id_, *stored in rows:
            values = change.value(tuple(stored))
            if values is None:
                lost += 1
            else:
                found.append({"b_id": id_, **{f"b_{i}": v for i, v in enumerate(values)}})
        if found:
            conn.execute(_statement(target.c.id, write), found)


def _statement(id_: Column[Any], columns: list[Column[Any]]) -> Any:
    return update(id_.table).where(id_ == bindparam("b_id")).values({c.name: bindparam(f"b_{i}", type_=c.type) for i, c in enumerate(columns)})


class _Change:
    """One value at a time, by what the field types say about changing into each other."""

    def __init__(self, before: Field, after: Field, reader: Reader) -> None:
        self.before, self.after, self.reader = before, after, reader
        self.old: FieldType = fieldtypes.of(before)
        self.new: FieldType = fieldtypes.of(after)
        self.way = conversion(before, after).convert

    def value(self, stored: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Values for the new columns; None when it does not fit."""
        made = self.way(self.old.load(self.before, stored))
        return None if made is None else self.new.store(self.after, self.new.settle(self.after, made, self.reader))
