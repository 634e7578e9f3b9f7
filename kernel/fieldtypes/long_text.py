"""Text of several lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kernel.fieldtypes.base import BadExample, Example, Reader, Settings
from kernel.fieldtypes.text import TextType
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import BOOLEAN, prop


@dataclass(frozen=True)
class LongTextSettings(Settings):
    """How long the text may be."""

    min_length: int | None = prop(None, doc="Least number of characters.", schema={"type": "integer", "minimum": 1, "maximum": 50000})
    max: int = prop(10_000, doc="Greatest number of characters.", schema={"type": "integer", "minimum": 1, "maximum": 50000})
    rows: int = prop(3, doc="Lines the empty input shows.", schema={"type": "integer", "minimum": 1, "maximum": 40})
    rich: bool = prop(False, doc="May hold simple formatting, shown through an allow list.", schema=BOOLEAN)
    pattern: None = None


class LongTextType(TextType):
    """Text of several lines, for notes and descriptions."""

    key = "long_text"
    label = _("Long text")
    icon = "text-size"
    Settings = LongTextSettings
    widget = "textarea"
    lines = True
    wide = True
    sortable = False
    indexable = False
    operators = ("contains", "blank", "not_blank")
    examples = (
        Example("第一行\r\n第二行", "第一行\n第二行", "第一行\n第二行", "第一行\n第二行"),
        Example("one line", "one line", "one line", "one line"),
        Example("\n \n", None, "", ""),
    )
    bad_examples = (
        BadExample(["a"], "type"),
        BadExample(1.5, "type"),
        BadExample("bell\x07", "control_character", schema=False),
        BadExample("x" * 10_001, "too_long"),
    )

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {**super().form_attributes(field, reader), "rows": self.settings(field).rows}
