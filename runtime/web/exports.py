"""A list as a file: which form and columns, then the file itself or a job that makes it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Request, current_app, redirect, send_file
from werkzeug.wrappers import Response

from kernel import fieldtypes
from kernel.errors import BadRequest, Invalid, NotFound, Problem
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _, to_text
from kernel.jobs import queue
from kernel.permissions import rights_of
from kernel.platform import audit
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.exports import work
from runtime.exports.spec import FORMS, MEDIA, Form, Spec
from runtime.exports.write import fill, opened, require
from runtime.records import query
from runtime.web import lists
from runtime.web.api.bulk import number
from runtime.web.list_state import Asked, read
from runtime.web.sight import entity_of, over

SCOPES = ("list", "all")


def ask(ctx: Ctx, request: Request, entity: str) -> Page:
    """Which form, which columns. Raises Forbidden without the right to export."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    require(ctx)
    counted = _count(ctx, asked)
    total = f"{counted.total:,}{'+' if counted.at_least else ''}"
    shown = [to_text(c.label, ctx.language) for c in lists.columns(ctx, asked)]
    return Page("runtime/list/export.html", {
        **over(request), "entity": asked.entity, "url": asked.url("/export", cursor=None), "note": _("{n} records", n=total), "background": counted.total > work.AT_ONCE,
        "scopes": [("list", _("As in this list: {columns}", columns=shown)), ("all", _("Everything I may read"))],
        "forms": [("xlsx", _("Excel (XLSX)")), ("csv", _("CSV"))]})


def make(ctx: Ctx, request: Request, entity: str) -> Response:
    """The file, or the job that makes it where there are many records. Reads only; what it notes it writes in a transaction of its own."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    require(ctx)
    spec = _spec(ctx, asked, request)
    counted = _count(ctx, asked)
    _placement, home = current_app.extensions["fangyuan"].tenants.get(ctx.tenant.slug)
    many = counted.total > work.AT_ONCE
    with home.write() as conn:
        writing = replace(ctx, conn=conn)
        audit.note(writing, "records.exported", asked.entity.key, {"name": asked.entity.key, "n": counted.total, "form": spec.form})
        job = work.ask(writing, spec, None if counted.at_least else counted.total) if many else None
    if job is not None:
        url = asked.url(cursor=None)
        return redirect(f"{url}{'&' if '?' in url else '?'}job={job}", 303)
    return _at_once(ctx, spec, f"{to_text(asked.entity.label, ctx.language)} {ctx.now.astimezone(ctx.zone):%Y-%m-%d}.{spec.form}")


def _at_once(ctx: Ctx, spec: Spec, title: str) -> Response:
    @contextmanager
    def reading() -> Any:
        yield ctx

    with tempfile.TemporaryDirectory(prefix="fangyuan-export-") as folder:
        path = Path(folder) / f"list.{spec.form}"
        writer = opened(spec.form, path, ctx.now)
        try:
            fill(reading, spec, writer)
        finally:
            writer.close()
        # Open, the file lives on until it is sent.
        return _sent(path.open("rb"), spec.form, title)


def fetch(ctx: Ctx, request: Request, id: str) -> Response:
    """The file of a finished job of one's own."""
    job = queue.find(ctx.conn, number(id))
    if job is None or job.kind != work.KIND or job.person != ctx.actor.person:
        raise NotFound()
    path, title = work.file_of(ctx, current_app.extensions["fangyuan"].settings, job)
    return _sent(path, path.suffix.removeprefix("."), title)


def _sent(content: Any, form: str, title: str) -> Response:
    response = send_file(content, mimetype=MEDIA[form], as_attachment=True, download_name=f"export.{form}", max_age=0)
    response.headers["Content-Disposition"] = f"attachment; filename=export.{form}; filename*=UTF-8''{quote(title)}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _count(ctx: Ctx, asked: Asked) -> query.Count:
    try:
        return query.count(ctx, asked.entity.key, asked.list_query(()))
    except Unreadable as error:
        raise BadRequest(error.message, hint=error.hint) from error


def _spec(ctx: Ctx, asked: Asked, request: Request) -> Spec:
    form, scope = request.form.get("form", "xlsx"), request.form.get("columns", "list")
    problems = [Problem("bad_form", _("There is no such form of file."), "form", _("Known: {keys}.", keys=", ".join(FORMS)))] if form not in FORMS else []
    if scope not in SCOPES:
        problems.append(Problem("bad_columns", _("Say which columns."), "columns", _("Known: {keys}.", keys=", ".join(SCOPES))))
    if problems:
        raise Invalid(problems)
    names = [c.key for c in lists.columns(ctx, asked)] if scope == "list" else _everything(ctx, asked)
    known: Form = "csv" if form == "csv" else "xlsx"
    return Spec(asked.entity.key, known, tuple(names), asked.condition, asked.q, tuple(asked.order))


def _everything(ctx: Ctx, asked: Asked) -> list[str]:
    readable = rights_of(ctx.release, ctx.actor).entity(asked.entity.key).readable_ever()
    fields = [f.key for f in asked.entity.fields if f.key in readable and f.type in fieldtypes.BUILTIN and f.type != "referring"]
    return [*(["state"] if asked.machine is not None else []), *fields, "owner", "team", "created_at", "updated_at"]
