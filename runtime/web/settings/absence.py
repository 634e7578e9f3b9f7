"""Who decides for me while I am away; administrators name substitutes for others, too."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Invalid
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.approvals import absence
from runtime.forms.prepare import reader_of
from runtime.forms.when import date_words
from runtime.records.labels import of_people
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of


def show(ctx: Ctx, request: Request) -> Page:
    """The page: mine, and for administrators everybody's."""
    return _page(ctx, {})


def save(ctx: Ctx, request: Request) -> Page | Response:
    """Name a substitute for some days, both included, in the person's own time zone."""
    form = request.form
    person = form.get("person", "") if "administer" in ctx.actor.rights and is_id(form.get("person", "")) else ctx.actor.person
    try:
        absence.add(ctx, person, form.get("substitute") or None, _day(ctx, form.get("from", "")), _day(ctx, form.get("to", ""), end=True))
    except Invalid as error:
        return _page(ctx, dict(form), error)
    return redirect(f"{base_of(ctx)}/settings/absence", 303)


def end(ctx: Ctx, request: Request, id: str) -> Response:
    """Back, or not going after all."""
    absence.end(ctx, id)
    return redirect(f"{base_of(ctx)}/settings/absence", 303)


def _day(ctx: Ctx, text: str, *, end: bool = False) -> datetime | None:
    try:
        day = date.fromisoformat(text.strip())
        return datetime.combine(day + timedelta(days=1) if end else day, time(), ctx.zone)
    except (ValueError, OverflowError):
        return None


def _page(ctx: Ctx, given: dict[str, Any], error: Invalid | None = None) -> Page:
    admin = "administer" in ctx.actor.rights
    found = absence.of(ctx, None if admin else ctx.actor.person)
    names = of_people(ctx, [p for a in found for p in (a.person_id, a.substitute_id)] + [given.get("person"), given.get("substitute")])
    reader = reader_of(ctx)

    def row(a: absence.Absence) -> dict[str, Any]:
        first, last = a.from_at.astimezone(reader.zone).date(), (a.to_at.astimezone(reader.zone) - timedelta(seconds=1)).date()
        return {
            "id": a.id, "who": names.get(a.person_id, "—"), "mine": a.person_id == ctx.actor.person, "substitute": names.get(a.substitute_id, "—"),
            "days": _("{first} to {last}", first=date_words(first, reader), last=date_words(last, reader)) if first != last else date_words(first, reader),
            "now": a.from_at <= ctx.now}

    context = {
        **frame(ctx, "absence"), "rows": [row(a) for a in found], "admin": admin, "problems": {p.path: p for p in error.problems} if error else {},
        "given": given, "names": names, "lookup": f"{base_of(ctx)}/lookup/person/owner", "today": reader.today.isoformat()}
    return Page("runtime/settings/absence.html", context, status=422 if error else 200)
