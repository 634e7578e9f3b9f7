"""Lists: views as tabs, filters in words, rows by cursor, totals apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Request
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from kernel.errors import FangyuanError, Invalid, Message
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _, to_text
from kernel.model.elements import Entity, Machine, View
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import prepared, reader_of
from runtime.records import query
from runtime.records.labels import Wanted, resolve
from runtime.web import filters as conditions
from runtime.web import looks
from runtime.web.cells import Cells, selecting
from runtime.web.columns import Column, columns_of, keys, looked_up
from runtime.web.filters import Filter, Subject
from runtime.web.sight import base_of, creatable, entity_of, files_in, queryable, surroundings, wants_fragment

PAGE = 50


@dataclass(frozen=True)
class Asked:
    """What an address asks for: view, filters, quick search, order, look. Everything stands in the address, so that "back" keeps it."""

    ctx: Ctx
    entity: Entity
    view: View | None
    filters: tuple[Filter, ...] = ()
    where: str = ""
    q: str = ""
    sort: str = ""
    look: str = "table"
    cursor: str | None = None
    removed: tuple[str, ...] = ()
    also: int = 0
    on: str = ""
    scale: str = ""
    by: str = ""

    @property
    def base(self) -> str:
        return f"{base_of(self.ctx)}/e/{self.entity.key}"

    def url(self, path: str = "", **changes: Any) -> str:
        """The address of the same list with something changed."""
        other = replace(self, **changes) if changes else self
        args: list[tuple[str, str]] = []
        views = views_of(self.ctx, self.entity)
        if other.view is not None and (not views or other.view is not views[0]):
            args.append(("view", other.view.key))
        args += [("f", str(f)) for f in other.filters]
        args += [(name, value) for name, value in (("where", other.where), ("q", other.q), ("sort", other.sort)) if value]
        usual = other.view.as_ if other.view is not None else "table"
        if other.look != usual:
            args.append(("as", other.look))
        if other.look != "table":
            args += [(name, value) for name, value in (("on", other.on), ("scale", other.scale), ("by", other.by)) if value]
        if other.cursor:
            args.append(("cursor", other.cursor))
        return f"{self.base}{path}" + (f"?{urlencode(args)}" if args else "")

    @cached_property
    def machine(self) -> Machine | None:
        return self.ctx.app.first_machine(self.entity.key)

    @cached_property
    def shown(self) -> looks.Look:
        """The look with what it stands on."""
        found = looks.look_of(self.ctx, self.entity, self.view, views_of(self.ctx, self.entity), self.look, self.by)
        return found or looks.Look("table", self.view, own=True)

    @cached_property
    def subjects(self) -> Mapping[str, Subject]:
        return {s.key: s for s in conditions.subjects(self.entity, self.machine, queryable(self.ctx, self.entity.key))}

    @cached_property
    def condition(self) -> str | None:
        """View, filters and typed condition as one expression. Raises Unreadable."""
        own = conditions.expression(self.filters, self.subjects, reader_of(self.ctx))
        parts = [p for p in (self.view.where if self.view else None, own, self.where.strip() or None) if p]
        return None if not parts else parts[0] if len(parts) == 1 else f"AND({', '.join(parts)})"

    @cached_property
    def order(self) -> tuple[str, ...]:
        if self.sort:
            return tuple(s for s in self.sort.split(",") if s)[:3]
        if self.view is not None and self.view.sort:
            return self.view.sort
        return self.entity.sort

    def list_query(self, fields: Sequence[str] | None, extra: str | None = None, limit: int = PAGE) -> query.ListQuery:
        """The query of the record service."""
        text = " ".join(p for p in (self.condition,) if p) or None
        if extra:
            text = f"AND({extra}, {text})" if text else extra
        where = query.read_where(self.ctx, self.entity.key, text) if text else None
        return query.ListQuery(where=where, sort=self.order, fields=fields, q=self.q, limit=limit, cursor=self.cursor)

    def rest(self, drop: Any = None, keep_q: bool = True) -> list[tuple[str, str]]:
        """Everything of the address but the filter ``drop`` (and the quick search), for forms that change one of them."""
        kept = replace(self, q=self.q if keep_q else "", cursor=None, filters=tuple(f for f in self.filters if str(f) != str(drop)))
        return parse_qsl(kept.url().partition("?")[2])

    @property
    def narrowed(self) -> bool:
        """Whether the person has narrowed the view."""
        return bool(self.filters or self.where or self.q)


def views_of(ctx: Ctx, entity: Entity) -> tuple[View, ...]:
    """The views of an entity that the actor's roles see."""
    return tuple(v for v in ctx.app.views_of(entity.key) if not v.roles or ctx.actor.roles.intersection(v.roles))


