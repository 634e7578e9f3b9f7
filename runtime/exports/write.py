"""Reading page by page and feeding a writer: memory stays that of one page, and no transaction lasts longer than one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from kernel.errors import Forbidden
from kernel.i18n import _, to_text
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.exports.cells import BLANK, Cell, cell_of, maker
from runtime.exports.csv_file import CsvFile
from runtime.exports.spec import Spec
from runtime.exports.xlsx_file import XlsxFile
from runtime.forms.prepare import Prepared, reader_of
from runtime.records import query
from runtime.web.columns import Column, column_of, keys, looked_up

PAGE = 500


class Writer(Protocol):
    """A file that takes rows."""

    children: bool

    def head(self, title: str, labels: list[str]) -> None: ...
    def row(self, cells: list[Cell]) -> None: ...
    def child_head(self, key: str, title: str, labels: list[str]) -> None: ...
    def child_row(self, key: str, cells: list[Cell]) -> None: ...
    def close(self) -> None: ...


def may(ctx: Ctx) -> bool:
    """Whether the actor may take lists along as files."""
    return "export" in ctx.actor.rights


def require(ctx: Ctx) -> None:
    """Raises Forbidden."""
    if not may(ctx):
        raise Forbidden(_("None of your roles may export."), hint=_("Ask an admin for a role that may."))


def opened(form: str, path: Path, now: datetime) -> Any:
    """A writer for this form of file."""
    return XlsxFile(path, now) if form == "xlsx" else CsvFile(path)


def fill(reading: Callable[[], AbstractContextManager[Ctx]], spec: Spec, writer: Any, told: Callable[[int], None] | None = None) -> int:
    """Write the whole list; returns how many records. ``reading`` opens a snapshot for each page, in which the rights are asked anew.

    Raises Forbidden, NotFound, Invalid.
    """
    table: _Table | None = None
    cursor: str | None = None
    rows = 0
    while True:
        with reading() as ctx:
            require(ctx)
            if table is None or table.rights is not rights_of(ctx.release, ctx.actor):
                table = _Table(ctx, spec, writer, table)
            listing = query.list_records(ctx, spec.entity, query.ListQuery(
                where=query.read_where(ctx, spec.entity, spec.where) if spec.where else None, sort=spec.sort, fields=table.fields, q=spec.q, limit=PAGE, cursor=cursor))
            for cells, children in table.rows(ctx, listing):
                writer.row(cells)
                for key, line in children:
                    writer.child_row(key, line)
        rows += len(listing.items)
        cursor = listing.next_cursor
        if told is not None:
            told(rows)
        if cursor is None:
            return rows


class _Table:
    """The columns for one set of rights. The first one makes the heads; what may no longer be read stays blank afterwards."""

    def __init__(self, ctx: Ctx, spec: Spec, writer: Writer, before: _Table | None) -> None:
        entity = ctx.app.entity(spec.entity)
        self.rights = rights_of(ctx.release, ctx.actor)
        self.entity, self.machine = entity, ctx.app.first_machine(spec.entity)
        readable = self.rights.entity(spec.entity).readable_ever()
        found = [column_of(ctx, entity, name, self.machine, readable) for name in spec.columns]
        if before is None:
            self.names = [name for name, column in zip(spec.columns, found, strict=True) if column is not None]
        else:
            self.names = before.names
        by_name = dict(zip(spec.columns, found, strict=True))
        self.columns: list[Column | None] = [by_name.get(name) for name in self.names]
        self.makers = [maker(c.prepared) if c is not None and c.prepared is not None else None for c in self.columns]
        self.known = [c for c in self.columns if c is not None]
        self.fields = keys(self.known)
        self.inner: dict[str, list[Prepared]] = {}
        for column in self.known:
            p = column.prepared
            if p is not None and p.shape.type == "rows" and len(column.path) == 1 and writer.children:
                self.inner[column.key] = [cell for cell in p.columns if f"{column.key}.{cell.key}" in readable]
        self.inner_makers = {key: [(cell.key, maker(cell)) for cell in cells] for key, cells in self.inner.items()}
        self.with_id = bool(self.inner)
        if before is None:
            self._heads(ctx, writer)

    def _heads(self, ctx: Ctx, writer: Writer) -> None:
        title = to_text(self.entity.label, ctx.language)
        labels = [to_text(c.label, ctx.language) for c in self.known]
        id_ = [to_text(_("Record id"), ctx.language)] if self.with_id else []
        writer.head(title, [title, *labels, *id_])
        for key, cells in self.inner.items():
            label = next(to_text(c.label, ctx.language) for c in self.known if c.key == key)
            writer.child_head(key, label, [title, to_text(_("No."), ctx.language), *(c.label for c in cells), *id_])

    def rows(self, ctx: Ctx, listing: query.Listing) -> Iterator[tuple[list[Cell], list[tuple[str, list[Cell]]]]]:
        """Per record its cells, and the lines of its child rows with the sheet they go to."""
        records = [i.record for i in listing.items]
        extra, more = looked_up(ctx, self.entity, self.known, records)
        reader = reader_of(ctx, {**listing.labels, **more})
        for item in listing.items:
            record = item.record
            id_ = [Cell(record.id)] if self.with_id else []
            cells = [
                BLANK if column is None else cell_of(column, make, record, extra.get(record.id), self.machine, reader)
                for column, make in zip(self.columns, self.makers, strict=True)]
            children = [
                (key, [Cell(item.title), Cell(n, "0"), *(BLANK if (v := row.values.get(k)) is None or v == () else make(v, reader) for k, make in makers), *id_])
                for key, makers in self.inner_makers.items() for n, row in enumerate(record.values.get(key) or (), 1)]
            yield [Cell(item.title), *cells, *id_], children
