"""The mail page: whether mail works here, what was sent lately and what became of it."""

from __future__ import annotations

from typing import Any

from flask import Request, current_app, redirect
from sqlalchemy import select
from werkzeug.wrappers import Response

from kernel import mail
from kernel.errors import Conflict, NotFound
from kernel.i18n import Text, _
from kernel.jobs import queue
from kernel.mail import letters
from kernel.platform import people
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

SHOWN = 30
WHAT: dict[str, Text] = {letters.INVITE: _("Invitation"), letters.RESET: _("New password"), letters.TEST: _("Test")}


def show(ctx: Ctx, request: Request) -> Page:
    """The page. Whom a mail was for is shown once it was sent; what it said is kept nowhere."""
    settings = current_app.extensions["fangyuan"].settings
    mine = people.contact(ctx.conn, ctx.release, ctx.actor.person)
    reader, j = reader_of(ctx), t.job.c
    rows = ctx.conn.execute(
        select(j.id, j.state, j.data, j.result, j.error, j.created_at, j.finished_at, j.due_at, j.attempts).where(j.kind == mail.KIND).order_by(j.id.desc()).limit(SHOWN))

    def state(row: Any) -> tuple[Text, str]:
        if row.state == queue.DONE:
            return (_("Sent"), "ontime") if (row.result or {}).get("sent") else (_("Nobody to write to"), "neutral")
        if row.state == queue.FAILED:
            return _("Failed"), "breach"
        return (_("Trying again"), "warning") if row.attempts else (_("Waiting"), "neutral")

    found = [{
        "id": row.id, "what": WHAT.get(row.data.get("template"), _("Mail")), "to": (row.result or {}).get("to"), "state": state(row)[0], "tone": state(row)[1],
        "failed": row.state == queue.FAILED, "error": row.error if row.state != queue.DONE else None, "when": moment_words(row.finished_at or row.created_at, reader)}
        for row in rows]
    return Page("runtime/settings/mail.html", {
        **frame(ctx, "mail"), "mails": settings.mails, "sender": settings.mail_from, "rows": found, "mine": mine.email if mine else None})


def test(ctx: Ctx, request: Request) -> Response:
    """Mail to oneself."""
    mine = people.contact(ctx.conn, ctx.release, ctx.actor.person)
    if not current_app.extensions["fangyuan"].settings.mails or mine is None or not mine.email:
        raise Conflict(_("No mail can be sent to you."), hint=_("Enter your e-mail address in your profile first, and have a mail server set up."))
    mail.send_later(ctx, letters.TEST, {"person": ctx.actor.person})
    return redirect(f"{base_of(ctx)}/settings/mail", 303)


def again(ctx: Ctx, request: Request, id: int) -> Response:
    """Try a failed mail once more. Raises NotFound for what is no mail."""
    job = queue.find(ctx.conn, id) if id < 2**31 else None
    if job is None or job.kind != mail.KIND:
        raise NotFound()
    queue.again(ctx.conn, id, ctx.now)
    return redirect(f"{base_of(ctx)}/settings/mail", 303)
