"""Somebody was faster: mine, theirs and before, side by side. What I did not touch stays theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request

from kernel.errors import Stale
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import prepared
from runtime.forms.shown import words
from runtime.records import history, road
from runtime.records.record import Input
from runtime.web.record import Open
from runtime.web.sight import over
from runtime.web.timeline import value_of

LOOK_BACK = 50


def page(ctx: Ctx, request: Request, shown: Open, sent: Mapping[str, Any], error: Stale, version: int | None, action: str) -> Page:
    """The comparison, with the change ready to be saved on top of the newer version."""
    mine = road.preview(ctx, shown.entity.key, shown.record.id, Input(dict(sent), "text")).values
    theirs = shown.record.values
    before, who = _before(ctx, shown, version)
    lines, untouched = [], set()
    for key in sent:
        field = shown.entity.by_key[key]
        p = prepared(ctx, field)
        was = before.get(key, theirs.get(key))
        changed_by_me, changed_by_them = mine.get(key) != was, theirs.get(key) != was
        if not changed_by_me:
            untouched.add(key)
        if mine.get(key) == theirs.get(key) or not (changed_by_me or changed_by_them):
            continue

        def show(value: Any, p: Any = p) -> str:
            return _("{n} rows", n=len(value or ())).to(ctx.language) if p.field.type == "rows" else words(p, value, shown.around)

        lines.append({
            "label": p.label, "before": show(was), "theirs": show(theirs.get(key)), "mine": show(mine.get(key)) if changed_by_me else show(theirs.get(key)),
            "clash": changed_by_me and changed_by_them})
    posted = [
        (name, value) for name, values in request.form.lists() for value in values
        if not name.startswith("_") and name != "csrf_token" and name.split("-")[0] not in untouched
    ]
    context = {
        **over(request), "who": who or _("Somebody"), "url": shown.url, "action": action, "current": error.current, "posted": posted, "lines": lines,
    }
    headers = {"HX-Retarget": "#dialog-root", "HX-Reswap": "innerHTML"}
    return Page("runtime/record/conflict.html", context, status=412, headers=headers)


def _before(ctx: Ctx, shown: Open, version: int | None) -> tuple[dict[str, Any], str | None]:
    """The values as they were in the version the change was made on, and who changed them last."""
    entries = [e for e in history.of(ctx, shown.entity.key, shown.record.id, LOOK_BACK) if e.kind != "derive"]
    newer = max(0, shown.record.version - version) if version is not None else 0
    before: dict[str, Any] = {}
    for entry in entries[:newer]:
        for change in entry.changes:
            field = shown.entity.by_key.get(change["field"])
            if field is not None and "rows" not in change:
                before[field.key] = value_of(ctx, field, change.get("from"))
    return before, next((e.actor_name for e in entries[:newer] if e.actor_name), None)
