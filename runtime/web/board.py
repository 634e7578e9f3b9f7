"""The board: a column per state, choice, person or record, each loaded apart; counts and sums come by themselves. Drops: ``drop.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Request

from kernel.errors import Invalid, NotFound
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import dumps
from kernel.web.rendering import Page
from runtime.forms.prepare import prepared
from runtime.forms.shown import Surroundings, short
from runtime.forms.when import span_words
from runtime.records import query, summing
from runtime.records.query import Item, Listing
from runtime.web.cards import Step, doors_of
from runtime.web.columns import state_pill
from runtime.web.faces import Faces
from runtime.web.filters import quoted
from runtime.web.groups import Column, Grouping, whole
from runtime.web.lists import Asked, frame, read, refusal_words
from runtime.web.looks import ground_of, label_of
from runtime.web.sight import entity_of, surroundings, wants_fragment

CARDS = 50
LACKS = 3


def page(ctx: Ctx, request: Request, asked: Asked) -> Page:
    """The frame of the board; its columns come by themselves, and so do their counts."""
    grouping = Grouping(ctx, asked.entity, asked.shown.group)
    urls = {f"{name}_url": asked.url(f"/board/{path}", cursor=None) for name, path in (("move", "move"), ("card", "card/~"), ("sums", "sums"))}
    context = {**frame(ctx, asked), **_choice(ctx, asked), **urls, "refusal": None}
    try:
        columns = grouping.columns(whole(asked))
    except (Invalid, Unreadable) as error:
        columns, context["refusal"] = [], refusal_words(error, ctx.language)
    context["board_columns"] = [_head(asked, c) for c in columns]
    return Page("runtime/list/board_body.html" if wants_fragment(request) else "runtime/list/board.html", context)


def _head(asked: Asked, column: Column) -> dict[str, Any]:
    limit = asked.shown.limit(column.key)
    return {
        "key": column.key, "label": column.label, "url": column_url(asked, column.key), "final": column.final, "category": column.category,
        "most": limit[0] if limit else None, "hard": bool(limit and limit[1]),
    }


def _choice(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    """By what the columns may be made."""
    groups = ground_of(ctx, asked.entity).groups
    current = asked.shown.group
    items = [
        {"label": to_text(label_of(ctx, asked.entity, g), ctx.language), "href": asked.url(by="" if asked.by != g and g == _usual(asked) else g, cursor=None), "checked": g == current}
        for g in groups
    ]
    return {"by_label": _("By {field}", field=label_of(ctx, asked.entity, current)), "by_items": items if len(items) > 1 else []}


def _usual(asked: Asked) -> str:
    return replace(asked, by="").shown.group


def column_url(asked: Asked, key: str, cursor: str | None = None) -> str:
    """Where a column's cards are."""
    url = replace(asked, cursor=None).url(f"/board/{key}")
    return url + (("&" if "?" in url else "?") + urlencode({"cursor": cursor}) if cursor else "")


