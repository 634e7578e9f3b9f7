"""API tokens: one's own, and for administrators those of everybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Invalid, Problem
from kernel.fieldtypes.ids import is_id
from kernel.i18n import Text, _
from kernel.platform import audit, tokens
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.records.labels import Wanted, resolve
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

# What a token may do, in words. "all" is whatever its owner may do; the others narrow it.
SCOPES: Mapping[str, tuple[Text, Text]] = {
    "read": (_("Read records"), _("Looks things up and changes nothing.")),
    "write": (_("Read and change records"), _("As far as you may yourself.")),
    "export": (_("Export"), _("Takes lists out as files.")),
    "import": (_("Import"), _("Takes many records in at once.")),
    "design": (_("Design"), _("Changes forms, rules and workflows.")),
    "administer": (_("Administer"), _("Looks after people and settings.")),
    "all": (_("Everything I may do"), _("Only for programs that you trust as you trust yourself.")),
}
DAYS: tuple[tuple[str, Text], ...] = (
    ("30", _("30 days")), ("90", _("90 days")), ("180", _("Half a year")), ("365", _("A year")), ("730", _("Two years, the longest")))
PAGE = 50


def _scope_words(scopes: Iterable[str]) -> list[Text | str]:
    return [SCOPES[s][0] if s in SCOPES else s for s in scopes]


def _rows(ctx: Ctx, found: Iterable[tokens.Token], names: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    reader = reader_of(ctx)

    def state(token: tokens.Token) -> tuple[Text, str]:
        if token.revoked_at is not None:
            return _("Revoked"), "neutral"
        if token.expires_at is not None and token.expires_at <= ctx.now:
            return _("Expired"), "neutral"
        if token.expires_at is not None and token.expires_at <= ctx.now + timedelta(days=14):
            return _("Ends soon"), "warning"
        return _("In use") if token.last_used_at else _("Not used yet"), "ontime"

    def row(token: tokens.Token) -> dict[str, Any]:
        words, tone = state(token)
        return {
            "id": token.id, "name": token.name, "scopes": _scope_words(token.scopes), "state": words, "tone": tone, "open": tone != "neutral",
            "used": moment_words(token.last_used_at, reader), "ends": moment_words(token.expires_at, reader),
            "made": moment_words(token.created_at, reader), "who": (names or {}).get(token.person_id), "person": token.person_id}

    return [row(token) for token in found]


def _offered(ctx: Ctx) -> list[dict[str, Any]]:
    """Scopes this person can make use of: a token never does more than its owner (D27)."""
    held = {"all", "read", "write"} | ctx.actor.rights
    return [{"key": key, "label": label, "note": note} for key, (label, note) in SCOPES.items() if key in held]


def _page(ctx: Ctx, secret: str | None = None, made: str = "", error: Invalid | None = None, given: Mapping[str, Any] | None = None) -> Page:
    context = {
        **frame(ctx, "tokens"), "tokens": _rows(ctx, tokens.of_person(ctx.conn, ctx.actor.person)), "scopes": _offered(ctx), "days": DAYS,
        "secret": secret, "made": made, "problems": {p.path: p for p in error.problems} if error else {},
        "given": given or {"name": "", "scopes": ["read"], "days": "90"}}
    headers = {"Cache-Control": "no-store"} if secret else {}
    return Page("runtime/settings/tokens.html", context, status=422 if error else 200, headers=headers)


def show(ctx: Ctx, request: Request) -> Page:
    """One's own tokens, and the form for a new one."""
    return _page(ctx)


def create(ctx: Ctx, request: Request) -> Page:
    """A new token; its secret is on this one page and nowhere else."""
    name, scopes, days = request.form.get("name", ""), request.form.getlist("scopes"), request.form.get("days", "")
    try:
        if any(s not in {o["key"] for o in _offered(ctx)} for s in scopes):
            raise Invalid([Problem("token_scope", _("Choose what the token may do from the list."), "scopes")])
        if days not in dict(DAYS):
            raise Invalid([Problem("token_expiry", _("Choose how long the token lasts from the list."), "days")])
        token, secret = tokens.create(ctx.conn, ctx.actor.person, name, ctx.now, scopes=scopes, expires_at=ctx.now + timedelta(days=int(days)))
    except Invalid as error:
        return _page(ctx, error=error, given={"name": name, "scopes": scopes, "days": days})
    audit.note(ctx, "token.created", ctx.actor.person, {"name": token.name, "id": token.id, "scopes": list(token.scopes)})
    return _page(ctx, secret, token.name)


def _revoke(ctx: Ctx, id: str, person: str) -> None:
    token = tokens.get(ctx.conn, id)
    tokens.revoke(ctx.conn, id, person, ctx.now)
    if token.revoked_at is None:
        audit.note(ctx, "token.revoked", person, {"name": token.name, "id": id})


def revoke(ctx: Ctx, request: Request, id: str) -> Response:
    """End one of one's own tokens at once."""
    _revoke(ctx, id, ctx.actor.person)
    return redirect(f"{base_of(ctx)}/settings/tokens", 303)


def show_all(ctx: Ctx, request: Request) -> Page:
    """Everybody's tokens, newest first."""
    before = request.args.get("before", "")
    found = tokens.everybody(ctx.conn, PAGE + 1, before if is_id(before) else None)
    wanted = Wanted()
    wanted.add("person", [token.person_id for token in found])
    names = resolve(ctx, wanted)
    more = f"{base_of(ctx)}/settings/all-tokens?before={found[PAGE - 1].id}" if len(found) > PAGE else None
    return Page("runtime/settings/all_tokens.html", {**frame(ctx, "all_tokens"), "tokens": _rows(ctx, found[:PAGE], names), "more": more})


def revoke_any(ctx: Ctx, request: Request, id: str) -> Response:
    """End anybody's token at once."""
    _revoke(ctx, id, tokens.get(ctx.conn, id).person_id)
    return redirect(f"{base_of(ctx)}/settings/all-tokens", 303)
