"""The roles page: each role, what it may do in plain words, who has it."""

from __future__ import annotations

from flask import Request

from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.people.roles import in_words
from runtime.web.settings.pages import frame


def show(ctx: Ctx, request: Request) -> Page:
    """Every role of the application."""
    return Page("runtime/settings/roles.html", {**frame(ctx, "roles"), "roles": in_words(ctx)})
