"""The board: a column per state, loaded apart; a drop takes the step, and a closed one says what it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Request

from kernel.errors import Invalid, NotFound, Refused
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _, to_text
from kernel.model.elements import Machine
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import read_object
from kernel.web.routes import json_response
from runtime.forms.shown import short
from runtime.forms.when import span_words
from runtime.records import query, reading, road
from runtime.web.cards import doors_of
from runtime.web.columns import avatar, columns_of
from runtime.web.filters import quoted
from runtime.web.lists import Asked, frame, read, refusal_words
from runtime.web.sight import entity_of, surroundings, wants_fragment

CARDS = 50


def page(ctx: Ctx, request: Request, asked: Asked) -> Page:
    """The frame of the board; its columns come by themselves."""
    machine = _machine(asked)
    columns = [{"key": s.key, "label": s.label, "url": column_url(asked, s.key), "final": s.category != "open"} for s in machine.states]
    context = {**frame(ctx, asked), "board_columns": columns, "refusal": None}
    return Page("runtime/list/board_body.html" if wants_fragment(request) else "runtime/list/board.html", context)


def column_url(asked: Asked, state: str, cursor: str | None = None) -> str:
    """Where a column's cards are."""
    url = asked.url(f"/board/{state}", cursor=None)
    extra = {"cursor": cursor} if cursor else {}
    return url + (("&" if "?" in url else "?") + urlencode(extra) if extra else "")


def _machine(asked: Asked) -> Machine:
    if asked.machine is None:
        raise NotFound()
    return asked.machine


def column(ctx: Ctx, request: Request, entity: str, state: str) -> Page:
    """One column: its cards with what each of them lacks for the next step, and how many there are."""
    asked = replace(read(ctx, entity_of(ctx, entity), request.args), look="board")
    machine = _machine(asked)
    if state not in machine.by_key:
        raise NotFound()
    readable = rights_of(ctx.release, ctx.actor).entity(entity).readable_ever()
    columns = [c for c in columns_of(ctx, asked.entity, asked.view, machine, readable) if c.prepared is not None and len(c.path) == 1]
    base = {"key": state, "label": machine.by_key[state].label, "move_url": f"{asked.base}/board/move", "url": column_url(asked, state)}
    try:
        found = query.list_records(ctx, entity, asked.list_query(None, extra=f"state = {quoted(state)}", limit=CARDS))
        count = query.count(ctx, entity, replace(asked, cursor=None).list_query((), extra=f"state = {quoted(state)}")) if not asked.cursor else None
    except (Invalid, Unreadable) as error:
        return Page("runtime/list/board_column.html", {**base, "cards": [], "count": None, "more": None, "refusal": refusal_words(error, ctx.language)})
    around = surroundings(ctx, found.labels)
    doors = doors_of(ctx, entity, found.items, machine) if machine.by_key[state].category == "open" else {}
    cards = [_card(ctx, asked, machine, item, columns, doors.get(item.record.id, ()), around) for item in found.items]
    total = None if count is None else f"{count.total}+" if count.at_least else count.total
    context = {**base, "cards": cards, "count": total, "more": column_url(asked, state, found.next_cursor) if found.next_cursor else None, "refusal": None}
    return Page("runtime/list/board_cards.html" if asked.cursor else "runtime/list/board_column.html", context)


def _card(ctx: Ctx, asked: Asked, machine: Machine, item: Any, columns: Any, doors: Any, around: Any) -> dict[str, Any]:
    record = item.record
    notes: list[str] = []
    amount = None
    for c in columns:
        text = short(c.prepared, record.values.get(c.key), around) if c.key in item.readable else ""
        if not text:
            continue
        if c.end and amount is None:
            amount = text
        elif len(notes) < 2 and c.prepared.shape.type not in ("date", "datetime"):
            notes.append(text)
    steps = [d for d in doors if machine.transition(d.key) is not None]
    step = next((d for d in steps if d.primary), steps[0] if steps else None)
    missing = [(to_text(m.what, ctx.language), to_text(m.source, ctx.language)) for m in step.missing][:3] if step is not None else []
    length = span_words(ctx.now - record.state_since, ctx.language) if record.state_since else None
    owner = around.reader.label(record.owner) if record.owner else None
    return {
        "id": record.id, "title": item.title or _("Without a name"), "href": f"{asked.base}/{record.id}", "note": " · ".join(notes) or None, "amount": amount,
        "person": owner, "avatar": avatar(owner, record.owner) if owner else None, "version": record.version,
        "dwell": _("{time} here", time=length) if length and machine.by_key[record.state].category == "open" else None,
        "missing": missing, "ready": step is not None and step.open,
        "to": " ".join(d.to for d in steps if d.open),
    }


def move(ctx: Ctx, request: Request, entity: str) -> Any:
    """A card was dropped: take the step that leads there. A step that asks something opens its dialog instead."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    machine = _machine(asked)
    body = read_object(request)
    id_, to = str(body.get("id", "")), str(body.get("to", ""))
    seen = reading.get(ctx, entity, id_)
    url = f"{asked.base}/{id_}"
    if to == seen.record.state:
        return json_response({"stays": True})
    own = [d for d in reading.doors(ctx, seen) if d.to == to and machine.transition(d.key) is not None]
    if not own:
        label = machine.by_key[to].label if to in machine.by_key else to
        return _refused(_("From here no step leads to “{state}”.", state=label).to(ctx.language), [], 409)
    door = next((d for d in own if d.open), own[0])
    if door.asks or any(m.ask.get("field") in door.needs for m in door.missing):
        message = _("“{step}” asks for something first.", step=door.label).to(ctx.language)
        return json_response({"error": {"message": message}, "dialog": f"{url}/do/{door.key}"}, 409)
    version = body.get("version")
    try:
        road.transition(ctx, entity, id_, door.key, asks={}, version=version if isinstance(version, int) else None)
    except Refused as error:
        lines = [_("{what} (from {who})", what=m.what, who=m.source).to(ctx.language) for m in error.missing]
        return _refused(_("Not yet. Missing: {what}", what=lines).to(ctx.language), lines, 409)
    except Invalid as error:
        return _refused(refusal_words(error, ctx.language), [], 422)
    return json_response({"moved": True})


def _refused(message: str, missing: list[str], status: int) -> Any:
    return json_response({"error": {"message": message}, "missing": missing}, status)
