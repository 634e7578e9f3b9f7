"""Keys that would mean two things."""

from __future__ import annotations

from collections.abc import Iterable

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.i18n import _
from kernel.model.elements import Field


def check(place: Place) -> Iterable[Finding]:
    """Transitions are unique per entity; a further machine is a field; an alias is nobody else's key."""
    application = place.application
    for entity in application.entities.values():
        seen: dict[str, str] = {}
        for machine in application.machines_of(entity.key):
            if not machine.first and any(f.key == machine.key and f.uid != f"{machine.uid}#field" for f in entity.fields):
                yield place.find(
                    machine,
                    "machine_is_field",
                    "key",
                    _("“{key}” is a field of {entity} already, and a further machine becomes a field.", key=machine.key, entity=entity.label),
                    _("Give the machine another key."),
                )
            for transition in machine.transitions:
                first = seen.setdefault(transition.key, transition.uid)
                if first != transition.uid:
                    yield place.find(
                        transition,
                        "doubled_transition",
                        "key",
                        _("“{key}” is a step of another machine of the same entity.", key=transition.key),
                        _("Give one of them another key."),
                        witness={"first": first},
                    )
        yield from _aliases(place, entity.fields)
        for field in entity.fields:
            yield from _aliases(place, field.fields)


def _aliases(place: Place, fields: tuple[Field, ...]) -> Iterable[Finding]:
    keys = {f.key: f for f in fields}
    owners: dict[str, Field] = {}
    for field in fields:
        for alias in field.aliases:
            other = keys.get(alias) or owners.get(alias)
            if other is not None and other is not field:
                yield place.find(
                    field,
                    "alias_taken",
                    "aliases",
                    _("“{name}” already means “{label}”.", name=alias, label=other.label),
                    _("Choose another alias."),
                    witness={"first": other.uid},
                )
            owners.setdefault(alias, field)
