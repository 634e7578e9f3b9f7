"""The looks of a list: table, board, calendar, timeline, gallery, and which of an entity's fields each of them stands on.

A view of the package names the fields; without one, whatever has suitable fields can be looked at in that way too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel import fieldtypes
from kernel.errors import Message
from kernel.i18n import Text, _
from kernel.model.elements import Entity, Field, View
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import Prepared, prepared
from runtime.web.filters import SYSTEM
from runtime.web.sight import queryable

LOOKS: Mapping[str, tuple[Text, str]] = {
    "table": (_("List"), "layout-list"), "board": (_("Board"), "layout-kanban"), "calendar": (_("Calendar"), "calendar"),
    "timeline": (_("Timeline"), "timeline"), "gallery": (_("Gallery"), "photo"),
}
MOMENTS = ("created_at", "updated_at", "state_since")


@dataclass(frozen=True, slots=True)
class Look:
    """How records are shown. ``view``: whose settings hold (limits hold only where it is the list's own view)."""

    key: str
    view: View | None = None
    own: bool = False
    starts: str = ""
    ends: str = ""
    image: str = ""
    group: str = ""
    total: str = ""
    card: tuple[str, ...] = ()

    def limit(self, column: str) -> tuple[int, bool] | None:
        """The most cards of a column, and whether more are refused."""
        return self.view.limit(column) if self.view is not None and self.own else None


@dataclass(frozen=True, slots=True)
class Ground:
    """What an entity offers one reader: days to stand on, pictures to show, fields to group by, all as keys."""

    days: tuple[str, ...]
    pictures: tuple[str, ...]
    groups: tuple[str, ...]
    numbers: frozenset[str]


def ground_of(ctx: Ctx, entity: Entity) -> Ground:
    """The fields that looks can stand on, as far as the reader may filter by them (pictures: read them)."""
    open_ = queryable(ctx, entity.key)
    readable = rights_of(ctx.release, ctx.actor).entity(entity.key).readable_ever()
    days, pictures, groups, numbers = [], [], [m.column for m in ctx.app.machines_of(entity.key)], set()
    for field in _known(entity):
        p = prepared(ctx, field)
        if field.key in readable and p.shape.type in ("image", "images") and not p.type.derived:
            pictures.append(field.key)
        if field.key not in open_ or not p.type.stored:
            continue
        if p.shape.type in ("date", "datetime"):
            days.append(field.key)
        elif p.shape.type in ("choice", "reference", "user", "team", "boolean"):
            groups.append(field.key)
        elif p.end:
            numbers.add(field.key)
    return Ground(tuple(days), tuple(pictures), (*groups, "owner"), frozenset(numbers))


def _known(entity: Entity) -> Iterator[Field]:
    return (f for f in entity.fields if f.type in fieldtypes.BUILTIN)


def looks_of(ctx: Ctx, entity: Entity, views: Sequence[View]) -> dict[str, Look]:
    """Every look the reader can choose, in the order of the switch."""
    ground = ground_of(ctx, entity)
    found = (look_of(ctx, entity, None, views, key, ground=ground) for key in LOOKS)
    return {look.key: look for look in found if look is not None}


def look_of(ctx: Ctx, entity: Entity, view: View | None, views: Sequence[View], key: str, by: str = "", ground: Ground | None = None) -> Look | None:
    """One look, with the settings of the list's own view, else of another view that has them, else of the fields themselves.

    ``by``: the field somebody chose instead: the day of a calendar, the groups of a board or timeline. None: there are no fields for it.
    """
    if key == "table":
        return Look("table", view, own=True)
    ground = ground or ground_of(ctx, entity)
    source = view if view is not None and view.as_ == key else next((v for v in views if v.as_ == key), None)
    own = source is not None and source is view
    days = (*ground.days, *MOMENTS)
    starts = source.starts if source is not None and source.starts in days else None
    ends = source.ends if source is not None and source.ends in days else None
    common: dict[str, Any] = {
        "view": source, "own": own, "card": source.card or source.columns if source is not None else (),
        "total": source.total if source is not None and source.total in ground.numbers else "",
    }
    group = _group(source, ground, by)
    if key == "board":
        usual = next(iter(g for g in ground.groups if g not in ("owner",) and not _refers(entity, g)), None)
        chosen = group or usual
        return Look("board", **common, group=chosen) if chosen else None
    if key == "gallery":
        image = source.image if source is not None and source.image in ground.pictures else next(iter(ground.pictures), None)
        return Look("gallery", **common, image=image) if image else None
    if key == "calendar":
        if by in days and by != starts:
            starts, ends = by, None
        chosen_day = starts or next(iter(ground.days), None)
        return Look("calendar", **common, starts=chosen_day, ends=ends or "") if chosen_day else None
    if starts is None:
        if not ground.days:
            return None
        starts, ends = (ground.days[0], ground.days[1]) if len(ground.days) > 1 else ("created_at", ground.days[0])
    return Look("timeline", **common, starts=starts, ends=ends or "", group=group or "")


def _group(source: View | None, ground: Ground, by: str) -> str:
    if by in ground.groups:
        return by
    return source.group_by if source is not None and source.group_by in ground.groups else ""


def _refers(entity: Entity, key: str) -> bool:
    field = entity.by_key.get(key)
    return field is not None and field.type in ("reference", "user", "team", "boolean")


def label_of(ctx: Ctx, entity: Entity, key: str) -> Message:
    """What people call a field, or a system member."""
    field = entity.by_key.get(key)
    if field is not None:
        return field.label
    if key == "state_since":
        return _("In this state since")
    machine = next((m for m in ctx.app.machines_of(entity.key) if not m.first and m.column == key), None)
    if machine is not None:
        return machine.label
    return SYSTEM[key][1] if key in SYSTEM else key


def day_field(ctx: Ctx, entity: Entity, key: str) -> Prepared | None:
    """The field that holds a day or a moment; None for a system member."""
    field = entity.by_key.get(key)
    return prepared(ctx, field) if field is not None else None
