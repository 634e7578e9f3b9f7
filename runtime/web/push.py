"""What lets a device ring: the service worker and manifest of the workspace, and a device's own address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Request, current_app, redirect
from sqlalchemy import delete, insert, select
from werkzeug.wrappers import Response

from kernel.egress import Egress
from kernel.errors import BadRequest, Conflict, NotFound
from kernel.i18n import _
from kernel.platform import sessions
from kernel.platform import tables as t
from kernel.platform.ctx import SYSTEM, Ctx
from kernel.platform.jsonvalues import JsonRefused, read_strict
from kernel.web.application import Web
from kernel.web.assets import Assets
from kernel.web.routes import json_response
from runtime.notices.tell import tell
from runtime.push import keys, subscriptions
from runtime.web.settings.sessions import here_of
from runtime.web.sight import base_of

# The parts of the service worker, in order. Each is a classic script that adds its own listeners.
PARTS = ("js/worker/life.js", "js/worker/notify.js")
LATER = "push:later"
_WORKER_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'"


def _web() -> Web:
    web: Web = current_app.extensions["fangyuan"]
    return web


def _assets() -> Assets:
    found: Assets = current_app.extensions["assets"]
    return found


def worker(ctx: Ctx, request: Request) -> Response:
    """The service worker of this workspace: its scope is the workspace, its parts are static files of this version."""
    assets = _assets()
    about = {"name": ctx.tenant.name, "icon": assets.url("icons/app-192.png"), "badge": assets.url("icons/badge-96.png")}
    lines = [f"self.FY = {json.dumps(about)};", *(f"importScripts({json.dumps(assets.url(part))});" for part in PARTS)]
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _WORKER_POLICY, "Service-Worker-Allowed": f"{base_of(ctx)}/"}
    return current_app.response_class("\n".join(lines) + "\n", mimetype="text/javascript", headers=headers)


def manifest(ctx: Ctx, request: Request) -> Response:
    """What a phone needs to put the workspace on its home screen."""
    assets, base = _assets(), base_of(ctx)

    def icon(name: str, size: str, purpose: str) -> Mapping[str, str]:
        return {"src": assets.url(f"icons/{name}.png"), "sizes": size, "type": "image/png", "purpose": purpose}

    about = {
        "id": f"{base}/", "name": ctx.tenant.name, "short_name": ctx.tenant.name[:12], "start_url": f"{base}/", "scope": f"{base}/", "display": "standalone", "lang": ctx.tenant.language,
        "background_color": "#FAFAF8", "theme_color": "#FAFAF8",
        "icons": [icon("app-192", "192x192", "any"), icon("app-512", "512x512", "any"), icon("app-maskable-512", "512x512", "maskable")]}
    return current_app.response_class(json.dumps(about, ensure_ascii=False), mimetype="application/manifest+json", headers={"Cache-Control": "no-cache"})


def key(ctx: Ctx, request: Request) -> Response:
    """The workspace's public key, for the browser's subscription."""
    return json_response({"key": keys.ensure(ctx)})


def subscribe(ctx: Ctx, request: Request) -> Response:
    """Let the device that asks ring, as long as its session lasts."""
    here = here_of(ctx, request)
    if here is None:
        raise NotFound()
    try:
        said: Any = read_strict(request.get_data())
    except JsonRefused as error:
        raise BadRequest() from error
    subscriptions.add(ctx, Egress.of(_web().settings), here, said)
    return json_response({"rings": True}, 201)


def remove(ctx: Ctx, request: Request) -> Response:
    """This device, or (``id`` of one of one's own sessions) another one, no longer rings."""
    id_ = request.form.get("id", "")
    if not id_:
        here = here_of(ctx, request)
        subscriptions.remove(ctx, ctx.actor.person, [here] if here else [])
        return json_response({"rings": False})
    found = next((s for s in sessions.of_person(ctx.conn, ctx.actor.person, ctx.now) if s.id == id_), None)
    if found is None:
        raise NotFound()
    subscriptions.remove(ctx, ctx.actor.person, [found.token_hash])
    return redirect(f"{base_of(ctx)}/settings/sessions", 303)


def later(ctx: Ctx, request: Request) -> Response:
    """The card on My day is not shown again."""
    p = t.preference
    ctx.conn.execute(delete(p).where(p.c.person_id == ctx.actor.person, p.c.key == LATER))
    ctx.conn.execute(insert(p).values(person_id=ctx.actor.person, key=LATER, value=True, updated_at=ctx.now))
    return json_response({"later": True})


def try_it(ctx: Ctx, request: Request) -> Response:
    """A notice to oneself, that this device rings by."""
    if not subscriptions.of_person(ctx, ctx.actor.person):
        raise Conflict(_("No device rings any more."))
    tell(ctx, [ctx.actor.person], "test", f"test:{ctx.new_id()}", urgency="high", by=SYSTEM)
    return json_response({"message": _("It rings within a few seconds.").to(ctx.language)})


def offered(ctx: Ctx) -> bool:
    """Whether My day shows the card: nobody put it off, and no device of this person rings yet. One statement."""
    p, s = t.preference.c, t.push_subscription.c
    put_off = select(p.key).where(p.person_id == ctx.actor.person, p.key == LATER)
    rings = select(s.id).where(s.person_id == ctx.actor.person)
    return not ctx.conn.execute(select(put_off.exists() | rings.exists())).scalar()
