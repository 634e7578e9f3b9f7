"""Small acts on records: assign, delete and take back."""

from __future__ import annotations

from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Forbidden, Invalid, NotFound, Problem
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.records import road
from runtime.records.bundles import InUse
from runtime.records.removing import Removed
from runtime.web import held
from runtime.web.edit import version_of
from runtime.web.record import open_record
from runtime.web.sight import base_of, entity_of, over

MOST_AT_ONCE = 200


def assign_form(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """To whom?"""
    shown = open_record(ctx, entity, id)
    decision = shown.seen.may["assign"]
    if not decision:
        raise Forbidden(decision.reason, rule=decision.rule)
    record = shown.record
    owner = [(record.owner, shown.seen.labels.get(record.owner, "—"))] if record.owner else []
    return Page("runtime/record/assign.html", _assign(ctx, request, entity, f"{shown.url}/assign", shown.seen.title, owner, [], record.version))


def _assign(
    ctx: Ctx, request: Request, entity: str, action: str, note: Any, owner: list[Any], ids: list[str], version: int | None, error: Any = None
) -> dict[str, Any]:
    return {
        **over(request), "action": action, "note": note, "owner": owner, "ids": ids, "version": version, "error": error,
        "lookup": f"{base_of(ctx)}/lookup/{entity}"}


def assign(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Give the record to somebody else."""
    shown = open_record(ctx, entity, id)
    road.assign(ctx, entity, id, **_receiver(ctx, request), version=version_of(request))
    return redirect(shown.url, 303)


def _receiver(ctx: Ctx, request: Request) -> dict[str, Any]:
    owner, team = request.form.get("owner", ""), request.form.get("team", "")
    owner = ctx.actor.person if owner == "me" else owner
    if not owner and not team:
        raise Invalid([Problem("required", _("Choose a person or a team."), "owner")])
    found: dict[str, Any] = {}
    if owner:
        found["owner"] = owner
    if team:
        found["team"] = team
    return found


def delete(ctx: Ctx, request: Request, entity: str, id: str) -> Page | Response:
    """Move the record to the bin; the list says so and offers the way back."""
    shown = open_record(ctx, entity, id)
    try:
        gone = road.delete(ctx, entity, id, version=version_of(request, needed=False))
    except InUse as error:
        return held.page(ctx, request, shown.seen.title, error, shown.url)
    return _to_list(ctx, request, entity, gone)


def _to_list(ctx: Ctx, request: Request, entity: str, gone: Removed) -> Response:
    """To the list, which says what went and offers the way back."""
    place = f"{base_of(ctx)}/e/{entity}?deleted={','.join(gone.asked)}" + (f"&also={len(gone.also)}" if gone.also else "")
    return Response("", 204, headers={"HX-Redirect": place}) if is_htmx(request) else redirect(place, 303)


def restore(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Bring records back from the bin; several ids stand with commas."""
    entity_of(ctx, entity)
    ids = [i for i in id.split(",") if is_id(i)][:MOST_AT_ONCE]
    if not ids:
        raise NotFound()
    road.restore_many(ctx, [(entity, one) for one in ids])
    place = f"{base_of(ctx)}/e/{entity}" + (f"/{ids[0]}" if len(ids) == 1 else "")
    if is_htmx(request) or request.headers.get("X-Requested-With") == "fetch":
        return Response("", 204, headers={"HX-Redirect": place})
    return redirect(place, 303)
