"""A moment: kept in UTC, shown in the reader's zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kernel.expr.types import INSTANT, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Unreadable
from kernel.fieldtypes.times import read_instant, read_rfc3339
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.sqltypes import UtcDateTime


class DateTimeType(FieldType):
    """A moment: kept in UTC, typed and shown in the reader's zone."""

    key = "datetime"
    label = _("Date and time")
    icon = "calendar-time"
    group = "time"
    operators = ("=", "<>", "<", "<=", ">", ">=", "blank", "not_blank")
    widget = "datetime"
    examples = (
        Example("2026-11-24T01:30:00Z", datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "2026-11-24 09:30", "2026-11-24 09:30"),
        Example("2026-11-24T01:30:00+08:00", datetime(2026, 11, 23, 17, 30, tzinfo=UTC), "2026-11-24 01:30", "2026-11-24 01:30"),
        Example("2026-01-01T00:00:00.5Z", datetime(2026, 1, 1, 0, 0, 0, 500000, tzinfo=UTC), "2026-01-01 08:00", "2026-01-01 08:00"),
    )
    bad_examples = (
        BadExample("2026-11-24T01:30:00", "bad_time"),
        BadExample("2026-11-24", "bad_time"),
        BadExample("2026-02-30T00:00:00Z", "bad_time"),
        BadExample("0001-01-01T00:00:00+14:00", "bad_time", schema=False),
        BadExample(1764034200, "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", UtcDateTime()),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return INSTANT

    def parse(self, field: Field, raw: Any) -> datetime:
        if not isinstance(raw, str):
            raise Unreadable("type", _("A date-time with offset is expected."), _("Write it like 2026-11-24T01:30:00Z."))
        return read_rfc3339(raw)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> datetime | None:
        return read_instant(text, reader) if text.strip() else None

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        if value is None:
            return ""
        local = value.astimezone(reader.zone)
        return f"{local.year:04d}-{local:%m-%d %H:%M}"

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        if value is None:
            return []
        local = value.astimezone(reader.zone)
        # In the hour that comes twice, the bare local time means the first; seconds that nobody typed must survive.
        if read_instant(local.replace(tzinfo=None).isoformat(), reader) != value:
            return [self.dump(field, value, reader)]
        return [local.replace(tzinfo=None).isoformat(timespec="auto" if value.second or value.microsecond else "minutes")]

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {"type": "datetime-local", "data-zone": reader.zone.key}
