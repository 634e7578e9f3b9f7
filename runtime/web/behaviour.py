"""What was done and what was only clicked: the line on a record page, one tap to mark something by hand, and the log for whoever answers for people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Message, NotFound
from kernel.fieldtypes.ids import is_id
from kernel.i18n import Text, _, to_text
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.evidence import reading as log
from runtime.evidence.judge import GONE, NO_MOMENT, NO_WAY, TYPED_IN
from runtime.evidence.policy import Policy, policies_of
from runtime.evidence.reading import Asked, Line
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_text, moment_words
from runtime.records import reading, road
from runtime.records.labels import Wanted, resolve
from runtime.records.record import Input
from runtime.web.sight import base_of, creatable

DAYS = 30
_WHY = {
    TYPED_IN: _("typed in by hand, which does not count at this level"), NO_WAY: _("nothing of this kind counts"), NO_MOMENT: _("it says no moment"),
    GONE: _("it belongs elsewhere now, or is gone")}


def because(ctx: Ctx, line: Line) -> list[str]:
    """Why it does not count, in the reader's words."""
    found = []
    for one in line.because:
        says = one.get("says") or {}
        words = says.get(ctx.language) or next(iter(says.values()), "")
        plain = _WHY.get(str(one.get("why")))
        if plain is not None:
            found.append(to_text(plain, ctx.language))
        elif words:
            found.append(str(words))
    return list(dict.fromkeys(found))


# --- on the page of a record ------------------------------------------------------------------------------------------


def lines(ctx: Ctx, shown: Any) -> list[dict[str, Any]]:
    """Per policy that notes clicks: how many tries there were, whether one counts, and why not. One statement; none for kinds without such policies."""
    entity, id_ = shown.entity.key, shown.record.id
    if not any(p.subject == entity and p.element.clicks for p in policies_of(ctx.app).all):
        return []
    found = []
    noted = log.read(ctx, Asked(record=(entity, id_)), 100)
    for one in log.standings(ctx, entity, id_, shown.seen.readable, noted):
        key = one.policy.key
        why: list[str] = []
        words: Message
        if one.counted:
            words, tone, icon = _("{label}: {n} tries, {m} count", label=one.policy.element.label, n=one.attempts, m=one.counted), "", "shield-check"
        elif one.attempts:
            words = _("{label}: {n} tries, none counts yet", label=one.policy.element.label, n=one.attempts)
            own = [line for line in noted if line.policy == key and line.kind == "event" and not line.counts]
            tone, icon, why = "warning", "alert-triangle", list(dict.fromkeys(text for line in own for text in because(ctx, line)))[:3]
        elif one.clicked:
            words, tone, icon = _("{label}: clicked, but nothing stands beside it", label=one.policy.element.label), "warning", "alert-triangle"
        else:
            words, tone, icon = _("{label}: nothing yet", label=one.policy.element.label), "", "phone"
        mark = _may_mark(ctx, one.policy) and not shown.record.deleted_at
        found.append({
            "key": key, "words": words, "tone": tone, "icon": icon, "why": why, "mark": f"{shown.url}/evidence/{key}/mark" if mark else None, "mark_icon": "plus",
            "mark_note": _("Notes it as marked by hand, at this moment"), "log": f"{base_of(ctx)}/behaviour?{urlencode({'record': f'{entity}/{id_}'})}" if one.attempts or one.clicked else None})
    return found


def _may_mark(ctx: Ctx, policy: Policy) -> bool:
    return bool(policy.element.marks) and policy.element.entity in creatable(ctx) and len(policy.element.path) == 1


def mark(ctx: Ctx, request: Request, entity: str, id: str, policy: str) -> Response | Page:
    """Somebody marks by hand what was done just now: an event of their own, told from what a system sent. Raises NotFound."""
    found = policies_of(ctx.app).by_key.get(policy)
    seen = reading.get(ctx, entity, id)
    if found is None or found.subject != entity or not _may_mark(ctx, found):
        raise NotFound()
    road.create(ctx, found.element.entity, Input({**found.element.marks, found.element.path[0]: id}))
    counts = log.standings(ctx, entity, id, seen.readable)
    counted = any(one.counted for one in counts if one.policy is found)
    said = _("Noted. It counts.") if counted else _("Noted as marked by hand. At the level in force that does not count.")
    where = f"{base_of(ctx)}/e/{entity}/{id}"
    if not is_htmx(request):
        return redirect(where, 303)
    from runtime.web.edit import trigger
    from runtime.web.record import open_record

    events = {"toast": {"text": to_text(said, ctx.language), "tone": "ontime" if counted else "warning"}, "related-changed": {"entity": found.element.entity}}
    own = [line for line in lines(ctx, open_record(ctx, entity, id)) if line["key"] == policy]
    return Page("runtime/record/evidence.html", {"evidence": own}, headers={"HX-Trigger": trigger(events)})


