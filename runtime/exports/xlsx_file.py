"""A workbook, written row by row with memory that doesn't grow: a sheet for the records and one per table of child rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from runtime.exports.cells import Cell

MOST_LINES = 1_048_576  # of a sheet, the head included
LONGEST = 32_767  # characters of a cell
DIGITS = 15  # a spreadsheet knows no more
_MEASURED = 1_000  # rows that decide how wide a column is
_UNUSABLE = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class _Sheet:
    def __init__(self, sheet: Any, labels: Sequence[str], head: Any) -> None:
        self.sheet, self.line = sheet, 1
        self.widths = [_width(label) + 3 for label in labels]
        for at, label in enumerate(labels):
            sheet.write_string(0, at, _clean(label), head)

    def finish(self) -> None:
        """Head stays in sight, every column can be filtered, widths fit what stands in them."""
        self.sheet.freeze_panes(1, 1)
        self.sheet.autofilter(0, 0, max(self.line - 1, 0), len(self.widths) - 1)
        for at, width in enumerate(self.widths):
            self.sheet.set_column(at, at, min(max(width, 8), 60))


class XlsxFile:
    """One workbook."""

    children = True

    def __init__(self, path: Path, made_at: datetime) -> None:
        self._book = xlsxwriter.Workbook(str(path), {
            "constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
        self._book.set_properties({"created": made_at.replace(tzinfo=None)})
        self._head = self._book.add_format({"bold": True, "bottom": 1})
        self._text = self._book.add_format({"num_format": "@"})
        self._formats: dict[str, Any] = {}
        self._names: set[str] = set()
        self._sheets: dict[str, _Sheet] = {}

    def head(self, title: str, labels: Sequence[str]) -> None:
        """The sheet of the records."""
        self.child_head("", title, labels)

    def row(self, cells: Sequence[Cell]) -> None:
        """One record."""
        self.child_row("", cells)

    def child_head(self, key: str, title: str, labels: Sequence[str]) -> None:
        """A further sheet."""
        self._sheets[key] = _Sheet(self._book.add_worksheet(self._name(title)), labels, self._head)

    def child_row(self, key: str, cells: Sequence[Cell]) -> None:
        """A line of it."""
        sheet = self._sheets[key]
        if sheet.line >= MOST_LINES:
            return
        for at, cell in enumerate(cells):
            if cell.value is not None:
                self._write(sheet, at, cell)
        sheet.line += 1

    def _write(self, on: _Sheet, at: int, cell: Cell) -> None:
        value, line, sheet = cell.value, on.line, on.sheet
        if not cell.format or _beyond(value):
            text = _clean(str(value) if not cell.format else cell.plain or str(value))
            sheet.write_string(line, at, text, self._text)
        elif isinstance(value, (date, datetime)):
            text = cell.plain or ""
            sheet.write_datetime(line, at, value, self._format(cell.format))
        elif isinstance(value, timedelta):
            text = cell.plain or ""
            sheet.write_number(line, at, value.total_seconds() / 86_400, self._format(cell.format))
        else:
            text = f"{value}  "
            sheet.write_number(line, at, float(value) if isinstance(value, Decimal) else value, self._format(cell.format))
        if line <= _MEASURED:
            on.widths[at] = max(on.widths[at], _width(text) + 2)

    def _format(self, text: str) -> Any:
        if text not in self._formats:
            self._formats[text] = self._book.add_format({"num_format": text})
        return self._formats[text]

    def _name(self, title: str) -> str:
        """A name that a sheet may have, once."""
        plain = (_UNUSABLE.sub(" ", title).strip().strip("'") or "-")[:28]
        name, number = plain, 1
        while name.casefold() in self._names:
            number += 1
            name = f"{plain} {number}"
        self._names.add(name.casefold())
        return name

    def close(self) -> None:
        """The file is complete afterwards."""
        for sheet in self._sheets.values():
            sheet.finish()
        self._book.close()


def _beyond(value: Any) -> bool:
    """What a spreadsheet would change: days before its calendar, numbers with more digits than it keeps."""
    if isinstance(value, (date, datetime)):
        return value.year < 1901
    if isinstance(value, timedelta):
        return value < timedelta()
    if isinstance(value, (int, Decimal)):
        return len(Decimal(value).normalize().as_tuple().digits) > DIGITS
    return False


def _clean(text: str) -> str:
    text = _NO_XML.sub("", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _width(text: str) -> int:
    """How wide it is shown: a Chinese character takes the room of two."""
    first = text.split("\n", 1)[0][:120]
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in first)
