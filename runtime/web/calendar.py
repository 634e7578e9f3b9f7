"""The calendar: records on the days they have, by month or week; a drag to another day is a change by the record road that can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import BadRequest, Invalid, NotFound, Problem, Stale, VersionRequired
from kernel.fieldtypes.base import Reader, Unreadable
from kernel.fieldtypes.times import to_utc
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import read_object
from kernel.web.routes import json_response
from runtime.forms.shown import state_category
from runtime.forms.when import WEEKDAYS, clock_words, full_day
from runtime.records import query, reading, road
from runtime.records.record import Input
from runtime.web import dates
from runtime.web.dates import DAY, Range, Span
from runtime.web.faces import Faces
from runtime.web.lists import Asked, frame, read, refusal_words
from runtime.web.looks import MOMENTS, day_field, ground_of, label_of
from runtime.web.sight import creatable, entity_of, over, wants_fragment

MOST = 500
LANES = {False: 3, True: 8}  # months, weeks
IN_A_DAY = 4
IN_A_DAY_PHONE = 30
FARTHEST = 3660


def page(ctx: Ctx, request: Request, asked: Asked) -> Page:
    """The month or week, all of it in one statement for the records."""
    asked = replace(asked, scale="week" if asked.scale == "week" else "")
    faces = Faces(ctx, asked, without=(asked.shown.starts, asked.shown.ends))
    reader = faces.reader
    day = dates.read_day(asked.on, reader.today)
    range_ = dates.week(day) if asked.scale else dates.month(day)
    context = {**frame(ctx, asked), **_around(ctx, asked, day, reader), "refusal": None, "capped": None}
    try:
        spans, capped = _spans(ctx, asked, faces, range_)
    except (Invalid, Unreadable) as error:
        spans, capped, context["refusal"] = [], False, refusal_words(error, ctx.language)
    if capped:
        context["capped"] = _("Only the first {n} are shown. Choose a week, or narrow them with a filter.", n=MOST)
    context |= {
        "weeks": _weeks(ctx, asked, spans, range_, day, reader), "weekdays": [w.to(ctx.language) for w in WEEKDAYS], "empty": not spans,
        "move_url": asked.url("/calendar/move", cursor=None) if _movable(ctx, asked) else None, "week_view": bool(asked.scale),
    }
    return Page("runtime/list/calendar_body.html" if wants_fragment(request) else "runtime/list/calendar.html", context)


def _around(ctx: Ctx, asked: Asked, day: date, reader: Reader) -> dict[str, Any]:
    """The tool bar: where one is, and the ways on."""
    scale = asked.scale or "month"
    if scale == "week":
        last = dates.week(day).until - DAY
        title = f"{full_day(dates.monday(day), reader)} – {full_day(last, reader)}"
    else:
        title = month_words(day, ctx.language)
    days = (*ground_of(ctx, asked.entity).days, *MOMENTS)
    return {
        "heading": title, "today_url": asked.url(on="", cursor=None),
        "before_url": asked.url(on=dates.step(scale, day, -1).isoformat(), cursor=None), "after_url": asked.url(on=dates.step(scale, day, 1).isoformat(), cursor=None),
        "scales": [
            {"label": label, "href": asked.url(scale=key, on=day.isoformat() if asked.on else "", cursor=None), "active": asked.scale == key}
            for key, label in (("", _("Month")), ("week", _("Week")))
        ],
        "by_label": _("By {field}", field=label_of(ctx, asked.entity, asked.shown.starts)),
        "by_items": [
            {"label": to_text(label_of(ctx, asked.entity, d), ctx.language), "href": asked.url(by="" if d == replace(asked, by="").shown.starts else d, cursor=None),
             "checked": d == asked.shown.starts}
            for d in days if d != "state_since" or asked.machine is not None
        ],
    }


def month_words(day: date, language: str) -> str:
    """A month with its year."""
    return f"{day.year}年{day.month}月" if language == "zh" else f"{day:%B} {day.year}"


def _spans(ctx: Ctx, asked: Asked, faces: Faces, range_: Range) -> tuple[list[Span], bool]:
    """What lies in these days, in the order in which it begins."""
    look = asked.shown
    during = query.During(look.starts, look.ends, range_.first, range_.until)
    fields = tuple(dict.fromkeys((*faces.keys, *(k for k in (look.starts, look.ends) if k in asked.entity.by_key))))
    wanted = replace(asked.list_query(fields, limit=MOST), sort=(look.starts,), cursor=None, during=during)
    found = query.list_records(ctx, asked.entity.key, wanted)
    made, _surroundings = faces.of(found)
    spans = []
    for item, face in zip(found.items, made, strict=True):
        starts = value_at(item.record, look.starts)
        span = dates.span_of((face, starts, _category(asked, item.record)), starts, value_at(item.record, look.ends) if look.ends else None, ctx.zone, face.id)
        if span is not None:
            spans.append(span)
    return spans, found.next_cursor is not None


def value_at(record: Any, key: str) -> Any:
    """A record's day or moment: of a field, or of the system."""
    return record.values.get(key) if key in record.values else getattr(record, key, None)


