"""The people page: the list, one person, and what an administrator does for them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Request, current_app, redirect
from werkzeug.wrappers import Response

from kernel.errors import FangyuanError, Invalid, NotFound, Problem
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.platform import accounts, audit, links, people, rates, tokens, viewing
from kernel.platform.ctx import Ctx
from kernel.platform.sign_in import lock_key
from kernel.web.rendering import Page, tone_of
from kernel.web.request import is_htmx
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.people import leaving, make, roles, roster
from runtime.web.settings import sessions
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

STATE_LOOK = {"active": "good", "invited": "waiting", "disabled": "idle", "none": "idle"}
LINK_KINDS = {"invite": links.INVITE, "reset": links.RESET}


def _settings() -> Any:
    return current_app.extensions["fangyuan"].settings


def asked_of(request: Request) -> roster.Asked:
    """The list as the address says."""
    page = request.args.get("page", "1")
    return roster.Asked(
        request.args.get("q", "").strip()[:100], request.args.get("state", ""), request.args.get("team", ""), request.args.get("role", ""),
        min(max(int(page), 1), 10_000) if page.isascii() and page.isdigit() else 1)


def row(ctx: Ctx, m: roster.Member) -> dict[str, Any]:
    """A person in words."""
    reader, base = reader_of(ctx), base_of(ctx)
    return {
        "id": m.id, "name": m.name, "tone": tone_of(m.id), "login": m.login, "email": m.email, "phone": m.phone, "team": m.team, "manager": m.manager,
        "roles": [ctx.app.roles[r].label for r in m.roles], "role_keys": m.roles, "state": m.state, "state_words": roster.STATES[m.state],
        "look": STATE_LOOK[m.state], "seen": moment_words(m.last_seen, reader), "locked": moment_words(m.locked_until, reader),
        "href": f"{base}/settings/people/{m.id}", "record": f"{base}/e/person/{m.id}"}


def show(ctx: Ctx, request: Request) -> Page:
    """Everybody, narrowed by what the address says."""
    asked = asked_of(request)
    found, total = roster.members(ctx, asked)
    base = f"{base_of(ctx)}/settings/people"

    def at(page: int) -> str:
        given = {"q": asked.q, "state": asked.state, "team": asked.team, "role": asked.role, "page": str(page) if page > 1 else ""}
        query = urlencode({k: v for k, v in given.items() if v})
        return f"{base}?{query}" if query else base

    last = max(1, -(-total // roster.PAGE))
    return Page("runtime/settings/people.html", {
        **frame(ctx, "people"), "asked": asked, "rows": [row(ctx, m) for m in found], "total": total, "page": asked.page, "last": last,
        "before": at(asked.page - 1) if asked.page > 1 else None, "after": at(asked.page + 1) if asked.page < last else None,
        "states": list(roster.STATES.items()), "teams": roster.teams(ctx), "roles": [(r.key, r.label) for r in ctx.app.roles.values()]})


def _page(ctx: Ctx, request: Request, id: str, *, secret: tuple[str, str] | None = None, error: FangyuanError | None = None, part: str = "", done: Any = None) -> Page:
    m = roster.member(ctx, id)
    job = next(iter(leaving.jobs_of(ctx.conn, id)), None)
    # Where somebody is signed in is told to who may end it: not of people with more rights.
    contact = people.contact(ctx.conn, ctx.release, id)
    context = {
        **frame(ctx, "people"), "layout": "runtime/bare.html" if is_htmx(request) else "runtime/settings/frame.html", "drawer": is_htmx(request),
        "person": row(ctx, m), "roles": roles.in_words(ctx), "sessions": sessions.rows(ctx, id), "tokens": len(tokens.open_of(ctx.conn, id, ctx.now)),
        "mails": _settings().mails and contact is not None and bool(contact.email), "mail_to": contact.email if contact else None, "me": id == ctx.actor.person,
        "can_view": m.state == "active" and viewing.may(ctx, id),
        "invited_until": moment_words(links.open_until(ctx.conn, [id], links.INVITE, ctx.now).get(id), reader_of(ctx)), "error": error, "part": part,
        "secret": secret, "done": done, "handing": _progress(ctx, job), "problems": {p.path: p for p in getattr(error, "problems", ())},
        "given_roles": request.form.getlist("roles") if part == "roles" else list(m.roles), "given_login": request.form.get("login", m.login or m.email or m.phone or "")}
    headers = {"Cache-Control": "no-store"} if secret else {}
    return Page("runtime/settings/person.html", context, status=error.status if error else 200, headers=headers)


def person(ctx: Ctx, request: Request, id: str) -> Page:
    """One person: in a drawer over the list, or on a page."""
    return _page(ctx, request, id)


def _done(ctx: Ctx, id: str) -> Response:
    return redirect(f"{base_of(ctx)}/settings/people/{id}", 303)


def _id(id: str) -> str:
    if not is_id(id):
        raise NotFound()
    return id


def save_roles(ctx: Ctx, request: Request, id: str) -> Page | Response:
    """Exactly the roles that are ticked."""
    try:
        with ctx.conn.begin_nested():
            roles.give(ctx, _id(id), request.form.getlist("roles"))
    except FangyuanError as error:
        if isinstance(error, NotFound):
            raise
        return _page(ctx, request, id, error=error, part="roles")
    return _done(ctx, id)


def save_login(ctx: Ctx, request: Request, id: str) -> Page | Response:
    """Another log-in, or the first one for somebody who is a record only."""
    login = request.form.get("login", "")
    try:
        with ctx.conn.begin_nested():
            if accounts.find(ctx.conn, _id(id)) is None:
                make.open_sign_in(ctx, id, login, request.form.getlist("roles"))
            else:
                make.change_login(ctx, id, login)
    except Invalid as error:
        return _page(ctx, request, id, error=error, part="login")
    return _done(ctx, id)


def link(ctx: Ctx, request: Request, id: str, kind: str) -> Page | Response:
    """An invitation or a link for a new password: mailed, or shown this once."""
    if kind not in LINK_KINDS:
        raise NotFound()
    if request.form.get("how") == "mail" and _settings().mails:
        make.mail_link(ctx, _id(id), LINK_KINDS[kind])
        return _page(ctx, request, id, done=_("The link is on its way. It replaces the one before."))
    secret = make.show_link(ctx, _id(id), LINK_KINDS[kind])
    return _page(ctx, request, id, secret=(kind, links.address(_settings().base_url, ctx.tenant.slug, secret)))


def revoke(ctx: Ctx, request: Request, id: str) -> Response:
    """The invitation opens nothing any more."""
    make.revoke_invitation(ctx, _id(id))
    return _done(ctx, id)


def unlock(ctx: Ctx, request: Request, id: str) -> Response:
    """After too many wrong passwords: they may try again at once."""
    account = accounts.get(ctx.conn, _id(id))
    rates.clear(ctx.conn, lock_key(ctx.tenant.slug, account.login))
    rates.clear(ctx.conn, f"password:{id}")
    audit.note(ctx, "sign_in.unlocked", id)
    return _done(ctx, id)


def end_sessions(ctx: Ctx, request: Request, id: str) -> Response:
    """Sign somebody out: one device, or all."""
    accounts.get(ctx.conn, _id(id))
    if "id" in request.form:
        sessions.end_one(ctx, id, request.form["id"])
    else:
        sessions.end_all(ctx, id)
    return _done(ctx, id)


# --- leaving ----------------------------------------------------------------------------------------------------------


def _leave_page(ctx: Ctx, request: Request, id: str, error: FangyuanError | None = None) -> Page:
    m = roster.member(ctx, id)
    return Page("runtime/settings/leave.html", {
        **frame(ctx, "people"), "person": row(ctx, m), "holdings": leaving.holdings(ctx, id), "lookup": f"{base_of(ctx)}/lookup/team/manager?all=1", "error": error,
        "problems": {p.path: p for p in getattr(error, "problems", ())}, "only": m.state == "disabled"}, status=error.status if error else 200)


def leave(ctx: Ctx, request: Request, id: str) -> Page:
    """What somebody owns that is open, and to whom it should go."""
    return _leave_page(ctx, request, _id(id))


def deactivate(ctx: Ctx, request: Request, id: str) -> Page | Response:
    """No more sign-in at once; the hand-over follows."""
    one = request.form.get("to", "")
    receivers = {h.key: request.form.get(f"to-{h.key}", "") or one for h in leaving.holdings(ctx, _id(id))}
    receivers = {key: ctx.actor.person if to == "me" else to for key, to in receivers.items() if to and to != "leave"}
    try:
        with ctx.conn.begin_nested():
            if request.form.get("only") == "1":
                if not receivers:
                    raise Invalid([Problem("receiver", _("Choose to whom it should go."), "to")])
                leaving.hand_over(ctx, id, receivers)
            else:
                leaving.deactivate(ctx, id, receivers)
    except FangyuanError as error:
        if isinstance(error, NotFound):
            raise
        return _leave_page(ctx, request, id, error)
    return _done(ctx, id)


def activate(ctx: Ctx, request: Request, id: str) -> Response:
    """They may sign in again."""
    leaving.reactivate(ctx, _id(id))
    return _done(ctx, id)


def _progress(ctx: Ctx, job: Any) -> dict[str, Any] | None:
    """How far a hand-over is, in words."""
    if job is None:
        return None
    at = job.progress or {}
    total = int(at.get("total") or job.data.get("total") or 0)
    done = int(at.get("done") or 0)
    moved = sum((job.result or {}).get("moved", {}).values()) if job.result else done
    return {
        "open": job.open, "failed": job.state == "failed", "error": job.error, "done": done, "total": total, "percent": 100 if not total else min(100, done * 100 // total),
        "moved": moved, "kept": (job.result or {}).get("kept", []), "url": f"{base_of(ctx)}/settings/people/{job.data['person']}/handing"}


def handing(ctx: Ctx, request: Request, id: str) -> Page:
    """How far the hand-over is, asked again while it runs."""
    m = roster.member(ctx, _id(id))
    return Page("runtime/settings/handing.html", {"handing": _progress(ctx, next(iter(leaving.jobs_of(ctx.conn, id)), None)), "person": row(ctx, m)})


def invited(ctx: Ctx, request: Request, id: str, secret: str | None) -> Page:
    """The person right after the invitation: with the link, or word that it was mailed."""
    if secret is None:
        return _page(ctx, request, id, done=_("The invitation is on its way."))
    return _page(ctx, request, id, secret=("invite", links.address(_settings().base_url, ctx.tenant.slug, secret)))
