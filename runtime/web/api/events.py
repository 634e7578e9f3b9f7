"""``POST events/<kind>``: events of telephony and messaging systems, signed by a source of the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request, current_app
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from kernel.errors import FangyuanError, TooLarge
from kernel.i18n import to_text
from kernel.platform.ctx import Ctx
from kernel.platform.database import Home
from kernel.web.errors_pages import problem_json
from kernel.web.routes import json_response
from runtime.incoming import door, sources
from runtime.incoming.signing import Signed
from runtime.incoming.wecom import callback


def home_of(ctx: Ctx) -> Home:
    """The tenant's database: what a stranger sends is judged in reading units, and written in short ones of its own."""
    found: Home = current_app.extensions["fangyuan"].tenants.get(ctx.tenant.slug)[1]
    return found


def listen(request: Request) -> bytes:
    """The body. Raises TooLarge."""
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge as error:
        raise TooLarge() from error


def take(ctx: Ctx, request: Request, kind: str) -> Response:
    """One event or ``{"events": [...]}``; 201 with its record, 200 for one that is known, 200 with ``items`` for several. ``source`` of the address names the source."""
    signed = Signed(request.headers.get("webhook-id", "")[:500], request.headers.get("webhook-timestamp", "")[:50], request.headers.get("webhook-signature", "")[:2000])

    def say(error: FangyuanError) -> Mapping[str, Any]:
        problems = [problem_json(p, ctx.language) for p in getattr(error, "problems", ())]
        return {"problems": problems or [{"code": error.code, "path": "", "message": to_text(error.message, ctx.language)}]}

    answer = door.receive(ctx, home_of(ctx), request.args.get("source", ""), kind, signed, lambda: listen(request), say)
    return json_response(answer.body, answer.status, {"Webhook-Replayed": "true"} if answer.replayed else {})


def wecom(ctx: Ctx, request: Request, source: str) -> Response:
    """WeCom's callback: GET answers the echo of its console; POST notes that an account has news and has them pulled."""
    args = request.args
    asked = callback.Asked(args.get("msg_signature", ""), args.get("timestamp", ""), args.get("nonce", ""))
    with door.turned_away(ctx, home_of(ctx), source, sources.WECOM, None):
        found = sources.find(ctx, source)
        known = found if found is not None and found.open and found.adapter == sources.WECOM else None
        if request.method == "GET":
            return current_app.response_class(callback.verify(ctx, known, asked, args.get("echostr", "")[:4000]), mimetype="text/plain")
        callback.news(ctx, home_of(ctx), known, asked, listen(request))
    return current_app.response_class(b"success", mimetype="text/plain")