def _category(asked: Asked, record: Any) -> str:
    machine = asked.machine
    state = machine.by_key.get(record.state) if machine is not None and record.state else None
    return state_category(state, machine.start) if machine is not None and state is not None else "active"


def _weeks(ctx: Ctx, asked: Asked, spans: list[Span], range_: Range, day: date, reader: Reader) -> list[dict[str, Any]]:
    found = []
    per_day = dates.by_day(spans, range_)
    create = _creator(ctx, asked)
    most = IN_A_DAY_PHONE if asked.scale else IN_A_DAY
    for at in range(0, len(range_), 7):
        week = Range(range_.first + DAY * at, range_.first + DAY * (at + 7))
        placed = dates.lanes((s for s in spans if s.last > s.first), week)
        shown = [p for p in placed if p.lane <= LANES[bool(asked.scale)]]
        days = []
        for number, d in enumerate(week.days):
            taken = max((p.lane for p in shown if p.column <= number + 1 < p.column + p.length), default=0)
            single = [s for s in per_day[d] if s.first == s.last]
            room = max(1, most - taken)
            rest = max(0, len(single) - room) + sum(1 for p in placed if p not in shown and p.column <= number + 1 < p.column + p.length)
            listed = [s for s in per_day[d] if s.last > s.first] + single
            days.append({
                "iso": d.isoformat(), "number": d.day, "column": number + 1, "words": full_day(d, reader), "today": d == reader.today, "past": d < reader.today,
                "outside": not asked.scale and d.month != day.month, "lanes": taken,
                "events": [{**_event(ctx, s, reader), "desktop": s in single[:room], "continued": s.first < d} for s in listed[:IN_A_DAY_PHONE]],
                "more": rest, "more_url": asked.url(scale="week", on=d.isoformat(), cursor=None), "create": create(d) if create else None,
            })
        found.append({"days": days, "spans": [{**_event(ctx, p.span, reader), "column": p.column, "length": p.length, "lane": p.lane, "before": p.before, "after": p.after} for p in shown]})
    return found


def _event(ctx: Ctx, span: Span, reader: Reader) -> dict[str, Any]:
    face, starts, category = span.item
    return {
        "id": face.id, "title": face.title, "href": face.href, "version": face.version, "note": face.note, "amount": face.amount, "person": face.person, "category": category, "clock": face.clock,
        "time": clock_words(starts, reader) if isinstance(starts, datetime) else None,
    }


def _creator(ctx: Ctx, asked: Asked) -> Any:
    """The address of the form for a new record on a day; None where the reader makes none, or the day can't be entered."""
    p = day_field(ctx, asked.entity, asked.shown.starts)
    if p is None or not p.type.writable or asked.entity.key not in creatable(ctx):
        return None
    key, moment = asked.shown.starts, p.shape.type == "datetime"
    return lambda d: f"{asked.base}/new?{urlencode({key: f'{d.isoformat()}T09:00' if moment else d.isoformat()})}"


