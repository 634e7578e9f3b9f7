"""Connections: which systems may send events, their keys, what waits for somebody, and what was turned away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Request, current_app, redirect
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.i18n import Text, _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.evidence.policy import policies_of
from runtime.evidence.reading import levels
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.incoming import refused, sources, taking
from runtime.incoming.sources import JSON, WECOM, Source
from runtime.incoming.wecom import crypto
from runtime.incoming.wecom.client import ORIGIN
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

REFUSED = 30
KINDS: Mapping[str, tuple[Text, str]] = {JSON: (_("Signed JSON"), "phone"), WECOM: (_("WeCom service account"), "brand-wechat")}
CODES: Mapping[str, Text] = {
    "bad_signature": _("Wrong signature"), "stale_timestamp": _("Of another time"), "conflict": _("Same id, other content"), "invalid": _("Values that can't be taken"),
    "not_found": _("Unknown kind"), "too_large": _("Too large"), "bad_request": _("Unreadable"),
}


def show(ctx: Ctx, request: Request) -> Page:
    """The page."""
    return _page(ctx)


def create(ctx: Ctx, request: Request) -> Page:
    """A new source. A signing key is on this one page and nowhere else."""
    form = {k: v.strip() for k, v in request.form.items() if k != "csrf_token"}
    try:
        if form.get("adapter") == WECOM:
            _check_wecom(form)
            source = sources.add(ctx, WECOM, form.get("name", ""), {"corp": form["corp"]})
            for what, bound in (("token", None), ("aes", None), ("secret", ORIGIN)):
                sources.put(ctx, source, what, form[what], bound, noted=False)
            return _page(ctx, made=source)
        source = sources.add(ctx, JSON, form.get("name", ""))
    except Invalid as error:
        return _page(ctx, error=error, given=form)
    return _page(ctx, made=source, secret=sources.new_key(ctx, source))


def new_key(ctx: Ctx, request: Request, id: str) -> Page:
    """Another key; the one before counts for a day more."""
    source = sources.get(ctx, id, JSON)
    return _page(ctx, made=source, secret=sources.new_key(ctx, source), again=True)


def switch_off(ctx: Ctx, request: Request, id: str) -> Response:
    """Nothing of it is taken any more; what it sent stays."""
    source = sources.find(ctx, id)
    if source is None:
        raise NotFound()
    if source.open:
        sources.revoke(ctx, source)
    return redirect(f"{base_of(ctx)}/settings/connections", 303)


def _check_wecom(form: Mapping[str, str]) -> None:
    problems = []
    for key, most in (("corp", 64), ("secret", 128), ("token", 32)):
        value = form.get(key, "")
        if not value or len(value) > most or not value.isascii() or not value.isprintable():
            problems.append(Problem("wecom", _("Copy this from WeCom's console."), key))
    if not crypto.is_key(form.get("aes", "")):
        problems.append(Problem("wecom", _("An EncodingAESKey has 43 letters and digits."), "aes"))
    if problems:
        raise Invalid(problems)


def _page(
    ctx: Ctx, *, made: Source | None = None, secret: str | None = None, again: bool = False, error: Invalid | None = None, given: Mapping[str, str] | None = None
) -> Page:
    everyone = sources.everyone(ctx)
    base = f"{current_app.extensions['fangyuan'].settings.base_url.rstrip('/')}{base_of(ctx)}/api/v1/events"
    context = {
        **frame(ctx, "connections"), "sources": [_row(ctx, s) for s in everyone], "given": given or {}, "problems": {p.path: p for p in error.problems} if error else {},
        "made": {"name": made.name, "address": _address(base, made, sorted(taking.kinds(ctx))), "adapter": made.adapter, "secret": secret, "again": again} if made else None,
        "levels": levels(ctx), "connected": any(s.open for s in everyone), "waiting": _waiting(ctx), "refused": _refused(ctx, {s.id: s.name for s in everyone}),
        "takes": bool(taking.kinds(ctx))}
    return Page("runtime/settings/connections.html", context, status=422 if error else 200, headers={"Cache-Control": "no-store"} if secret else {})


def _address(base: str, source: Source, kinds: list[str]) -> list[str]:
    return [f"{base}/wecom/{source.id}"] if source.adapter == WECOM else [f"{base}/{kind}?source={source.id}" for kind in kinds]


def _row(ctx: Ctx, source: Source) -> dict[str, Any]:
    problem = source.state.get("problem")
    if not source.open:
        state: tuple[Text, str] = (_("Switched off"), "neutral")
    elif problem:
        state = (_("Has a problem"), "breach")
    else:
        state = (_("Receiving"), "ontime") if source.last_at else (_("Nothing received yet"), "warning")
    words, icon = KINDS.get(source.adapter, (source.adapter, "link"))
    return {
        "id": source.id, "name": source.name, "kind": words, "icon": icon, "state": state[0], "tone": state[1], "open": source.open, "keyed": source.adapter == JSON,
        "last": moment_words(source.last_at, reader_of(ctx)) if source.last_at else None, "problem": _("WeCom says: {text} ({code})", **{k: problem[k] for k in ("text", "code")}) if problem else None}


def _waiting(ctx: Ctx) -> list[dict[str, Any]]:
    """Per kind of record how many wait, with the list that shows them."""
    found = []
    for intake in policies_of(ctx.app).intakes.values():
        count = taking.waiting_count(ctx, intake)
        if count:
            blank = [f"ISBLANK({key})" for key in intake.waits_without]
            where = blank[0] if len(blank) == 1 else f"AND({', '.join(blank)})"
            # A view of the application that holds just these has the columns one needs to tell whose they are.
            view = next((v.key for v in ctx.app.views_of(intake.entity) if v.where is not None and v.where.replace(" ", "") == where.replace(" ", "")), None)
            asked = {"view": view} if view is not None else {"where": where}
            found.append({"count": count, "label": ctx.app.entities[intake.entity].label, "href": f"{base_of(ctx)}/e/{intake.entity}?{urlencode(asked)}"})
    return found


def _refused(ctx: Ctx, names: Mapping[str, str]) -> list[dict[str, Any]]:
    reader = reader_of(ctx)

    def named(problems: Any) -> str | None:
        return next((p["event"] for p in problems if p.get("event")), None)

    return [{
        "when": moment_words(r.at, reader), "source": names.get(r.source or "") or _("Unknown"), "kind": r.kind, "what": CODES.get(r.code, r.code), "address": r.address,
        "problems": [p["message"] if not p.get("path") else f"{p['path']}: {p['message']}" for p in r.problems][:3],
        "event": named(r.problems) or r.message_id} for r in refused.latest(ctx, REFUSED)]