# --- the log ----------------------------------------------------------------------------------------------------------


def show(ctx: Ctx, request: Request) -> Page:
    """The log, newest first, of subjects the reader may see; sums per person of the last 30 days above it. Raises NotFound where there is none."""
    if not policies_of(ctx.app).all or not any(rights_of(ctx.release, ctx.actor).entity(p.subject).any("read") for p in policies_of(ctx.app).all):
        raise NotFound()
    asked, args = _asked(ctx, request)
    before = request.args.get("before", "")
    found = log.read(ctx, Asked(asked.record, asked.person, None, asked.policy, asked.kind, asked.counts, before if is_id(before) else None), log.PAGE + 1)
    sums = log.sums(ctx, asked, ctx.now - timedelta(days=DAYS)) if not before and asked.record is None else []
    names = _names(ctx, found, [s.person for s in sums])
    url = f"{base_of(ctx)}/behaviour"
    more = f"{url}?{urlencode({**args, 'before': found[log.PAGE - 1].id})}" if len(found) > log.PAGE else None
    return Page("runtime/behaviour.html", {
        "url": url, "rows": [_row(ctx, line, names, url) for line in found[: log.PAGE]], "more": more, "args": args, "narrowed": bool(args), "days": DAYS,
        "sums": [{
            "name": names.get(s.person or "") or _("Nobody we know"), "href": f"{url}?{urlencode({'person': s.person})}" if s.person else None, "events": s.events, "counted": s.counted,
            "clicks": s.clicks, "bare": s.bare} for s in sums],
        "about": names.get(asked.record[1]) or _("Without a name") if asked.record else None,
        "person": names.get(asked.person or "") if asked.person else None,
        "tabs": [{"label": label, "href": f"{url}?{urlencode({**{k: v for k, v in args.items() if k != 'what'}, **({'what': key} if key else {})})}", "active": args.get("what", "") == key}
                 for key, label in (("", _("Everything")), ("bare", _("Clicks without evidence")), ("counts", _("What counts")), ("not", _("What does not count")))]})


def _asked(ctx: Ctx, request: Request) -> tuple[Asked, dict[str, str]]:
    args = {k: v for k in ("record", "person", "what") if (v := request.args.get(k, "")) and len(v) < 200}
    entity, _slash, id_ = args.get("record", "").partition("/")
    record = (entity, id_) if entity in ctx.app.entities and is_id(id_) else None
    person = args.get("person") if is_id(args.get("person", "")) else None
    kind, counts = {"bare": ("click", False), "counts": ("event", True), "not": ("event", False)}.get(args.get("what", ""), (None, None))
    return Asked(record, person, kind=kind, counts=counts), args


def _names(ctx: Ctx, found: list[Line], people: list[str | None]) -> dict[str, str]:
    wanted = Wanted()
    for person in people:
        wanted.add("person", person)
    for line in found:
        wanted.add("person", line.person)
        wanted.add(line.entity, line.record)
        if line.event_entity is not None:
            wanted.add(line.event_entity, line.event)
    return dict(resolve(ctx, wanted)) if wanted.ids else {}


def _row(ctx: Ctx, line: Line, names: dict[str, str], url: str) -> dict[str, Any]:
    base = base_of(ctx)
    policy = policies_of(ctx.app).by_key.get(line.policy)
    label: Message = policy.element.label if policy is not None else line.policy
    event = ctx.app.entities.get(line.event_entity or "")
    what: Message
    if line.kind == "click":
        step = ctx.app.transition(line.entity, line.what or "")
        what = _("clicked “{step}”", step=step[1].label if step else line.what or "")
        tone: tuple[Text, str] = (_("With evidence"), "ontime") if line.counts else (_("Without evidence"), "breach")
        first = line.because[0] if line.because else {}
        why = [] if line.counts else [to_text(_("{n} tries until then, {m} counted", n=first.get("attempts", 0), m=first.get("counted", 0)), ctx.language)]
    else:
        what = names.get(line.event or "") or (event.label if event is not None else _("Something that happened"))
        tone = (_("Counts"), "ontime") if line.counts else (_("Does not count"), "warning")
        why = [] if line.counts else because(ctx, line)
    reader = reader_of(ctx)
    return {
        "id": line.id, "when": moment_words(line.at, reader), "known": moment_text(line.noted_at, reader) if line.noted_at - line.at > timedelta(minutes=5) else None,
        "who": names.get(line.person or "") or _("Nobody we know"), "what": what, "policy": label, "level": line.level, "mark": tone[0], "tone": tone[1], "why": why,
        "by_hand": line.kind == "event" and not line.verified and policy is not None and policy.intake is not None, "icon": "checkbox" if line.kind == "click" else (event.icon if event else "clock"),
        "subject": names.get(line.record) or _("Without a name"), "href": f"{base}/e/{line.entity}/{line.record}", "event": f"{base}/e/{line.event_entity}/{line.event}" if line.event else None}
