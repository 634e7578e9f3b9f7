"""A list in groups: heads with counts and subtotals by one statement, the rows of a group when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Request
from markupsafe import Markup
from werkzeug.wrappers import Response

from kernel import fieldtypes
from kernel.errors import BadRequest, Invalid
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.ids import is_id
from kernel.fieldtypes.options import options_of
from kernel.i18n import Text, _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import prepared
from runtime.forms.shown import TONES
from runtime.lists import personal
from runtime.records import figures, groups
from runtime.records.labels import Wanted, resolve
from runtime.records.query import Within
from runtime.records.shape import shape_of
from runtime.web import lists, totals
from runtime.web.cells import selecting
from runtime.web.columns import badge, person, state_pill
from runtime.web.filters import SYSTEM
from runtime.web.list_state import Asked, read
from runtime.web.sight import entity_of, queryable

UNITS: dict[str, Text] = {"day": _("by day"), "week": _("by week"), "month": _("by month"), "year": _("by year")}
_MOST_CLOSED = 200


def choices(ctx: Ctx, asked: Asked) -> list[tuple[str, Text]]:
    """What this list can be grouped by."""
    shape = shape_of(ctx.release, asked.entity.key)
    may = queryable(ctx, asked.entity.key)
    named: list[tuple[str, Any]] = [("state", SYSTEM["state"][1])] if asked.machine is not None else []
    named += [(f.key, f.label) for f in asked.entity.fields if f.key in may]
    named += [(key, SYSTEM[key][1]) for key in ("owner", "team", "created_at", "updated_at")]
    found: list[tuple[str, Text]] = []
    for key, label in named:
        if groups.kind_of(shape, key):
            found.append((key, label))
        elif groups.kind_of(shape, f"{key}:month"):
            found += [(f"{key}:{unit}", _("{label} {unit}", label=label, unit=words)) for unit, words in UNITS.items()]
    return found


def context(ctx: Ctx, asked: Asked) -> dict[str, Any]:
    """The heads of the groups, in the natural order of what they are grouped by."""
    columns = lists.columns(ctx, asked)
    heads = lists.header(asked, columns)
    found: dict[str, Any] = {"columns": heads, "rows": [], "next_url": None, "refusal": None, "selecting": selecting(ctx.language)}
    wanted = totals.chosen(asked, columns)
    try:
        made = figures.in_groups(ctx, asked.entity.key, asked.list_query(()), asked.group, wanted)
    except (Invalid, Unreadable) as error:
        return {**found, "refusal": lists.refusal_words(error, ctx.language)}
    except figures.TooSlow:
        return {**found, "refusal": _("There are too many records to group them quickly. Narrow the list first.")}
    cut = len(made) > figures.MOST_GROUPS
    named = _named(ctx, asked, made[: figures.MOST_GROUPS])
    shown = [
        {
            "value": group.value, "id": f"g{n}", "label": label, "text": text, "count": group.count, "open": _mark(group.value) not in asked.layout.closed,
            "cells": [totals.words(ctx, asked, group.figures.get(c.key)) for c in columns],
            "url": _url(asked, group.value),
        }
        for n, (group, label, text) in enumerate(named)
    ]
    return {**found, "groups": shown, "cut": cut, "rows": shown}


def _mark(value: str | None) -> str:
    return "" if value is None else value[:100]


def _url(asked: Asked, value: str | None) -> str:
    url = asked.url("/group", cursor=None)
    given = {"by": asked.group, **({"blank": "1"} if value is None else {"value": value})}
    return f"{url}{'&' if '?' in url else '?'}{urlencode(given)}"


def rows(ctx: Ctx, request: Request, entity: str) -> Page:
    """The rows of one group, page by page."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    value = None if "blank" in request.args else request.args.get("value", "")[:200]
    by = request.args.get("by", "")[:100]
    found = lists.rows(ctx, asked, Within(by, value), "/group")
    if found["next_url"]:
        given = {"by": by, **({"blank": "1"} if value is None else {"value": value})}
        found["next_url"] += f"&{urlencode(given)}"
    return Page("runtime/list/rows.html", {**lists.frame(ctx, asked), **found})


def keep_open(ctx: Ctx, request: Request, entity: str) -> Any:
    """Remember for this person which groups are closed."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    value, is_open = request.form.get("value", "")[:100], request.form.get("open")
    if is_open not in ("0", "1"):
        raise BadRequest(_("Say whether the group is open."))
    rest = [v for v in asked.layout.closed if v != value]
    closed = rest if is_open == "1" else [value, *rest]
    personal.keep_layout(ctx, entity, asked.lens.key, replace(asked.layout, closed=tuple(closed[:_MOST_CLOSED])))
    return Response("", 204)


def _named(ctx: Ctx, asked: Asked, made: Sequence[figures.Group]) -> list[tuple[figures.Group, Any, str]]:
    """The groups in order, each with its head as mark-up and as plain words."""
    shape = shape_of(ctx.release, asked.entity.key)
    key, _colon, unit = asked.group.partition(":")
    kind = groups.kind_of(shape, asked.group)
    nothing = _("Nothing entered").to(ctx.language)
    order: dict[str, Any] = {}
    heads: dict[str, tuple[Any, str]] = {}
    if kind == "state" and key == "state" and asked.machine is not None:
        for n, state in enumerate(asked.machine.states):
            order[state.key], heads[state.key] = n, (state_pill(ctx, asked.machine, state.key), state.label.to(ctx.language))
    elif kind in ("choice", "state"):
        field = shape.fields[key].field
        for n, option in enumerate(options_of(fieldtypes.of(field).shape(field))):
            label = option.label.to(ctx.language)
            tone = TONES.get(getattr(option, "colour", None) or "")
            order[option.key], heads[option.key] = n, (badge(label, tone) if tone else label, label)
    elif kind == "boolean":
        for n, (value, answer) in enumerate((("1", _("Yes")), ("0", _("No")))):
            order[value], heads[value] = n, (answer.to(ctx.language), answer.to(ctx.language))
    elif kind in ("reference", "user", "team"):
        target = {"owner": "person", "team": "team"}.get(key) or prepared(ctx, shape.fields[key].field).refers_to
        wanted = Wanted()
        wanted.add(target, tuple(g.value for g in made if g.value and is_id(g.value)))
        for id_, label in resolve(ctx, wanted).items():
            order[id_], heads[id_] = label, (person(label, id_) if target == "person" else label, label)
    else:
        for group in made:
            if group.value is not None:
                words = _day_words(group.value, unit, ctx.language)
                order[group.value], heads[group.value] = group.value, (words, words)
    down = bool(asked.order) and asked.order[0] == f"-{key}"
    unknown = _("Not visible to you").to(ctx.language)
    found = [(g, *(heads.get(g.value, (unknown, unknown)) if g.value is not None else (Markup('<span class="muted">{}</span>').format(nothing), nothing))) for g in made]
    filled = sorted((f for f in found if f[0].value in order), key=lambda f: order[f[0].value], reverse=down)
    return [*filled, *(f for f in found if f[0].value is not None and f[0].value not in order), *(f for f in found if f[0].value is None)]


def _day_words(value: str, unit: str, language: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    if unit == "year":
        return f"{day.year} 年" if language == "zh" else str(day.year)
    if unit == "month":
        return f"{day.year} 年 {day.month} 月" if language == "zh" else f"{day:%B} {day.year}"
    if unit == "week":
        return to_text(_("Week of {day}", day=day.isoformat()), language)
    return day.isoformat()

