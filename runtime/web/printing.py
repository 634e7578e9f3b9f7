"""Pages for paper: a record with everything its reader may see of it, and a list as it is shown. No frame around them; the browser prints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Request

from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import reader_of
from runtime.forms.when import full_moment
from runtime.records import query
from runtime.web import lists, timeline
from runtime.web.record import Open, facts, open_record, parts, row_parts
from runtime.web.sight import base_of, entity_of

MOST_ENTRIES = 100


def record(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """One record; ``history=1`` adds what happened to it."""
    shown = open_record(ctx, entity, id)
    with_history = request.args.get("history") == "1"
    context = {**sheet(ctx, shown), **_printed(ctx), "back": shown.url, "with_history": with_history, "entries": [], "history_more": None, "other": f"{shown.url}/print"}
    if with_history:
        context["entries"] = timeline.page(ctx, shown.seen, shown.around, shown.url, timeline.Asked(), MOST_ENTRIES)["entries"]
    return Page("runtime/print/record.html", context)


def sheet(ctx: Ctx, shown: Open) -> dict[str, Any]:
    """Title, facts, fields by section and child rows of a record, for reading only."""
    record = shown.record
    machine = shown.machine
    state = machine.by_key.get(record.state) if machine is not None and record.state else None
    return {
        "entity": shown.entity, "title": shown.seen.title or _("Without a name"), "facts": facts(ctx, shown), "parts": parts(ctx, shown),
        "rows_parts": [p for p in row_parts(ctx, shown) if p["count"]], "state": state.label if state is not None else None,
        "owner": shown.seen.labels.get(record.owner) if record.owner else None, "team": shown.seen.labels.get(record.team) if record.team else None,
        "created": full_moment(record.created_at, shown.around.reader), "updated": full_moment(record.updated_at, shown.around.reader),
    }


def _printed(ctx: Ctx) -> dict[str, Any]:
    """When, and by whom: paper has no address bar."""
    return {"printed_at": full_moment(ctx.now, reader_of(ctx)), "printed_by": ctx.actor.name}


def listed(ctx: Ctx, request: Request, entity: str) -> Page:
    """What the list shows, in its order, on one page: at most 500 rows."""
    asked = replace(lists.read(ctx, entity_of(ctx, entity), request.args), cursor=None, look="table")
    found = lists.rows(ctx, asked, limit=query.MOST)
    frame = lists.frame(ctx, asked)
    conditions = [(chip["subject"], chip["values"]) for chip in frame["chips"]]
    context = {
        **_printed(ctx), "entity": asked.entity, "view": asked.view.label if asked.view else None, "conditions": conditions, "q": asked.q, "where": asked.where,
        "columns": found["columns"], "rows": found["rows"], "refusal": found["refusal"], "more": found["next_url"] is not None,
        "back": asked.url(), "base_url": base_of(ctx), "joiner": _("or"),
    }
    return Page("runtime/print/list.html", context)
