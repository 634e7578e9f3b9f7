"""Why somebody can or can't, on a page beside the record; and looking through somebody's eyes. For who may administer."""

from __future__ import annotations

from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import NotFound
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.platform import viewing
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.access.explain import explain
from runtime.notices.tell import tell
from runtime.records.labels import Wanted, resolve
from runtime.web.record import open_record
from runtime.web.settings.sessions import here_of
from runtime.web.sight import base_of


def show(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """``?person=``: what that person may do with the record and why; without one only the question."""
    shown = open_record(ctx, entity, id)
    person = request.args.get("person", "")
    person = ctx.actor.person if person == "me" else person
    found: Any = None
    if is_id(person):
        found = explain(ctx, person, entity, id)
    wanted = Wanted()
    wanted.add("person", person if found else None)
    wanted.add("team", found.team if found else None)
    names = resolve(ctx, wanted)
    name = names.get(person) or _("Somebody")
    return Page("runtime/record/access.html", {
        "entity": shown.entity, "title": shown.seen.title, "url": shown.url, "list_url": f"{base_of(ctx)}/e/{entity}", "base_url": base_of(ctx),
        "person": person if found else None, "name": name, "chosen": [(person, name)] if found else [], "found": found,
        "team": names.get(found.team or "") if found else None, "lookup": f"{base_of(ctx)}/lookup/{entity}/owner?all=1",
        "can_view": found is not None and found.signs_in is None and person != ctx.actor.person and ctx.actor.viewer is None,
    })


def begin(ctx: Ctx, request: Request) -> Response:
    """Look through somebody's eyes; the person is told. Raises NotFound, Forbidden."""
    person = request.form.get("person", "")
    if not is_id(person):
        raise NotFound()
    hash_ = here_of(ctx, request)
    if hash_ is None:
        raise NotFound()
    viewing.begin(ctx, hash_, person)
    tell(ctx, [person], "viewed", f"viewed:{ctx.request_id}")
    return redirect(f"{base_of(ctx)}/", 303)


def end(ctx: Ctx, request: Request) -> Response:
    """Back to one's own eyes."""
    hash_ = here_of(ctx, request)
    if hash_ is not None:
        viewing.end(ctx.conn, hash_)
    return redirect(f"{base_of(ctx)}/", 303)
