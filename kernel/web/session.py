"""The cookie that carries a session, and where a request's credential stands (SAFETY D26)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from flask import Request
from werkzeug.wrappers import Response

from kernel.platform.ids import digest
from kernel.platform.settings import Settings


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows: the cookie of a session or an API token. ``value`` is the secret, ``hash`` what is stored."""

    kind: Literal["session", "token"]
    value: str

    @property
    def hash(self) -> str:
        return digest(self.value)


def cookie_name(settings: Settings, slug: str) -> str:
    """One cookie per tenant, so that people may be signed in to several; bound to this host on https."""
    return f"__Host-fy-{slug}" if settings.secure else f"fy-{slug}"


def set_cookie(response: Response, settings: Settings, slug: str, value: str) -> None:
    """Hand a session to the browser."""
    response.set_cookie(
        cookie_name(settings, slug), value, max_age=timedelta(days=90), secure=settings.secure, httponly=True, samesite="Lax", path="/")


def clear_cookie(response: Response, settings: Settings, slug: str) -> None:
    """Take it back."""
    response.delete_cookie(cookie_name(settings, slug), secure=settings.secure, httponly=True, samesite="Lax", path="/")


def credential_of(request: Request, settings: Settings, slug: str, *, tokens: bool) -> Credential | None:
    """The request's credential for this tenant. A token counts only in ``Authorization`` and only where ``tokens`` is set."""
    header = request.headers.get("Authorization")
    if tokens and header is not None:
        scheme, _, value = header.partition(" ")
        value = value.strip()
        # A request that shows a token is judged by it alone, never by a cookie that happens to come along.
        return Credential("token", value) if scheme.lower() == "bearer" and 20 <= len(value) <= 200 else None
    value = request.cookies.get(cookie_name(settings, slug), "")
    return Credential("session", value) if 20 <= len(value) <= 200 else None
