"""A number of stars."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer

from kernel.errors import Problem
from kernel.fieldtypes.base import BadExample, Column, Example, Finder, Reader, Settings
from kernel.fieldtypes.integer import IntegerType
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import prop

_STARS = re.compile(r"(★+)☆*")
_OUT_OF = re.compile(r"(\d{1,2})\s*(?:/\s*\d{1,2}|星|分|stars?)?")


@dataclass(frozen=True)
class RatingSettings(Settings):
    """How many stars there are."""

    max: int = prop(5, doc="Greatest number of stars.", schema={"type": "integer", "minimum": 2, "maximum": 10})
    min = 1
    unit: Any = None
    trim = False


class RatingType(IntegerType):
    """A number of stars, from one to the setting's greatest."""

    key = "rating"
    label = _("Rating")
    icon = "star"
    Settings = RatingSettings
    widget = "rating"
    examples = (
        Example(4, 4, "4/5", "4/5"),
        Example(1, 1, "1/5", "1/5"),
        Example("5", 5, "5/5", "5/5"),
    )
    bad_examples = (
        BadExample(0, "too_small"),
        BadExample(6, "too_large"),
        BadExample(3.5, "too_many_places"),
        BadExample("good", "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", Integer()),)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> int | None:
        written = unicodedata.normalize("NFKC", text).strip().casefold()
        if stars := _STARS.fullmatch(written):
            return len(stars[1])
        if number := _OUT_OF.fullmatch(written):
            return int(number[1])
        return self.parse(field, written) if written else None

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        most = self.settings(field).max
        if value < 1:
            yield Problem("too_small", _("At least {least} is expected.", least=1), data={"least": "1"})
        if value > most:
            yield Problem("too_large", _("At most {most} is allowed.", most=most), data={"most": str(most)})

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return "" if value is None else f"{value}/{self.settings(field).max}"

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        most = self.settings(field).max
        return {"anyOf": [{"type": "integer", "minimum": 1, "maximum": most}, {"type": "string", "enum": [str(n) for n in range(1, most + 1)]}]}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {"data-max": self.settings(field).max, "inputmode": "numeric"}
