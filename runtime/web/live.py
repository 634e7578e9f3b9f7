"""How an open page hears that something changed: a stream of server-sent events, or asking now and then."""

from __future__ import annotations

from flask import Flask, Request, current_app
from werkzeug.wrappers import Response

from kernel.errors import BadRequest, NotSignedIn
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.application import Web
from kernel.web.routes import json_response, opened_again
from kernel.web.session import credential_of
from runtime.live import news as telling
from runtime.live import watch
from runtime.live.hub import Hub
from runtime.live.news import Message
from runtime.live.stream import Stream, socket_gone, written

# How often a page that gets no stream asks, in seconds.
POLL_S = 10
_KEY = "fangyuan.live"
_HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}


def stream(ctx: Ctx, request: Request) -> Response:
    """A stream for this page; where all places are taken it says so at once and the page polls. Raises NotFound for what the reader may not see."""
    watches = watch.read(request.args.getlist("watch"))
    watch.check(ctx, watches)
    web: Web = current_app.extensions["fangyuan"]
    slug = ctx.tenant.slug
    credential = credential_of(request, web.settings, slug, tokens=False)
    found = web.tenants.find(slug)
    if credential is None or found is None:
        raise NotSignedIn()
    hub, home = hub_of(current_app), found[1]
    seat = hub.take(home, ctx.actor.person, watches)
    if seat is None:
        return current_app.response_class(written(Message("poll", {})), headers=_HEADERS, mimetype="text/event-stream")
    known, request_id = credential, ctx.request_id
    lines = Stream(
        hub, seat, web.clock, lambda: opened_again(web, slug, known, request_id), socket_gone(dict(request.environ)), _after(request)).lines()
    response: Response = current_app.response_class(lines, headers=_HEADERS, mimetype="text/event-stream")
    # Also when the browser left before the first line was written.
    response.call_on_close(lambda: hub.leave(home, seat))
    return response


def news(ctx: Ctx, request: Request) -> Response:
    """What happened after ``after`` among what this page watches; without ``after`` where it joins. The same messages as the stream's."""
    watches = watch.read(request.args.getlist("watch"))
    watch.check(ctx, watches)
    after = _after(request)
    newest = telling.newest(ctx.conn)
    rows, many = telling.mine(ctx, after, watches) if after is not None else ([], True)
    told = telling.messages(ctx, rows, watches, everything=many)
    return json_response(
        {"after": newest, "again": POLL_S, "messages": [{"event": m.kind, "data": m.data} for m in told]}, headers={"Cache-Control": "no-store"})


def _after(request: Request) -> int | None:
    text = request.args.get("after")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequest(_("“after” is the number that the last answer gave."))
    return int(text)


def hub_of(app: Flask) -> Hub:
    """The hub of an application; half of the server's threads may be streams."""
    found: Hub | None = app.extensions.get(_KEY)
    if found is None:
        web: Web = app.extensions["fangyuan"]
        found = app.extensions.setdefault(_KEY, Hub(web.settings.threads // 2))
    return found


def close(app: Flask) -> None:
    """End the streams of an application, if it has any."""
    found: Hub | None = getattr(app, "extensions", {}).get(_KEY)
    if found is not None:
        found.close()
