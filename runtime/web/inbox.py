"""The inbox: what is to do and what is new, each with the record and one act; and the pop-up for what can't wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import BadRequest
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.forms.when import iso, moment_text
from runtime.notices import inbox
from runtime.notices.inbox import Notice
from runtime.records.work import reader_of
from runtime.web.edit import trigger
from runtime.web.sight import base_of

PAGE = 30
# What somebody does with an entry of this kind by one tap; all others are opened.
ACTS: Mapping[str, Any] = {"ask": _("Supply it"), "ask_opens": _("Go on"), "approval": _("Decide")}
TONES: Mapping[str, str] = {"ask_declined": "warning", "approval_declined": "warning", "clock": "warning", "ask_opens": "ontime", "ask_answered": "ontime", "approval_agreed": "ontime"}


def show(ctx: Ctx, request: Request) -> Page:
    """The page, or only its list for whoever follows it live."""
    tab = request.args.get("tab") or ("todo" if request.args.get("tab") is None else "")
    if tab not in ("todo", "news"):
        raise BadRequest(_("There is no such part of the inbox."))
    before = request.args.get("before") or None
    found = inbox.entries(ctx, tasks=tab == "todo", limit=PAGE + 1, before=before)
    entries = [_entry(ctx, n) for n in found[:PAGE]]
    base = base_of(ctx)
    more = f"{base}/inbox?{urlencode({'tab': tab, 'before': found[PAGE - 1].id})}" if len(found) > PAGE else None
    todo, news = inbox.waiting(ctx)
    context = {
        "tab": tab, "entries": entries, "more": more, "todo": todo, "news": news, "url": f"{base}/inbox", "base_url": base,
        "done": request.args.get("done"), "unread": sum(1 for e in entries if e["new"]), "first": before is None,
        "tabs": [
            {"label": _("To do"), "href": f"{base}/inbox", "active": tab == "todo", "count": todo or None, "alert": bool(todo)},
            {"label": _("News"), "href": f"{base}/inbox?tab=news", "active": tab == "news", "count": news or None}],
    }
    if is_htmx(request):
        return Page("runtime/inbox/rows.html" if before else "runtime/inbox/list.html", context)
    return Page("runtime/inbox/page.html", context)


def open_one(ctx: Ctx, request: Request, id: str) -> Response:
    """Where a notice leads: the address in mails and on phones. The page there says that it was seen; reading an address changes nothing."""
    notice = inbox.one(ctx, id)
    target = target_of(ctx, notice) or f"{base_of(ctx)}/inbox?{urlencode({'tab': 'todo' if notice.kind.task else 'news'})}"
    return redirect(f"{target}{'&' if '?' in target else '?'}{urlencode({'seen': notice.id})}", 303)


def target_of(ctx: Ctx, notice: Notice) -> str | None:
    """The page on which something can be done about it; None where there is none (any more)."""
    base = base_of(ctx)
    back = urlencode({"back": f"{base}/inbox"})
    href = f"{base}/e/{notice.entity}/{notice.record}" if notice.entity and notice.record and notice.title is not None else None
    act_url = href
    if notice.kind.key == "ask":
        act_url = f"{base}/asks/{notice.data.get('ask')}?{back}"
    elif notice.data.get("case"):
        act_url = f"{base}/approvals/{notice.data['case']}"
    elif href and notice.data.get("similar"):
        act_url = f"{href}#alike"
    elif notice.kind.key == "ask_opens" and href and notice.data.get("transition"):
        act_url = f"{href}?{urlencode({'do': notice.data['transition']})}"
    return act_url


def _entry(ctx: Ctx, notice: Notice) -> dict[str, Any]:
    act_url = target_of(ctx, notice)
    return {
        "id": notice.id, "icon": notice.kind.icon, "words": notice.words, "excerpt": notice.more or None, "when": moment_text(notice.created_at, reader_of(ctx)),
        "iso": iso(notice.created_at), "href": act_url, "act": ACTS.get(notice.kind.key, _("Open")) if act_url else None, "act_url": act_url,
        "new": notice.done_at is None and notice.read_at is None, "tone": "breach" if notice.urgency == "high" else TONES.get(notice.kind.key, "accent"),
        "task": notice.kind.task, "done": notice.done_at is not None, "high": notice.urgency == "high",
    }


def mark_read(ctx: Ctx, request: Request) -> Response:
    """These entries, or all, are read."""
    ids = request.form.getlist("id")
    inbox.mark_read(ctx, ids or None)
    if is_htmx(request):
        return Response("", 200, headers={"HX-Trigger": trigger({"inbox-changed": {}})})
    return redirect(f"{base_of(ctx)}/inbox?tab=news", 303)


def popup(ctx: Ctx, request: Request) -> Page | Response:
    """The newest entry that can't wait and was not looked at; nothing when there is none."""
    found = inbox.urgent(ctx)
    if found is None:
        return Response("", 204)
    notice, others = found
    return Page("runtime/inbox/popup.html", {"entry": _entry(ctx, notice), "title": notice.title, "others": others, "inbox_url": f"{base_of(ctx)}/inbox?tab=news"})
