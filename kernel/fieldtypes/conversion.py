"""What happens to values when a field changes its type or settings: for the plan of a publication."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from kernel import fieldtypes
from kernel.errors import Message
from kernel.fieldtypes.base import FieldType, Reader, Unreadable
from kernel.i18n import _
from kernel.model.elements import Field

Kind = Literal["same", "widening", "lossy", "impossible"]

_TEXTS = frozenset({"text", "long_text", "phone", "email", "url", "auto_number"})
_NUMBERS = frozenset({"integer", "decimal", "percent", "money", "rating"})
_READABLE = _TEXTS | _NUMBERS | {"boolean", "date", "datetime", "duration", "choice", "choices"}
_LINKS = frozenset({"reference", "user", "team"})
_ONE_TO_MANY = {"choice": "choices", "reference": "references", "file": "files", "image": "images"}


@dataclass(frozen=True, slots=True)
class Conversion:
    """How values get from the old field to the new one.

    ``same``: the columns serve on as they are. ``widening``: every value fits, by ``convert``. ``lossy``: some values
    may not; ``convert`` gives None for those. ``impossible``: none can, the new field starts blank and the old column
    is kept. ``explain`` says it in words.
    """

    kind: Kind
    convert: Callable[[Any], Any]
    explain: Message

    @property
    def destructive(self) -> bool:
        return self.kind in ("lossy", "impossible")


def conversion(old: Field, new: Field) -> Conversion:
    """How the values of ``old`` become values of ``new``. Both stand in their application (``home``)."""
    before, after = fieldtypes.of(old), fieldtypes.of(new)
    if not after.writable or not before.writable:
        return _of_derived(old, new, before, after)
    if old.type == new.type:
        return _of_settings(old, new, after)
    if _is_stored(old, before) and _is_stored(new, after) and _ONE_TO_MANY.get(old.type) == new.type:
        return Conversion("widening", lambda v: None if v is None else (v,), _("Each value becomes a list of one."))
    if old.type == "reference" and new.type == "references" and _target(old) == _target(new):
        return Conversion("widening", lambda v: None if v is None else (v,), _("Each value becomes a list of one."))
    if _ONE_TO_MANY.get(new.type) == old.type and (old.type != "references" or _target(old) == _target(new)):
        return Conversion("lossy", _first, _("Only the first of several values is kept."))
    if {old.type, new.type} <= _LINKS:
        if _target(old) == _target(new):
            return Conversion("same", _unchanged, _("The same records are referred to."))
        return _impossible(_("The records of one kind are not those of another."))
    if {old.type, new.type} in ({"file", "image"}, {"files", "images"}):
        if new.type in ("file", "files"):
            return Conversion("same", _unchanged, _("Pictures are files too."))
        return _impossible(_("Files need not be pictures; put the pictures in again."))
    if old.type in _NUMBERS and new.type in _NUMBERS:
        return _of_numbers(old, new, before, after)
    if (old.type, new.type) == ("date", "datetime"):
        return Conversion("widening", lambda v: None if v is None else datetime.combine(v, time(), UTC), _("Dates become midnights (UTC)."))
    if (old.type, new.type) == ("datetime", "date"):
        return Conversion("lossy", lambda v: None if v is None else v.date(), _("The time of day is lost."))
    if new.type in ("text", "long_text") and old.type in _READABLE:
        kind: Kind = "widening" if old.type != "long_text" else "lossy"
        note = _("Values become their text.") if kind == "widening" else _("Line breaks become blanks; texts that are too long are left out.")
        if old.type in _TEXTS and old.type != "long_text" and _longest(new) < _longest(old):
            kind, note = "lossy", _("Texts that are too long are left out.")
        return Conversion(kind, _through_text(old, new, before, after), note)
    if old.type in _READABLE and new.type in _READABLE:
        return Conversion("lossy", _through_text(old, new, before, after), _("Values that can't be read in the new form are left out."))
    return _impossible(_("There is no way from the old form to the new one."))


def _of_derived(old: Field, new: Field, before: FieldType, after: FieldType) -> Conversion:
    if before.derived and after.writable:
        inner = conversion(before.shape(old), new)
        return (
            Conversion(inner.kind, inner.convert, _("The values worked out last stay and can be changed from now on."))
            if inner.kind in ("same", "widening")
            else inner
        )
    if after.derived:
        shape, former = after.shape(new), before.shape(old)
        same = before.derived and former.type == shape.type and _columns(former) == _columns(shape)
        kind: Kind = "same" if same or not before.writable else "impossible"
        return Conversion(kind, _unchanged if same else _nothing, _("The values are worked out anew."))
    if old.type == new.type:
        return Conversion("same", _unchanged, _("Nothing changes for the values."))
    if old.type == "auto_number" and new.type in ("text", "long_text"):
        return Conversion("same", _unchanged, _("The numbers given so far stay as text."))
    return _impossible(_("There is no way from the old form to the new one."))


def _of_settings(old: Field, new: Field, type_: FieldType) -> Conversion:
    if old.type in ("reference", "references") and _target(old) != _target(new):
        return _impossible(_("The records of one kind are not those of another."))
    if old.type == "choice" or old.type == "choices":
        gone = _missing_options(old, new)
        if gone:
            return Conversion("lossy", _through_text(old, new, type_, type_), _("These options no longer exist: {options}.", options=gone))
    if old.type == "rows":
        return Conversion("same", _unchanged, _("Nothing changes for the values."))
    if _columns(old) == _columns(new):
        return Conversion("same", _unchanged, _("Nothing changes for the values."))
    return _of_numbers(old, new, type_, type_)


def _of_numbers(old: Field, new: Field, before: FieldType, after: FieldType) -> Conversion:
    def convert(value: Any) -> Any:
        number = before.to_expr(old, value)
        try:
            made = None if number is None else after.from_expr(new, number)
        except Unreadable:
            return None
        # Bounds that were set are rules for what comes in; that there are only so many stars is the type's nature.
        return None if made is not None and new.type == "rating" and any(True for _problem in after.check(new, made)) else made

    if old.type == "money" and new.type == "money":
        return Conversion(_by_places(old, new), _money(new, after), _note(old, new))
    if old.type == "money":
        return Conversion("lossy", convert, _("The currency of each amount is lost."))
    return Conversion(_by_places(old, new), convert, _note(old, new))


def _money(new: Field, after: FieldType) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if value is None:
            return None
        try:
            made = after.from_expr(new, value.amount)
        except Unreadable:
            return None
        return type(value)(made.amount, value.currency)

    return convert


def _by_places(old: Field, new: Field) -> Kind:
    # More places leave fewer digits before the point (18 in all): rounding and overflow both lose something.
    had, has = _places(old), _places(new)
    return "lossy" if has < had or new.type == "rating" or (has - had > 0 and old.type == "integer" and has > 2) else "widening"


def _note(old: Field, new: Field) -> Message:
    had, has = _places(old), _places(new)
    if has < had:
        return _("Numbers are rounded to {n} places.", n=has)
    return _("Numbers keep their value; {n} places are kept.", n=has)


def _places(field: Field) -> int:
    type_ = fieldtypes.of(field)
    places = getattr(type_, "places", None)
    return int(places(field)) if callable(places) else int(getattr(type_.settings(field), "places", 0))


def _through_text(old: Field, new: Field, before: FieldType, after: FieldType) -> Callable[[Any], Any]:
    # The same words as an export followed by an import; Chinese first, because labels are looked up in any language.
    reader = Reader("zh", ZoneInfo("UTC"), date(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC))

    def convert(value: Any) -> Any:
        if value is None:
            return None
        try:
            text = before.text(old, value, reader)
            if old.type in ("choice", "choices") and new.type in ("choice", "choices"):
                text = "|".join(value) if isinstance(value, tuple) else value
            made = after.parse_text(new, text, reader)
        except Unreadable:
            return None
        return None if made is None or any(True for _problem in after.check(new, made)) else made

    return convert


def _missing_options(old: Field, new: Field) -> list[str]:
    from kernel.fieldtypes.options import options_of

    known = {o.key for o in options_of(new)}
    return [o.label.to("zh") for o in options_of(old) if o.key not in known]


def _columns(field: Field) -> list[tuple[str, str]]:
    schema = field.home.schema if field.home is not None else None
    return [(c.suffix, repr(c.type) + repr(getattr(c.type, "places", ""))) for c in fieldtypes.of(field).columns(field, schema)]  # type: ignore[arg-type]


def _is_stored(field: Field, type_: FieldType) -> bool:
    return type_.stored


def _longest(field: Field) -> int:
    return int(getattr(fieldtypes.of(field).settings(field), "max", 2000) or 2000)


def _target(field: Field) -> str | None:
    return fieldtypes.of(field).refers_to or field.settings.get("to")


def _first(value: Any) -> Any:
    return value[0] if value else None


def _unchanged(value: Any) -> Any:
    return value


def _nothing(value: Any) -> None:
    return None


def _impossible(why: Message) -> Conversion:
    return Conversion("impossible", _nothing, why)