def _movable(ctx: Ctx, asked: Asked) -> bool:
    p = day_field(ctx, asked.entity, asked.shown.starts)
    return p is not None and p.type.writable


# --- to another day ---------------------------------------------------------------------------------------------------


def _read(ctx: Ctx, request: Request, entity: str) -> Asked:
    asked = replace(read(ctx, entity_of(ctx, entity), request.args), look="calendar")
    if asked.shown.key != "calendar" or not _movable(ctx, asked):
        raise NotFound()
    return asked


def move(ctx: Ctx, request: Request, entity: str) -> Response:
    """A record was dragged ``days`` days further: its day, and the end of its span with it, keep their time of day."""
    asked = _read(ctx, request, entity)
    body = read_object(request)
    id_, version, days = str(body.get("id", "")), body.get("version"), body.get("days")
    seen = reading.get(ctx, entity, id_)
    if not isinstance(version, int) or isinstance(version, bool):
        raise VersionRequired(_("This page does not say which version it shows."), hint=_("Load it again and repeat your change."))
    if not isinstance(days, int) or isinstance(days, bool) or abs(days) > FARTHEST:
        raise BadRequest(_("How many days further is missing."), hint=_("Move the record again."))
    try:
        if version != seen.record.version:
            raise Stale(seen.record.version)
        record = road.update(ctx, entity, id_, Input(_shifted(ctx, asked, seen.record, days), "value"), version=version)
    except Stale:
        words = _("Somebody changed this record in the meantime. It is shown as it is now: look again, then move it.").to(ctx.language)
        return json_response({"error": {"message": words}, "stale": True}, 412)
    except Invalid as error:
        return json_response({"error": {"message": refusal_words(error, ctx.language)}}, 422)
    day = dates.day_of(value_at(record, asked.shown.starts), ctx.zone)
    words = _("“{title}” is on {day} now.", title=seen.title, day=full_day(day, Faces(ctx, asked).reader) if day else "—").to(ctx.language)
    return json_response({"moved": True, "version": record.version, "message": words, "day": day.isoformat() if day else None})


def _shifted(ctx: Ctx, asked: Asked, record: Any, days: int) -> Mapping[str, Any]:
    """The new values. Raises Invalid for a record without a day, and for days beyond every calendar."""
    look = asked.shown
    found = {}
    for key in (look.starts, look.ends):
        p = day_field(ctx, asked.entity, key) if key else None
        value = value_at(record, key) if key else None
        if p is None or value is None or (key == look.ends and not p.type.writable):
            continue
        try:
            found[key] = shift(value, days, ctx.zone)
        except (OverflowError, ValueError) as error:
            raise Invalid([Problem("bad_date", _("There is no such day."), key)]) from error
    if look.starts not in found:
        raise Invalid([Problem("required", _("This record has no day yet."), look.starts)])
    return found


def shift(value: date | datetime, days: int, zone: Any) -> date | datetime:
    """The same time of day in the reader's zone, on another day."""
    if isinstance(value, datetime):
        return to_utc(value.astimezone(zone).replace(tzinfo=None) + timedelta(days=days), zone)
    return value + timedelta(days=days)


def menu(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """Another day, typed: for phones, keyboards and screen readers."""
    asked = _read(ctx, request, entity)
    seen = reading.get(ctx, entity, id)
    day = dates.day_of(value_at(seen.record, asked.shown.starts), ctx.zone)
    context = {
        **over(request), "title": seen.title, "id": id, "version": seen.record.version, "day": day.isoformat() if day else None, "url": f"{asked.base}/{id}",
        "label": label_of(ctx, asked.entity, asked.shown.starts),
    }
    return Page("runtime/list/calendar_move.html", context)