def read(ctx: Ctx, entity: Entity, args: MultiDict[str, str]) -> Asked:
    """What the address asks for; unknown views and unreadable filters fall back, as bookmarks outlive releases."""
    views = views_of(ctx, entity)
    view = next((v for v in views if v.key == args.get("view")), views[0] if views else None)
    look = args.get("as", "") or (view.as_ if view is not None else "table")
    by = args.get("by", "")[:50]
    if look != "table" and (look not in looks.LOOKS or looks.look_of(ctx, entity, view, views, look, by) is None):
        look = "table"
    known = {s.key for s in conditions.subjects(entity, ctx.app.first_machine(entity.key), queryable(ctx, entity.key))}
    wanted = tuple(f for f in conditions.read(args.getlist("f")) if f.field in known and f.op in conditions.WORDS)
    return Asked(
        ctx, entity, view, wanted, args.get("where", "")[:4096], args.get("q", "").strip()[:200], args.get("sort", "")[:200], look,
        args.get("cursor") or None, tuple(args.get("deleted", "").split(","))[:200],
        int(args["also"]) if re.fullmatch("[0-9]{1,5}", args.get("also", "")) else 0,
        args.get("on", "")[:10], args.get("scale", "")[:10], by)


def show(ctx: Ctx, request: Request, entity: str) -> Page:
    """The list page, its rows alone (for scrolling), or its body (for filters)."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    if asked.look != "table":
        return _other_look(ctx, request, asked)
    context = {**frame(ctx, asked), **rows(ctx, asked)}
    template = "runtime/list/page.html"
    if wants_fragment(request):
        template = "runtime/list/rows.html" if asked.cursor else "runtime/list/body.html"
    return Page(template, context)


def _other_look(ctx: Ctx, request: Request, asked: Asked) -> Page:
    from runtime.web import board, calendar, gallery, gantt

    pages: Mapping[str, Callable[[Ctx, Request, Asked], Page]] = {"board": board.page, "calendar": calendar.page, "timeline": gantt.page, "gallery": gallery.page}
    return pages[asked.look](ctx, request, asked)


def frame(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    """Everything around the rows: tabs, chips, actions. Asks the database nothing but the names of chosen records."""
    entity = asked.entity
    views = views_of(ctx, entity)
    rights = rights_of(ctx.release, ctx.actor).entity(entity.key)
    labels = _labels_of(ctx, asked)
    tabs = [
        {"label": v.label, "href": replace(asked, view=v, filters=(), where="", q="", sort="", look=v.as_, cursor=None, on="", scale="", by="").url(), "active": asked.view is v}
        for v in views
    ]
    bulk: list[dict[str, Any]] = []
    removed = [i for i in asked.removed if is_id(i)]
    if rights.any("assign"):
        bulk.append({"label": _("Reassign"), "icon": "user-check", "attrs": {
            "hx-post": f"{asked.base}/bulk/assign", "hx-target": "#dialog-root", "hx-swap": "innerHTML", "hx-include": "closest form"}})
    if rights.any("delete"):
        bulk.append({"label": _("Delete"), "icon": "trash", "danger": True, "attrs": {
            "hx-post": f"{asked.base}/bulk/delete", "hx-include": "closest form", "hx-swap": "none", "data-behaviour": "confirm",
            "data-confirm": _("The selected records go to the bin. This can be undone for a while.").to(ctx.language)}})
    chips = []
    for f in asked.filters:
        head, values = conditions.words(f, asked.subjects[f.field], asked.machine, labels, ctx.language)
        rest = tuple(other for other in asked.filters if other is not f)
        chips.append({
            "subject": head, "values": values, "remove": asked.url(filters=rest, cursor=None),
            "edit": f"{asked.url('/filter', cursor=None)}{'&' if '?' in asked.url('/filter', cursor=None) else '?'}{urlencode({'edit': str(f)})}",
        })
    return {
        "entity": entity, "asked": asked, "tabs": tabs, "chips": chips, "bulk": bulk,
        "can_create": entity.key in creatable(ctx), "base_url": asked.base, "looks": _looks(ctx, asked, views),
        "joiner": _("or"), "removed": removed, "counted": False, "title_label": entity.label,
    }


def _looks(ctx: Ctx, asked: Asked, views: Sequence[View]) -> list[dict[str, Any]]:
    """The switch between the looks that this list has fields for; none where there is but one."""
    known = looks.looks_of(ctx, asked.entity, views)
    if len(known) < 2:
        return []
    return [
        {"label": label, "href": asked.url(look=key, cursor=None, on="", scale="", by=""), "icon": icon, "active": asked.look == key, "attrs": {"title": label.to(ctx.language)}}
        for key, (label, icon) in looks.LOOKS.items() if key in known
    ]


def _labels_of(ctx: Ctx, asked: Asked) -> Mapping[str, str]:
    wanted = Wanted()
    for f in asked.filters:
        subject = asked.subjects[f.field]
        if subject.kind == "record":
            target = {"owner": "person", "team": "team"}.get(f.field) or (prepared(ctx, subject.field).refers_to if subject.field else None)
            wanted.add(target, tuple(v for v in f.values if v != "me" and is_id(v)))
    return resolve(ctx, wanted)


def rows(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    """One page of rows; a refused condition becomes a message instead of rows."""
    entity = asked.entity
    readable = rights_of(ctx.release, ctx.actor).entity(entity.key).readable_ever()
    columns = columns_of(ctx, entity, asked.view, asked.machine, readable)
    try:
        found = query.list_records(ctx, entity.key, asked.list_query(keys(columns)))
    except (Invalid, Unreadable) as error:
        return {"columns": header(asked, columns), "rows": [], "next_url": None, "refusal": refusal_words(error, ctx.language)}
    records = [i.record for i in found.items]
    extra, more_labels = looked_up(ctx, entity, columns, records)
    around = surroundings(ctx, {**found.labels, **more_labels}, files_in(ctx, entity, (r.values for r in records)))
    heads = header(asked, columns)
    cells = Cells(ctx, columns, heads, asked.machine, around)
    shown = [
        {"id": item.record.id, "title": item.title, "marked": marked(item.title, asked.q) or _("Without a name"), "href": f"{asked.base}/{item.record.id}",
         "cells": cells.of(item.record, item.readable, extra.get(item.record.id))}
        for item in found.items
    ]
    next_url = replace(asked, cursor=found.next_cursor).url() if found.next_cursor else None
    return {"columns": heads, "rows": shown, "next_url": next_url, "refusal": None, "selecting": selecting(ctx.language)}


def header(asked: Asked, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The heads of the columns; a click sorts, a second one turns the order round."""
    first = asked.order[0] if asked.order else ""
    allowed = queryable(asked.ctx, asked.entity.key)
    found: list[dict[str, Any]] = []
    for column in columns:
        down = first == f"-{column.key}"
        up = first == column.key
        sortable = column.sortable and (column.prepared is None or column.key in allowed)
        found.append({
            "key": column.key, "label": column.label, "align": "end" if column.end else None, "sort": "desc" if down else "asc" if up else None,
            "sort_href": asked.url(sort=column.key if not up else f"-{column.key}", cursor=None) if sortable else None,
            "sort_attrs": {}, "width": None, "phone": "end" if not found else "meta" if len(found) < 4 else "hide",
        })
    return found


def marked(text: str, q: str) -> Markup | str:
    """The text with what was searched for marked."""
    words = [re.escape(w) for w in q.split() if w][:8]
    if not words:
        return text
    pieces = re.split(f"({'|'.join(words)})", text, flags=re.IGNORECASE)
    return Markup("").join(Markup("<mark>{}</mark>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces))


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
    for tab, view in zip(context["tabs"], views_of(ctx, asked.entity), strict=True):
        other = replace(asked, view=view, filters=(), where="", q="", cursor=None)
        try:
            found = query.count(ctx, entity, other.list_query(()))
        except (Invalid, Unreadable):
            continue
        tab["count"] = f"{found.total}+" if found.at_least else found.total
    return Page("runtime/list/tabs.html", {**context, "counted": True})
