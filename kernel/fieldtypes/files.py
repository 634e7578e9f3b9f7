"""Several uploaded files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.errors import Problem
from kernel.expr.types import FILE, Type, list_of
from kernel.fieldtypes.base import BadExample, Column, Example, Finder, Reader
from kernel.fieldtypes.choices import packed, unpacked
from kernel.fieldtypes.file import FileSettings, FileType
from kernel.fieldtypes.ids import once, read_id, read_ids
from kernel.fieldtypes.reference import OTHER_ID, SOME_ID
from kernel.i18n import _, to_text
from kernel.model.elements import Field
from kernel.model.props import prop
from kernel.model.sqltypes import CText

MAX = 100
_SPLIT = re.compile(r"[,;\s|]+")


@dataclass(frozen=True)
class FilesSettings(FileSettings):
    """What may be uploaded, and how many."""

    max_count: int = prop(20, doc="Greatest number of files.", schema={"type": "integer", "minimum": 1, "maximum": MAX})
    min_count: int | None = prop(None, doc="Least number of files, once there are any.", schema={"type": "integer", "minimum": 1, "maximum": MAX})


class FilesType(FileType):
    """Several uploaded files, in an order."""

    key = "files"
    label = _("Files")
    icon = "folder"
    Settings = FilesSettings
    multiple = True
    examples = (
        Example([SOME_ID, OTHER_ID], (SOME_ID, OTHER_ID), "王芳、李雷", "王芳, 李雷"),
        Example([{"id": SOME_ID, "label": None}], (SOME_ID,), "王芳", "王芳"),
        Example([], None, "", ""),
    )
    bad_examples = (
        BadExample(SOME_ID, "type"),
        BadExample(["photo.jpg"], "bad_id"),
        BadExample([SOME_ID] * 101, "too_many"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return list_of(FILE)

    def parse(self, field: Field, raw: Any) -> Any:
        return read_ids(raw, MAX)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        return once(read_id(part) for part in _SPLIT.split(text.strip()))

    def parse_form(self, field: Field, texts: Sequence[str], reader: Reader, finder: Finder | None = None) -> Any:
        return read_ids(list(texts), MAX)

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        settings = self.settings(field)
        if settings.min_count and len(value) < settings.min_count:
            yield Problem(
                "too_few",
                _("{n} more are needed (at least {least}).", n=settings.min_count - len(value), least=settings.min_count),
                data={"least": settings.min_count},
            )
        if len(value) > settings.max_count:
            yield Problem("too_many", _("At most {n} are allowed.", n=settings.max_count), data={"most": settings.max_count})

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else [{"id": v, "label": reader.label(v)} for v in value]

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return to_text([label for v in value or () if (label := reader.label(v))], reader.language)

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return list(value or ())

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        return (packed(value),)

    def load(self, field: Field, stored: tuple[Any, ...]) -> Any:
        return unpacked(stored[0])

    def from_expr(self, field: Field, value: Any) -> Any:
        return None if value is None else tuple(value)

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "array", "items": super().json_schema(field, schema), "maxItems": MAX}

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "array", "items": super().read_schema(field, schema)}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {**super().form_attributes(field, reader), "data-max-items": self.settings(field).max_count}
