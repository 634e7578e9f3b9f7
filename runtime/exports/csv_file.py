"""CSV as spreadsheets read it: UTF-8 with its mark, commas, one line per record, texts escaped (escape.py)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runtime.exports.cells import Cell
from runtime.exports.escape import escape


class CsvFile:
    """One table. Child rows have no place in it: their number stands in words."""

    children = False

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)

    def head(self, title: str, labels: Sequence[str]) -> None:
        """The first line."""
        self._writer.writerow([escape(label) for label in labels])

    def row(self, cells: Sequence[Cell]) -> None:
        """One record."""
        self._writer.writerow([plain(cell) for cell in cells])

    def child_head(self, key: str, title: str, labels: Sequence[str]) -> None: ...

    def child_row(self, key: str, cells: Sequence[Cell]) -> None: ...

    def close(self, **properties: Any) -> None:
        """Everything is on disk afterwards."""
        self._file.close()


def plain(cell: Cell) -> str:
    """A cell as text: what is a number or a day stays one, whatever is text can't be run."""
    if cell.value is None:
        return ""
    if cell.format:
        return cell.plain if cell.plain is not None else str(cell.value)
    return escape(str(cell.value))
