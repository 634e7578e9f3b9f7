"""Lists: views as tabs, filters in words, rows by cursor, totals apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Request
from werkzeug.datastructures import MultiDict

from kernel.errors import FangyuanError, Invalid, Message
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.ids import is_id
from kernel.i18n import Text, _, to_text
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.clocks.sql import ROOT
from runtime.lists.saved import may_change
from runtime.records import query
from runtime.records.labels import Wanted, resolve
from runtime.records.query import Within
from runtime.web import clocks, list_menu, looks
from runtime.web import filters as conditions
from runtime.web.bulk import bar as bulk_bar
from runtime.web.cells import Cells, selecting
from runtime.web.columns import Column, columns_of, keys, looked_up
from runtime.web.highlight import marked
from runtime.web.list_state import PAGE, Asked, Lens, lenses, read, views_of
from runtime.web.sight import creatable, entity_of, files_in, queryable, surroundings, wants_fragment

SHORTCUTS = (
    ("/", _("Search in this list")), ("↑ ↓", _("From row to row")), ("Enter", _("Open the record")), ("X", _("Select the row")),
    ("← →", _("From cell to cell")), ("F2", _("Change the value in its cell")),
)
QUICK = {"overdue": "alert-triangle", "soon": "clock", "paused": "player-pause"}
MOST_TABS = 7  # of saved views; the rest stand behind "more"


def show(ctx: Ctx, request: Request, entity: str) -> Page:
    """The list page, its rows alone (for scrolling), or its body (for filters)."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    if asked.look != "table":
        return _other_look(ctx, request, asked)
    fragment = wants_fragment(request)
    if asked.group and not asked.cursor:
        from runtime.web import grouped

        context = {**frame(ctx, asked), **grouped.context(ctx, asked)}
    else:
        context = {**frame(ctx, asked), **rows(ctx, asked)}
    context["gone"] = given if is_id(given := request.args.get("gone", "")) else None
    template = "runtime/list/page.html"
    if fragment:
        template = "runtime/list/rows.html" if asked.cursor else "runtime/list/body.html"
    return Page(template, context)


def _other_look(ctx: Ctx, request: Request, asked: Asked) -> Page:
    from runtime.web import board, calendar, gallery, gantt

    pages: Mapping[str, Callable[[Ctx, Request, Asked], Page]] = {"board": board.page, "calendar": calendar.page, "timeline": gantt.page, "gallery": gallery.page}
    return pages[asked.look](ctx, request, asked)


