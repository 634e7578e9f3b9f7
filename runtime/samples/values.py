"""Offsets, references and files in sample steps, resolved to API values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kernel.errors import Invalid, Problem
from kernel.i18n import _

_MOST_DAYS = 36_500
_AT = re.compile(r"^day\s*([+-]?[0-9]{1,6})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$")


@dataclass(frozen=True)
class Values:
    """How one import reads values: its day, the tenant's zone, what names stand for, how files are taken in."""

    today: date
    zone: ZoneInfo
    refs: Mapping[str, tuple[str, str]]
    upload: Callable[[str], str]

    def instant(self, text: str, where: str) -> datetime:
        """``day -37 09:12`` as an instant. Raises Invalid."""
        match = _AT.match(text.strip())
        if match is None:
            raise wrong(where, _("“{text}” is not a time like “day -37 09:12”.", text=text))
        day, hour, minute, second = (int(part or 0) for part in match.groups())
        if hour > 23 or minute > 59 or second > 59:
            raise wrong(where, _("“{text}” is not a time like “day -37 09:12”.", text=text))
        return datetime.combine(self.day(day, where), time(hour, minute, second), self.zone).astimezone(UTC)

    def day(self, offset: Any, where: str) -> date:
        """The date so many days from the day of import. Raises Invalid."""
        if not isinstance(offset, int) or isinstance(offset, bool) or abs(offset) > _MOST_DAYS:
            raise wrong(where, _("“{text}” is not a number of days.", text=offset))
        return self.today + timedelta(days=offset)

    def id_of(self, name: str, where: str) -> str:
        """The id of what an earlier step called ``name``. Raises Invalid."""
        found = self.refs.get(name) if isinstance(name, str) else None
        if found is None:
            raise wrong(where, _("No earlier step has the name “{name}”.", name=name))
        return found[1]

    def read(self, raw: Any, where: str) -> Any:
        """``raw`` with offsets, names and files replaced, as the API takes it."""
        if isinstance(raw, list):
            return [self.read(item, f"{where}[{i}]") for i, item in enumerate(raw)]
        if not isinstance(raw, Mapping):
            return raw
        if set(raw) == {"ref"}:
            return self.id_of(raw["ref"], where)
        if set(raw) == {"day"}:
            return self.day(raw["day"], where).isoformat()
        if set(raw) == {"at"}:
            return self.instant(str(raw["at"]), where).isoformat().replace("+00:00", "Z")
        if set(raw) == {"file"}:
            return self.upload(str(raw["file"]))
        return {key: self.read(value, f"{where}.{key}") for key, value in raw.items()}


def wrong(where: str, message: Any) -> Invalid:
    return Invalid([Problem("bad_sample", message, where)])
