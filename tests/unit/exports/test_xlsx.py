"""A workbook holds what was put in: typed where it can be, as text where a spreadsheet would change it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl

from runtime.exports.cells import DAY, MOMENT, SPAN, Cell, number_format
from runtime.exports.xlsx_file import LONGEST, XlsxFile

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def written(folder: Path, *cells: Cell) -> list[object]:
    file = XlsxFile(folder / "list.xlsx", NOW)
    file.head("A/B: [all]?", ["Title", *("x" for _ in cells[1:])])
    file.row(list(cells))
    file.close()
    book = openpyxl.load_workbook(folder / "list.xlsx")
    assert book.sheetnames == ["A B   all"] or len(book.sheetnames[0]) <= 31
    return list(book.worksheets[0][2])


def test_types_survive(tmp_path: Path) -> None:
    cells = written(
        tmp_path, Cell("=HYPERLINK(1)"), Cell(Decimal("1234.50"), number_format(2)), Cell(7, "0"), Cell(date(2026, 2, 3), DAY),
        Cell(datetime(2026, 2, 3, 9, 30), MOMENT), Cell(timedelta(hours=30), SPAN), Cell(None))
    text, number, count, day, moment, span, blank = cells
    assert (text.value, text.data_type, text.number_format) == ("=HYPERLINK(1)", "s", "@")
    assert (number.value, number.number_format) == (1234.5, "#,##0.00") and count.value == 7
    assert day.value == datetime(2026, 2, 3) and day.number_format == DAY
    assert moment.value == datetime(2026, 2, 3, 9, 30) and span.value == timedelta(hours=30)
    assert blank.value is None


def test_what_a_spreadsheet_would_change_stays_text(tmp_path: Path) -> None:
    big = Decimal("123456789012345678.12")
    cells = written(tmp_path, Cell("x"), Cell(big, "#,##0.00", str(big)), Cell(date(1850, 1, 1), DAY, "1850-01-01"), Cell("x" * 40_000), Cell("a\x0bb"))
    assert [c.value for c in cells[1:3]] == [str(big), "1850-01-01"] and all(c.data_type == "s" for c in cells)
    assert len(cells[3].value) == LONGEST and cells[3].value.endswith("…") and cells[4].value == "ab"


def test_heads_stay_in_sight_and_columns_can_be_filtered(tmp_path: Path) -> None:
    file = XlsxFile(tmp_path / "list.xlsx", NOW)
    file.head("Tasks", ["Title", "A long heading"])
    file.child_head("lines", "Tasks", ["Title"])
    file.row([Cell("中文中文中文中文中文中文"), Cell("x")])
    file.child_row("lines", [Cell("x")])
    file.close()
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    assert book.sheetnames == ["Tasks", "Tasks 2"]
    sheet = book.worksheets[0]
    assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref == "A1:B2" and sheet["A1"].font.bold
    assert sheet.column_dimensions["A"].width > 24 and sheet.column_dimensions["B"].width > 14
