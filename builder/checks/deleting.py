"""What happens to a reference when the record it refers to is deleted: ``on_delete`` where it can be meant, and no circles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.fieldtypes.reference import WITH
from kernel.i18n import _
from kernel.model.elements import Field


def check(place: Place) -> Iterable[Finding]:
    """``with`` is for a record's own reference to one other; different kinds that take each other along are a circle."""
    edges: dict[str, list[Field]] = {}
    for entity in place.application.entities.values():
        for field in (f for own in entity.fields for f in (own, *own.fields)):
            if field.type not in ("reference", "references") or field.settings.get("on_delete") != WITH:
                continue
            if field.parent_field or field.type == "references":
                yield place.find(
                    field, "on_delete_place", "settings.on_delete",
                    _("“with” is only for a record's own reference to one other record."),
                    _("Use keep or refuse here."))
                continue
            edges.setdefault(entity.key, []).append(field)
    yield from _circles(place, edges)


def _circles(place: Place, edges: dict[str, list[Field]]) -> Iterator[Finding]:
    """A tree of records of one kind is fine; from kind to kind and back again would take along what nobody meant."""
    done: set[str] = set()

    def walk(entity: str, path: list[Field]) -> Iterator[Finding]:
        for field in edges.get(entity, ()):
            target = str(field.settings.get("to"))
            if target == entity:
                continue
            places = [f.entity for f in path]
            if target in places:
                circle = [*path[places.index(target) :], field]
                yield place.find(
                    circle[0], "on_delete_circle", "settings.on_delete",
                    _("Deleting would run in a circle: {fields}.", fields=" → ".join(f"{f.entity}.{f.key}" for f in circle)),
                    _("Let one of them keep its reference, or refuse."), witness={"circle": [f"{f.entity}.{f.key}" for f in circle]})
            elif target not in done:
                yield from walk(target, [*path, field])
        done.add(entity)

    for entity in sorted(edges):
        if entity not in done:
            yield from walk(entity, [])
