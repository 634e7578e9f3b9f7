"""Orders, columns and groups of lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import broken_at, missing
from kernel import fieldtypes
from kernel.i18n import _
from kernel.model.elements import Entity, View


def check(place: Place) -> Iterable[Finding]:
    """What lists sort and group by exists and can be sorted and grouped by."""
    for entity in place.application.entities.values():
        yield from _sorts(place, entity, entity.key, entity.sort)
    for view in place.application.views:
        if view.entity not in place.application.entities:
            continue  # said by the references' check
        yield from _sorts(place, view, view.entity, view.sort)
        yield from _groups(place, view)


def _sorts(place: Place, element: Entity | View, entity: str, sorts: tuple[str, ...]) -> Iterator[Finding]:
    for name in sorts:
        path = name.removeprefix("-")
        wrong = broken_at(place, entity, path)
        if wrong is not None:
            yield missing(place, element, "sort", "field", *wrong)
            continue
        field = place.schema.field_at(entity, path.split("."))
        type_ = fieldtypes.find(field.type) if field is not None else None
        if field is not None and type_ is not None and not type_.sortable:
            yield place.find(
                element,
                "not_sortable",
                "sort",
                _("Nothing can be put in order by “{label}”.", label=field.label),
                _("Choose a field with one value per record."),
            )


def _groups(place: Place, view: View) -> Iterator[Finding]:
    if view.as_ == "board" and view.group_by is None:
        yield place.find(view, "no_groups", "group_by", _("A board needs “group_by”."), _("Name the state or a choice field, for example group_by: state."))
    if view.group_by is None:
        return
    member = place.schema.member(view.entity, view.group_by)
    if member is None:
        yield missing(place, view, "group_by", "field", view.group_by, [m.key for m in place.schema.members(view.entity)])
    elif view.as_ == "board" and member.type.kind.value not in ("choice", "record", "boolean"):
        yield place.find(
            view,
            "bad_group",
            "group_by",
            _("“{name}” has too many values for the columns of a board.", name=view.group_by),
            _("Choose the state or a choice field."),
        )
