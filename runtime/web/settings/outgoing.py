"""Connections: web hooks and robots of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request, current_app, redirect
from sqlalchemy import select
from werkzeug.wrappers import Response

from kernel.egress import Egress
from kernel.errors import FangyuanError, Invalid, Message, Problem
from kernel.i18n import _
from kernel.jobs import GiveUp, outlets
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.connections import connection
from runtime.connections.connection import Connection
from runtime.connections.kinds import KINDS, WEBHOOK
from runtime.connections.trial import try_out
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.outbox import words
from runtime.robots.wording import TOPICS
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

CALLS = 10
_TOPICS = [(key, label) for key, (label, _kinds) in TOPICS.items()]


def _egress() -> Egress:
    return Egress.of(current_app.extensions["fangyuan"].settings)


def _rules(request: Request) -> dict[str, Any]:
    return {"urgency": "high" if request.form.get("urgency") == "high" else "normal", "team": request.form.get("team", "")[:36] or None, "titles": request.form.get("titles") == "yes",
            "topics": [key for key in request.form.getlist("topics") if key in TOPICS]}


def _teams(ctx: Ctx) -> list[tuple[str, Any]]:
    if "team" not in ctx.app.entities:
        return [("", _("The whole workspace"))]
    table = ctx.tables.of("team")
    rows = ctx.conn.execute(select(table.table.c.id, table.column("name")).where(table.table.c.deleted_at.is_(None)).order_by(table.column("name")).limit(500))
    return [("", _("The whole workspace")), *((row[0], row[1]) for row in rows)]


def _row(ctx: Ctx, one: Connection, troubled: Mapping[str, outlets.Outlet]) -> dict[str, Any]:
    outlet = troubled.get(one.destination)
    state: tuple[Message, str] = (_("On"), "ontime")
    if not one.active:
        state = (_("Off"), "neutral")
    elif outlet is not None:
        state = (_("Does not answer"), "breach" if outlet.doubtful else "warning")
    return {
        "id": one.id, "name": one.name, "kind": one.kind.label, "icon": one.kind.icon, "shown": one.shown, "state": state[0], "tone": state[1],
        "why": one.off_why if not one.active else words.why(outlet.error) if outlet else None}


def show(ctx: Ctx, request: Request) -> Page:
    """Every connection, and the form for a new one."""
    return _list(ctx)


def _list(ctx: Ctx, error: Invalid | None = None, given: Mapping[str, Any] | None = None) -> Page:
    troubled = outlets.troubled(ctx.conn)
    return Page("runtime/settings/outgoing.html", {
        **frame(ctx, "outgoing"), "rows": [_row(ctx, one, troubled) for one in connection.all_of(ctx)], "kinds": list(KINDS.values()), "teams": _teams(ctx), "topics": _TOPICS,
        "problems": {p.path: p for p in error.problems} if error else {}, "given": given or {"kind": WEBHOOK, "name": "", "urgency": "high", "team": "", "titles": True}},
        status=422 if error else 200)


def create(ctx: Ctx, request: Request) -> Page | Response:
    """A new one. The key we made for a web hook is on this one page and nowhere else."""
    form = request.form
    try:
        one, key = connection.create(ctx, _egress(), form.get("kind", ""), form.get("name", ""), form.get("address", ""), form.get("key", ""), _rules(request))
    except Invalid as error:
        # What was typed as address or key is a secret: it is asked for again.
        return _list(ctx, error, {"kind": form.get("kind", WEBHOOK), "name": form.get("name", "")[:200], **_rules(request)})
    return _one(ctx, one, key=key, added=True)


def open_(ctx: Ctx, request: Request, id: str) -> Page:
    """One of them."""
    return _one(ctx, connection.get(ctx, id))


def _one(
    ctx: Ctx, one: Connection, *, key: str | None = None, added: bool = False, error: Invalid | None = None, given: Mapping[str, Any] | None = None,
    tried: Mapping[str, Any] | None = None,
) -> Page:
    j, reader = t.job.c, reader_of(ctx)
    rows = ctx.conn.execute(
        select(j.id, j.state, j.error, j.attempts, j.finished_at, j.due_at, j.created_at, j.result).where(j.destination == one.destination).order_by(j.id.desc()).limit(CALLS))
    states: dict[str, tuple[Message, str]] = {
        "done": (_("Arrived"), "ontime"), "failed": (_("Failed"), "breach"), "cancelled": (_("Dropped"), "neutral"), "running": (_("Waiting"), "neutral")}
    calls = []
    for row in rows:
        state = states.get(row.state) or ((_("Trying again"), "warning") if row.attempts else (_("Waiting"), "neutral"))
        calls.append({"id": row.id, "state": state[0], "tone": state[1], "why": words.why(row.error) if row.state != "done" else None,
                      "when": moment_words(row.finished_at or row.created_at, reader), "status": (row.result or {}).get("status")})
    troubled = outlets.troubled(ctx.conn)
    return Page("runtime/settings/outgoing_one.html", {
        **frame(ctx, "outgoing"), "one": {**_row(ctx, one, troubled), "active": one.active, "robot": one.kind.robot, "takes_key": one.kind.takes_key, "hook": one.kind.key == WEBHOOK,
                                             "has_key": bool(connection.keys(ctx, one)), "help": one.kind.help,
                                             "overlap": moment_words(one.key_until, reader) if one.key_until and one.key_until > ctx.now else None},
        "key": key, "added": added, "problems": {p.path: p for p in error.problems} if error else {}, "given": given or {"name": one.name, **one.rules}, "teams": _teams(ctx), "calls": calls,
        "topics": _TOPICS,
        "tried": tried}, status=422 if error else 200, headers={"Cache-Control": "no-store"} if key else {})


def save(ctx: Ctx, request: Request, id: str) -> Page | Response:
    """Another name, address, key or rules."""
    one, form = connection.get(ctx, id), request.form
    try:
        key = connection.change(ctx, _egress(), one, form.get("name", ""), form.get("address", ""), form.get("key", ""), _rules(request) if one.kind.robot else None)
    except Invalid as error:
        return _one(ctx, one, error=error, given={"name": form.get("name", "")[:200], **_rules(request)})
    if key:
        return _one(ctx, connection.get(ctx, id), key=key)
    return redirect(f"{base_of(ctx)}/settings/outgoing/{id}", 303)


def new_key(ctx: Ctx, request: Request, id: str) -> Page:
    """A new key of a web hook, shown once."""
    one = connection.get(ctx, id)
    if one.kind.key != WEBHOOK:
        raise Invalid([Problem("kind", _("Only web hooks have a key that is made here."), "kind")])
    return _one(ctx, one, key=connection.new_key(ctx, one))


def switch(ctx: Ctx, request: Request, id: str) -> Response:
    """On or off."""
    connection.switch(ctx, connection.get(ctx, id), request.form.get("on") == "yes")
    return redirect(f"{base_of(ctx)}/settings/outgoing/{id}", 303)


def remove(ctx: Ctx, request: Request, id: str) -> Response:
    """For good."""
    connection.remove(ctx, connection.get(ctx, id))
    return redirect(f"{base_of(ctx)}/settings/outgoing", 303)


def test(ctx: Ctx, request: Request, id: str) -> Page:
    """Call it now, and show what it says: nowhere else is that seen. Reads only: a call may take ten seconds."""
    one = connection.get(ctx, id)
    try:
        answer, words_ = try_out(ctx, _egress(), one)
        tried = {"status": answer.status, "ok": answer.ok and words_ is None, "why": words_, "body": answer.excerpt(), "ms": round(answer.seconds * 1000)}
    except GiveUp as stop:
        tried = {"ok": False, "why": stop.message}
    except FangyuanError as error:
        tried = {"ok": False, "why": error.message, "hint": error.hint}
    return _one(ctx, one, tried=tried)