def read_board(ctx: Ctx, request: Request, entity: str) -> tuple[Asked, Grouping]:
    """The list as a board. Raises NotFound where it can be none."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    asked = replace(asked, look="board")
    if asked.shown.key != "board":
        raise NotFound()
    return asked, Grouping(ctx, asked.entity, asked.shown.group)


def column(ctx: Ctx, request: Request, entity: str, state: str) -> Page:
    """The cards of one column with what each of them lacks for the next step."""
    asked, grouping = read_board(ctx, request, entity)
    try:
        condition = grouping.condition(state)
    except KeyError as error:
        raise NotFound() from error
    faces = Faces(ctx, asked, without=(grouping.key,))
    try:
        found = query.list_records(ctx, entity, asked.list_query(tuple(dict.fromkeys((*faces.keys, *_held(grouping)))), extra=condition, limit=CARDS))
    except (Invalid, Unreadable) as error:
        return Page("runtime/list/board_cards.html", {"cards": [], "more": None, "refusal": refusal_words(error, ctx.language)})
    more = column_url(asked, state, found.next_cursor) if found.next_cursor else None
    return Page("runtime/list/board_cards.html", {"cards": cards(ctx, asked, grouping, faces, found), "more": more, "refusal": None})


def _held(grouping: Grouping) -> tuple[str, ...]:
    if grouping.machine is not None:
        return () if grouping.machine.first else (grouping.machine.key,)
    return () if grouping.field is None else (grouping.key,)


def cards(ctx: Ctx, asked: Asked, grouping: Grouping, faces: Faces, found: Listing) -> list[dict[str, Any]]:
    """Cards of records that stand in the same column."""
    doors = _doors(ctx, asked, grouping, found.items)
    made, around = faces.of(found)
    return [_card(ctx, asked, grouping, item, face, doors.get(item.record.id, ()), around) for item, face in zip(found.items, made, strict=True)]


def _doors(ctx: Ctx, asked: Asked, grouping: Grouping, items: Sequence[Item]) -> Mapping[str, Sequence[Step]]:
    """The steps of the cards: of the machine the columns are made of, else of none."""
    if grouping.machine is None or not items:
        return {}
    return doors_of(ctx, asked.entity.key, items, grouping.machine, grouping.key_of(items[0].record))


def _card(ctx: Ctx, asked: Asked, grouping: Grouping, item: Item, face: Any, steps: Sequence[Step], around: Surroundings) -> dict[str, Any]:
    record, machine = item.record, grouping.machine
    closed: dict[str, list[tuple[str, str]]] = {}
    for step in steps:
        if not step.open and not any(s.open and s.to == step.to for s in steps):
            closed.setdefault(step.to, [(to_text(m.what, ctx.language), to_text(m.source, ctx.language)) for m in step.missing][:LACKS + 2])
    usual = next((s for s in steps if s.primary), steps[0] if steps else None)
    since = record.state_since if machine is not None and machine.first else None
    here = machine.by_key.get(record.state or "") if machine is not None and machine.first else None
    return {
        "id": record.id, "title": face.title, "href": face.href, "version": record.version, "note": face.note, "facts": face.facts, "amount": face.amount,
        "person": face.person, "avatar": face.avatar, "clock": face.clock,
        "dwell": _("{time} here", time=span_words(ctx.now - since, ctx.language)) if since and here is not None and here.category == "open" else None,
        "pill": state_pill(ctx, asked.machine, record.state) if asked.machine is not None and (machine is None or not machine.first) else None,
        "missing": closed.get(usual.to, [])[:LACKS] if usual is not None and not usual.open else [],
        "ready": usual is not None and usual.open,
        "to": " ".join(dict.fromkeys(s.to for s in steps if s.open)) if machine is not None else "*",
        "closed": dumps(closed) if closed else None,
        "move": f"{face.href}/move" + asked.url(cursor=None).removeprefix(asked.base),
    }


def card_of(ctx: Ctx, asked: Asked, grouping: Grouping, id_: str) -> tuple[str, dict[str, Any]] | None:
    """One card as it is now, and its column; None for a record that is not there, or not for this reader."""
    faces = Faces(ctx, asked, without=(grouping.key,))
    fields = tuple(dict.fromkeys((*faces.keys, *_held(grouping))))
    found = query.list_records(ctx, asked.entity.key, query.ListQuery(where=query.read_where(ctx, asked.entity.key, f"id = {quoted(id_)}"), fields=fields, limit=1))
    if not found.items:
        return None
    return grouping.key_of(found.items[0].record), cards(ctx, asked, grouping, faces, found)[0]


def sums(ctx: Ctx, request: Request, entity: str) -> Page:
    """How many cards each column has and what they add up to, over all of it: one statement, never longer than a moment."""
    asked, grouping = read_board(ctx, request, entity)
    look = asked.shown
    try:
        columns = grouping.columns(whole(asked))
        found = summing.sums(ctx, entity, grouping.key, [c.value for c in columns], whole(asked), look.total)
    except (Invalid, Unreadable):
        return Page("runtime/list/board_sums.html", {"heads": []})
    around = surroundings(ctx, {})
    field = asked.entity.by_key.get(look.total)
    heads = []
    for c in columns:
        one, limit = found.get(c.value), look.limit(c.key)
        total = short(prepared(ctx, field), one.total, around) if one is not None and field is not None and one.total is not None else ""
        heads.append({
            "key": c.key, "count": None if one is None else f"{one.count:,}+" if one.at_least else f"{one.count:,}",
            "total": f"≥ {total}" if one is not None and one.at_least and total else total,
            "over": limit is not None and one is not None and one.count > limit[0], "most": limit[0] if limit else None,
            "full": limit is not None and limit[1] and one is not None and one.count >= limit[0],
        })
    return Page("runtime/list/board_sums.html", {"heads": heads})
