"""What of a field never changes between two requests in one language: its words, its attributes, its widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernel import fieldtypes
from kernel.fieldtypes.base import FieldType, Reader
from kernel.fieldtypes.wtf import MARKED
from kernel.i18n import Labels, pick
from kernel.model.elements import Field
from kernel.platform.ctx import Ctx
from runtime.forms.control import NOT_HTML

GROUPED = frozenset({"rating", "signature", "files", "images", "rows", "boolean"})
"""Widgets of several inputs, or of none a label could point at: they get a fieldset with a legend."""

TWINNED = MARKED | {"rows"}
"""Widgets that may send nothing: an empty input before them says that they were on the page."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A field ready to become a control. ``shape`` is the field as which it is shown (derived fields take another's form)."""

    field: Field
    type: FieldType
    shape: Field
    shape_type: FieldType
    widget: str
    label: str
    help: str | None
    placeholder: str | None
    attrs: Mapping[str, Any]
    html_attrs: Mapping[str, Any]
    group: bool
    refers_to: str | None
    columns: tuple[Prepared, ...] = ()

    @property
    def key(self) -> str:
        return self.field.key

    @property
    def end(self) -> bool:
        """Numbers stand at the end of their column."""
        return self.shape_type.group == "number"


def reader_of(ctx: Ctx, labels: Mapping[str, str] | None = None) -> Reader:
    """For whom values are read and written: the actor's language and zone."""
    return Reader(ctx.language, ctx.zone, ctx.now.astimezone(ctx.zone).date(), ctx.now, ctx.tenant.currency, labels)


def prepared(ctx: Ctx, field: Field) -> Prepared:
    """The field in the reader's language; made once per content of the application."""
    mark = (ctx.release.hash, field.uid, ctx.language, ctx.actor.zone, ctx.tenant.currency)
    found = _known.get(mark)
    if found is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        found = _known[mark] = prepare(field, reader_of(ctx))
    return found


MOST_KNOWN = 20_000
_known: dict[tuple[str, ...], Prepared] = {}


def prepare(field: Field, reader: Reader) -> Prepared:
    """The field prepared for one reader."""
    type_ = fieldtypes.of(field)
    shape = type_.shape(field)
    shape_type = fieldtypes.of(shape)
    attrs = type_.form_attributes(field, reader) if type_.writable else {}
    html = {k: v for k, v in attrs.items() if k not in NOT_HTML and not isinstance(v, (dict, list, tuple))}
    if "data-governed-by" in attrs:
        html["data-governed-by"] = attrs["data-governed-by"]
    looks_grouped = attrs.get("data-look") in ("radio", "checkbox", "buttons")
    return Prepared(
        field=field, type=type_, shape=shape, shape_type=shape_type, widget=type_.widget,
        label=field.label.to(reader.language),
        help=Labels(field.help, "").to(reader.language) or None,
        placeholder=pick(field.placeholder, reader.language),
        attrs=attrs, html_attrs=html,
        group=looks_grouped or type_.widget in GROUPED,
        refers_to=target_of(field, type_),
        columns=tuple(prepare(f, reader) for f in field.fields if f.type in fieldtypes.BUILTIN),
    )


def target_of(field: Field, type_: FieldType | None = None) -> str | None:
    """The entity whose records a field names, or None."""
    kind = type_ or fieldtypes.of(field)
    if kind.refers_to:
        return str(kind.refers_to)
    to = field.settings.get("to")
    return str(to) if to and field.type in ("reference", "references") else None
