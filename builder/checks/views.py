"""Orders, columns, groups and looks of lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import broken_at, missing
from kernel import fieldtypes
from kernel.expr.scope import Member
from kernel.expr.types import Kind
from kernel.fieldtypes.options import options_of
from kernel.i18n import Text, _
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
        yield from _look(place, view)
        yield from _limits(place, view)


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
    elif view.as_ in ("board", "timeline") and member.type.kind.value not in ("choice", "record", "boolean"):
        yield place.find(
            view,
            "bad_group",
            "group_by",
            _("“{name}” has too many values for the columns of a board.", name=view.group_by),
            _("Choose the state or a choice field."),
        )


def _look(place: Place, view: View) -> Iterator[Finding]:
    """What a look needs is there, and of the right kind."""
    if view.as_ in ("calendar", "timeline") and view.starts is None:
        yield place.find(
            view, "no_start", "starts", _("A calendar or timeline needs “starts”."), _("Name a date or date-time field, for example starts: created_at.")
        )
    if view.as_ == "gallery" and view.image is None:
        yield place.find(view, "no_image", "image", _("A gallery needs “image”."), _("Name a picture field."))
    for name, key in (("starts", view.starts), ("ends", view.ends)):
        yield from _is(
            place, view, name, key, lambda m: m.type.kind in (Kind.DATE, Kind.INSTANT), lambda key: _("“{name}” is neither a date nor a moment.", name=key),
            _("Name a date or date-time field."),
        )
    yield from _is(
        place, view, "total", view.total, lambda m: m.type.kind is Kind.NUMBER, lambda key: _("“{name}” can't be added up.", name=key), _("Name a number or an amount that is stored.")
    )
    image = place.schema.field_at(view.entity, [view.image]) if view.image else None
    if image is not None and image.type not in ("image", "images"):
        yield place.find(view, "bad_image", "image", _("“{name}” holds no pictures.", name=view.image or ""), _("Name a picture field."))


def _is(place: Place, view: View, name: str, key: str | None, fits: Callable[[Member], bool], message: Callable[[str], Text], hint: Text) -> Iterator[Finding]:
    member = place.schema.member(view.entity, key) if key else None
    if member is None or key is None:
        return  # absent, or said by the references' check
    field = place.schema.field_at(view.entity, [key])
    type_ = fieldtypes.find(field.type) if field is not None else None
    if not fits(member) or (type_ is not None and not type_.stored):
        yield place.find(view, f"bad_{name}", name, message(key), hint)


def _limits(place: Place, view: View) -> Iterator[Finding]:
    """Limits belong to columns that there are; hard ones to states, as only a step can be refused."""
    if not view.limits or view.group_by is None:
        if view.limits:
            yield place.find(view, "no_groups", "limits", _("Limits need columns."), _("Say with “group_by” what the columns are."))
        return
    machine = next((m for m in place.application.machines_of(view.entity) if view.group_by == m.column), None)
    known = [s.key for s in machine.states] if machine is not None else _options(place, view)
    for key in view.limits:
        if known is not None and key not in known:
            yield missing(place, view, "limits", "option", key, known)
        found = view.limit(key)
        if found is not None and found[1] and machine is None:
            yield place.find(
                view, "hard_limit", "limits", _("Only a state can have a hard limit."), _("Leave out “hard”: the board then warns when there are more.")
            )
        elif found is not None and found[1] and view.where is not None:
            yield place.find(
                view, "hard_limit", "limits", _("A hard limit counts every record in a state, but this board shows only some."), _("Leave out “hard” or “where”.")
            )


def _options(place: Place, view: View) -> list[str] | None:
    field = place.schema.field_at(view.entity, [view.group_by or ""])
    return [o.key for o in options_of(field)] if field is not None and field.type == "choice" else None
