"""My day as a page, and its list alone for whoever follows it live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Request
from sqlalchemy import func, select

from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.approvals import decide
from runtime.clocks import find
from runtime.clocks.find import Wanted
from runtime.forms.prepare import reader_of
from runtime.forms.when import full_day
from runtime.web import push
from runtime.web.day import rows
from runtime.web.day.rows import Row
from runtime.web.sight import base_of, creatable, known_entities, wants_fragment

# More that is overdue is folded, so that what can still be met stays in sight.
OVERDUE_SHOWN = 3
SHOWS = ("overdue", "soon", "intime")


def show(ctx: Ctx, request: Request) -> Page:
    """The page. ``whose=team`` shows what waits in the person's teams; ``show`` narrows to one tone."""
    reader = reader_of(ctx)
    base = base_of(ctx)
    has_team = rows.has_team(ctx)
    team = has_team and request.args.get("whose") == "team"
    waiting = rows.of_clocks(ctx, team=team)
    resting: list[dict[str, Any]] = []
    if not team:
        dated, resting = rows.of_records(ctx, frozenset(r.record for r in waiting if r.record))
        waiting += [*rows.of_approvals(ctx, reader), *rows.of_tasks(ctx, reader), *dated]
    waiting = rows.ordered(waiting, reader)
    counts = {tone: sum(1 for r in waiting if r.tone == name) for tone, name in (("overdue", "breach"), ("soon", "warning"), ("intime", "ontime"))}
    chosen = request.args.get("show", "")
    chosen = chosen if chosen in SHOWS else ""
    shown = [r for r in waiting if not chosen or r.tone == {"overdue": "breach", "soon": "warning", "intime": "ontime"}[chosen]]
    can = creatable(ctx)
    context = {
        **_arranged(shown, folded=not chosen), "resting": resting if not chosen else [], "counts": counts, "chosen": chosen, "team": team, "has_team": has_team,
        "chips": _chips(base, counts, chosen, team), "url": _url(base, chosen, team), "date_words": full_day(reader.today, reader), "done": _done(ctx) if not team else 0,
        "push_offered": push.offered(ctx),
        "count": len(waiting), "most": rows.MOST_CLOCKS, "base_url": base, "watches": sorted({c.entity for c in ctx.app.clocks} | {e.key for e in rows.entities_of(ctx)}),
        "make": [e for e in known_entities(ctx) if e.key in can and e.in_navigation][:3],
        "switch": [
            {"label": _("Mine"), "href": _url(base, chosen, False), "active": not team}, {"label": _("My team"), "href": _url(base, chosen, True), "active": team}],
        "lists": [{"label": e.label, "href": f"{base}/e/{e.key}", "icon": e.icon} for e in rows.entities_of(ctx)][:3],
    }
    return Page("runtime/day/list.html" if wants_fragment(request, "day") else "runtime/day/page.html", context)


def _arranged(shown: Sequence[Row], *, folded: bool) -> dict[str, Any]:
    """What is overdue first, then what runs out next as the one large card, then the rest."""
    late = [r for r in shown if r.tone == "breach"]
    ahead = [r for r in shown if r.tone != "breach"]
    first = next((r for r in ahead if r.due is not None and r.tone in ("warning", "ontime")), None)
    rest = [r for r in ahead if r is not first]
    most = OVERDUE_SHOWN if folded else len(late)
    return {"late": late[:most], "late_more": late[most:], "first": first, "rest": rest}


def _chips(base: str, counts: dict[str, int], chosen: str, team: bool) -> list[dict[str, Any]]:
    words = {"overdue": (_("Overdue"), "breach"), "soon": (_("Running short"), "warning"), "intime": (_("In good time"), "ontime")}
    return [
        {"label": label, "dot": dot, "count": counts[key], "href": _url(base, "" if chosen == key else key, team), "on": chosen == key}
        for key, (label, dot) in words.items() if counts[key] or chosen == key]


def _url(base: str, chosen: str, team: bool) -> str:
    args = {**({"whose": "team"} if team else {}), **({"show": chosen} if chosen else {})}
    return f"{base}/" + (f"?{urlencode(args)}" if args else "")


def _done(ctx: Ctx) -> int:
    """What the person got done today: promises kept on own records, approvals decided, requests answered."""
    today = datetime.combine(ctx.now.astimezone(ctx.zone).date(), time(), tzinfo=ctx.zone)
    me = ctx.actor.person
    kept = len(find.clocks(ctx, Wanted(states=("kept", "late"), ended_after=today, ended_before=ctx.now + timedelta(seconds=1), owner=me, limit=200)))
    seat, ask = t.approval_seat.c, t.ask.c
    decided = select(func.count()).select_from(t.approval_seat).where(
        seat.person_id == me, seat.state.in_((decide.APPROVED, decide.DECLINED, decide.RETURNED)), seat.decided_at >= today)
    supplied = select(func.count()).select_from(t.ask).where(ask.closed_by == me, ask.closed_at >= today)
    return kept + int(ctx.conn.execute(select(decided.scalar_subquery() + supplied.scalar_subquery())).scalar_one())
