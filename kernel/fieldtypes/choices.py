"""Several options out of a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.errors import Problem
from kernel.expr.types import Type, choice, list_of
from kernel.fieldtypes.base import BadExample, Example, Finder, Reader, Unreadable
from kernel.fieldtypes.choice import ChoiceSettings, ChoiceType
from kernel.fieldtypes.options import by_words, expr_options, label_of, option_of, options_of, unknown_option
from kernel.i18n import _, to_text
from kernel.model.elements import Field
from kernel.model.props import prop

_SPLIT = re.compile(r"[,，、;；|\n]")
MAX = 200


def packed(keys: Sequence[str] | None) -> str | None:
    """Several keys as one column holds them: ``|a|b|``, so that ``LIKE '%|a|%'`` finds each."""
    return "|" + "|".join(keys) + "|" if keys else None


def unpacked(stored: str | None) -> tuple[str, ...] | None:
    """The keys that a column holds; None for none."""
    return tuple(k for k in stored.split("|") if k) or None if stored else None


@dataclass(frozen=True)
class ChoicesSettings(ChoiceSettings):
    """Which options, and how many."""

    look: str = prop("auto", doc="Boxes to tick, or a searchable list; auto decides by their number.", schema={"enum": ["auto", "checkbox", "select"]})
    min_count: int | None = prop(None, doc="Least number of options, once any is chosen.", schema={"type": "integer", "minimum": 1, "maximum": MAX})
    max_count: int | None = prop(None, doc="Greatest number of options.", schema={"type": "integer", "minimum": 1, "maximum": MAX})


class ChoicesType(ChoiceType):
    """Several options out of a list; none chosen is blank."""

    key = "choices"
    label = _("Multiple choice")
    icon = "list-check"
    Settings = ChoicesSettings
    multiple = True
    sortable = False
    indexable = False
    operators = ("has", "blank", "not_blank")
    widget = "choices"
    examples = (
        Example(["red", "green"], ("red", "green"), "红、绿", "Red, Green"),
        Example(["green", "red", "red"], ("red", "green"), "红、绿", "Red, Green"),
        Example([], None, "", ""),
    )
    bad_examples = (
        BadExample("red", "type"),
        BadExample(["red", "Rot"], "unknown_option"),
        BadExample([1], "type"),
        BadExample(["|"], "unknown_option"),
    )

    def value_type(self, field: Field, schema: Any) -> Type:
        return list_of(choice(expr_options(options_of(field))))

    def parse(self, field: Field, raw: Any) -> tuple[str, ...] | None:  # type: ignore[override]
        if not isinstance(raw, (list, tuple)) or not all(isinstance(v, str) for v in raw):
            raise Unreadable("type", _("A list of option keys is expected."), _('For example ["a", "b"].'))
        for key in raw:
            if option_of(field, key) is None:
                raise unknown_option(field, key)
        return self._ordered(field, raw)

    def _ordered(self, field: Field, keys: Iterable[str]) -> tuple[str, ...] | None:
        """Each key once, in the order of the options: the same choice is always the same value."""
        chosen = set(keys)
        known = [o.key for o in options_of(field) if o.key in chosen]
        return tuple(known) or None

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        return self._ordered(field, [by_words(field, part) for part in _SPLIT.split(text) if part.strip()])

    def parse_form(self, field: Field, texts: Sequence[str], reader: Reader, finder: Finder | None = None) -> Any:
        return self._ordered(field, [by_words(field, t) for t in texts if t.strip()])

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return list(value or ())

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        settings = self.settings(field)
        count = len(value)
        if settings.min_count and count < settings.min_count:
            yield Problem("too_few", _("Choose at least {n}.", n=settings.min_count), data={"least": settings.min_count})
        if settings.max_count and count > settings.max_count:
            yield Problem("too_many", _("Choose at most {n}.", n=settings.max_count), data={"most": settings.max_count})

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else list(value)

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return to_text([label_of(field, key, reader.language) for key in value or ()], reader.language)

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        return (packed(value),)

    def load(self, field: Field, stored: tuple[Any, ...]) -> Any:
        return unpacked(stored[0])

    def to_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else tuple(value)

    def from_expr(self, field: Field, value: Any) -> Any:
        if value is None:
            return None
        keys = (value,) if isinstance(value, str) else tuple(value)
        return self.parse(field, keys)

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "array", "items": ChoiceType.json_schema(self, field, schema), "maxItems": MAX}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        found = super().form_attributes(field, reader)
        if found["data-look"] == "radio":
            found["data-look"] = "checkbox"
        return found | {k: v for k, v in {"data-min": settings.min_count, "data-max": settings.max_count}.items() if v}
