"""Records of other kinds that refer to a record: a tab per reference, filled when it is seen; made, linked and found from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Request, redirect
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kernel.errors import Forbidden, Invalid, Message, NotFound, Problem, Stale
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _, to_text
from kernel.model.application import Application
from kernel.model.elements import Entity, Field, Machine
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from kernel.web.routes import json_response
from runtime.forms.layout import layout_of
from runtime.records import query, reading, road
from runtime.records.record import Input
from runtime.web.cells import Cells
from runtime.web.columns import Column, column_of, columns_of, keys
from runtime.web.highlight import marked
from runtime.web.list_state import read, views_of
from runtime.web.lists import header
from runtime.web.sight import base_of, creatable, entity_of, files_in, over, queryable, surroundings

if TYPE_CHECKING:
    from runtime.web.record import Open

FIRST, MORE = 10, 50
MOST_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Via:
    """A way by which records of ``entity`` point here: a reference, one of many, or one in a row of a sub-form."""

    entity: Entity
    field: Field

    @property
    def name(self) -> str:
        return f"{self.field.parent_field}.{self.field.key}" if self.field.parent_field else self.field.key

    @property
    def id(self) -> str:
        return f"rel-{self.entity.key}-{self.name.replace('.', '-')}"

    @property
    def many(self) -> bool:
        return self.field.type == "references"

    def where(self, id_: str) -> str:
        """The condition that finds them."""
        key = self.field.key
        if self.field.parent_field:
            return f'ANY({self.field.parent_field}, {key}.id = "{id_}")'
        return f'ANY({key}, id = "{id_}")' if self.many else f'{key}.id = "{id_}"'

    def all_url(self, base: str, id_: str) -> str:
        """The list with nothing but them."""
        plain = not self.many and not self.field.parent_field
        query_ = {"f": f"{self.field.key}.in.{id_}"} if plain else {"where": self.where(id_)}
        return f"{base}/e/{self.entity.key}?{urlencode(query_)}"


def ways(ctx: Ctx, entity: str) -> tuple[Via, ...]:
    """Every way the reader may look along: the field must be readable in all records they can see of that kind."""
    found = []
    for field in _referring(ctx.app).get(entity, ()):
        other = ctx.app.entities[field.entity]
        names = {field.key} if not field.parent_field else {field.parent_field, f"{field.parent_field}.{field.key}"}
        if names <= queryable(ctx, other.key):
            found.append(Via(other, field))
    return tuple(found)


def _referring(app: Application) -> dict[str, list[Field]]:
    """References by target, those in rows of sub-forms too."""
    known: dict[str, list[Field]] | None = app.__dict__.get("_referring_anywhere")
    if known is None:
        known = {target: list(fields) for target, fields in app.referring.items()}
        for entity in app.entities.values():
            for rows in (f for f in entity.fields if f.type == "rows"):
                for cell in rows.fields:
                    if cell.type == "reference" and cell.settings.get("to"):
                        known.setdefault(cell.settings["to"], []).append(cell)
        app.__dict__["_referring_anywhere"] = known
    return known


def tabs(ctx: Ctx, shown: Open) -> list[dict[str, Any]]:
    """The tabs, without a look at the database: lists and numbers come when they are seen."""
    found = ways(ctx, shown.entity.key)
    names = [label_of(ctx, shown, via) for via in found]
    texts = [to_text(name, ctx.language) for name in names]
    return [
        {"id": via.id, "entity": via.entity.key, "url": f"{shown.url}/related/{via.entity.key}/{via.name}",
         "label": names[n] if texts.count(texts[n]) == 1 else _("{label} ({field})", label=via.entity.label, field=via.field.label)}
        for n, via in enumerate(found)]


def label_of(ctx: Ctx, shown: Open, via: Via) -> Message:
    """What the records are called here: as the record's own field for them, else as their kind."""
    own = _own_field(shown.entity, via)
    return own.label if own is not None and own.key in shown.seen.readable else via.entity.several


def _own_field(entity: Entity, via: Via) -> Field | None:
    """The field of this entity that stands for the records coming along ``via``."""
    return next((f for f in entity.fields if f.type == "referring" and f.settings.get("from") == f"{via.entity.key}.{via.name}"), None)


