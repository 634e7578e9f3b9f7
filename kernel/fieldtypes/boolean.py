"""Yes or no."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean

from kernel.expr.types import BOOLEAN as BOOLEAN_TYPE
from kernel.expr.types import Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import prop

_YES = frozenset({"yes", "y", "true", "t", "1", "1.0", "on", "是", "对", "有", "真", "√", "✓", "✔"})
_NO = frozenset({"no", "n", "false", "f", "0", "0.0", "off", "否", "不", "不是", "错", "无", "没有", "假", "×", "✗"})


@dataclass(frozen=True)
class BooleanSettings(Settings):
    """How it is asked."""

    look: str = prop("switch", doc="A switch is never blank; two buttons allow neither.", schema={"enum": ["switch", "buttons"]})


class BooleanType(FieldType):
    """Yes or no."""

    key = "boolean"
    label = _("Yes or no")
    icon = "toggle-left"
    group = "choice"
    Settings = BooleanSettings
    operators = ("=", "blank", "not_blank")
    widget = "boolean"
    examples = (
        Example(True, True, "是", "Yes"),
        Example(False, False, "否", "No"),
        Example(None, None, "", ""),
    )
    bad_examples = (
        BadExample(1, "type"),
        BadExample("true", "type"),
        BadExample([], "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", Boolean(create_constraint=False)),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return BOOLEAN_TYPE

    def parse(self, field: Field, raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        raise Unreadable("type", _("Yes or no is expected."), _("Send true or false."))

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> bool | None:
        written = unicodedata.normalize("NFKC", text).strip().casefold()
        if not written:
            return None
        if written in _YES or written in _NO:
            return written in _YES
        raise Unreadable("type", _("Yes or no is expected."), _("Write yes or no."))

    def parse_form(self, field: Field, texts: Sequence[str], reader: Reader, finder: Finder | None = None) -> bool | None:
        """A switch that is off sends nothing; the form sends an empty text before it to say that it was there."""
        given = [t for t in texts if t.strip()]
        if given:
            return self.parse_text(field, given[-1], reader, finder)
        return False if texts and self.settings(field).look == "switch" else None

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else ["1" if value else "0"]

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return "" if value is None else (_("Yes") if value else _("No")).to(reader.language)

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "boolean"}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {"data-look": self.settings(field).look}
