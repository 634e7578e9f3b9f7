"""People from a spreadsheet: upload or paste, mend, then write all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Request, current_app
from werkzeug.wrappers import Response

from kernel.errors import BadRequest, Invalid, Problem
from kernel.i18n import _
from kernel.mail import letters, send_later
from kernel.platform import links
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import JsonRefused, dumps, read_strict
from kernel.web.rendering import Page
from runtime.people import intake, sheet
from runtime.web.settings.pages import frame

BODY_LIMIT = 6 * 1024 * 1024
SHOWN_GOOD = 20


def show(ctx: Ctx, request: Request) -> Page:
    """Upload or paste."""
    return _start(ctx)


def _start(ctx: Ctx, error: Invalid | None = None, text: str = "") -> Page:
    headings = [(intake.LABELS[key], intake.HEADINGS[key][:3], key == "name") for key in intake.COLUMNS]
    return Page("runtime/settings/intake.html", {
        **frame(ctx, "people"), "headings": headings, "text": text, "problem": error.problems[0] if error else None}, status=422 if error else 200)


def check(ctx: Ctx, request: Request) -> Page:
    """What was sent, with every problem by row; nothing is written."""
    try:
        lines = _lines(request)
    except Invalid as error:
        return _start(ctx, error, request.form.get("text", "")[:100_000])
    return _preview(ctx, request, lines)


def _lines(request: Request) -> list[intake.Line]:
    if "data" in request.form:
        return _mended(request)
    sent, text = request.files.get("file"), request.form.get("text", "")
    if sent is not None and sent.filename:
        return intake.lines_of(sheet.read(sent.stream.read(sheet.MOST_BYTES + 1), sent.filename))
    if not text.strip():
        raise Invalid([Problem("no_file", _("Choose a file, or paste rows."), "file")])
    return intake.lines_of(sheet.read_text(text))


def _mended(request: Request) -> list[intake.Line]:
    """The rows of the page before, with what was corrected in them and without those that were taken out."""
    try:
        rows = read_strict(request.form["data"].encode())
        lines = [intake.Line(_whole(n), {str(k): _word(v) for k, v in values.items() if k in intake.COLUMNS}) for n, values in rows]
    except (JsonRefused, ValueError, TypeError, AttributeError) as error:
        raise BadRequest(_("The request could not be read."), hint=_("Start again with the file.")) from error
    if not lines or len(lines) > sheet.MOST_ROWS or len({line.number for line in lines}) != len(lines):
        raise BadRequest(_("The request could not be read."), hint=_("Start again with the file."))
    dropped = set(request.form.getlist("drop"))
    for line in lines:
        for key in intake.COLUMNS:
            given = request.form.get(f"c-{line.number}-{key}")
            if given is not None:
                line.values[key] = " ".join(given.split())[: sheet.MOST_IN_CELL + 1]
    kept = [line for line in lines if str(line.number) not in dropped]
    if not kept:
        raise Invalid([Problem("empty", _("No row is left."), "file")])
    return kept


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1_000_000:
        raise ValueError
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    return value[: sheet.MOST_IN_CELL + 1]


def _preview(ctx: Ctx, request: Request, lines: Sequence[intake.Line], refused: Invalid | None = None) -> Page:
    new_teams = request.form.get("new_teams") == "1"
    missing = intake.check(ctx, lines, new_teams=new_teams)
    if refused is not None:
        _note(lines, refused)
    present = [key for key in intake.COLUMNS if any(line.values.get(key) for line in lines) or any(key in line.problems for line in lines)]
    wrong, good = [line for line in lines if line.problems], [line for line in lines if not line.problems]
    return Page("runtime/settings/intake_check.html", {
        **frame(ctx, "people"), "wrong": wrong, "good": good[:SHOWN_GOOD], "good_n": len(good), "n": len(lines), "columns": [(k, intake.LABELS[k]) for k in present],
        "missing": missing, "new_teams": new_teams, "data": dumps([[line.number, line.values] for line in lines]),
        "mails": current_app.extensions["fangyuan"].settings.mails, "roles": [role.label for role in ctx.app.roles.values()], "labels": intake.LABELS},
        status=422 if refused is not None else 200)


def _note(lines: Sequence[intake.Line], error: Invalid) -> None:
    """Problems that only the record road found, at their rows."""
    by_number = {f"rows[{line.number}]": line for line in lines}
    for problem in error.problems:
        row, _dot, column = problem.path.partition(".")
        line = by_number.get(row, lines[0])
        line.problems.setdefault(column if column in intake.COLUMNS else "name", problem)


def write(ctx: Ctx, request: Request) -> Page | Response:
    """Everybody at once, or nobody; then the invitations."""
    lines = _mended(request)
    try:
        with ctx.conn.begin_nested():
            made = intake.write(ctx, lines, new_teams=request.form.get("new_teams") == "1")
    except Invalid as error:
        return _preview(ctx, request, lines, error)
    settings = current_app.extensions["fangyuan"].settings
    rows, mailed = [], 0
    invite = request.form.get("invite") == "1"
    shown = [(line, id_) for line, id_ in made if not (settings.mails and line.values.get("email"))] if invite else []
    secrets = links.make_many(ctx.conn, [id_ for _line, id_ in shown], links.INVITE, ctx.now, ctx.actor.person)
    for line, id_ in made:
        if id_ in secrets:
            rows.append({"name": line.values["name"], "login": line.login, "link": links.address(settings.base_url, ctx.tenant.slug, secrets[id_])})
        elif invite:
            send_later(ctx, letters.INVITE, {"person": id_, "by": ctx.actor.person}, until=ctx.now + links.LASTS[links.INVITE])
            mailed += 1
    return Page("runtime/settings/intake_done.html", {
        **frame(ctx, "people"), "n": len(made), "mailed": mailed, "rows": rows,
        "text": "\n".join(f"{row['name']}\t{row['login']}\t{row['link']}" for row in rows)}, headers={"Cache-Control": "no-store"} if rows else {})

