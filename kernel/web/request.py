"""What is known about the request at hand, and strict reading of what it carries."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any, cast

from flask import Request, g

from kernel.errors import BadRequest
from kernel.i18n import DEFAULT_LANGUAGE, _
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import JsonRefused, read_strict

DEFAULT_BODY_LIMIT = 2 * 1024 * 1024


@dataclass(slots=True)
class RequestState:
    """Facts of one request that layers below the view need: made first, filled as they become known."""

    id: str
    nonce: str
    language: str = DEFAULT_LANGUAGE
    ctx: Ctx | None = None
    csrf: str = ""
    slug: str = ""
    api: bool = False
    new_pre_cookie: str | None = None


def begin(request_id: str) -> RequestState:
    """The state of a new request."""
    g.fangyuan = RequestState(request_id, secrets.token_urlsafe(16))
    return state()


def state() -> RequestState:
    """The state of this request."""
    return cast(RequestState, g.fangyuan)


def read_json(request: Request, *, exact: bool = True) -> Any:
    """The body as strict JSON; numbers with a fraction become Decimal unless ``exact`` is False.

    Raises :class:`BadRequest` for another content type, wrong syntax, NaN, doubled keys, nesting beyond 64 levels.
    """
    if not request.is_json:
        raise BadRequest(
            _("The body must be JSON."), hint=_("Send the header Content-Type: application/json."))
    try:
        return read_strict(request.get_data(), exact=exact)
    except JsonRefused as error:
        raise BadRequest(_("The body is no valid JSON: {why}.", why=str(error))) from error


def read_object(request: Request, *, exact: bool = True) -> dict[str, Any]:
    """As :func:`read_json`, and it must be an object."""
    value = read_json(request, exact=exact)
    if not isinstance(value, dict):
        raise BadRequest(_("The body must be a JSON object."))
    return value


def is_htmx(request: Request) -> bool:
    """Whether htmx asks for a fragment (a history restore wants the page)."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def client_address(request: Request, trusted_proxies: int) -> str:
    """The address a limit may be keyed by (D29): the peer's, or what the outermost trusted proxy saw."""
    if trusted_proxies:
        hops = [hop.strip() for value in request.headers.getlist("X-Forwarded-For") for hop in value.split(",") if hop.strip()]
        if len(hops) >= trusted_proxies:
            return hops[-trusted_proxies][:64]
    return (request.remote_addr or "")[:64]


_PATH = re.compile(r"/t/[a-z0-9-]+/[!-\[\]-~]*\Z")


def own_path(target: str | None, slug: str) -> str:
    """``target`` if it is a path of this tenant, else the tenant's start (D28: no redirect leads elsewhere)."""
    start = f"/t/{slug}/"
    if target and target.startswith(start) and _PATH.match(target) and "//" not in target.split("?")[0] and "/../" not in target:
        return target
    return start
