"""Where somebody is signed in: to see, to end one, to end all others, to sign out everywhere."""

from __future__ import annotations

from typing import Any

from flask import Request, current_app, redirect
from werkzeug.wrappers import Response

from kernel.errors import NotFound
from kernel.platform import audit, sessions
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.session import credential_of
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.push import subscriptions
from runtime.web.settings.devices import device, place
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of


def rows(ctx: Ctx, person: str, here: str | None = None) -> list[dict[str, Any]]:
    """The sessions of a person in words; ``here`` is the hash of the one that looks."""
    reader, ringing = reader_of(ctx), subscriptions.ringing(ctx, person)
    found = []
    for session in sessions.of_person(ctx.conn, person, ctx.now):
        known = device(session.user_agent)
        found.append({
            "id": session.id, "device": known.words, "icon": known.icon, "place": place(session.address), "here": session.token_hash == here, "rings": session.token_hash in ringing,
            "seen": moment_words(session.seen_at, reader), "since": moment_words(session.created_at, reader)})
    return sorted(found, key=lambda row: not row["here"])


def here_of(ctx: Ctx, request: Request) -> str | None:
    """The hash of the session that carries this request."""
    credential = credential_of(request, current_app.extensions["fangyuan"].settings, ctx.tenant.slug, tokens=False)
    return None if credential is None else credential.hash


def show(ctx: Ctx, request: Request) -> Page:
    """One's own sessions."""
    return Page("runtime/settings/sessions.html", {**frame(ctx, "sessions"), "sessions": rows(ctx, ctx.actor.person, here_of(ctx, request))})


def end_one(ctx: Ctx, person: str, id: str) -> None:
    """End one session of a person. Raises NotFound for one that is not theirs or has ended."""
    found = next((s for s in sessions.of_person(ctx.conn, person, ctx.now) if s.id == id), None)
    if found is None:
        raise NotFound()
    sessions.end(ctx.conn, found.token_hash)
    audit.note(ctx, "session.ended", person, {"n": 1})


def end_all(ctx: Ctx, person: str, but: str | None = None) -> int:
    """End all sessions of a person (but for one); returns how many."""
    n = sessions.end_all(ctx.conn, person, but)
    if n:
        audit.note(ctx, "session.ended", person, {"n": n})
    return n


def end(ctx: Ctx, request: Request) -> Response:
    """End one of one's own sessions (``id``), all others (``others``) or all of them."""
    base = base_of(ctx)
    if "id" in request.form:
        end_one(ctx, ctx.actor.person, request.form["id"])
    else:
        others = request.form.get("which") == "others"
        end_all(ctx, ctx.actor.person, here_of(ctx, request) if others else None)
        if not others:
            return redirect(f"{base}/login", 303)
    return redirect(f"{base}/settings/sessions", 303)
