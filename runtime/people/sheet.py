"""Reading a table out of a file or a paste: CSV in any usual coding, XLSX; never more than the limits, whatever the file claims."""

from __future__ import annotations

import csv
import io
import re
import zipfile

from kernel.errors import Invalid, Message, Problem
from kernel.i18n import _

MOST_ROWS = 2000
MOST_COLUMNS = 60
MOST_IN_CELL = 500
MOST_BYTES = 4 * 1024 * 1024
# An XLSX is a zip: what it unpacks to is counted while it is unpacked, not taken from what it says of itself.
MOST_UNPACKED = 24 * 1024 * 1024
MOST_PARTS = 500
# A sheet is unfolded to the rectangle up to its last cell: one cell far out would need all the memory there is.
MOST_CELLS = 3_000_000
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,9})(\d{1,12})""")
_OVERLAP = 64

Table = list[list[str]]


def read(data: bytes, name: str = "") -> Table:
    """The rows of a file, texts without surrounding blanks, empty rows left out. Raises Invalid saying what is wrong."""
    if len(data) > MOST_BYTES:
        raise _refused("too_large", _("The file is larger than {n} MB.", n=MOST_BYTES // 1024 // 1024), _("Leave out pictures and sheets that are not needed."))
    if data[:4] == b"PK\x03\x04":
        return _tidy(_xlsx(data))
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise _refused("old_excel", _("This is an old or protected Excel file."), _("Save it as .xlsx without a password, or as CSV."))
    return _tidy(_csv(_decoded(data)))


def read_text(text: str) -> Table:
    """The rows of what somebody pasted: cells from a spreadsheet come with tabs."""
    if len(text) > MOST_BYTES:
        raise _refused("too_large", _("This is larger than allowed."), None)
    return _tidy(_csv(text))


def _decoded(data: bytes) -> str:
    # Excel on Chinese Windows saves CSV in GB 18030; UTF-8 is told apart because GB 18030 hardly ever is valid UTF-8.
    for coding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "gb18030"):
        try:
            return data.decode(coding)
        except UnicodeError:
            continue
    raise _refused("unreadable", _("This file is neither a spreadsheet nor CSV."), _("Save it as .xlsx or CSV."))


def _csv(text: str) -> Table:
    if "\x00" in text:
        raise _refused("unreadable", _("This file is neither a spreadsheet nor CSV."), _("Save it as .xlsx or CSV."))
    first = text[:10_000].split("\n", 1)[0]
    delimiter = max("\t,;，", key=first.count)
    if delimiter == "，":
        text, delimiter = text.replace("，", ","), ","
    found: Table = []
    try:
        # The widest cell that is read at all; longer ones are refused by name afterwards.
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False):
            found.append(row[: MOST_COLUMNS + 1])
            if len(found) > MOST_ROWS + 200:
                raise _too_many()
    except csv.Error as error:
        raise _refused("unreadable", _("This file is neither a spreadsheet nor CSV."), _("Save it as .xlsx or CSV.")) from error
    return found


def _xlsx(data: bytes) -> Table:
    _check_zip(data)
    # Loaded here only: most processes never read a spreadsheet.
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        if not book.sheet_names:
            raise _refused("empty", _("There is nothing in this file."), None)
        sheet = book.get_sheet_by_index(0)
        if sheet.height > MOST_ROWS + 200:
            raise _too_many()
        if sheet.width > 16_384 or sheet.height * sheet.width > 2_000_000:
            raise _refused("too_wide", _("The table has more columns than can be read."), _("Leave out columns that are not needed."))
        return [[_words(cell) for cell in row[: MOST_COLUMNS + 1]] for row in sheet.iter_rows()]
    except CalamineError as error:
        raise _refused("unreadable", _("This file is neither a spreadsheet nor CSV."), _("Save it as .xlsx or CSV.")) from error


def _check_zip(data: bytes) -> None:
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise _refused("too_large", _("The file holds more than it should."), _("Copy the rows into a new spreadsheet."))
            for part in parts:
                rows = columns = 1
                tail = b""
                with archive.open(part) as stream:
                    while chunk := stream.read(65_536):
                        total += len(chunk)
                        for letters, digits in _PLACE.findall(tail + chunk):
                            rows, columns = max(rows, int(digits)), max(columns, _column(letters))
                        if total > MOST_UNPACKED or rows * columns > MOST_CELLS or chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
                            raise _refused("too_large", _("The file holds more than it should."), _("Copy the rows into a new spreadsheet."))
                        tail = chunk[-_OVERLAP:]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        # RuntimeError: the part is encrypted; the others: damaged, or packed in a way nobody uses.
        raise _refused("unreadable", _("This file is damaged or protected."), _("Save it again without a password.")) from error


def _column(letters: bytes) -> int:
    """The number of a column: A is 1, XFD 16384."""
    found = 0
    for letter in letters.upper():
        found = found * 26 + letter - 64
    return found


def _words(cell: object) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        # A phone number in a number cell.
        return str(int(cell))
    return "" if cell is None else str(cell)


def _tidy(rows: Table) -> Table:
    found = [[" ".join(cell.replace("\u3000", " ").split())[: MOST_IN_CELL + 1] for cell in row] for row in rows]
    found = [row for row in found if any(row)]
    if not found:
        raise _refused("empty", _("There is nothing in this file."), None)
    if len(found) > MOST_ROWS + 1:
        raise _too_many()
    if any(len(row) > MOST_COLUMNS and any(row[MOST_COLUMNS:]) for row in found):
        raise _refused("too_wide", _("The table has more columns than can be read."), _("Leave out columns that are not needed."))
    return [row[:MOST_COLUMNS] for row in found]


def _too_many() -> Invalid:
    return _refused("too_many", _("At most {n} rows at once.", n=MOST_ROWS), _("Split the table."))


def _refused(code: str, message: Message, hint: Message | None) -> Invalid:
    return Invalid([Problem(code, message, "file", hint)])
