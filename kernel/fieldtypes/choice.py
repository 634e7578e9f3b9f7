"""One option out of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from kernel.expr.types import Type, choice
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.options import by_words, expr_options, label_of, option_of, options_of, unknown_option
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import KEY, Ref, prop
from kernel.model.sqltypes import CText


@dataclass(frozen=True)
class ChoiceSettings(Settings):
    """Which options, and how they are offered."""

    options: str = prop(doc="Option set whose options are offered.", schema=KEY, ref=Ref("option_set"))
    look: str = prop("auto", doc="Buttons for few options, a list for many; auto decides by their number.", schema={"enum": ["auto", "radio", "select"]})
    governed_by: str | None = prop(
        None, doc="Choice field whose value decides which options are offered (by their parent).", schema=KEY, ref=Ref("field", "entity")
    )


class ChoiceType(FieldType):
    """One option out of a list."""

    key = "choice"
    label = _("Choice")
    icon = "select"
    group = "choice"
    Settings: ClassVar[type] = ChoiceSettings
    searchable = True
    operators: ClassVar[tuple[str, ...]] = ("=", "<>", "in", "blank", "not_blank")
    widget = "choice"
    example_settings = {"options": "colours"}
    examples: ClassVar[Sequence[Example]] = (
        Example("red", "red", "红", "Red"),
        Example("green", "green", "绿", "Green"),
        Example("brown", "brown", "棕", "Brown"),
    )
    bad_examples: ClassVar[Sequence[BadExample]] = (
        BadExample("Rot", "unknown_option"),
        BadExample(1, "type"),
        BadExample(["red"], "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return choice(expr_options(options_of(field)))

    def parse(self, field: Field, raw: Any) -> str | None:
        if not isinstance(raw, str):
            raise Unreadable("type", _("The key of an option is expected."), _("Send it in quotation marks."))
        if raw and option_of(field, raw) is None:
            raise unknown_option(field, raw)
        return raw or None

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> str | None:
        return by_words(field, text) if text.strip() else None

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return "" if value is None else label_of(field, value, reader.language)

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [value]

    def from_expr(self, field: Field, value: Any) -> str | None:
        if value is None or value == "":
            return None
        if option_of(field, value) is None:
            raise unknown_option(field, str(value))
        return str(value)

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        keys = [o.key for o in options_of(field)]
        return {"type": "string", "enum": keys} if keys else {"type": "string"}

    def offered(self, field: Field, governor: str | tuple[str, ...] | None = None, *, keep: Any = ()) -> list[Any]:
        """The options to offer: not the retired ones, and only those below the governing value; ``keep`` always."""
        governors = governor if isinstance(governor, tuple) else (governor,)
        return [
            o
            for o in options_of(field)
            if o.key in (keep or ())
            or (not getattr(o, "retired", False) and (not self.settings(field).governed_by or getattr(o, "parent", None) in (None, *governors)))
        ]

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        options = options_of(field)
        shown = [o for o in options if not getattr(o, "retired", False)]
        look = settings.look if settings.look != "auto" else "radio" if len(shown) <= 5 and not settings.governed_by else "select"
        found: dict[str, Any] = {
            "data-look": look,
            "choices": [
                {
                    "value": o.key,
                    "label": o.label.to(reader.language),
                    "parent": getattr(o, "parent", None),
                    "colour": getattr(o, "colour", None),
                    "retired": getattr(o, "retired", False),
                }
                for o in options
            ],
        }
        if settings.governed_by:
            found["data-governed-by"] = settings.governed_by
        return found
