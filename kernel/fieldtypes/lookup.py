"""A value of the record that a reference points at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.expr.types import ANY, Type
from kernel.fieldtypes.base import BadExample, Column, Example, Settings
from kernel.fieldtypes.derived import Derived
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import Ref, prop

if TYPE_CHECKING:
    from kernel.model.schema import AppSchema

PATH = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,5}$"}


@dataclass(frozen=True)
class LookupSettings(Settings):
    """Where the value stands."""

    path: str = prop(doc="Reference and field, for example project.budget.", schema=PATH, ref=Ref("field", "entity", path=True))


class LookupType(Derived):
    """A value of the record that a reference points at, read through it whenever it is asked for.

    It is not stored: what is looked up can change without this record, and a value read through is never stale. Who
    reads it needs the right to the field *and* the record at the other end (D6).
    """

    key = "lookup"
    label = _("Look-up")
    icon = "eye"
    Settings = LookupSettings
    stored = False
    sortable = False
    indexable = False
    examples = (
        Example("王芳", "王芳", "王芳", "王芳"),
        Example("Ada", "Ada", "Ada", "Ada"),
        Example(None, None, "", ""),
    )
    bad_examples = (
        BadExample("x", "read_only", schema=False),
        BadExample(1, "read_only", schema=False),
        BadExample(["x"], "read_only", schema=False),
    )

    def path(self, field: Field) -> tuple[str, ...]:
        """Keys from this record to the value."""
        return tuple(self.settings(field).path.split("."))

    def result_type(self, field: Field, schema: AppSchema) -> Type:
        return schema.type_at(field.place, self.path(field)) or ANY

    def source_field(self, field: Field, schema: AppSchema) -> Field | None:
        found = schema.field_at(field.place, self.path(field))
        return None if found is None or found.uid == field.uid else found

    def reads(self, field: Field, schema: AppSchema) -> Iterable[tuple[str, tuple[str, ...]]]:
        return [(field.place, self.path(field))]

    def columns(self, field: Field, schema: AppSchema) -> tuple[Column, ...]:
        return ()
