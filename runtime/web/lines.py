"""Lines of the tables of contents in few words: a method, an address, a view, and who may call it."""

from __future__ import annotations

from kernel.web.routes import Need, Route


def get(rule: str, view: object, **more: object) -> Route:
    """A page for whoever is signed in."""
    return post(rule, view, "GET", **more)


def post(rule: str, view: object, method: str = "POST", **more: object) -> Route:
    """What whoever is signed in may do; the view asks for the rights on records."""
    return Route(rule, view, methods=(method,), needs=Need.SIGNED_IN, **more)  # type: ignore[arg-type]


def admin(rule: str, view: object, method: str = "GET", **more: object) -> Route:
    """For who holds the right to administer."""
    return Route(rule, view, methods=(method,), needs=Need.ADMIN, **more)  # type: ignore[arg-type]


def api(rule: str, view: object, method: str = "GET", **more: object) -> Route:
    """For programs with a token."""
    return post(rule, view, method, channel="api", **more)
