"""A reference to one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from kernel.expr.types import Type, record
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.ids import ID_SCHEMA, READ_SCHEMA, is_id, read_id
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, Formula, Ref, prop
from kernel.model.sqltypes import Id

KEEP, REFUSE, WITH = "keep", "refuse", "with"
SOME_ID = "0192f0c1-7a3b-7cde-8f01-23456789abcd"
OTHER_ID = "0192f0c1-7a3b-7cde-8f01-23456789abce"


@dataclass(frozen=True)
class ReferenceSettings(Settings):
    """Which records may be chosen."""

    to: str = prop(doc="Entity whose records may be chosen.", schema=KEY, ref=Ref("entity"))
    where: str | None = prop(
        None,
        doc="Which of them are offered and accepted. Plain names are fields of the record to choose, `this` is the record that holds the field.",
        schema=EXPRESSION,
        formula=Formula(expects="boolean", sql=True),
    )
    create: bool = prop(False, doc="A new record may be made while choosing.", schema=BOOLEAN)
    on_delete: str = prop(
        KEEP,
        doc="When the record referred to is deleted: keep (the reference stays and is shown as removed), refuse (it can't be deleted while this refers to it) "
        "or with (this record goes to the bin with it and comes back with it).",
        schema={"enum": [KEEP, REFUSE, WITH]},
    )


class ReferenceType(FieldType):
    """A reference to one record of another entity (or the same)."""

    key = "reference"
    label = _("Reference")
    icon = "link"
    group = "link"
    Settings: ClassVar[type] = ReferenceSettings
    operators: ClassVar[tuple[str, ...]] = ("=", "<>", "blank", "not_blank")
    widget = "reference"
    example_settings = {"to": "person"}
    examples: ClassVar[Sequence[Example]] = (
        Example(SOME_ID, SOME_ID, "王芳", "王芳"),
        Example({"id": SOME_ID, "label": "whatever"}, SOME_ID, "王芳", "王芳"),
        Example(SOME_ID.upper(), SOME_ID, "王芳", "王芳"),
    )
    bad_examples: ClassVar[Sequence[BadExample]] = (
        BadExample("王芳", "bad_id"),
        BadExample(7, "type"),
        BadExample({"id": SOME_ID, "name": "x"}, "type"),
        BadExample([SOME_ID], "type"),
    )

    def target(self, field: Field) -> str:
        """The entity it points at."""
        return self.refers_to or self.settings(field).to

    def formula_place(self, field: Field, name: str, schema: Any) -> str:
        return self.target(field) if name == "where" else field.place

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", Id),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return record(self.target(field))

    def parse(self, field: Field, raw: Any) -> str | None:
        return read_id(raw)

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> str | None:
        return found_by(text, self.target(field), finder)

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        return None if value is None else {"id": value, "label": reader.label(value)}

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return "" if value is None else reader.label(value) or ""

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        return [] if value is None else [value]

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        pattern = str(ID_SCHEMA["pattern"]).replace("a-f", "a-fA-F")
        id_ = {"type": "string", "pattern": pattern}
        read = {"type": "object", "properties": {"id": id_, "label": {}}, "required": ["id"], "additionalProperties": False}
        return {"anyOf": [id_, read]}

    def read_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return dict(READ_SCHEMA)

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        # The page fills in the address where choices are searched; the type only says which entity's.
        settings = self.settings(field)
        return {"data-entity": self.target(field), **({"data-create": "1"} if getattr(settings, "create", False) else {})}


def found_by(text: str, entity: str, finder: Finder | None) -> str | None:
    """The id that ``text`` gives or names. Raises Unreadable when nothing, or nothing certain, is found."""
    written = text.strip()
    if not written:
        return None
    if is_id(written.lower()):
        return written.lower()
    found = finder.find(entity, written) if finder else None
    if found is None:
        raise Unreadable(
            "not_found", _("“{name}” was not found, or means several.", name=written[:100]), _("Choose from the list, or write the name as it stands there.")
        )
    return found
