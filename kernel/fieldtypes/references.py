"""References to many records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.errors import Problem
from kernel.expr.types import Type, rows
from kernel.fieldtypes.base import BadExample, Column, Example, Finder, Reader
from kernel.fieldtypes.ids import once, read_ids
from kernel.fieldtypes.reference import OTHER_ID, SOME_ID, ReferenceSettings, ReferenceType, found_by
from kernel.i18n import _, to_text
from kernel.model.elements import Field
from kernel.model.props import prop

_SPLIT = re.compile(r"[,，、;；\n]")
MAX = 500


@dataclass(frozen=True)
class ReferencesSettings(ReferenceSettings):
    """Which records, and how many."""

    max_count: int = prop(50, doc="Greatest number of records.", schema={"type": "integer", "minimum": 1, "maximum": MAX})


class ReferencesType(ReferenceType):
    """References to many records, in an order; kept in a table of its own (record, target, rank)."""

    key = "references"
    label = _("References to many")
    icon = "arrows-left-right"
    Settings = ReferencesSettings
    stored = False
    multiple = True
    sortable = False
    indexable = False
    operators = ("has", "blank", "not_blank")
    widget = "references"
    examples = (
        Example([SOME_ID, OTHER_ID], (SOME_ID, OTHER_ID), "王芳、李雷", "王芳, 李雷"),
        Example([OTHER_ID, OTHER_ID], (OTHER_ID,), "李雷", "李雷"),
        Example([], None, "", ""),
    )
    bad_examples = (
        BadExample(SOME_ID, "type"),
        BadExample(["王芳"], "bad_id"),
        BadExample([1], "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return ()

    def value_type(self, field: Field, schema: Any) -> Type:
        return rows(self.target(field))

    def parse(self, field: Field, raw: Any) -> tuple[str, ...] | None:  # type: ignore[override]
        return read_ids(raw, MAX)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        return once(found_by(part, self.target(field), finder) for part in _SPLIT.split(text))

    def parse_form(self, field: Field, texts: Sequence[str], reader: Reader, finder: Finder | None = None) -> Any:
        return once(found_by(t, self.target(field), finder) for t in texts)

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return list(value or ())

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        most = self.settings(field).max_count
        if len(value) > most:
            yield Problem("too_many", _("Choose at most {n}.", n=most), data={"most": most})

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else [{"id": v, "label": reader.label(v)} for v in value]

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return to_text([label for v in value or () if (label := reader.label(v))], reader.language)

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        return ()

    def load(self, field: Field, stored: tuple[Any, ...]) -> Any:
        """Of the targets' ids in order of rank."""
        return tuple(stored) or None

    def from_expr(self, field: Field, value: Any) -> Any:
        if value is None:
            return None
        return read_ids((value,) if isinstance(value, str) else value, MAX)

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "array", "items": super().json_schema(field, schema), "maxItems": MAX}

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "array", "items": super().read_schema(field, schema)}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {**super().form_attributes(field, reader), "data-max-items": self.settings(field).max_count}
