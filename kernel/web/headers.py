"""The headers of every answer."""

from __future__ import annotations

from werkzeug.wrappers import Response

from kernel.platform.settings import Settings
from kernel.web.shell import content_security_policy

_PERMISSIONS = "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=()"


def protect(response: Response, settings: Settings, nonce: str, request_id: str) -> None:
    """Adds what a view did not decide itself."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_security_policy(nonce))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", _PERMISSIONS)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    # What a person may see is for their browser only, and asked for anew each time; going back still shows it at once.
    headers.setdefault("Cache-Control", "private, no-cache")
    headers["X-Request-Id"] = request_id
    if settings.secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if headers.get("Content-Type", "").startswith("text/html"):
        response.vary.update(("Cookie", "HX-Request", "Accept-Language"))
