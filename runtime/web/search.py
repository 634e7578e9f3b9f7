"""Search over everything: for the command palette as JSON, for people without it as a page."""

from __future__ import annotations

from typing import Any

from flask import Request

from kernel.errors import Invalid
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.routes import json_response
from runtime.records import query
from runtime.web.highlight import marked
from runtime.web.list_state import views_of
from runtime.web.sight import base_of, creatable, known_entities

PER_KIND = 5
MOST_KINDS = 12


def search(ctx: Ctx, request: Request) -> Any:
    """Records by quick search, then views and acts whose name fits."""
    q = request.args.get("q", "").strip()[:200]
    groups = groups_for(ctx, q) if q else []
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    if best == "application/json":
        return json_response({"groups": groups})
    return Page("runtime/search.html", {"q": q, "groups": [
        {**g, "items": [{**i, "marked": marked(i["label"], q)} for i in g["items"]]} for g in groups]})


def groups_for(ctx: Ctx, q: str) -> list[dict[str, Any]]:
    """What was found, by kind."""
    base = base_of(ctx)
    entities = known_entities(ctx)
    found = []
    for entity in entities[:MOST_KINDS]:
        try:
            listing = query.list_records(ctx, entity.key, query.ListQuery(fields=(), q=q, limit=PER_KIND))
        except Invalid:
            continue
        items = [
            {"label": i.title or _("Without a name").to(ctx.language), "href": f"{base}/e/{entity.key}/{i.record.id}", "icon": entity.icon, "note": None}
            for i in listing.items]
        if items:
            found.append({"label": entity.several.to(ctx.language), "items": items})
    folded = q.casefold()
    places, acts = [], []
    can = creatable(ctx)
    for entity in entities:
        name = entity.label.to(ctx.language)
        for view in views_of(ctx, entity):
            label = view.label.to(ctx.language)
            if folded in label.casefold() or folded in name.casefold() or folded in entity.several.to(ctx.language).casefold():
                href = f"{base}/e/{entity.key}?view={view.key}"
                places.append({"label": f"{entity.several.to(ctx.language)} · {label}", "href": href, "icon": "layout-list", "note": _("View").to(ctx.language)})
        if entity.key in can and folded in name.casefold():
            acts.append({"label": _("New {label}", label=name).to(ctx.language), "href": f"{base}/e/{entity.key}/new", "icon": "plus", "note": None})
    if acts:
        found.append({"label": _("Do").to(ctx.language), "items": acts[:PER_KIND]})
    if places:
        found.append({"label": _("Views").to(ctx.language), "items": places[:PER_KIND]})
    return found
