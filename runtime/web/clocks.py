"""Clocks on screens: the strip on a record page, the pill in lists and on cards, and the ledger that explains a due time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Request, current_app
from markupsafe import Markup

from kernel import fieldtypes
from kernel.calendars.reckon import Segment
from kernel.fieldtypes.base import Reader
from kernel.fieldtypes.options import options_of
from kernel.i18n import Labels, Text, _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.i18n import reading_in
from kernel.web.rendering import Page
from runtime.clocks import reading
from runtime.clocks.keep import IN_THE_BIN
from runtime.clocks.policy import calendar_by_key
from runtime.clocks.reading import SeenClock
from runtime.clocks.trouble import words as why_not
from runtime.forms.prepare import reader_of
from runtime.forms.when import day_words, full_day, full_moment, iso, moment_text, span_words
from runtime.records.labels import Wanted, resolve
from runtime.web.filters import SYSTEM
from runtime.web.sight import over

# The last few that ended are still worth a look beside those that run.
MOST_ENDED = 2
# Working days are told while more than this is left.
LAST_DAY = timedelta(hours=24)
_STATES = {
    "ontime": "ontime", "warning": "warning", "breach": "breach", "done": "done", "late": "breach", "paused": "paused", "cancelled": "paused", "refused": "refused"}
_WHY: Mapping[str, Text] = {
    "started": _("It began"), "target": _("Another target"), "calendar": _("Another calendar"), "start": _("Another beginning"), "paused": _("Paused"),
    "resumed": _("Goes on"), "year": _("The days off of that year are known now"), "cancelled": _("Called off"), "met": _("Kept")}


def strip(ctx: Ctx, shown: Any) -> list[dict[str, Any]]:
    """What the record page shows above its details: open clocks, then the last ended ones."""
    if not ctx.app.clocks_of(shown.entity.key):
        return []
    found = reading.of_record(ctx, shown.entity.key, shown.record.id, shown.seen.readable)
    ended = [s for s in found if not s.open and s.tone not in ("cancelled", "refused")][:MOST_ENDED]
    shown_ones = (*(s for s in found if s.open), *(s for s in found if s.tone == "refused"), *ended)
    return [{**face(ctx, one, shown.around.reader), "url": f"{shown.url}/clocks/{one.row.id}" if one.tone != "refused" else None} for one in shown_ones]


def face(ctx: Ctx, one: SeenClock, reader: Reader) -> dict[str, Any]:
    """A clock in words: ``text`` is what stands there before it ticks."""
    row, language = one.row, reader.language
    state = _STATES[one.tone]
    note = to_text(one.label, language)
    suffix: Any = None
    due = by = said = far = None
    if one.tone == "refused":
        fault = row.definition.get("fault", {})
        text = _("no promise").to(language)
        note = f"{note} · {to_text(why_not(str(fault.get('at')), str(fault.get('code'))), language)}"
    elif one.tone == "paused":
        text = _("paused").to(language)
        pause = row.pauses[-1] if row.pauses else None
        if pause is not None:
            note = f"{note} · {_('since {moment}', moment=moment_text(pause.start, reader)).to(language)}"
            note += f" · {why}" if (why := to_text(_because(pause.why), language)) else ""
    elif one.tone in ("done", "late"):
        took = (row.ended_at or ctx.now) - row.started_at
        text = span_words(took, language) if one.tone == "done" else _("{time} late", time=span_words(row.late or timedelta(0), language)).to(language)
        note = f"{note} · {moment_text(row.ended_at, reader)}"
    else:
        left = (row.due_at or ctx.now) - ctx.now
        due = row.due_at
        days = _working_days(ctx, row) if "days" in row.definition and left > LAST_DAY else 0
        text = span_words(abs(left), language) if not days else (_("{n} working days", n=days) if days != 1 else _("1 working day")).to(language)
        suffix = _("past due") if left < timedelta(0) else _("left")
        said = (_("overdue {time}", time=text) if left < timedelta(0) else _("{time} left", time=text)).to(language)
        far = int(LAST_DAY.total_seconds()) if days else None
        by = _("by {moment}", moment=moment_text(row.due_at, reader)).to(language)
        note = f"{note} · {by}"
    return {
        "text": text, "note": note, "state": state, "used": one.used(ctx.now), "suffix": suffix, "due": iso(due) if due else None,
        "started": iso(row.started_at) if due else None,
        "warns": iso(one.warns_at) if due and one.warns_at else None, "warn_at": int(float(row.definition.get("warn", 0.75)) * 100), "label": one.label,
        "by": by, "said": said, "far": far}


def _working_days(ctx: Ctx, row: Any) -> int:
    """On how many days from now to its due time somebody works; a promise in working days is told in them."""
    calendar = calendar_by_key(ctx.release, row.calendar, ZoneInfo(ctx.tenant.zone))
    if calendar is None or row.due_at is None:
        return 0
    on, last = ctx.now.astimezone(calendar.zone).date(), row.due_at.astimezone(calendar.zone).date()
    return sum(calendar.day(on + timedelta(days=n)).worked for n in range(1, min((last - on).days, 400) + 1))


def until(ctx: Ctx, due: datetime, since: datetime | None, reader: Reader) -> dict[str, Any]:
    """The words of a moment by which something is wanted that is no clock of its own."""
    left = due - ctx.now
    words = span_words(abs(left), reader.language)
    used = 100 if left <= timedelta(0) or since is None or due <= since else int(100 * ((ctx.now - since) / (due - since)))
    return {
        "said": (_("overdue {time}", time=words) if left < timedelta(0) else _("{time} left", time=words)), "due": iso(due),
        "started": iso(since) if since is not None else None, "used": max(0, min(100, used)), "by": _("by {moment}", moment=moment_text(due, reader)), "warns": None}


def day_text(value: Any, day: date, reader: Reader) -> str:
    """A date that comes near."""
    return moment_text(value, reader) if isinstance(value, datetime) else day_words(day, reader)


def pill(ctx: Ctx, one: SeenClock, reader: Reader) -> Markup:
    """The clock in a list or on a card."""
    f = face(ctx, one, reader)
    text = f["text"]
    if one.tone == "breach":
        text = _("overdue {time}", time=text).to(reader.language)
    # Views print values before the page is rendered: the reader's language is set here.
    with reading_in(reader.language):
        made = current_app.jinja_env.get_template("components/clocks.html").module.clock_pill(  # type: ignore[attr-defined]
            text, f["state"], f["used"], f["due"], f["started"], f["warn_at"], f["label"], warns=f["warns"], far=f["far"], title=to_text(one.label, reader.language))
    return Markup(made)  # noqa: S704 - what a macro of ours has escaped


def pills(ctx: Ctx, entity: str, readable: Mapping[str, Collection[str]], reader: Reader) -> dict[str, Markup]:
    """The most urgent open clock of each record; one statement, none where nothing is promised."""
    return {id_: pill(ctx, one, reader) for id_, one in reading.of_records(ctx, entity, readable).items()}


def explain(ctx: Ctx, request: Request, entity: str, id: str, clock: str) -> Page:
    """Why it is due then: the ledger, the steps, the plans. Raises NotFound."""
    from runtime.web.record import open_record

    shown = open_record(ctx, entity, id)
    one = reading.get(ctx, entity, id, clock, shown.seen.readable)
    why = reading.explain(ctx, one.row)
    reader = reader_of(ctx)
    wanted = Wanted()
    for step in why.steps:
        wanted.add("person", step.told)
    names = resolve(ctx, wanted)
    return Page("runtime/record/clock.html", {
        **over(request), "clock": one, "face": face(ctx, one, reader), "title": shown.seen.title, "url": shown.url, "target": _promised(one.row, reader),
        "began": full_moment(one.row.started_at, reader), "due": full_moment(one.row.due_at, reader) if one.row.due_at else None,
        "counted": _hours(why.counted, reader), "left": _hours(why.left, reader) if one.open and one.row.due_at is None else None,
        "calendar": why.calendar_label or (_("every minute counts") if why.calendar is None else why.calendar.key), "release": why.release,
        "provisional": why.provisional, "segments": _ledger(why.segments, reader),
        "steps": [{
            "label": s.label, "at": full_moment(s.at, reader), "done": s.done, "late": span_words(s.late, reader.language) if s.late and s.late >= timedelta(minutes=1) else None,
            "told": [names.get(p) or _("Somebody") for p in s.told]} for s in why.steps],
        "plans": [_plan(ctx, one.row.entity, p, reader) for p in why.plans],
    })


def _because(why: Any) -> Any:
    """Why it was paused: the state the record rested in, or the bin."""
    if isinstance(why, Mapping):
        return Labels(why, "") if why else ""
    return _("in the bin") if why == IN_THE_BIN else why or ""


def _plan(ctx: Ctx, entity: str, plan: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """What was planned anew, from what to what, and what had moved: the trace of why."""
    words: list[Any] = [_WHY[w] for w in plan["why"] if w in _WHY]
    if plan.get("released"):
        words.append(_("Published release {n}", n=plan["released"]))
    if plan.get("target"):
        old, new = (_hours(timedelta(seconds=s), reader) for s in plan["target"])
        words.append(_("{old} → {new}", old=old, new=new))
    causes = [cause for entry in plan.get("because", ()) if (cause := _cause(ctx, entity, entry, reader)) is not None]
    return {"why": words, "because": causes, "at": full_moment(datetime.fromisoformat(plan["at"]), reader)}


def _cause(ctx: Ctx, entity: str, entry: Mapping[str, Any], reader: Reader) -> Any:
    """A field that moved, with its values where they are plain words."""
    key = entry["field"]
    found = ctx.app.entities[entity].by_key.get(key)
    machine = ctx.app.first_machine(entity)
    if found is None and key not in SYSTEM:
        return None
    label = found.label if found is not None else SYSTEM[key][1]
    if "new" not in entry:
        return label
    states = machine.by_key if machine is not None and key == "state" else {}
    options: dict[str, Any] = {}
    if found is not None and found.type == "choice":
        options = {o.key: o.label for o in options_of(fieldtypes.of(found).shape(found))}
    old, new = (states[str(v)].label if v in states else options.get(v, v) if v is not None else "—" for v in (entry.get("old"), entry["new"]))
    return _("{field}: {old} → {new}", field=label, old=old, new=new)


def _promised(row: Any, reader: Reader) -> str:
    days = row.definition.get("days")
    if days is None:
        return _length(row.target, reader)
    return _("{n} working days ({hours})", n=days, hours=_hours(row.target, reader)).to(reader.language)


def _hours(length: timedelta, reader: Reader) -> str:
    """Working time in hours: a day of work is no day of 24 hours."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return _length(length, reader)
    return (_("{n} h", n=minutes // 60) if not minutes % 60 else _("{h} h {m} min", h=minutes // 60, m=minutes % 60)).to(reader.language)


def _length(length: timedelta, reader: Reader) -> str:
    seconds = int(length.total_seconds())
    return span_words(length, reader.language) if seconds >= 60 else _("{n} s", n=seconds).to(reader.language)


def _ledger(segments: Sequence[Segment], reader: Reader) -> list[dict[str, Any]]:
    """The ledger as people read it: a line per day that counted with its hours, one per pause and per run of days off. Nights need no line."""
    lines: list[dict[str, Any]] = []
    for segment in segments:
        a, b = segment.start.astimezone(reader.zone), segment.end.astimezone(reader.zone)
        if segment.kind == "counted":
            hours = f"{a:%H:%M}–{b:%H:%M}" if a.date() == b.date() else f"{a:%H:%M}–{full_day(b.date(), reader)} {b:%H:%M}"
            if lines and lines[-1]["on"] == a.date():
                lines[-1]["hours"].append(hours)
                lines[-1]["length"] += segment.length
                continue
            lines.append({"kind": "counted", "on": a.date(), "when": full_day(a.date(), reader), "hours": [hours], "length": segment.length, "what": ""})
        elif segment.kind == "paused":
            why = _because(segment.why)
            lines.append({
                "kind": "paused", "on": None, "when": f"{full_day(a.date(), reader)} {a:%H:%M} – {full_day(b.date(), reader)} {b:%H:%M}", "hours": [],
                "length": None, "what": [_("paused"), why] if why else [_("paused")]})
        elif segment.days:
            first, last = segment.days[0].on, segment.days[-1].on
            names = list(dict.fromkeys(Labels(day.names, "").to(reader.language) for day in segment.days if day.names))
            lines.append({
                "kind": "closed", "on": None, "when": full_day(first, reader) if first == last else f"{full_day(first, reader)} – {full_day(last, reader)}", "hours": [],
                "length": None, "what": names or [_("a day off") if len(segment.days) == 1 else _("{n} days off", n=len(segment.days))]})
    return [{**line, "length": _length(line["length"], reader) if line["length"] is not None else None, "hours": to_text(line["hours"], reader.language)} for line in lines]
