"""Work that failed: what, for whom, where to, why; and having it done again or discarding it."""

from __future__ import annotations

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.outbox import failed
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

PAGE = 50


def show(ctx: Ctx, request: Request) -> Page:
    """The list: what failed for good, or (``?show=trying``) what will be tried again."""
    reader, base = reader_of(ctx), f"{base_of(ctx)}/settings/failed"
    trying = request.args.get("show") == "trying"
    before = request.args.get("before", "")
    found = failed.read(ctx, failed=not trying, limit=PAGE + 1, before=int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None)
    rows = [{
        "id": item.id, "what": item.what, "where": item.where, "why": item.why, "attempts": item.attempts, "title": item.title, "person": item.person,
        "href": f"{base_of(ctx)}/e/{item.entity}/{item.record}" if item.title else None,
        "when": moment_words(item.at, reader) if item.at else None, "next": moment_words(item.next_at, reader) if item.next_at else None} for item in found[:PAGE]]
    more = f"{base}?{'show=trying&' if trying else ''}before={found[PAGE - 1].id}" if len(found) > PAGE else None
    counts = failed.counts(ctx)
    places = [{"name": name, "why": why, "until": moment_words(until, reader)} for name, why, until in counts.places]
    return Page("runtime/settings/failed.html", {**frame(ctx, "failed"), "rows": rows, "trying": trying, "counts": counts, "places": places, "more": more})


def again(ctx: Ctx, request: Request, id: int | None = None) -> Response:
    """One of them, or all."""
    failed.again(ctx, None if id is None else [id])
    return redirect(f"{base_of(ctx)}/settings/failed", 303)


def discard(ctx: Ctx, request: Request, id: int | None = None) -> Response:
    """One of them, or all."""
    failed.discard(ctx, None if id is None else [id])
    return redirect(f"{base_of(ctx)}/settings/failed", 303)
