"""Inviting one person: a form, then the link."""

from __future__ import annotations

from typing import Any

from flask import Request, current_app
from werkzeug.wrappers import Response

from kernel.errors import Forbidden, Invalid
from kernel.platform import links
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.people import make, roles, roster
from runtime.web.settings import people
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

FIELDS = ("name", "email", "phone", "team", "manager")


def _form(ctx: Ctx, given: dict[str, Any], error: Invalid | Forbidden | None = None) -> Page:
    """The form with what was typed; problems stand beside their fields."""
    problems = {p.path.removeprefix("fields."): p for p in getattr(error, "problems", ())}
    return Page("runtime/settings/invite.html", {
        **frame(ctx, "people"), "given": given, "roles": roles.in_words(ctx), "teams": roster.teams(ctx), "error": error, "problems": problems,
        "mails": current_app.extensions["fangyuan"].settings.mails, "lookup": f"{base_of(ctx)}/lookup/team/manager?all=1"}, status=error.status if error else 200)


def show(ctx: Ctx, request: Request) -> Page:
    """The empty form."""
    return _form(ctx, {"roles": []})


def create(ctx: Ctx, request: Request) -> Page | Response:
    """The record, the sign-in and the link, all or none."""
    given: dict[str, Any] = {key: request.form.get(key, "").strip() for key in (*FIELDS, "login")}
    given["roles"] = request.form.getlist("roles")
    login = given["login"] or given["email"] or given["phone"]
    fields = {key: ctx.actor.person if (key, given[key]) == ("manager", "me") else given[key] for key in FIELDS if given[key]}
    try:
        with ctx.conn.begin_nested():
            make.check_login(ctx, login)
            id_ = make.invite(ctx, login, fields, given["roles"])
    except (Invalid, Forbidden) as error:
        return _form(ctx, given, error)
    settings = current_app.extensions["fangyuan"].settings
    if settings.mails and given["email"] and request.form.get("how") != "show":
        make.mail_link(ctx, id_, links.INVITE)
        return people.invited(ctx, request, id_, None)
    return people.invited(ctx, request, id_, make.show_link(ctx, id_, links.INVITE))
