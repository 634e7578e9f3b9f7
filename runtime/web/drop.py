"""A card dropped into another column: a step, a changed field or another owner, by the record road. A refused one says why and what would help."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Invalid, Refused, Stale, VersionRequired
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page, render
from kernel.web.request import read_object
from kernel.web.routes import json_response
from runtime.records import reading, road
from runtime.records.reading import Seen
from runtime.records.record import Input
from runtime.web.board import card_of, read_board
from runtime.web.groups import Grouping, whole
from runtime.web.lists import Asked, refusal_words
from runtime.web.looks import label_of
from runtime.web.sight import over


def move(ctx: Ctx, request: Request, entity: str) -> Response:
    """A card was dropped on the column ``to``. The answer is the card as it is now, or why not."""
    asked, grouping = read_board(ctx, request, entity)
    body = read_object(request)
    id_, to, version = str(body.get("id", "")), str(body.get("to", "")), body.get("version")
    seen = reading.get(ctx, entity, id_)
    if not isinstance(version, int) or isinstance(version, bool):
        raise VersionRequired(_("This page does not say which version it shows."), hint=_("Load it again and repeat your change."))
    try:
        value = grouping.value_of(to)
    except KeyError:
        return _refused(_("There is no such column any more. Load the board again.").to(ctx.language), 409)
    if value == grouping.held(seen.record):
        return _landed(ctx, asked, grouping, id_, {"stays": True})
    try:
        if grouping.machine is not None:
            found = _step(ctx, asked, grouping, seen, to, version)
            if found is not None:
                return found
        elif grouping.field is None:
            road.assign(ctx, entity, id_, owner=value, version=version)
        else:
            road.update(ctx, entity, id_, Input({grouping.key: value}), version=version)
    except Stale:
        words = _("Somebody changed this card in the meantime. It is shown as it is now: look again, then move it.").to(ctx.language)
        return _landed(ctx, asked, grouping, id_, {"error": {"message": words}, "stale": True}, 412)
    except Invalid as error:
        return _refused(refusal_words(error, ctx.language), 422, link=f"{asked.base}/{id_}/edit")
    return _landed(ctx, asked, grouping, id_, {"moved": True})


def _step(ctx: Ctx, asked: Asked, grouping: Grouping, seen: Seen, to: str, version: int) -> Response | None:
    """Take the step that leads there; a Response where it is refused, or asks for something first."""
    machine = grouping.machine
    assert machine is not None
    doors = [d for d in reading.doors(ctx, seen) if d.to == to and machine.transition(d.key) is not None]
    if version != seen.record.version:
        raise Stale(seen.record.version)
    if not doors:
        label = machine.by_key[to].label
        return _refused(_("From here no step leads to “{state}”.", state=label).to(ctx.language), 409)
    door = next((d for d in doors if d.open), doors[0])
    dialog = f"{asked.base}/{seen.record.id}/do/{door.key}?stay=1"
    if door.asks or any(m.ask.get("field") in door.needs for m in door.missing):
        message = _("“{step}” asks for something first.", step=door.label).to(ctx.language)
        return _refused(message, 409, dialog=dialog, asks=True)
    if door.approval and door.open:
        # Whoever asks says why, and sees who will be asked.
        message = _("“{step}” needs approval first: {who}", step=door.label, who=door.approval).to(ctx.language)
        return _refused(message, 409, dialog=dialog, asks=True)
    try:
        record = road.transition(ctx, asked.entity.key, seen.record.id, door.key, asks={}, version=version)
    except Refused as error:
        lines = [_("{what} (from {who})", what=m.what, who=m.source).to(ctx.language) for m in error.missing]
        return _refused(_("Not yet. Missing: {what}", what=lines).to(ctx.language), 409, missing=lines, dialog=dialog)
    if grouping.key_of(record) != to:
        words = _("“{step}” waits for approval. The card moves when it is agreed.", step=door.label).to(ctx.language)
        return _landed(ctx, asked, grouping, seen.record.id, {"waits": True, "message": words})
    return None


def _refused(message: str, status: int, **more: Any) -> Response:
    return json_response({"error": {"message": message}, **more}, status)


def _landed(ctx: Ctx, asked: Asked, grouping: Grouping, id_: str, told: dict[str, Any], status: int = 200) -> Response:
    """The answer with the card as it is now, so that the board shows no card that is not so."""
    return json_response({**told, **_now(ctx, asked, grouping, id_)}, status)


def _now(ctx: Ctx, asked: Asked, grouping: Grouping, id_: str) -> dict[str, Any]:
    found = card_of(ctx, asked, grouping, id_)
    if found is None:
        return {"card": None, "column": None}
    column, card = found
    html = render(Page("runtime/list/board_cards.html", {"cards": [card], "more": None, "refusal": None}), ctx).get_data(as_text=True)
    return {"card": html, "column": column}


def card(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """One card as it is now: after a step was taken in a dialog."""
    asked, grouping = read_board(ctx, request, entity)
    return json_response(_now(ctx, asked, grouping, id))


def menu(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """Where a card can go, in words: for phones, keyboards and screen readers. Closed ways say what they lack."""
    asked, grouping = read_board(ctx, request, entity)
    seen = reading.get(ctx, entity, id)
    here = grouping.key_of(seen.record)
    if grouping.machine is not None:
        targets = _by_step(ctx, asked, grouping, seen)
    else:
        targets = [
            {"to": c.key, "label": c.label, "step": None, "open": True, "missing": []}
            for c in grouping.columns(whole(replace(asked, q=""))) if c.key != here
        ]
    context = {
        **over(request), "title": seen.title, "id": id, "version": seen.record.version, "targets": targets, "url": f"{asked.base}/{id}",
        "by": label_of(ctx, asked.entity, grouping.key),
    }
    return Page("runtime/list/board_move.html", context)


def _by_step(ctx: Ctx, asked: Asked, grouping: Grouping, seen: Seen) -> list[dict[str, Any]]:
    machine = grouping.machine
    assert machine is not None
    found = []
    for door in reading.doors(ctx, seen):
        if machine.transition(door.key) is None:
            continue
        missing = [(to_text(m.what, ctx.language), to_text(m.source, ctx.language)) for m in door.missing]
        step, state = (to_text(m, ctx.language) for m in (door.label, machine.by_key[door.to].label))
        found.append({
            "to": door.to, "label": None if state in step else state, "step": step, "open": door.open, "missing": missing})
    return sorted(found, key=lambda t: not t["open"])


