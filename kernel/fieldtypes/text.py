"""A line of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from kernel.errors import Problem
from kernel.expr.types import TEXT, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Reader, Settings
from kernel.fieldtypes.patterns import MAX_LENGTH, matches
from kernel.fieldtypes.texts import clean, length_problems
from kernel.i18n import Labels, _
from kernel.model.elements import Field
from kernel.model.props import LABELS, prop
from kernel.model.sqltypes import CText


@dataclass(frozen=True)
class TextSettings(Settings):
    """How long a text may be and what it must look like."""

    min_length: int | None = prop(None, doc="Least number of characters.", schema={"type": "integer", "minimum": 1, "maximum": 2000})
    max: int = prop(200, doc="Greatest number of characters.", schema={"type": "integer", "minimum": 1, "maximum": 2000})
    pattern: str | None = prop(
        None, doc="Pattern that the whole text must fit (RE2 syntax).", schema={"type": "string", "minLength": 1, "maxLength": MAX_LENGTH}
    )
    pattern_help: Mapping[str, str] = prop({}, doc="What to say when it does not fit, per language.", schema=LABELS)


class TextType(FieldType):
    """A line of text, for names and the like."""

    key = "text"
    label = _("Text")
    icon = "cursor-text"
    group = "text"
    Settings: ClassVar[type] = TextSettings
    searchable = True
    operators: ClassVar[tuple[str, ...]] = ("=", "<>", "contains", "starts", "blank", "not_blank")
    widget = "text"
    lines = False
    examples: ClassVar[Sequence[Example]] = (
        Example("张伟", "张伟", "张伟", "张伟"),
        Example("  Ada\tLovelace ", "Ada Lovelace", "Ada Lovelace", "Ada Lovelace"),
        Example("e\u0301t\u00e9", "\u00e9t\u00e9", "été", "été"),
        Example("", None, "", ""),
        Example("=1+1", "=1+1", "=1+1", "=1+1"),
    )
    bad_examples: ClassVar[Sequence[BadExample]] = (
        BadExample(5, "type"),
        BadExample(True, "type"),
        BadExample("a\x00b", "control_character", schema=False),
        BadExample("\ud800", "control_character", schema=False),
        BadExample("x" * 201, "too_long"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return TEXT

    def parse(self, field: Field, raw: Any) -> str | None:
        return clean(raw, lines=self.lines)

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        settings = self.settings(field)
        yield from length_problems(value, settings.min_length, settings.max)
        if settings.pattern and not matches(settings.pattern, value):
            told = settings.pattern_help
            yield Problem("pattern", Labels(told, "") if told else _("This does not have the expected form."))

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return value or ""

    def from_expr(self, field: Field, value: Any) -> str | None:
        return None if value is None else clean(str(value), lines=self.lines)

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        settings = self.settings(field)
        # No minLength: an empty text is blank, which is a matter of "required". No tenant pattern either: whoever
        # validates by this schema might do it on an engine that can be stalled (D21).
        found: dict[str, Any] = {"type": "string", "maxLength": settings.max}
        if settings.pattern:
            found["x-pattern"] = settings.pattern
        if settings.min_length:
            found["x-min-length"] = settings.min_length
        return found

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        # The browser counts UTF-16 units, we count code points: its own limit must not be the stricter one.
        found: dict[str, Any] = {"maxlength": settings.max * 2, "data-max": settings.max}
        if settings.min_length:
            found["data-min"] = settings.min_length
        return found
