"""A span of time, in whole seconds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kernel.errors import Problem
from kernel.expr.types import DURATION, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.i18n import Labels, _
from kernel.model.elements import Field
from kernel.model.props import prop
from kernel.model.sqltypes import Seconds

_UNITS = {
    "d": 86_400, "day": 86_400, "days": 86_400, "天": 86_400, "日": 86_400,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "小时": 3600, "个小时": 3600, "时": 3600, "钟头": 3600,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "分钟": 60, "分": 60, "刻钟": 900,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "秒": 1, "秒钟": 1,
}  # fmt: skip
_PART = re.compile(r"\s*(\d{1,9}(?:\.\d{1,6})?|半)\s*(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")(半)?[\s,、和]*")
_CLOCK = re.compile(r"(\d{1,6}):([0-5]\d)(?::([0-5]\d))?")
LIMIT = 100 * 366 * 86_400  # seconds; a hundred years
SECONDS = {"type": "integer", "minimum": -LIMIT, "maximum": LIMIT}


@dataclass(frozen=True)
class DurationSettings(Settings):
    """Range, and what a bare number means."""

    min: int = prop(0, doc="Least allowed, in seconds.", schema=SECONDS)
    max: int | None = prop(None, doc="Greatest allowed, in seconds.", schema=SECONDS)
    unit: str = prop("minutes", doc="What a number typed without unit means.", schema={"enum": ["seconds", "minutes", "hours", "days"]})


class DurationType(FieldType):
    """A span of time."""

    key = "duration"
    label = _("Duration")
    icon = "hourglass"
    group = "time"
    Settings = DurationSettings
    operators = ("=", "<>", "<", "<=", ">", ">=", "blank", "not_blank")
    widget = "duration"
    examples = (
        Example(5400, timedelta(hours=1, minutes=30), "1 小时 30 分", "1h 30m"),
        Example(120, timedelta(minutes=2), "2 分", "2m"),
        Example(0, timedelta(), "0 分", "0m"),
        Example(90061, timedelta(days=1, hours=1, minutes=1, seconds=1), "1 天 1 小时 1 分 1 秒", "1d 1h 1m 1s"),
    )
    bad_examples = (
        BadExample("90 min", "type"),
        BadExample(1.5, "type"),
        BadExample(True, "type"),
        BadExample(10**12, "too_large"),
        BadExample(-60, "too_small"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", Seconds()),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return DURATION

    def parse(self, field: Field, raw: Any) -> timedelta:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise Unreadable("type", _("A duration in whole seconds is expected."), _("For example 5400 for one hour and a half."))
        return _span(raw)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> timedelta | None:
        written = unicodedata.normalize("NFKC", text).strip().casefold()
        if not written:
            return None
        negative = written[0] in "-\u2212"
        seconds = _seconds(written[1:].strip() if negative else written, self.settings(field).unit)
        return _span(-seconds if negative else seconds)

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        settings = self.settings(field)
        seconds = value.days * 86_400 + value.seconds
        if seconds < settings.min:
            yield Problem("too_small", _("At least {least} is expected.", least=_both(settings.min)), data={"least": settings.min})
        if settings.max is not None and seconds > settings.max:
            yield Problem("too_large", _("At most {most} is allowed.", most=_both(settings.max)), data={"most": settings.max})

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else value.days * 86_400 + value.seconds

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return "" if value is None else show(value, reader.language)

    def from_expr(self, field: Field, value: Any) -> Any:
        if value is None:
            return None
        micros = (value.days * 86_400 + value.seconds) * 10**6 + value.microseconds
        return _span(int((Decimal(micros) / 10**6).quantize(Decimal(1), ROUND_HALF_UP)))

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        settings = self.settings(field)
        return {"type": "integer", "minimum": settings.min, "maximum": settings.max if settings.max is not None else LIMIT}

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "integer"}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {"data-unit": self.settings(field).unit}


def _seconds(written: str, unit: str) -> int:
    if clock := _CLOCK.fullmatch(written):
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", written):
        written += unit
    total, at = Decimal(0), 0
    while at < len(written) and (part := _PART.match(written, at)):
        size = _UNITS[part[2]]
        total += (Decimal("0.5") if part[1] == "半" else Decimal(part[1])) * size
        if part[3]:
            total += Decimal(size) / 2
        at = part.end()
    if not written or at < len(written):
        raise Unreadable("type", _("This is no duration."), _("Write it like 1h 30m, 90 min or 1:30."))
    return int(total.quantize(Decimal(1), ROUND_HALF_UP))


def _both(seconds: int) -> Labels:
    span = timedelta(seconds=seconds)
    return Labels({"zh": show(span, "zh"), "en": show(span, "en")}, "")


def _span(seconds: int) -> timedelta:
    if abs(seconds) > LIMIT:
        raise Unreadable("too_large", _("This duration is too long."), _("At most a hundred years."))
    return timedelta(seconds=seconds)


def show(value: timedelta, language: str) -> str:
    """A duration in words: ``1 小时 30 分``, ``1h 30m``."""
    seconds = value.days * 86_400 + value.seconds
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    units = (("天", 86_400), ("小时", 3600), ("分", 60), ("秒", 1)) if language == "zh" else (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
    parts = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}" if language == "zh" else f"{count}{name}")
    return sign + " ".join(parts or [f"0 {units[2][0]}" if language == "zh" else f"0{units[2][0]}"])
