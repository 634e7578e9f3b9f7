"""The history of releases, what one changed, and the way back."""

from __future__ import annotations

from flask import Request
from sqlalchemy import select

from builder.web import words
from builder.web.differences import Group, differences
from builder.web.frame import page, published
from builder.web.proposal import Proposal
from builder.web.review import just_published, review
from kernel.errors import Conflict, NotFound
from kernel.i18n import _
from kernel.platform import releases as stored
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page

PAGE = 20
LARGEST = 2**31 - 1
# Ids are numbers of the database; a larger one in an address is no release.


def history(ctx: Ctx, request: Request) -> Page:
    """``GET /design/releases?before=<id>``"""
    given = request.args.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    found = published(ctx, PAGE + 1, before)
    rows = [(release, _changed(ctx, release.id, release.base)) for release in found[:PAGE]]
    return page(ctx, "releases.html", {
        "rows": rows, "current": ctx.release.id, "more": found[PAGE - 1].id if len(found) > PAGE else None, "moment": lambda at: words.moment(at, ctx.zone),
        "published": just_published(request),
    }, place="releases")


def one(ctx: Ctx, request: Request, id: int) -> Page:
    """``GET /design/releases/<id>``: what it changed against the one before."""
    found = next(iter(published(ctx, 1, id + 1)), None) if id < LARGEST else None
    if found is None or found.id != id:
        raise NotFound()
    language = ctx.language
    return page(ctx, "release.html", {
        "release": found, "groups": _changed(ctx, found.id, found.base), "current": ctx.release.id, "moment": lambda at: words.moment(at, ctx.zone),
        "operations": [(o["text"].get(language) or o["text"].get("en", ""), bool(o.get("destroys"))) for o in found.plan],
    }, place="releases")


def back(ctx: Ctx, request: Request, id: int) -> Page:
    """``POST /design/releases/<id>/back``: the plan of going back to a release."""
    kind = ctx.conn.execute(select(t.release.c.kind).where(t.release.c.id == id)).scalar() if id <= LARGEST else None
    if kind != "published":
        raise NotFound()
    if id == ctx.release.id:
        raise Conflict(_("This release is in force already."))
    note = _("Back to release {id}", id=id).to(ctx.tenant.language)
    return review(ctx, request, Proposal("release", "releases", release=id, note=note), _("Back to release {id}", id=id), request.form.get("base", ""))


def _changed(ctx: Ctx, id: int, base: int | None) -> list[Group]:
    """What a release changed. Applications are cached by content, so a page of them costs little."""
    new = stored.load(ctx.conn, id).application
    try:
        old = stored.load(ctx.conn, base).application if base is not None else stored.empty().application
    except NotFound:
        return []
    return differences(old, new)
