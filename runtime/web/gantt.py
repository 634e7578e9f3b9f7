"""The timeline: a bar per record from its first to its last day, in bands by person or field, over two weeks, a month or a quarter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Request

from kernel.errors import Invalid
from kernel.fieldtypes.base import Reader, Unreadable
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.shown import state_category
from runtime.forms.when import WEEKDAYS
from runtime.records import query
from runtime.web import dates
from runtime.web.calendar import month_words, value_at
from runtime.web.columns import state_pill
from runtime.web.dates import DAY, Range
from runtime.web.faces import Face, Faces
from runtime.web.groups import Grouping
from runtime.web.lists import Asked, frame, refusal_words
from runtime.web.looks import ground_of, label_of
from runtime.web.sight import wants_fragment

PAGE = 60
BEYOND = 2
SCALES = ("week", "month", "quarter")
NONE = "none"


def page(ctx: Ctx, request: Request, asked: Asked) -> Page:
    """The bars of the days shown; further ones by scrolling."""
    asked = replace(asked, scale=asked.scale if asked.scale in SCALES else "")
    faces = Faces(ctx, asked, without=(asked.shown.starts, asked.shown.ends))
    reader = faces.reader
    scale = asked.scale or "month"
    day = dates.read_day(asked.on, reader.today)
    range_ = dates.bars(scale, day)
    context: dict[str, Any] = {
        **frame(ctx, asked), **_around(ctx, asked, scale, day, range_, reader), "refusal": None, "bands": [], "next_url": None,
        "ticks": ticks(scale, range_, ctx.language), "now": _now(range_, reader.today), "scale": scale}
    try:
        context |= _bands(ctx, asked, faces, range_, request.args.get("last"))
    except (Invalid, Unreadable) as error:
        context["refusal"] = refusal_words(error, ctx.language)
    template = "runtime/list/timeline.html"
    if wants_fragment(request):
        template = "runtime/list/timeline_rows.html" if asked.cursor else "runtime/list/timeline_body.html"
    return Page(template, context)


def _around(ctx: Ctx, asked: Asked, scale: str, day: date, range_: Range, reader: Reader) -> dict[str, Any]:
    groups = ground_of(ctx, asked.entity).groups
    look = asked.shown
    last = range_.until - DAY
    heading = {
        "week": f"{day_text(range_.first, ctx.language)} – {day_text(last, ctx.language)}", "month": month_words(day, ctx.language),
        "quarter": _("Quarter {n} of {year}", n=(day.month - 1) // 3 + 1, year=str(day.year)).to(ctx.language),
    }[scale]
    usual = replace(asked, by="").shown.group
    items = [
        {"label": to_text(label_of(ctx, asked.entity, g), ctx.language), "href": asked.url(by="" if g == usual else g, cursor=None), "checked": g == look.group} for g in groups
    ]
    if not usual:
        items.append({"label": _("No bands").to(ctx.language), "href": asked.url(by="", cursor=None), "checked": not look.group})
    ends = label_of(ctx, asked.entity, look.ends) if look.ends else None
    starts = label_of(ctx, asked.entity, look.starts)
    return {
        "heading": heading, "today_url": asked.url(on="", cursor=None),
        "before_url": asked.url(on=dates.step(scale, day, -1).isoformat(), cursor=None), "after_url": asked.url(on=dates.step(scale, day, 1).isoformat(), cursor=None),
        "scales": [
            {"label": label, "href": asked.url(scale="" if key == "month" else key, on=day.isoformat() if asked.on else "", cursor=None), "active": scale == key}
            for key, label in (("week", _("Weeks")), ("month", _("Month")), ("quarter", _("Quarter")))
        ],
        "by_label": _("By {field}", field=label_of(ctx, asked.entity, look.group)) if look.group else _("No bands"), "by_items": items,
        "legend": _("{from_} to {until}", from_=starts, until=ends) if ends is not None else starts,
    }


def day_text(day: date, language: str) -> str:
    """A day without its year."""
    return f"{day.month}月{day.day}日" if language == "zh" else f"{day:%b} {day.day}"


def _written(day: date, reader: Reader) -> str:
    """A day; with its year only when it is another."""
    if day.year == reader.today.year:
        return day_text(day, reader.language)
    return f"{day.year}年{day_text(day, 'zh')}" if reader.language == "zh" else f"{day_text(day, 'en')}, {day.year}"


def ticks(scale: str, range_: Range, language: str) -> list[dict[str, Any]]:
    """The marks of the axis in percent: days of two weeks, Mondays of a month, months of a quarter with their Mondays between them."""
    found = []
    for day in range_.days:
        at, _length = dates.share(range_, day, day)
        if scale == "week":
            found.append({"at": at, "strong": day.weekday() == 0, "label": f"{WEEKDAYS[day.weekday()].to(language)} {day.day}", "short": str(day.day)})
        elif scale == "month" and day.weekday() == 0:
            found.append({"at": at, "strong": True, "label": day_text(day, language), "short": f"{day.month}/{day.day}"})
        elif scale == "quarter" and (day.day == 1 or day.weekday() == 0):
            month = f"{day.month}月" if language == "zh" else f"{day:%B}"
            found.append({"at": at, "strong": day.day == 1, "label": month if day.day == 1 else None, "short": month if day.day == 1 else None})
    return found


def _now(range_: Range, today: date) -> float | None:
    return dates.share(range_, today, today)[0] + 50 / len(range_) if range_.first <= today < range_.until else None


def _bands(ctx: Ctx, asked: Asked, faces: Faces, range_: Range, last: str | None) -> dict[str, Any]:
    look = asked.shown
    grouping = Grouping(ctx, asked.entity, look.group) if look.group else None
    during = query.During(look.starts, look.ends, range_.first, range_.until)
    own = [k for k in (look.starts, look.ends, look.group) if k in asked.entity.by_key]
    if grouping is not None and grouping.machine is not None and not grouping.machine.first:
        own.append(grouping.machine.key)
    wanted = asked.list_query(tuple(dict.fromkeys((*faces.keys, *own))), limit=PAGE)
    found = query.list_records(ctx, asked.entity.key, replace(wanted, during=during, sort=(*((look.group,) if look.group else ()), look.starts)))
    made, around = faces.of(found)
    labels = {c.key: to_text(c.label, ctx.language) for c in grouping.columns(query.ListQuery())} if grouping is not None and grouping.kind != "record" else {}
    bands: list[dict[str, Any]] = []
    current = last
    for item, face in zip(found.items, made, strict=True):
        key = grouping.key_of(item.record) if grouping is not None else NONE
        if key != current or not bands:
            label = None if grouping is None else labels.get(key) or around.reader.label(key) or _("Not filled in").to(ctx.language)
            bands.append({"label": None if key == current else label, "rows": []})
            current = key
        bands[-1]["rows"].append(_row(ctx, asked, item.record, face, range_, around.reader))
    next_url = None
    if found.next_cursor:
        url = replace(asked, cursor=found.next_cursor).url()
        next_url = f"{url}&{urlencode({'last': current or ''})}"
    return {"bands": bands, "next_url": next_url}


def _row(ctx: Ctx, asked: Asked, record: Any, face: Face, range_: Range, reader: Reader) -> dict[str, Any]:
    look = asked.shown
    span = dates.span_of(None, value_at(record, look.starts), value_at(record, look.ends) if look.ends else None, ctx.zone)
    assert span is not None
    at, length = dates.share(range_, span.first, span.last)
    machine = asked.machine
    state = machine.by_key.get(record.state) if machine is not None and record.state else None
    words = " – ".join(dict.fromkeys(_written(d, reader) for d in (span.first, span.last)))
    before, after = span.first < range_.first, span.last >= range_.until
    return {
        "id": face.id, "title": face.title, "href": face.href, "note": _note(face), "words": words,
        # A bar that goes on is drawn beyond the edge, so that its end is cut off straight.
        "at": at - BEYOND * before, "length": max(length, 0.8) + BEYOND * (before + after), "category": state_category(state, machine.start) if machine is not None and state is not None else "active",
        "pill": state_pill(ctx, machine, record.state) if machine is not None else None, "avatar": face.avatar, "person": face.person, "clock": face.clock,
    }


def _note(face: Face) -> str:
    parts: Sequence[str] = [p for p in (face.amount, *face.notes[:1]) if p]
    return " · ".join(parts)
