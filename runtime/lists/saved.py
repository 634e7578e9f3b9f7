"""Saved views: made, renamed, changed, shared, removed and brought back.

One's own and one's team's views are anybody's to make; a view for everybody needs the right to administer or design.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from kernel.errors import Forbidden, Invalid, NotFound, Problem, Stale
from kernel.i18n import Text, _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.lists import personal
from runtime.lists.arrangement import Arrangement
from runtime.lists.personal import SavedView

AUDIENCES: dict[str, Text] = {"me": _("Only me"), "team": _("My team"), "all": _("Everybody")}
MOST_NAME = 60
MOST_OWN = 100
KEPT_FOR = timedelta(days=30)
_CHANGED = _("Somebody changed this view in the meantime.")


def may_share_with_all(ctx: Ctx) -> bool:
    """Whether the person may give a view to everybody."""
    return bool(ctx.actor.rights & {"administer", "design"})


def may_change(ctx: Ctx, view: SavedView) -> bool:
    """Whether the person may rename, change or remove the view."""
    if view.audience == "all":
        return may_share_with_all(ctx)
    return view.owner == ctx.actor.person


def get(ctx: Ctx, entity: str, id_: str) -> SavedView:
    """A view the person sees. Raises NotFound."""
    row = ctx.conn.execute(select(t.saved_view).where(t.saved_view.c.id == id_, t.saved_view.c.entity == entity, personal.visible(ctx))).first()
    if row is None:
        raise NotFound()
    return SavedView(row.id, row.entity, row.name, row.owner_id, row.audience, row.team_id, row.version, row.data)


def create(ctx: Ctx, entity: str, name: Any, audience: Any, held: Arrangement) -> SavedView:
    """Save a view. Raises Invalid and Forbidden."""
    name, audience = _name(name), _audience(ctx, audience)
    own = select(func.count()).select_from(t.saved_view).where(t.saved_view.c.owner_id == ctx.actor.person, t.saved_view.c.deleted_at.is_(None))
    if ctx.conn.execute(own).scalar_one() >= MOST_OWN:
        raise Invalid([Problem("too_many", _("You have saved {n} views: that is the most.", n=MOST_OWN), "name", _("Remove one you no longer use."))])
    row = {
        "id": ctx.new_id(), "entity": entity, "name": name, "owner_id": ctx.actor.person, "audience": audience,
        "team_id": ctx.actor.team if audience == "team" else None, "data": held.dump(), "version": 1, "created_at": ctx.now, "updated_at": ctx.now}
    ctx.conn.execute(insert(t.saved_view).values(**row))
    return SavedView(row["id"], entity, name, ctx.actor.person, audience, row["team_id"], 1, row["data"])


def change(
    ctx: Ctx, entity: str, id_: str, *, name: Any = None, audience: Any = None, held: Arrangement | None = None, version: int | None = None
) -> SavedView:
    """Rename it, give it to others, or let it hold something else. Raises NotFound, Forbidden, Invalid, Stale."""
    view = _mine(ctx, entity, id_)
    if version is not None and version != view.version:
        raise Stale(view.version, _CHANGED)
    values: dict[str, Any] = {"version": view.version + 1, "updated_at": ctx.now}
    if name is not None:
        values["name"] = _name(name)
    if audience is not None:
        values["audience"] = _audience(ctx, audience)
        values["team_id"] = (view.team if view.audience == "team" else ctx.actor.team) if audience == "team" else None
    if held is not None:
        values["data"] = held.dump()
    # The version is asked for once more: of two changes at the same moment the second must not cover the first.
    held_still = update(t.saved_view).where(t.saved_view.c.id == id_, t.saved_view.c.version == view.version).values(**values)
    if ctx.conn.execute(held_still).rowcount == 0:
        raise Stale(view.version + 1, _CHANGED)
    return get(ctx, entity, id_)


def remove(ctx: Ctx, entity: str, id_: str, *, version: int | None = None) -> SavedView:
    """Take it away from everybody who saw it; it can be brought back for a while. Raises NotFound, Forbidden, Stale."""
    view = _mine(ctx, entity, id_)
    if version is not None and version != view.version:
        raise Stale(view.version, _CHANGED)
    personal.touch_removed(ctx, id_, True)
    # Nothing else sweeps: what was removed long ago goes with the next removal.
    ctx.conn.execute(delete(t.saved_view).where(t.saved_view.c.owner_id == view.owner, t.saved_view.c.deleted_at < ctx.now - KEPT_FOR))
    return view


def restore(ctx: Ctx, entity: str, id_: str) -> None:
    """Bring a removed view back. Raises NotFound, Forbidden."""
    c = t.saved_view.c
    row = ctx.conn.execute(select(t.saved_view).where(c.id == id_, c.entity == entity, c.deleted_at.is_not(None))).first()
    if row is None:
        raise NotFound()
    view = SavedView(row.id, row.entity, row.name, row.owner_id, row.audience, row.team_id, row.version)
    if not may_change(ctx, view):
        # To others a removed view is one that never was (D2).
        raise NotFound()
    personal.touch_removed(ctx, id_, False)


def _mine(ctx: Ctx, entity: str, id_: str) -> SavedView:
    view = get(ctx, entity, id_)
    if not may_change(ctx, view):
        raise Forbidden(_("This view belongs to somebody else."), hint=_("Save it as a view of your own and change that one."))
    return view


def _name(name: Any) -> str:
    text = " ".join(str(name or "").split())
    if not text:
        raise Invalid([Problem("required", _("Give the view a name."), "name")])
    if len(text) > MOST_NAME:
        raise Invalid([Problem("too_long", _("At most {n} characters.", n=MOST_NAME), "name")])
    return text


def _audience(ctx: Ctx, audience: Any) -> str:
    if audience not in AUDIENCES:
        raise Invalid([Problem("unknown", _("Choose who sees the view."), "audience")])
    if audience == "all" and not may_share_with_all(ctx):
        raise Forbidden(_("Only administrators share views with everybody."), hint=_("Share it with your team, or ask an administrator."))
    if audience == "team" and not ctx.actor.team:
        raise Invalid([Problem("no_team", _("You belong to no team, so there is nobody to share it with."), "audience", _("Keep it for yourself."))])
    return str(audience)
