"""The workspace itself: name, mark, colour, languages, currency, time zone, how long the bin keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from babel.numbers import is_currency
from flask import Request, current_app, redirect
from sqlalchemy import select, update
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.fieldtypes.ids import is_id
from kernel.i18n import LANGUAGES, Text, _
from kernel.platform import audit, tenants
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.shell import ACCENTS, LANGUAGE_NAMES
from runtime.files import uploads
from runtime.files.store import folder_of
from runtime.records.retention import SETTING as BIN_DAYS
from runtime.web.api.files import store
from runtime.web.settings import choices
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

PLACE = "#workspace"
LOGO = "logo"
NAMES: Mapping[str, Text] = {
    "name": _("Name"), "logo": _("Mark"), "accent": _("Colour"), "language": _("Language"), "languages": _("Languages offered"), "currency": _("Currency"),
    "zone": _("Time zone"), BIN_DAYS: _("Days in the bin")}
_ACCENTS: Mapping[str, Text] = {
    "blue": _("Blue"), "teal": _("Teal"), "green": _("Green"), "violet": _("Violet"), "magenta": _("Magenta"), "brick": _("Brick")}


def show(ctx: Ctx, request: Request) -> Page:
    """The page."""
    return _page(ctx, dict(ctx.tenant.settings), {}, saved="saved" in request.args)


def _page(ctx: Ctx, given: Mapping[str, Any], problems: Mapping[str, Problem], *, saved: bool = False) -> Page:
    zone, currency = str(given.get("zone") or ctx.tenant.zone), str(given.get("currency") or ctx.tenant.currency)
    logo = given.get("logo_file")
    return Page("runtime/settings/workspace.html", {
        **frame(ctx, "workspace"), "given": given, "problems": problems, "saved": saved, "name": given.get("name") or ctx.tenant.name,
        "accents": [(key, _ACCENTS[key]) for key in ACCENTS], "accent": given.get("accent") or ACCENTS[0], "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        "offered": list(given.get("languages") or LANGUAGES), "language": given.get("language") or ctx.tenant.language,
        "currencies": choices.currencies(ctx.language, currency), "currency": currency, "zones": choices.zones(ctx.language, zone, ctx.now), "zone": zone, "bin_days": given.get(BIN_DAYS) or 90,
        "files": [{"id": logo, "name": _("Mark"), "url": f"{base_of(ctx)}/logo", "preview": f"{base_of(ctx)}/logo", "size": ""}] if logo else [],
    }, status=422 if problems else 200)


def save(ctx: Ctx, request: Request) -> Page | Response:
    """Keep what was chosen; what is wrong stands beside its field and nothing is kept."""
    form = request.form
    wanted: dict[str, Any] = {
        "name": form.get("name", "").strip(), "accent": form.get("accent", ""), "language": form.get("language", ""),
        "languages": [code for code in LANGUAGES if code in form.getlist("languages")], "currency": form.get("currency", ""), "zone": form.get("zone", ""),
        BIN_DAYS: int(form["bin_days"]) if form.get("bin_days", "").isdecimal() and len(form["bin_days"]) < 6 else None}
    problems = _problems(wanted)
    before = dict(ctx.tenant.settings)
    logo = next((v for v in form.getlist("logo") if v), None)
    if logo != before.get("logo_file"):
        try:
            wanted |= _logo(ctx, logo)
        except Invalid as error:
            problems.update({"logo": error.problems[0]})
    if problems:
        return _page(ctx, {**before, **wanted}, problems)
    changed = sorted(key for key, value in wanted.items() if key != "logo_file" and before.get(key) != value)
    if changed:
        tenants.change_settings(ctx.conn, wanted)
        audit.note(ctx, "settings.changed", None, {"name": changed})
    return redirect(f"{base_of(ctx)}/settings/workspace?saved=1", 303)


def _problems(wanted: Mapping[str, Any]) -> dict[str, Problem]:
    found: dict[str, Problem] = {}

    def wrong(path: str, message: Text, hint: Text) -> None:
        found[path] = Problem(f"{path}_invalid", message, path, hint)

    if not 1 <= len(wanted["name"]) <= 80 or not wanted["name"].isprintable():
        wrong("name", _("A workspace has a name of 1 to {n} characters.", n=80), _("Type the name of your company."))
    if wanted["accent"] not in ACCENTS:
        wrong("accent", _("There is no such colour."), _("Choose one of those offered."))
    if not wanted["languages"]:
        wrong("languages", _("At least one language must be offered."), _("Tick one."))
    elif wanted["language"] not in wanted["languages"]:
        wrong("language", _("The workspace's language must be among those offered."), _("Choose another one, or offer it."))
    if not is_currency(wanted["currency"]):
        wrong("currency", _("There is no such currency."), _("Choose one from the list."))
    if wanted["zone"] not in available_timezones():
        wrong("zone", _("There is no such time zone."), _("Choose one from the list."))
    if wanted[BIN_DAYS] is None or not 1 <= wanted[BIN_DAYS] <= 3650:
        wrong("bin_days", _("Give a number of days from 1 to {n}.", n=3650), _("90 days are usual."))
    return found


def _logo(ctx: Ctx, id_: str | None) -> dict[str, Any]:
    """Take an uploaded picture as the mark, or take the mark away. Raises Invalid."""
    ctx.conn.execute(update(t.file).where(t.file.c.entity == PLACE, t.file.c.field == LOGO).values(entity=None, record_id=None, field=None))
    if id_ is None:
        return {"logo": None, "logo_file": None}
    row = uploads.rows(ctx, [id_]).get(id_) if is_id(id_) else None
    if row is None or row.created_by != ctx.actor.person or row.record_id is not None or not row.is_picture:
        raise Invalid([Problem("logo_invalid", _("The mark must be a picture."), "logo", _("Upload a PNG or JPEG of at least 64 by 64 pixels."))])
    uploads.attach(ctx, PLACE, ctx.tenant.id, LOGO, [id_])
    return {"logo": f"{base_of(ctx)}/logo?v={row.sha256[:12]}", "logo_file": id_}


def logo(ctx: Ctx, request: Request) -> Response:
    """The mark, small, for everybody who is signed in. Raises NotFound."""
    c = t.file.c
    sha = ctx.conn.execute(select(c.sha256).where(c.entity == PLACE, c.field == LOGO)).scalar()
    if sha is None:
        raise NotFound()
    response = current_app.response_class(store().open(folder_of(ctx.tenant), sha, "thumb").read_bytes(), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
