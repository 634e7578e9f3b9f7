"""What a list needs to know of one person before it stands: saved views they may see and what they chose for themselves. One statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Integer, Text, and_, cast, literal, null, or_, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.lists import arrangement
from runtime.lists.arrangement import Arrangement

MOST_VIEWS = 200
_PINS = "*pins"  # no view is called so


@dataclass(frozen=True)
class SavedView:
    """A view that somebody saved."""

    id: str
    entity: str
    name: str
    owner: str
    audience: str
    team: str | None
    version: int
    data: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @cached_property
    def arrangement(self) -> Arrangement:
        """What it holds."""
        return arrangement.read(self.data)


@dataclass(frozen=True)
class Layout:
    """What one person chose for one view; None leaves it to the view."""

    columns: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, str] | None = None
    group: str | None = None
    density: str | None = None
    closed: tuple[str, ...] = ()

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {**arrangement.dump_layout(self.columns, self.widths, self.totals, self.group, self.density), "closed": list(self.closed)}


@dataclass(frozen=True)
class Personal:
    """Everything personal about the lists of one entity."""

    views: tuple[SavedView, ...] = ()
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    pins: tuple[str, ...] = ()

    def view(self, id_: str) -> SavedView | None:
        return next((v for v in self.views if v.id == id_), None)

    @property
    def ordered(self) -> list[SavedView]:
        """Pinned ones first, in their order; then by name."""
        place = {id_: n for n, id_ in enumerate(self.pins)}
        return sorted(self.views, key=lambda v: (place.get(v.id, len(place)), v.name, v.id))


def visible(ctx: Ctx) -> ColumnElement[bool]:
    """The saved views a person sees: their own, those for everybody, those of their team and of the teams above it."""
    c = t.saved_view.c
    ways = [c.owner_id == ctx.actor.person, c.audience == "all"]
    if ctx.actor.team:
        above = select(t.team_closure.c.ancestor).where(t.team_closure.c.descendant == ctx.actor.team)
        ways.append(and_(c.audience == "team", or_(c.team_id == ctx.actor.team, c.team_id.in_(above))))
    return and_(c.deleted_at.is_(None), or_(*ways))


def load(ctx: Ctx, entity: str) -> Personal:
    """What the person at the screen has for this entity's lists."""
    c, p = t.saved_view.c, t.preference.c
    start = f"list:{entity}:"
    none = cast(null(), Text())
    views = select(literal("v"), c.id, c.name, c.owner_id, c.audience, c.team_id, c.version, c.data).where(c.entity == entity, visible(ctx))
    chosen = select(literal("p"), p.key, none, none, none, none, cast(null(), Integer()), p.value).where(
        p.person_id == ctx.actor.person, p.key >= start, p.key < start[:-1] + ";")
    found: list[SavedView] = []
    layouts: dict[str, Layout] = {}
    pins: tuple[str, ...] = ()
    for kind, key, name, owner, audience, team, version, data in ctx.conn.execute(union_all(views, chosen)):
        if kind == "v":
            found.append(SavedView(key, entity, name, owner, audience, team, version, data))
        elif key == start + _PINS:
            pins = tuple(v for v in data or () if isinstance(v, str))
        else:
            layouts[key[len(start):]] = read_layout(data)
    return Personal(tuple(found[:MOST_VIEWS]), layouts, pins)


def read_layout(data: Any) -> Layout:
    """A stored layout; what doesn't fit is left out."""
    given = data if isinstance(data, Mapping) else {}
    closed = given.get("closed")
    return Layout(
        arrangement.read_columns(given.get("columns")), arrangement.read_widths(given.get("widths")), arrangement.read_totals(given.get("totals")),
        arrangement.read_group(given.get("group")), arrangement.read_density(given.get("density")),
        tuple(v[:100] for v in closed if isinstance(v, str))[:200] if isinstance(closed, list) else ())


def keep_layout(ctx: Ctx, entity: str, view: str, layout: Layout) -> None:
    """Keep what the person chose for a view."""
    keep(ctx, f"list:{entity}:{view}", layout.dump())


def forget_layout(ctx: Ctx, entity: str, view: str) -> None:
    """Back to what the view says."""
    ctx.conn.execute(t.preference.delete().where(t.preference.c.person_id == ctx.actor.person, t.preference.c.key == f"list:{entity}:{view}"))


def keep_pins(ctx: Ctx, entity: str, pins: tuple[str, ...]) -> None:
    """Keep which saved views stand first for this person, and in which order."""
    keep(ctx, f"list:{entity}:{_PINS}", list(dict.fromkeys(pins))[:MOST_VIEWS])


def keep(ctx: Ctx, key: str, value: Any) -> None:
    """Keep one choice of the person who acts."""
    row = {"person_id": ctx.actor.person, "key": key, "value": value, "updated_at": ctx.now}
    made = (sqlite.insert if ctx.conn.dialect.name == "sqlite" else postgresql.insert)(t.preference).values(**row)
    ctx.conn.execute(made.on_conflict_do_update(index_elements=["person_id", "key"], set_={"value": made.excluded.value, "updated_at": ctx.now}))


def touch_removed(ctx: Ctx, view: str, removed: bool) -> int:
    """Mark a saved view as removed or not; how many there were."""
    c = t.saved_view.c
    held = c.deleted_at.is_(None) if removed else c.deleted_at.is_not(None)
    return ctx.conn.execute(update(t.saved_view).where(c.id == view, held).values(deleted_at=ctx.now if removed else None)).rowcount