def counts(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """The tabs once more with how many stand behind each; counting stops early, as everywhere."""
    shown = _open(ctx, entity, id)
    found = tabs(ctx, shown)
    for tab, via in zip(found, ways(ctx, entity), strict=True):
        count = query.count(ctx, via.entity.key, query.ListQuery(where=query.read_where(ctx, via.entity.key, via.where(id))))
        tab["count"] = f"{count.total}+" if count.at_least else count.total
    return Page("runtime/record/related_tabs.html", {"related": found, "counted": True, "url": shown.url})


def show(ctx: Ctx, request: Request, entity: str, id: str, other: str, field: str) -> Page:
    """One of the lists; with ``part=rows`` its rows alone, for the quick filter and for more of them."""
    shown = _open(ctx, entity, id)
    via = _via(ctx, entity, other, field)
    part = request.args.get("part") == "rows"
    q = request.args.get("q", "").strip()[:200]
    limit = MORE if request.args.get("more") else FIRST
    asked = read(ctx, via.entity, MultiDict(), plain=True)
    columns = _columns(ctx, shown.entity, via, asked.machine)
    where = query.read_where(ctx, other, via.where(id))
    sort = asked.view.sort if asked.view is not None and asked.view.sort else ("-created_at",)
    found = query.list_records(ctx, other, query.ListQuery(where=where, sort=sort, fields=keys(columns), q=q, limit=limit))
    around = surroundings(ctx, found.labels, files_in(ctx, via.entity, (i.record.values for i in found.items)))
    base = base_of(ctx)
    heads = [{**h, "sort_href": None, "sort": None} for h in header(asked, columns)]
    cells = Cells(ctx, columns, heads, asked.machine, around)
    rows = [
        {"id": i.record.id, "title": i.title or _("Without a name"), "marked": marked(i.title, q) or _("Without a name"),
         "href": f"{base}/e/{other}/{i.record.id}", "cells": cells.of(i.record, i.readable)} for i in found.items]
    place = f"{shown.url}/related/{other}/{field}"
    more = f"{place}?{urlencode({'part': 'rows', 'more': 1, **({'q': q} if q else {})})}" if found.next_cursor and limit == FIRST else None
    template = "runtime/record/related_rows.html" if part else "runtime/record/related.html"
    return Page(template, {
        "rows": rows, "columns": heads, "table_id": via.id + "-table", "title_label": via.entity.label, "url": place, "q": q, "more_url": more,
        "beyond": found.next_cursor is not None and limit == MORE, "all_url": via.all_url(base, id),
        "create_url": _create_url(ctx, via, id), "link_url": f"{place}/link" if _may_link(ctx, via) else None})


def _columns(ctx: Ctx, here: Entity, via: Via, machine: Machine | None) -> Sequence[Column]:
    """The columns the application names for this place, else those of the first list, without the way back."""
    readable = queryable(ctx, via.entity.key)
    own = _own_field(here, via)
    named = tuple(own.settings.get("columns") or ()) if own is not None else ()
    if named:
        found = [c for name in named if (c := column_of(ctx, via.entity, name, machine, readable)) is not None]
    else:
        views = views_of(ctx, via.entity)
        found = columns_of(ctx, via.entity, views[0] if views else None, machine, readable)
    in_title = {f.key for f in via.entity.fields if via.entity.title == "{" + f.key + "}"}
    return [c for c in found if c.path[0] != via.field.key and c.key not in in_title and len(c.path) == 1][:MOST_COLUMNS]


def _create_url(ctx: Ctx, via: Via, id_: str) -> str | None:
    """The form of a new one with the reference filled in and locked, where the form has that field for this person."""
    other = via.entity.key
    if via.field.parent_field or other not in creatable(ctx):
        return None
    rights = rights_of(ctx.release, ctx.actor).entity(other)
    stands = any(f.key == via.field.key for f in layout_of(ctx.release, other, ctx.actor.roles).fields)
    if not stands or via.field.key not in rights.creatable:
        return None
    return f"{base_of(ctx)}/e/{other}/new?{urlencode({via.field.key: id_, 'lock': via.field.key})}"


def _may_link(ctx: Ctx, via: Via) -> bool:
    rights = rights_of(ctx.release, ctx.actor).entity(via.entity.key)
    return not via.field.parent_field and rights.any("update") and via.field.key in rights.writable_ever()


# --- linking what is there already ------------------------------------------------------------------------------------


def link_form(ctx: Ctx, request: Request, entity: str, id: str, other: str, field: str) -> Page:
    """Which one?"""
    shown = _open(ctx, entity, id)
    return _link_page(ctx, request, shown, _linkable(ctx, entity, other, field))


def _link_page(ctx: Ctx, request: Request, shown: Open, via: Via, error: str | None = None, chosen: str | None = None) -> Page:
    place = f"{shown.url}/related/{via.entity.key}/{via.name}"
    title = reading.get(ctx, via.entity.key, chosen).title if chosen and error else None
    context = {
        **over(request), "action": f"{place}/link", "lookup": f"{place}/candidates", "label": via.entity.label, "note": shown.seen.title, "error": error,
        "chosen": [(chosen, title)] if title else []}
    return Page("runtime/record/link.html", context, status=422 if error else 200)


def link(ctx: Ctx, request: Request, entity: str, id: str, other: str, field: str) -> Page | Response:
    """Let the chosen record refer to this one, by the road and with its rules; what stands against it is said in the dialog."""
    shown = _open(ctx, entity, id)
    via = _linkable(ctx, entity, other, field)
    chosen = request.form.get("record", "")
    try:
        if not is_id(chosen):
            raise Invalid([Problem("required", _("Choose a record."), "record")])
        seen = reading.get(ctx, other, chosen)
        before = seen.record.values.get(field)
        value = list(dict.fromkeys([*(before or ()), id])) if via.many else id
        road.update(ctx, other, chosen, Input({field: value}), version=seen.record.version)
    except (Invalid, Forbidden, Stale, NotFound) as error:
        if not is_htmx(request):
            raise
        said = [p.message for p in error.problems] if isinstance(error, Invalid) else [error.message, error.hint]
        words = " ".join(to_text(part, ctx.language) for part in said if part)
        return _link_page(ctx, request, shown, via, words, chosen if is_id(chosen) and not isinstance(error, NotFound) else None)
    if not is_htmx(request):
        return redirect(f"{shown.url}#{via.id}", 303)
    from runtime.web.edit import trigger

    events = {
        "related-changed": {"entity": other}, "dialog-close": {},
        "toast": {"text": _("“{title}” is linked.", title=seen.title).to(ctx.language), "tone": "ontime"}}
    return Response("", 200, headers={"HX-Trigger": trigger(events)})


def candidates(ctx: Ctx, request: Request, entity: str, id: str, other: str, field: str) -> Any:
    """``?q=``: records that could refer to this one and don't, with what they refer to now."""
    _open(ctx, entity, id)
    via = _linkable(ctx, entity, other, field)
    text = f"NOT({via.where(id)})" if via.many else f'OR(ISBLANK({field}), {field}.id <> "{id}")'
    q = request.args.get("q", "").strip()[:200]
    found = query.list_records(ctx, other, query.ListQuery(where=query.read_where(ctx, other, text), fields=(field,), q=q, limit=20))
    options = []
    for item in found.items:
        now = item.record.values.get(field) if not via.many else None
        note = _("now: {title}", title=found.labels.get(now) or "—").to(ctx.language) if now else None
        options.append({"value": item.record.id, "text": item.title, "note": note})
    return json_response({"options": options, "more": found.next_cursor is not None})


def _linkable(ctx: Ctx, entity: str, other: str, field: str) -> Via:
    via = _via(ctx, entity, other, field)
    if not _may_link(ctx, via):
        raise NotFound()
    return via


def _via(ctx: Ctx, entity: str, other: str, field: str) -> Via:
    entity_of(ctx, other)
    found = next((via for via in ways(ctx, entity) if via.entity.key == other and via.name == field), None)
    if found is None:
        raise NotFound()
    return found


def _open(ctx: Ctx, entity: str, id_: str) -> Open:
    from runtime.web.record import open_record

    return open_record(ctx, entity, id_)