def frame(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    """Everything around the rows: tabs, chips, actions. Asks the database nothing but the names of chosen records."""
    entity = asked.entity
    labels = labels_of(ctx, asked)
    saved = asked.lens.saved
    return {
        "entity": entity, "asked": asked, **_tabs(ctx, asked), "chips": _chips(ctx, asked, labels), "clock_chips": _clock_chips(asked), "bulk": bulk(ctx, asked),
        "can_create": entity.key in creatable(ctx), "base_url": asked.base, "looks": (ways := _looks(ctx, asked)), "look_items": [{**way, "checked": way["active"], "attrs": {}} for way in ways],
        "joiner": _("or"), "removed": [i for i in asked.removed if is_id(i)], "counted": False, "title_label": entity.label,
        "menu": list_menu.items(ctx, asked), "may_save": saved is not None and may_change(ctx, saved), "groups": None,
        "gone": None, "shortcuts": json.dumps([[keys, words.to(ctx.language)] for keys, words in SHORTCUTS], ensure_ascii=False),
    }


def _tabs(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    """The application's views, then saved ones; what doesn't fit stands behind "more". The open one is always a tab."""
    tabs: list[dict[str, Any]] = []
    more: list[dict[str, Any]] = []
    for lens in lenses(ctx, asked.entity, asked.own):
        active = lens.key == asked.lens.key
        item = {"label": lens.label, "href": asked.at(lens).url(), "active": active, "lens": lens}
        if lens.saved is None or active or sum(1 for t in tabs if t["lens"].saved) < MOST_TABS:
            tabs.append(item)
        else:
            more.append({"label": lens.label, "href": item["href"], "icon": _ICONS[lens.saved.audience]})
    return {"tabs": tabs, "more_views": more}


def _looks(ctx: Ctx, asked: Asked) -> list[dict[str, Any]]:
    """The switch between the looks that this list has fields for; none where there is but one."""
    known = looks.looks_of(ctx, asked.entity, views_of(ctx, asked.entity))
    if len(known) < 2:
        return []
    return [
        {"label": label, "href": asked.url(look=key, cursor=None, on="", scale="", by=""), "icon": icon, "active": asked.look == key, "attrs": {"title": label.to(ctx.language)}}
        for key, (label, icon) in looks.LOOKS.items() if key in known
    ]


_ICONS = {"me": "user", "team": "users", "all": "world"}


def bulk(ctx: Ctx, asked: Asked) -> list[dict[str, Any]]:
    """What can be done with selected rows."""
    return bulk_bar.actions(ctx, asked.entity, asked.url("/bulk", cursor=None))


def _chips(ctx: Ctx, asked: Asked, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    chips = []
    saved_base = asked.view if asked.lens.saved is not None else None
    if saved_base is not None and saved_base.where:
        chips.append({"subject": _("From the view"), "values": [saved_base.label.to(ctx.language)], "remove": asked.url(based=False, cursor=None), "edit": None})
    form = asked.url("/filter", cursor=None)
    form += "&" if "?" in form else "?"
    for f in asked.filters:
        if f.field == ROOT and f.op == "in" and set(f.values) <= set(QUICK):
            continue  # a chip of its own
        head, values = conditions.words(f, asked.subjects[f.field], labels, ctx.language)
        rest = tuple(other for other in asked.filters if other is not f)
        chips.append({"subject": head, "values": values, "remove": asked.url(filters=rest, cursor=None), "edit": f"{form}{urlencode({'edit': str(f)})}"})
    if asked.where and not (asked.closed and asked.kept_where):
        chips.append({"subject": _("Condition"), "values": [asked.where], "remove": asked.url(where="", cursor=None), "edit": f"{form}typed=1"})
    return chips


def _clock_chips(asked: Asked) -> list[dict[str, Any]]:
    """One tap for what people look for most where something is promised: what is overdue, running short or paused, and the order of time left."""
    if ROOT not in asked.subjects:
        return []
    now = next((f for f in asked.filters if f.field == ROOT and f.op == "in"), None)
    others = tuple(f for f in asked.filters if f is not now)
    chips = []
    for state, icon in QUICK.items():
        on = now is not None and state in now.values
        values = tuple(v for v in (now.values if now else ()) if v != state) + (() if on else (state,))
        filters = (*others, conditions.Filter(ROOT, "in", values)) if values else others
        chips.append({"label": conditions.CLOCKS[state], "icon": icon, "href": asked.url(filters=filters, cursor=None), "pressed": on})
    by_time = asked.sort == f"{ROOT}.due"
    chips.append({"label": _("Least time first"), "icon": "arrows-sort", "href": asked.url(sort="" if by_time else f"{ROOT}.due", cursor=None), "pressed": by_time})
    return chips


def labels_of(ctx: Ctx, asked: Asked) -> Mapping[str, str]:
    """What the records in the filters are called."""
    wanted = Wanted()
    for f in asked.filters:
        subject = asked.subjects[f.field]
        if subject.kind in ("record", "records"):
            wanted.add(subject.target, tuple(v for v in f.values if v != "me" and is_id(v)))
    return resolve(ctx, wanted)


def columns(ctx: Ctx, asked: Asked) -> list[Column]:
    """The columns of the list as it is asked for."""
    readable = rights_of(ctx.release, ctx.actor).entity(asked.entity.key).readable_ever()
    return columns_of(ctx, asked.entity, asked.view, asked.machine, readable, asked.columns)


def rows(ctx: Ctx, asked: Asked, within: Within | None = None, next_path: str = "", limit: int = PAGE) -> dict[str, Any]:
    """One page of rows; a refused condition becomes a message instead of rows."""
    entity = asked.entity
    shown_columns = columns(ctx, asked)
    try:
        found = query.list_records(ctx, entity.key, asked.list_query(keys(shown_columns), within=within, limit=limit))
    except (Invalid, Unreadable) as error:
        return {"columns": header(asked, shown_columns), "rows": [], "next_url": None, "refusal": refusal_words(error, ctx.language)}
    heads = header(asked, shown_columns)
    shown = drawn(ctx, asked, found, shown_columns, heads)
    next_url = replace(asked, cursor=found.next_cursor).url(next_path) if found.next_cursor else None
    return {"columns": heads, "rows": shown, "next_url": next_url, "refusal": None, "selecting": selecting(ctx.language)}


def drawn(ctx: Ctx, asked: Asked, found: query.Listing, shown: Sequence[Column], heads: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a listing, their cells drawn."""
    entity = asked.entity
    records = [i.record for i in found.items]
    extra, more_labels = looked_up(ctx, entity, shown, records)
    around = surroundings(ctx, {**found.labels, **more_labels}, files_in(ctx, entity, (r.values for r in records)))
    cells = Cells(ctx, shown, heads, asked.machine, around, asked.q)
    clocks_of = clocks.pills(ctx, entity.key, {item.record.id: item.readable for item in found.items}, around.reader)
    return [
        {"id": item.record.id, "version": item.record.version, "title": item.title, "marked": marked(item.title, asked.q) or _("Without a name"), "href": f"{asked.base}/{item.record.id}",
         "cells": cells.of(item.record, item.readable, extra.get(item.record.id)), "clock": clocks_of.get(item.record.id)}
        for item in found.items
    ]


def header(asked: Asked, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The heads of the columns; a click sorts, a second one turns the order round."""
    first = asked.order[0] if asked.order else ""
    allowed = queryable(asked.ctx, asked.entity.key)
    writable = rights_of(asked.ctx.release, asked.ctx.actor).entity(asked.entity.key).writable_ever()
    found: list[dict[str, Any]] = []
    for column in columns:
        down = first == f"-{column.key}"
        up = first == column.key
        sortable = column.sortable and (column.prepared is None or column.key in allowed)
        edit = column.prepared is not None and len(column.path) == 1 and column.key in writable and in_place(column)
        found.append({
            "key": column.key, "label": column.label, "align": "end" if column.end else None, "sort": "desc" if down else "asc" if up else None,
            "sort_href": asked.url(sort=column.key if not up else f"-{column.key}", cursor=None) if sortable else None,
            "sort_attrs": {}, "width": None, "phone": "end" if not found else "meta" if len(found) < 4 else "hide",
            "px": asked.widths.get(column.key), "edit": edit, "closed": None if edit else closed_words(asked, column, writable),
        })
    return found


def in_place(column: Column) -> bool:
    """Whether a cell of this column is big enough to be edited in."""
    p = column.prepared
    return p is not None and p.type.writable and p.field.type not in ("rows", "referring", "signature", "address") and p.type.group != "file"


def closed_words(asked: Asked, column: Column, writable: frozenset[str]) -> Message | None:
    """Why a value is not changed in its cell, in a word; the whole story is one key away. None where a cell is too small for its control."""
    if column.prepared is None:
        return None
    if len(column.path) > 1:
        head = asked.entity.by_key[column.path[0]]
        words = _("Belongs to “{reference}” and is changed there") if column.prepared.type.writable else _("Worked out in “{reference}”")
        return Text(words.msgid, {"reference": head.label})
    if not column.prepared.type.writable:
        return _("Worked out by the system")
    return None if column.key in writable else _("You may read this, but not change it")


def refusal_words(error: Exception, language: str) -> str:
    """Why a condition can't be used."""
    if isinstance(error, Invalid):
        return "; ".join(to_text(p.message, language) + (" " + to_text(p.hint, language) if p.hint else "") for p in error.problems)
    message: Message = error.message if isinstance(error, (Unreadable, FangyuanError)) else _("This filter can't be used.")
    return to_text(message, language)


def total(ctx: Ctx, request: Request, entity: str) -> Page:
    """The number of records, counted apart from the rows and never longer than a moment."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    try:
        found = query.count(ctx, entity, asked.list_query(()))
    except (Invalid, Unreadable):
        found = None
    return Page("runtime/list/total.html", {"count": found})


def tabs(ctx: Ctx, request: Request, entity: str) -> Page:
    """The tabs again, with how many records stand behind each."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    context = frame(ctx, asked)
    for tab in context["tabs"]:
        other = asked if tab["active"] and not asked.narrowed else _seen_as(ctx, asked, tab["lens"])
        try:
            found = query.count(ctx, entity, other.list_query(()))
        except (Invalid, Unreadable):
            continue
        tab["count"] = f"{found.total}+" if found.at_least else found.total
    return Page("runtime/list/tabs.html", {**context, "counted": True})


def _seen_as(ctx: Ctx, asked: Asked, lens: Lens) -> Asked:
    """Another view exactly as it would open: with what is closed to the reader in it."""
    return read(ctx, asked.entity, MultiDict([("view", lens.key)]), own=asked.own)


__all__ = [
    "PAGE", "Asked", "Lens", "columns", "drawn", "frame", "header", "in_place", "marked", "read", "refusal_words", "rows", "show", "tabs", "total",
    "views_of",
]
