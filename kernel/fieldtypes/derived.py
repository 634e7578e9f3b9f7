"""Fields whose value the platform works out. They take the form (columns, text, schema) of what they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kernel.errors import Problem
from kernel.expr.findings import ExpressionError
from kernel.expr.types import ErrorValue, Kind, Type
from kernel.fieldtypes.base import Column, FieldType, Finder, Reader, Settings, Unreadable
from kernel.fieldtypes.money import CODE
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import BOOLEAN, KEY, LABELS, Ref, prop, props_of

if TYPE_CHECKING:
    from kernel.model.schema import AppSchema

SHOWN_AS = {
    "enum": [
        "text",
        "long_text",
        "integer",
        "decimal",
        "money",
        "percent",
        "boolean",
        "date",
        "datetime",
        "duration",
        "choice",
        "choices",
        "reference",
        "user",
        "team",
        "rating",
        "url",
        "phone",
        "email",
    ]
}
_BY_KIND = {
    Kind.TEXT: "text",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.INSTANT: "datetime",
    Kind.DURATION: "duration",
    Kind.FILE: "file",
}


@dataclass(frozen=True)
class DisplaySettings(Settings):
    """As what a derived value is kept and shown; usually it follows from the formula."""

    as_: str | None = prop(None, doc="Field type as which it is kept and shown.", schema=SHOWN_AS)
    places: int | None = prop(None, doc="Digits after the point.", schema={"type": "integer", "minimum": 0, "maximum": 6})
    unit: Mapping[str, str] = prop({}, doc="Unit shown after the number, per language.", schema=LABELS)
    currency: str | None = prop(None, doc="Currency, if it is money; none: the tenant's.", schema=CODE)
    options: str | None = prop(None, doc="Option set, if it is a choice.", schema=KEY, ref=Ref("option_set"))
    to: str | None = prop(None, doc="Entity, if it is a reference.", schema=KEY, ref=Ref("entity"))
    trim: bool | None = prop(None, doc="Show no zeros at the end.", schema=BOOLEAN)


class Derived(FieldType):
    """What derived types have in common: nothing is read from outside, everything else is left to the shape."""

    group = "derived"
    writable = False
    derived = True
    widget = "readonly"
    operators = ("=", "<>", "<", "<=", ">", ">=", "blank", "not_blank")

    def result_type(self, field: Field, schema: AppSchema) -> Type:
        """The type of what is worked out. Raises ExpressionError."""
        raise NotImplementedError

    def source_field(self, field: Field, schema: AppSchema) -> Field | None:
        """The field whose value is handed through unchanged, if it is one: then its form is taken over whole."""
        return None

    def shape(self, field: Field) -> Field:
        if field.home is None:
            return replace(field, type="text", settings={})
        schema: AppSchema = field.home.schema
        return schema.shapes.get(field.uid) or schema.shape_once(field, self._shape)

    def _shape(self, field: Field, schema: AppSchema) -> Field:
        settings: Any = self.settings(field)
        if getattr(settings, "as_", None):
            return _as(field, settings.as_, _given(settings))
        source = self.source_field(field, schema)
        if source is not None:
            inner = schema.shape_of(source)
            if inner.type not in ("rows", "references", "referring"):
                # Bounds of the source's input are no bounds of a sum.
                return _as(field, inner.type, {**{k: v for k, v in inner.settings.items() if k not in ("min", "max")}, **_given(settings)}, inner)
        try:
            result = self.result_type(field, schema)
        except ExpressionError:
            return _as(field, "text", {})
        return shape_of_type(field, result, _given(settings), schema)

    def _it(self, field: Field) -> tuple[FieldType, Field]:
        from kernel import fieldtypes

        shape = self.shape(field)
        return fieldtypes.of(shape), shape

    def columns(self, field: Field, schema: AppSchema) -> tuple[Column, ...]:
        if schema.is_volatile(field):
            return ()  # TODAY and NOW are never stored
        type_, shape = self._it(field)
        return type_.columns(shape, schema)[: 1 if shape.type == "state" else None]

    def value_type(self, field: Field, schema: AppSchema) -> Type:
        from kernel import fieldtypes

        chosen = getattr(self.settings(field), "as_", None)
        if chosen:
            shape = self.shape(field)
            return fieldtypes.of(shape).value_type(shape, schema)
        try:
            return self.result_type(field, schema)
        except ExpressionError:
            return Type(Kind.ANY)

    def parse(self, field: Field, raw: Any) -> Any:
        raise Unreadable("read_only", _("This value is worked out and can't be set."), _("Leave it out."))

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> Any:
        return self.parse(field, text) if text.strip() else None

    def check(self, field: Field, value: Any) -> Iterable[Problem]:
        return ()

    def settle(self, field: Field, value: Any, reader: Reader) -> Any:
        type_, shape = self._it(field)
        return type_.settle(shape, value, reader)

    def dump(self, field: Field, value: Any, reader: Reader) -> Any:
        type_, shape = self._it(field)
        return type_.dump(shape, value, reader)

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        type_, shape = self._it(field)
        return type_.text(shape, value, reader)

    def input_texts(self, field: Field, value: Any, reader: Reader) -> list[str]:
        type_, shape = self._it(field)
        return type_.input_texts(shape, value, reader)

    def parse_form(self, field: Field, texts: Sequence[str], reader: Reader, finder: Finder | None = None) -> Any:
        return self.parse(field, texts)

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        type_, shape = self._it(field)
        return type_.store(shape, value)

    def load(self, field: Field, stored: tuple[Any, ...]) -> Any:
        type_, shape = self._it(field)
        return type_.load(shape, stored)

    def to_expr(self, field: Field, value: Any) -> Any:
        type_, shape = self._it(field)
        return type_.to_expr(shape, value)

    def from_expr(self, field: Field, value: Any) -> Any:
        """An error in the data (division by zero ...) gives no value: the field stays blank."""
        if isinstance(value, ErrorValue):
            return None
        type_, shape = self._it(field)
        try:
            return type_.from_expr(shape, value)
        except Unreadable:
            return None  # what does not fit (too many digits, a gone option) can't be kept

    def json_schema(self, field: Field, schema: AppSchema) -> dict[str, Any]:
        return {**self.read_schema(field, schema), "readOnly": True}

    def read_schema(self, field: Field, schema: AppSchema) -> dict[str, Any]:
        type_, shape = self._it(field)
        return type_.read_schema(shape, schema)

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        type_, shape = self._it(field)
        return {**type_.form_attributes(shape, reader), "readonly": True, "data-shown-as": shape.type}


def _given(settings: Any) -> dict[str, Any]:
    """Display settings that were said."""
    found = {name: getattr(settings, p.attribute) for name, p in props_of(DisplaySettings).items() if hasattr(settings, p.attribute)}
    return {k: v for k, v in found.items() if v is not None and v != {} and k != "as"}


def _as(field: Field, type_key: str, settings: dict[str, Any], like: Field | None = None) -> Field:
    from kernel import fieldtypes

    known = props_of(fieldtypes.get(type_key).Settings)
    return replace(
        field,
        type=type_key,
        settings={k: v for k, v in settings.items() if k in known},
        entity=like.entity if like is not None and like.type == "state" else field.entity,
    )


def shape_of_type(field: Field, result: Type, given: dict[str, Any], schema: AppSchema) -> Field:
    """The field as which a value of an expression type is kept and shown."""
    kind = result.kind
    if kind is Kind.NUMBER:
        return _as(field, "decimal", {"places": 6, "trim": "places" not in given, **given})
    if kind is Kind.RECORD and result.entity:
        return _as(field, {"person": "user", "team": "team"}.get(result.entity, "reference"), {"to": result.entity})
    if kind in (Kind.CHOICE, Kind.LIST) and result.options:
        keys = [o.key for o in result.options]
        several = kind is Kind.LIST
        for options in schema.application.option_sets.values():
            if [o.key for o in options.options] == keys:
                return _as(field, "choices" if several else "choice", {"options": options.key})
        for machine in schema.application.machines if not several else ():
            if [s.key for s in machine.states] == keys:
                return replace(field, type="state", settings={"machine": machine.key}, entity=machine.entity)
    if kind is Kind.LIST and result.of and result.of.kind is Kind.FILE:
        return _as(field, "files", {})
    return _as(field, _BY_KIND.get(kind, "text"), {"max": 2000} if kind in (Kind.TEXT, Kind.ANY) else {})
