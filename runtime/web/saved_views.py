"""Saved views on the screen: save, rename, share, pin, sort, remove with a way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Request, redirect
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kernel.errors import Forbidden, Invalid
from kernel.fieldtypes.ids import is_id
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx, read_object
from kernel.web.routes import json_response
from runtime.forms import problems
from runtime.lists import personal, saved
from runtime.lists.personal import Layout, SavedView
from runtime.records.labels import of_people
from runtime.web.list_state import Asked, read
from runtime.web.sight import entity_of, over


def new(ctx: Ctx, request: Request, entity: str) -> Page:
    """Name the list as it stands."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    return _form(ctx, request, asked, None, "", "me")


def create(ctx: Ctx, request: Request, entity: str) -> Page | Response:
    """Save the list as it stands under a name, and go there."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    name, audience = request.form.get("name", ""), request.form.get("audience", "me")
    try:
        made = saved.create(ctx, entity, name, audience, asked.arrangement)
    except (Invalid, Forbidden) as error:
        return _form(ctx, request, asked, None, name, audience, error)
    # What was changed moved into the new view: the one it came from stands as before, but for the widths, which nobody misses there.
    if asked.layout != Layout():
        personal.keep_layout(ctx, entity, asked.lens.key, Layout(widths=asked.layout.widths))
    return _go(request, f"{asked.base}?view={made.id}")


def edit(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """Its name, and who sees it."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    view = saved.get(ctx, entity, id)
    return _form(ctx, request, asked, view, view.name, view.audience)


def change(ctx: Ctx, request: Request, entity: str, id: str) -> Page | Response:
    """Rename it, or give it to others."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    view = saved.get(ctx, entity, id)
    name, audience = request.form.get("name", ""), request.form.get("audience", "")
    try:
        saved.change(ctx, entity, id, name=name, audience=audience)
    except (Invalid, Forbidden) as error:
        return _form(ctx, request, asked, view, name, audience, error)
    return _go(request, asked.url(cursor=None))


def hold(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Let the view hold the list as it stands now."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    if asked.lens.saved is None or asked.lens.saved.id != id:
        saved.get(ctx, entity, id)
        return _go(request, f"{asked.base}?view={id}")
    given = request.form.get("_version", "")
    saved.change(ctx, entity, id, held=asked.arrangement, version=int(given) if given.isdigit() and len(given) < 10 else None)
    personal.forget_layout(ctx, entity, id)
    return _go(request, f"{asked.base}?view={id}")


def remove(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Take it away; the list says so and offers the way back."""
    base = read(ctx, entity_of(ctx, entity), MultiDict(), plain=True).base
    saved.remove(ctx, entity, id)
    return _go(request, f"{base}?gone={id}")


def restore(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Bring it back."""
    base = read(ctx, entity_of(ctx, entity), MultiDict(), plain=True).base
    saved.restore(ctx, entity, id)
    if request.headers.get("X-Requested-With") == "fetch":
        return json_response({"href": f"{base}?view={id}"})
    return _go(request, f"{base}?view={id}")


def manage(ctx: Ctx, request: Request, entity: str) -> Page:
    """All saved views: which stand first, and in which order."""
    return _manage(ctx, request, read(ctx, entity_of(ctx, entity), request.args))


def pin(ctx: Ctx, request: Request, entity: str) -> Page | Response:
    """Pin a view, let it go, or give it another place among the pinned ones."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    known = {v.id for v in asked.own.views}
    moved = request.is_json
    given: Any = read_object(request) if moved else request.form
    id_, before = str(given.get("id", "")), str(given.get("before") or "")
    pins = [p for p in asked.own.pins if p in known and p != id_]
    wanted = given.get("to") == "pinned" if moved else given.get("pinned") == "1"
    if id_ in known and wanted:
        pins.insert(pins.index(before) if before in pins else len(pins), id_)
    personal.keep_pins(ctx, entity, tuple(pins))
    if moved:
        return json_response({"pins": pins})
    if not is_htmx(request):
        return redirect(asked.url("/views", cursor=None), 303)
    return _manage(ctx, request, replace(asked, own=replace(asked.own, pins=tuple(pins))))


def _manage(ctx: Ctx, request: Request, asked: Asked) -> Page:
    names = of_people(ctx, (v.owner for v in asked.own.views))
    place = set(asked.own.pins)
    items = [
        {
            "id": v.id, "name": v.name, "audience": saved.AUDIENCES[v.audience], "icon": {"me": "user", "team": "users", "all": "world"}[v.audience],
            "owner": names.get(v.owner) if v.owner != ctx.actor.person else None, "pinned": v.id in place, "mine": saved.may_change(ctx, v),
            "edit": asked.url(f"/views/{v.id}", cursor=None), "href": f"{asked.base}?view={v.id}",
        }
        for v in asked.own.ordered
    ]
    return Page("runtime/list/views.html", {
        **over(request), "asked": asked, "base_url": asked.base, "pins_url": asked.url("/views/pins", cursor=None),
        "pinned": [i for i in items if i["pinned"]], "others": [i for i in items if not i["pinned"]], "save_url": asked.url("/views/new", cursor=None)})


def _form(
    ctx: Ctx, request: Request, asked: Asked, view: SavedView | None, name: str, audience: str, refused: Invalid | Forbidden | None = None
) -> Page:
    errors = problems.by_field(refused.problems, ctx.language) if isinstance(refused, Invalid) else {}
    if isinstance(refused, Forbidden):
        errors = {"audience": " ".join(str(t.to(ctx.language) if not isinstance(t, str) else t) for t in (refused.message, refused.hint) if t)}
    audiences = [(key, words) for key, words in saved.AUDIENCES.items() if key != "all" or saved.may_share_with_all(ctx) or audience == "all"]
    if not ctx.actor.team:
        audiences = [a for a in audiences if a[0] != "team"]
    return Page("runtime/list/view_form.html", {
        **over(request), "asked": asked, "base_url": asked.base, "view": view, "name": name, "audience": audience, "audiences": audiences, "errors": errors,
        "action": asked.url(f"/views/{view.id}" if view is not None else "/views", cursor=None), "mine": view is None or saved.may_change(ctx, view),
    }, status=422 if refused is not None else 200)


def _go(request: Request, place: str) -> Response:
    return Response("", 204, headers={"HX-Redirect": place}) if is_htmx(request) else redirect(place, 303)


def gone(request: Request) -> str | None:
    """The view that was just removed, for the notice on the list."""
    given = request.args.get("gone", "")
    return given if is_id(given) else None
