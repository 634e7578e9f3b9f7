"""The frame of run time: navigation from the entities, the big plus, where one is."""

from __future__ import annotations

from dataclasses import replace

from flask import Request

from kernel.i18n import _
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.shell import NavGroup, NavItem, Shell
from runtime.evidence.policy import policies_of
from runtime.notices import inbox
from runtime.web.sight import known_entities


def _answers_for_people(ctx: Ctx) -> bool:
    """Whether what others did is this person's business: who may give records to others looks after people."""
    noting = [p.subject for p in policies_of(ctx.app).all if p.element.clicks]
    return bool(noting) and any(rights_of(ctx.release, ctx.actor).entity(key).any("assign") for key in noting)


def build(ctx: Ctx, request: Request, shell: Shell) -> Shell:
    """The frame with what this person may see. Asks the database nothing but, where a whole page is shown, how many entries of the inbox wait."""
    base = shell.base
    here = request.path.removeprefix(base)
    known = [e for e in known_entities(ctx) if e.in_navigation]
    groups = [NavGroup(None, (
        NavItem(_("My day"), f"{base}/", "sun", active=here == "/", shortcut="g d"),
        NavItem(_("Inbox"), f"{base}/inbox", "inbox", active=here == "/inbox", alert=True, shortcut="g i")))]
    if any(step.approvals for machine in ctx.app.machines for step in machine.transitions):
        item = NavItem(_("Approvals"), f"{base}/approvals", "clipboard-check", active=here == "/approvals" or here.startswith("/approvals/"), shortcut="g a")
        groups[0] = NavGroup(None, (*groups[0].items, item))
    if _answers_for_people(ctx):
        groups[0] = NavGroup(None, (*groups[0].items, NavItem(_("Behaviour log"), f"{base}/behaviour", "list-check", active=here == "/behaviour")))
    # What belongs to no group (people, teams) is looked up now and then: it comes last.
    for group in (*ctx.app.groups, None):
        key = group.key if group else None
        items = tuple(
            NavItem(e.several, f"{base}/e/{e.key}", e.icon, active=here == f"/e/{e.key}" or here.startswith(f"/e/{e.key}/"))
            for e in known if (e.group or None) == key)
        if items:
            groups.append(NavGroup(group.label if group else None, items))
    place = "day" if here == "/" else "inbox" if here == "/inbox" else "lists" if here.startswith("/e/") else "me" if here == "/me" or here.startswith("/settings/") else ""
    return replace(
        shell, nav=tuple(groups), create_href=f"{base}/create", search_href=f"{base}/search", live_href=f"{base}/live", settings_href=f"{base}/settings/",
        bin_href=f"{base}/bin", inbox_href=f"{base}/inbox", inbox_count=lambda: inbox.unread(ctx), place=place)
