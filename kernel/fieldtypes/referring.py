"""The records of another entity that refer to this one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernel.errors import Problem
from kernel.expr.types import Type, rows
from kernel.fieldtypes.base import BadExample, Example, FieldType, Reader, Settings, Unreadable
from kernel.fieldtypes.ids import READ_SCHEMA
from kernel.fieldtypes.reference import OTHER_ID, SOME_ID
from kernel.i18n import _, to_text
from kernel.model.elements import Field
from kernel.model.props import KEYS, prop

if TYPE_CHECKING:
    from kernel.model.schema import AppSchema


@dataclass(frozen=True)
class ReferringSettings(Settings):
    """Which records, and what of them the record page shows."""

    from_: str = prop(
        doc="Entity and reference field of the records that refer to this one: task.project.",
        schema={"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"},
    )
    columns: tuple[str, ...] = prop((), doc="Fields of them shown on the record page.", schema=KEYS)


class ReferringType(FieldType):
    """The records of another entity that refer to this one: rows for formulas, a list on the record page. Nothing is stored."""

    key = "referring"
    label = _("Referring records")
    icon = "layout-list"
    group = "derived"
    Settings = ReferringSettings
    writable = False
    stored = False
    multiple = True
    sortable = False
    indexable = False
    operators = ("blank", "not_blank")
    widget = "readonly"
    wide = True
    examples = (
        Example([SOME_ID], (SOME_ID,), "王芳", "王芳"),
        Example([SOME_ID, OTHER_ID], (SOME_ID, OTHER_ID), "王芳、李雷", "王芳, 李雷"),
        Example(None, None, "", ""),
    )
    bad_examples = (
        BadExample([SOME_ID], "read_only", schema=False),
        BadExample(SOME_ID, "read_only", schema=False),
        BadExample(1, "read_only", schema=False),
    )

    def origin(self, field: Field) -> tuple[str, str]:
        """Entity and reference field on the other side."""
        entity, _dot, key = self.settings(field).from_.partition(".")
        return entity, key

    def value_type(self, field: Field, schema: AppSchema) -> Type:
        return rows(self.origin(field)[0])

    def parse(self, field: Field, raw: Any) -> Any:
        raise Unreadable("read_only", _("These records are linked from their side."), _("Change the reference in the other record."))

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        return ()

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else [{"id": v, "label": reader.label(v)} for v in value]

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return to_text([label for v in value or () if (label := reader.label(v))], reader.language)

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return list(value or ())

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        return ()

    def load(self, field: Field, stored: tuple[Any, ...]) -> Any:
        return tuple(stored) or None

    def json_schema(self, field: Field, schema: AppSchema) -> dict[str, Any]:
        return {"type": "array", "items": dict(READ_SCHEMA), "readOnly": True}
