"""What stands against a deletion, with the way to each of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Request

from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.records.bundles import InUse
from runtime.web.sight import base_of, over, queryable

MOST_LINKED = 50


def page(ctx: Ctx, request: Request, title: Any, error: InUse, back: str) -> Page:
    """The refusal as a dialog over the page, or as a page of its own. Nothing was deleted."""
    lines = []
    for problem in error.problems:
        entity, field = str(problem.data.get("entity", "")), problem.data.get("field")
        href = None
        if entity and field in queryable(ctx, entity):
            ids = "~".join(problem.data["ids"][:MOST_LINKED])
            href = f"{base_of(ctx)}/e/{entity}?{urlencode({'f': f'{field}.in.{ids}'})}"
        lines.append({"text": problem.message, "hint": problem.hint, "href": href, "label": ctx.app.entities[entity].label if href else None})
    context = {**over(request), "title": title, "lines": lines, "back": back}
    headers = {"HX-Retarget": "#dialog-root", "HX-Reswap": "innerHTML"}
    return Page("runtime/record/held.html", {**context, "heading": _("This can't be deleted now")}, status=error.status, headers=headers)
