"""The mails the platform itself sends: an invitation, a link for a new password, a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.i18n import _
from kernel.mail.letter import Letter
from kernel.mail.sending import Template
from kernel.platform import accounts, audit, links, people
from kernel.platform.ctx import Ctx
from kernel.platform.settings import Settings

INVITE, RESET, TEST = "invite", "reset", "test"


def _invite(ctx: Ctx, data: Mapping[str, Any], settings: Settings) -> Letter | None:
    """To somebody who has not chosen a password yet; with the last link they got, all earlier ones stay good."""
    person = str(data.get("person"))
    found, account = people.contact(ctx.conn, ctx.release, person), accounts.find(ctx.conn, person)
    if found is None or account is None or not found.usable or not found.email or not account.invited:
        return None
    by = people.contact(ctx.conn, ctx.release, str(data.get("by") or ""))
    secret = links.make(ctx.conn, person, links.INVITE, ctx.now, data.get("by"))
    workspace = ctx.tenant.name
    who = by.name if by is not None else workspace
    return Letter(
        found.email, _("{who} invites you to {workspace}", who=who, workspace=workspace),
        (_("Hello {name},", name=found.name), _("{who} has set up a sign-in for you in {workspace}. Choose your password, and you are in.", who=who, workspace=workspace)),
        (_("Choose my password"), links.address(settings.base_url, ctx.tenant.slug, secret)),
        (_("Your log-in: {login}", login=found.login), _("The link works once, within {n} days.", n=links.LASTS[links.INVITE].days)),
        found.language or ctx.tenant.language)


def _reset(ctx: Ctx, data: Mapping[str, Any], settings: Settings) -> Letter | None:
    """Asked for on the sign-in page (``login``) or by an administrator (``person``). Whom no mail reaches is not written to."""
    if data.get("login") is not None:
        account = accounts.find_by_login(ctx.conn, str(data["login"]))
        person = account.person_id if account is not None else ""
    else:
        person = str(data.get("person"))
    found = people.contact(ctx.conn, ctx.release, person)
    if found is None or not found.usable or not found.email:
        return None
    secret = links.make(ctx.conn, person, links.RESET, ctx.now, data.get("by"))
    if data.get("by") is None:
        audit.note(ctx, "password.reset_asked", person)
    return Letter(
        found.email, _("A new password for {workspace}", workspace=ctx.tenant.name),
        (_("Hello {name},", name=found.name), _("With this link you choose a new password for {workspace}. You will be signed out everywhere.", workspace=ctx.tenant.name)),
        (_("Choose a new password"), links.address(settings.base_url, ctx.tenant.slug, secret)),
        (_("Your log-in: {login}", login=found.login), _("The link works once, within an hour."), _("You did not ask for it? Then do nothing: your password stays as it is.")),
        found.language or ctx.tenant.language)


def _test(ctx: Ctx, data: Mapping[str, Any], settings: Settings) -> Letter | None:
    found = people.contact(ctx.conn, ctx.release, str(data.get("person")))
    if found is None or not found.usable or not found.email:
        return None
    return Letter(
        found.email, _("Mail from {workspace} arrives", workspace=ctx.tenant.name), (_("Hello {name},", name=found.name), _("This is the test you asked for: mail works.")),
        language=found.language or ctx.tenant.language)


TEMPLATES = (Template(INVITE, _invite), Template(RESET, _reset), Template(TEST, _test))
