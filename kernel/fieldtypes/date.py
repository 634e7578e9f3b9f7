"""A calendar day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date

from kernel.errors import Problem
from kernel.expr.types import DATE, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.times import read_date
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import prop

DAY = {"type": "string", "format": "date"}
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class DateSettings(Settings):
    """The days that are allowed."""

    min: float | str | None = prop(None, doc="First allowed day.", schema=DAY)
    max: float | str | None = prop(None, doc="Last allowed day.", schema=DAY)


class DateType(FieldType):
    """A calendar day, the same everywhere."""

    key = "date"
    label = _("Date")
    icon = "calendar"
    group = "time"
    Settings = DateSettings
    operators = ("=", "<>", "<", "<=", ">", ">=", "blank", "not_blank")
    widget = "date"
    examples = (
        Example("2026-11-24", date(2026, 11, 24), "2026-11-24", "2026-11-24"),
        Example("2024-02-29", date(2024, 2, 29), "2024-02-29", "2024-02-29"),
        Example("0999-01-01", date(999, 1, 1), "0999-01-01", "0999-01-01"),
    )
    bad_examples = (
        BadExample("2026-02-30", "bad_date"),
        BadExample("24.11.2026", "bad_date"),
        BadExample("20261124", "bad_date"),
        BadExample(20261124, "type"),
        BadExample("2026-11-24T00:00:00Z", "bad_date"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", Date()),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return DATE

    def parse(self, field: Field, raw: Any) -> date:
        if not isinstance(raw, str):
            raise Unreadable("type", _("A date is expected."), _("Write it like 2026-11-24."))
        try:
            if _ISO.fullmatch(raw):
                return date.fromisoformat(raw)
        except ValueError:
            pass
        raise Unreadable("bad_date", _("This is no date."), _("Write it like 2026-11-24."))

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> date | None:
        return read_date(text, reader) if text.strip() else None

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        settings = self.settings(field)
        if settings.min is not None and value < _bound(settings.min):
            yield Problem("too_small", _("Not before {least}.", least=str(settings.min)), data={"least": str(settings.min)})
        if settings.max is not None and value > _bound(settings.max):
            yield Problem("too_large", _("Not after {most}.", most=str(settings.max)), data={"most": str(settings.max)})

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else value.isoformat()

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        # One unmistakable form in both languages; pages may show it relative and this on hover.
        return "" if value is None else value.isoformat()

    def from_expr(self, field: Field, value: Any) -> Any:
        return value.date() if isinstance(value, datetime) else value

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return dict(DAY)

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        found = {"type": "date", "min": settings.min, "max": settings.max}
        return {k: str(v) for k, v in found.items() if v is not None}


def _bound(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
