"""The person at the screen: who they are here, language, appearance, password; and the sheet behind the big plus."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.i18n import _
from kernel.platform import accounts
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.records import reading
from runtime.records.labels import Wanted, resolve
from runtime.web.settings import choices
from runtime.web.settings.pages import ME_SECTIONS, frame
from runtime.web.sight import base_of, creatable, known_entities, over


def show(ctx: Ctx, request: Request) -> Page:
    """The page."""
    return _page(ctx, index=False)


def index(ctx: Ctx, request: Request) -> Page:
    """The entrance of the settings: on phones the list of pages, else beside it the first of them."""
    return _page(ctx, index=True)


def _page(ctx: Ctx, *, index: bool) -> Page:
    wanted = Wanted()
    wanted.add("team", ctx.actor.team)
    team = resolve(ctx, wanted).get(ctx.actor.team or "")
    roles = [ctx.app.roles[r].label for r in sorted(ctx.actor.roles) if r in ctx.app.roles]
    more = {key: value for section in ME_SECTIONS for key, value in section.context(ctx).items()}
    return Page("runtime/settings/me.html", {
        **frame(ctx, "me"), **more, "team": team, "roles": roles, "zones": choices.zones(ctx.language, ctx.actor.zone, ctx.now), "index": index,
        "contact": _contact(ctx),
        "login": accounts.get(ctx.conn, ctx.actor.person).login, "sections": [section.template for section in ME_SECTIONS]})


def _contact(ctx: Ctx) -> dict[str, Any]:
    """How one is reached, as far as one may see it, and whether one may change it oneself."""
    try:
        seen = reading.get(ctx, "person", ctx.actor.person)
    except NotFound:
        return {"email": None, "phone": None, "edit": None}
    own = {key: seen.record.values.get(key) for key in ("email", "phone") if key in seen.readable}
    return {"email": own.get("email"), "phone": own.get("phone"), "edit": f"{base_of(ctx)}/e/person/{ctx.actor.person}/edit" if seen.may["update"].allowed else None}


def save_zone(ctx: Ctx, request: Request) -> Response:
    """The time zone in which this person reads times."""
    zone = request.form.get("zone", "")
    if zone not in available_timezones():
        raise Invalid([Problem("bad_zone", _("There is no such time zone."), "zone", _("Choose one from the list."))])
    accounts.set_preferences(ctx.conn, ctx.actor.person, zone=zone)
    return redirect(f"{base_of(ctx)}/me", 303)


def create(ctx: Ctx, request: Request) -> Page:
    """What can be made: the sheet behind the big plus."""
    can = creatable(ctx)
    items = [e for e in known_entities(ctx) if e.key in can and e.in_navigation]
    return Page("runtime/create.html", {**over(request), "items": items, "base_url": base_of(ctx), "dialog": is_htmx(request)})
