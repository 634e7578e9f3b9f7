"""One uploaded file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from kernel.errors import Problem
from kernel.expr.types import FILE, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings
from kernel.fieldtypes.ids import ID_SCHEMA, READ_SCHEMA, read_id
from kernel.fieldtypes.reference import OTHER_ID, SOME_ID
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import BOOLEAN, prop
from kernel.model.sqltypes import Id

MAX_SIZE = {"type": "integer", "minimum": 1, "maximum": 100 * 1024 * 1024}
ACCEPT = {"type": "array", "items": {"type": "string", "pattern": r"^(\.[a-z0-9]{1,10}|[a-z]+/(\*|[a-z0-9.+-]+))$"}, "uniqueItems": True, "maxItems": 50}
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/gif")


@dataclass(frozen=True)
class FileSettings(Settings):
    """What may be uploaded."""

    max_size: int = prop(20 * 1024 * 1024, doc="Greatest size in bytes.", schema=MAX_SIZE)
    accept: tuple[str, ...] = prop((), doc="Allowed kinds: media types or endings; none: all that the platform allows.", schema=ACCEPT)
    capture: bool = prop(False, doc="On a phone, offer the camera first (a hint, no proof).", schema=BOOLEAN)


class FileType(FieldType):
    """One uploaded file. The value is its id; what it is, is decided by its content when it comes in (D34)."""

    key = "file"
    label = _("File")
    icon = "paperclip"
    group = "file"
    Settings: ClassVar[type] = FileSettings
    sortable = False
    indexable = False
    operators: ClassVar[tuple[str, ...]] = ("blank", "not_blank")
    widget = "files"
    wide = True
    pictures = False
    examples: ClassVar[Sequence[Example]] = (
        Example(SOME_ID, SOME_ID, "王芳", "王芳"),
        Example({"id": OTHER_ID}, OTHER_ID, "李雷", "李雷"),
        Example("", None, "", ""),
    )
    bad_examples: ClassVar[Sequence[BadExample]] = (
        BadExample("photo.jpg", "bad_id"),
        BadExample(7, "type"),
        BadExample([SOME_ID], "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", Id),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return FILE

    def parse(self, field: Field, raw: Any) -> Any:
        return read_id(raw)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        return read_id(text.strip())

    def check_file(self, field: Field, media_type: str, name: str, size: int) -> Iterable[Problem]:
        """Whether a file that came in may be a value of this field: its size and kind. ``media_type`` is what its content says."""
        settings = self.settings(field)
        if size > settings.max_size:
            yield Problem(
                "too_large",
                _("“{name}” is larger than {size} MB.", name=name, size=round(settings.max_size / 1024 / 1024, 1)),
                hint=_("Make it smaller, or send it another way."),
            )
        accept = self.accepted(field)
        if accept and not any(_fits(kind, media_type, name) for kind in accept):
            yield Problem("bad_kind", _("“{name}” is not of an allowed kind.", name=name), hint=_("Allowed are: {kinds}.", kinds=list(accept)))

    def accepted(self, field: Field) -> tuple[str, ...]:
        """Allowed media types and endings; empty for all that the platform allows."""
        return self.settings(field).accept or (PICTURES if self.pictures else ())

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else {"id": value, "label": reader.label(value)}

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return "" if value is None else reader.label(value) or ""

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [value]

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        id_ = {"type": "string", "pattern": "^(" + str(ID_SCHEMA["pattern"])[1:-1].replace("a-f", "a-fA-F") + ")?$"}
        return {"anyOf": [id_, {"type": "object", "properties": {"id": id_, "label": {}}, "required": ["id"], "additionalProperties": False}]}

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return dict(READ_SCHEMA)

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        settings = self.settings(field)
        found: dict[str, Any] = {
            "data-max-size": settings.max_size,
            "accept": ",".join(self.accepted(field)) or None,
            "data-single": None if self.multiple else "1",
        }
        if settings.capture:
            found["capture"] = "environment"
        return {k: v for k, v in found.items() if v is not None}


def _fits(kind: str, media_type: str, name: str) -> bool:
    if kind.startswith("."):
        return name.lower().endswith(kind)
    return media_type == kind or (kind.endswith("/*") and media_type.startswith(kind[:-1]))
