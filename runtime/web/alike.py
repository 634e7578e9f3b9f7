"""Records alike on a record page and over the API: how like, in what, and which way they took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Message
from kernel.i18n import _, to_text
from kernel.model.elements import Comparison, Similarity
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.routes import json_response
from runtime.alike import find
from runtime.alike.find import Match
from runtime.alike.way import ways_of
from runtime.records import reading
from runtime.records.labels import Wanted, resolve
from runtime.web.api.records import known
from runtime.web.columns import state_pill
from runtime.web.sight import base_of

HOW: Mapping[str, Message] = {"equal": _("the same"), "near": _("near"), "shared": _("in common"), "text": _("alike")}


def show(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """The part of the record page; loaded when it comes into sight."""
    from runtime.web.record import open_record

    shown = open_record(ctx, entity, id)
    groups = []
    for similarity in find.shown_for(ctx, shown.record):
        matches = find.find(ctx, similarity, shown.record) if _may_compare(similarity, shown.seen.readable) else []
        groups.append({"label": similarity.label, "help": similarity.help, "matches": _matches(ctx, similarity, matches, shown.seen.readable)})
    return Page("runtime/record/alike.html", {"groups": groups})


def _may_compare(similarity: Similarity, readable: frozenset[str]) -> bool:
    """Whoever may read none of what is compared learns nothing of it."""
    return any(c.path[0] in readable for c in similarity.compares)


def _matches(ctx: Ctx, similarity: Similarity, matches: list[Match], readable: frozenset[str]) -> list[dict[str, Any]]:
    ways = ways_of(ctx, similarity.entity, [m.id for m in matches])
    wanted = Wanted()
    wanted.add(similarity.entity, tuple(m.id for m in matches if m.seen))
    names = resolve(ctx, wanted)
    machine = ctx.app.first_machine(similarity.entity)
    return [{
        "title": names.get(m.id) if m.seen else None, "href": f"{base_of(ctx)}/e/{similarity.entity}/{m.id}" if m.seen and m.id in names else None,
        "score": round(100 * m.score), "parts": [
            {"label": label_of(ctx, similarity, p.comparison), "how": HOW[p.comparison.how], "share": round(100 * p.likeness)}
            for p in m.parts if p.comparison.path[0] in readable and p.likeness > 0],
        "way": [{"pill": state_pill(ctx, machine, state), "days": _days(spent)} for state, spent in ways.get(m.id, ())], "total": _days(_whole(ways.get(m.id, ()))),
    } for m in matches]


def label_of(ctx: Ctx, similarity: Similarity, comparison: Comparison) -> Message:
    """What is compared: its own label, else the field's."""
    if comparison.labels:
        return comparison.label
    field = ctx.app.schema.field_at(similarity.entity, comparison.path)
    return field.label if field is not None else comparison.label


def _whole(way: Any) -> timedelta:
    return sum((spent for _state, spent in way), timedelta(0))


def _days(spent: timedelta) -> Message | None:
    if spent <= timedelta(0):
        return None
    days = max(1, round(spent / timedelta(days=1)))
    return _("1 day") if days == 1 else _("{n} days", n=days)


def of_record(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """``GET records/<entity>/<id>/similar``: per comparison of the application what is like this record."""
    known(ctx, entity)
    seen = reading.get(ctx, entity, id)
    items = []
    for similarity in find.shown_for(ctx, seen.record):
        matches = find.find(ctx, similarity, seen.record) if _may_compare(similarity, seen.readable) else []
        ways = ways_of(ctx, entity, [m.id for m in matches])
        items.append({
            "similarity": similarity.key, "label": to_text(similarity.label, ctx.language), "records": [{
                "id": m.id if m.seen else None, "score": round(m.score, 3),
                "because": [{"field": p.comparison.field, "how": p.comparison.how, "likeness": round(p.likeness, 3)} for p in m.parts if p.comparison.path[0] in seen.readable],
                "way": [{"state": state, "seconds": int(spent.total_seconds())} for state, spent in ways.get(m.id, ())]} for m in matches]})
    return json_response({"items": items})


