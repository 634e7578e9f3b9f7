"""A value as a cell: numbers as numbers with their places, days as days, moments in the reader's zone, everything else as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from kernel.fieldtypes import numbers
from kernel.fieldtypes.base import Reader
from kernel.fieldtypes.money import symbol
from kernel.i18n import to_text
from kernel.model.elements import Machine
from runtime.forms.prepare import Prepared
from runtime.web.columns import Column

Value = str | Decimal | int | date | datetime | timedelta | None


@dataclass(frozen=True, slots=True)
class Cell:
    """``value`` with the number format of a spreadsheet (empty: text); ``plain`` is what stands in a CSV file."""

    value: Value
    format: str = ""
    plain: str | None = None


BLANK = Cell(None)
DAY, MOMENT, SPAN = "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "[h]:mm"
Make = Callable[[Any, Reader], Cell]


def maker(p: Prepared) -> Make:
    """How values of a field become cells. Worked out once per column."""
    kind, shape, type_ = p.shape.type, p.shape, p.shape_type
    settings = type_.settings(shape)
    if kind in ("integer", "rating"):
        return lambda v, reader: Cell(v, "#,##0", str(v))
    if kind == "decimal":
        form = number_format(int(settings.places))
        return lambda v, reader: Cell(v, form, numbers.plain(v))
    if kind == "percent":
        form = number_format(max(int(getattr(settings, "places", 0) or 0), 0)) + "%"
        return lambda v, reader: Cell(v, form, type_.text(shape, v, reader))
    if kind == "money":
        places = int(settings.places)
        usual = settings.currency

        def money(v: Any, reader: Reader) -> Cell:
            currency = v.currency or reader.currency
            sign = symbol(currency, reader.language).replace('"', "")
            plain = numbers.plain(v.amount)
            return Cell(v.amount, f'"{sign}"{number_format(places)}', plain if currency == (usual or reader.currency) else f"{plain} {currency}")

        return money
    if kind == "date":
        return lambda v, reader: Cell(v, DAY, v.isoformat())
    if kind == "datetime":
        return lambda v, reader: moment(v, reader)
    if kind == "duration":
        return lambda v, reader: Cell(v, SPAN, type_.text(shape, v, reader))
    if kind == "rows":
        return lambda v, reader: Cell(len(v), "0", type_.text(shape, v, reader)) if v else BLANK
    return lambda v, reader: Cell(type_.text(shape, v, reader))


def number_format(places: int) -> str:
    """The format of a number with these digits after the point."""
    return "#,##0" + ("." + "0" * places if places else "")


def moment(value: datetime, reader: Reader) -> Cell:
    """A moment as the reader's clock shows it."""
    local = value.astimezone(reader.zone).replace(tzinfo=None)
    return Cell(local, MOMENT, f"{local.year:04d}-{local:%m-%d %H:%M}")


def cell_of(column: Column, make: Make | None, record: Any, extra: Any, machine: Machine | None, reader: Reader) -> Cell:
    """The cell of a record in a column; blank for what its reader may not read there."""
    if make is not None:
        value = (extra or {}).get(column.key) if len(column.path) > 1 else record.values.get(column.key)
        return BLANK if value is None or value == () else make(value, reader)
    if column.key == "state":
        state = machine.by_key.get(record.state) if machine is not None and record.state else None
        return Cell(to_text(state.label, reader.language) if state else record.state or None)
    value = getattr(record, {"owner": "owner", "team": "team"}.get(column.key, column.key), None)
    if value is None:
        return BLANK
    return moment(value, reader) if isinstance(value, datetime) else Cell(reader.label(value) or None)
