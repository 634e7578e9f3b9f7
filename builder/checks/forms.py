"""Forms: fields that exist, none twice, and every required field on one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import missing
from kernel import fieldtypes
from kernel.i18n import _
from kernel.model.elements import Entity, Field, Form


def check(place: Place) -> Iterable[Finding]:
    """See the module."""
    for form in place.application.forms:
        entity = place.application.entities.get(form.entity)
        if entity is not None:
            yield from _items(place, form, entity)
    for entity in place.application.entities.values():
        forms = place.application.forms_of(entity.key)
        if forms:
            yield from _required(place, entity, forms)


def _items(place: Place, form: Form, entity: Entity) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for section in form.sections:
        for item in section.items:
            if item.key not in entity.by_key:
                yield missing(place, item, "key", "field", item.key, entity.by_key)
            elif item.key in seen:
                yield place.find(
                    item,
                    "field_twice",
                    "key",
                    _("“{key}” stands in this form twice.", key=item.key),
                    _("Take one of them out."),
                    severity="warning",
                    witness={"first": seen[item.key]},
                )
            seen.setdefault(item.key, item.uid)


def _required(place: Place, entity: Entity, forms: tuple[Form, ...]) -> Iterator[Finding]:
    shown = {item.key for form in forms for section in form.sections for item in section.items}
    for field in entity.fields:
        if field.required and field.key not in shown and _asked(field):
            yield place.find(
                field,
                "required_on_no_form",
                "required",
                _("“{label}” is required but stands on no form of “{entity}”: nobody could fill it in.", label=field.label, entity=entity.label),
                _("Put it on a form, or give it a default."),
                witness={"forms": [f.key for f in forms]},
            )


def _asked(field: Field) -> bool:
    type_ = fieldtypes.find(field.type)
    return type_ is not None and type_.writable and field.default is None
