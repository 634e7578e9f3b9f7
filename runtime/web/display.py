"""How one person has a list shown: columns and their order, widths, grouping, figures, density."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Request, redirect
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kernel import fieldtypes
from kernel.i18n import _
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx, read_object
from runtime.forms.prepare import prepared
from runtime.lists import arrangement, personal
from runtime.lists.personal import Layout
from runtime.web import grouped, lists, totals
from runtime.web.columns import column_of, full_label
from runtime.web.list_state import Asked, read
from runtime.web.sight import entity_of, over

MOST_HOPS = 12  # references whose fields are offered as columns
DENSITIES = {"": _("As everywhere"), "comfortable": _("Roomy"), "compact": _("Compact")}


def show(ctx: Ctx, request: Request, entity: str) -> Page:
    """The panel."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    columns = lists.columns(ctx, asked)
    able = {c.key for c in totals.able(ctx, asked, columns)}
    chosen = totals.chosen(asked, columns)
    return Page("runtime/list/display.html", {
        **over(request), "asked": asked, "base_url": asked.base, "table": asked.look == "table",
        "columns": [{"key": c.key, "label": full_label(asked.entity, c), "able": c.key in able, "how": chosen.get(c.key, "")} for c in columns],
        "offered": offered(ctx, asked, {c.key for c in columns}), "hows": [("", _("No figure")), *totals.HOWS.items()],
        "groups": [("", _("Not grouped")), *grouped.choices(ctx, asked)], "densities": list(DENSITIES.items()),
        "action": asked.url("/layout", cursor=None), "reset": asked.url("/layout/reset", cursor=None)})


def offered(ctx: Ctx, asked: Asked, shown: set[str]) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Further columns, by where they come from: the record itself, then what it refers to, one hop deep."""
    entity, rights = asked.entity, rights_of(ctx.release, ctx.actor)
    readable = rights.entity(entity.key).readable_ever()

    def of(names: list[str]) -> list[tuple[str, Any]]:
        made = (column_of(ctx, entity, name, asked.machine, readable) for name in names if name not in shown)
        return [(c.key, c.label) for c in made if c is not None]

    system = ["state", "state_since", "owner", "team", "created_at", "updated_at"]
    found: list[tuple[Any, list[tuple[str, Any]]]] = [(entity.label, of([*(f.key for f in entity.fields), *system]))]
    for field in entity.fields:
        if field.type not in ("reference", "user", "team") or field.key not in readable or len(found) > MOST_HOPS:
            continue
        target = prepared(ctx, field).refers_to
        other = ctx.app.entities.get(target or "")
        if other is None or not rights.entity(other.key).any("read"):
            continue
        names = [f"{field.key}.{f.key}" for f in other.fields if f.type in fieldtypes.BUILTIN and f.type not in ("rows", "referring", "references")]
        found.append((field.label, of(names)))
    return [(label, columns) for label, columns in found if columns]


def save(ctx: Ctx, request: Request, entity: str) -> Response:
    """Keep what was chosen, for this person and this view."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    layout = asked.layout
    if request.is_json:
        # A column was drawn to another width: nothing else changes.
        widths = {**layout.widths, **arrangement.read_widths(read_object(request).get("widths"))}
        personal.keep_layout(ctx, entity, asked.lens.key, replace(layout, widths=widths))
        return Response("", 204)
    form = request.form
    columns = arrangement.read_columns(form.getlist("columns"))
    hows = {name[6:]: value for name, value in form.items() if name.startswith("total-") and value}
    density = form.get("density", "")
    layout = replace(
        layout, columns=columns or layout.columns, totals=arrangement.read_totals({k: v for k, v in hows.items() if k in columns}) or {},
        group=arrangement.read_group(form.get("group", "")), density=arrangement.read_density(density),
        closed=layout.closed if form.get("group", "") == asked.group else ())
    personal.keep_layout(ctx, entity, asked.lens.key, layout)
    own = replace(asked.own, layouts={**asked.own.layouts, asked.lens.key: layout})
    return _go(request, replace(asked, own=own, group=layout.group or "", cursor=None).url())


def reset(ctx: Ctx, request: Request, entity: str) -> Response:
    """Back to what the view says; with ``widths`` those of the columns too."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    if "widths" in request.form or not asked.layout.widths:
        personal.forget_layout(ctx, entity, asked.lens.key)
    else:
        personal.keep_layout(ctx, entity, asked.lens.key, Layout(widths=asked.layout.widths))
    return _go(request, read(ctx, asked.entity, MultiDict([("view", asked.lens.key)])).url())


def _go(request: Request, place: str) -> Response:
    return Response("", 204, headers={"HX-Redirect": place}) if is_htmx(request) else redirect(place, 303)
