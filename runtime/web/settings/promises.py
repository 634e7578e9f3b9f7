"""Every promise with a clock at a glance, and what keeps some from being worked out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Request
from sqlalchemy import and_, case, func, select

from kernel.i18n import Text, _
from kernel.jobs import steady
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.clocks import faults
from runtime.clocks.decide import MET, PAUSED, RUNNING
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_text, span_words
from runtime.records.labels import Wanted, resolve
from runtime.web.settings.pages import frame

LOOK_BACK = timedelta(days=30)
SHOWN_FOR = timedelta(days=7)
HOURS: Mapping[str, Text] = {"team": _("hours of the record's team"), "owner": _("hours of the owner's team"), "elapsed": _("every minute")}


def show(ctx: Ctx, request: Request) -> Page:
    """The page; three statements, and one more per kind of record that is in trouble."""
    base = frame(ctx, "promises")
    counts = _counts(ctx)
    rows = []
    for clock in ctx.app.clocks:
        n = counts.get(clock.uid, {})
        entity = ctx.app.entities[clock.entity]
        calendar = ctx.app.calendars.get(clock.counts)
        ended = n.get("met", 0) + n.get("late", 0)
        list_ = f"{base['base_url']}/e/{entity.key}?f=clock"
        rows.append({
            "label": clock.label, "entity": entity.label, "icon": entity.icon, "counts": calendar.label if calendar else HOURS.get(clock.counts, clock.counts),
            "running": n.get("running", 0), "overdue": n.get("overdue", 0), "paused": n.get("paused", 0), "ended": ended,
            "kept": round(100 * n.get("met", 0) / ended) if ended else None, "running_url": f"{list_}.in.soon~running", "overdue_url": f"{list_}.in.overdue",
            "paused_url": f"{list_}.in.paused"})
    return Page("runtime/settings/promises.html", {**base, "promises": rows, "troubles": _troubles(ctx), "jumps": _jumps(ctx)})


def _counts(ctx: Ctx) -> dict[str, dict[str, int]]:
    c = t.clock.c
    def n(condition: Any, name: str) -> Any:
        return func.sum(case((condition, 1), else_=0)).label(name)
    recent = and_(c.state == MET, c.ended_at > ctx.now - LOOK_BACK)
    query = select(
        c.uid, n(and_(c.state == RUNNING, c.due_at > ctx.now), "running"), n(and_(c.state == RUNNING, c.due_at <= ctx.now), "overdue"),
        n(c.state == PAUSED, "paused"), n(and_(recent, c.late_s == 0), "met"), n(and_(recent, c.late_s > 0), "late"),
    ).group_by(c.uid)
    return {row.uid: {k: int(row._mapping[k] or 0) for k in ("running", "overdue", "paused", "met", "late")} for row in ctx.conn.execute(query)}


def _troubles(ctx: Ctx) -> list[dict[str, Any]]:
    found = faults.listed(ctx)
    wanted = Wanted()
    for one in found:
        if one.entity in ctx.app.entities:
            wanted.add(one.entity, one.records)
    names = resolve(ctx, wanted) if found else {}
    reader = reader_of(ctx)
    return [{
        "label": one.policy.label if one.policy is not None else one.key, "words": one.words, "count": one.count, "since": moment_text(one.since, reader),
        "records": [(names[id_], f"/t/{ctx.tenant.slug}/e/{one.entity}/{id_}") for id_ in one.records if id_ in names]} for one in found]


def _jumps(ctx: Ctx) -> list[dict[str, Any]]:
    reader = reader_of(ctx)
    return [{
        "when": moment_text(jump.at, reader),
        "words": _("The clock of the machine went forward by {time}.", time=span_words(jump.by, ctx.language)) if jump.by > timedelta(0)
        else _("The clock of the machine went back by {time}. Nothing was done early: what had been due already is not done again.", time=span_words(-jump.by, ctx.language)),
    } for jump in steady.recent(ctx.conn, ctx.now - SHOWN_FOR)]
