"""Against requests that another site makes in a person's name (SAFETY D26): an Origin check and a token, both."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlsplit

from flask import Request

from kernel.errors import Forbidden
from kernel.i18n import _
from kernel.platform.settings import Settings, is_loopback

HEADER = "X-CSRFToken"
FIELD = "csrf_token"
PRE_COOKIE = "fy-pre"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def token_for(settings: Settings, credential: str) -> str:
    """The token that belongs to a session (or, before sign-in, to a short-lived cookie); nothing is stored."""
    mac = hmac.new(settings.secret_key, b"csrf\0" + credential.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


def check(request: Request, settings: Settings, credential: str) -> None:
    """Raises :class:`Forbidden` unless the request comes from a page of ours made for this session."""
    check_origin(request, settings)
    sent = request.headers.get(HEADER) or request.headers.get("X-CSRF-Token") or ""
    if not sent and not request.is_json:
        sent = request.form.get(FIELD, "")
    if not hmac.compare_digest(sent.encode(), token_for(settings, credential).encode()):
        raise Forbidden(
            _("This page is out of date, so nothing was changed."), hint=_("Load the page again and repeat what you did."))


def check_origin(request: Request, settings: Settings) -> None:
    """Raises :class:`Forbidden` when the browser says that another site made the request."""
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin, settings):
        raise Forbidden(
            _("This request came from another address than {url}.", url=settings.base_url),
            hint=_("Open the product at {url}.", url=settings.base_url))
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden(_("This request came from another site."))


def _is_ours(origin: str, settings: Settings) -> bool:
    if origin.lower() == settings.origin:
        return True
    # localhost, 127.0.0.1 and ::1 are one machine, and people type either; the port must still be ours.
    ours, theirs = urlsplit(settings.origin), urlsplit(origin)
    try:
        return settings.loopback and theirs.scheme == ours.scheme and theirs.port == ours.port and is_loopback(theirs.hostname or "")
    except ValueError:
        return False
