"""How I am told: what goes out by which way, when it is quiet, what became of each notice, and a test. For administrators: everybody's deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import BadRequest, Problem
from kernel.fieldtypes.ids import is_id
from kernel.i18n import Text, _
from kernel.platform import rates
from kernel.platform.ctx import SYSTEM, Ctx
from kernel.web.rendering import Page
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_text, moment_words
from runtime.notices import log, reasons, recipients, send, wishes
from runtime.notices.channels import CHANNELS
from runtime.notices.kinds import KINDS
from runtime.notices.log import Way
from runtime.notices.plan import DIGEST
from runtime.notices.tell import tell
from runtime.notices.wishes import COLLECTED, DAILY, DAY, HOURLY, NOW, OFF, URGENCIES, Wishes
from runtime.records.labels import Wanted, of_people, resolve
from runtime.web.inbox import target_of
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of

PATH = "/settings/notices"
WORDS: Mapping[str, tuple[Text, Text]] = {
    "high": (_("Urgent"), _("Can't wait: a promise is about to break, somebody needs you now.")),
    "normal": (_("Today"), _("Handed over, mentioned, asked, decided.")),
    "low": (_("By the way"), _("Good to know, nothing to do.")),
}
WAYS: tuple[tuple[str, Text], ...] = ((NOW, _("At once")), (COLLECTED, _("Collected")), (OFF, _("Not at all")))
TESTS = rates.Limit(5, timedelta(minutes=10))


def show(ctx: Ctx, request: Request) -> Page:
    """The page."""
    return _page(ctx, wishes.load(ctx, {ctx.actor.person: ctx.zone})[ctx.actor.person], {}, saved=request.args.get("saved", ""))


def save(ctx: Ctx, request: Request) -> Page | Response:
    """Keep what was chosen; what is held back is looked at again."""
    form = request.form
    problems: list[Problem] = []
    ways = {c: {u: form.get(f"{c}-{u}") or Wishes(ctx.zone).way(c, u) for u in URGENCIES} for c in CHANNELS}
    start, end = (_minutes(form.get(name, ""), name, problems) for name in ("quiet-from", "quiet-to"))
    daily = _minutes(form.get("daily", ""), "daily", problems)
    chosen = Wishes(ctx.zone, ways, (start, end) if form.get("quiet") else None, form.get("digest") or DAILY, daily)
    if not problems and wishes.problems(chosen, CHANNELS):
        raise BadRequest(_("This can't be chosen."), hint=_("Load the page again."))
    if not problems and chosen.quiet is not None and start == end:
        problems.append(Problem("quiet_empty", _("Quiet hours that begin and end at the same time are none."), "quiet-to", _("Choose another end, or switch them off.")))
    if problems:
        return _page(ctx, chosen, {p.path: p for p in problems}, given=dict(form))
    wishes.save(ctx, chosen)
    send.replan(ctx, ctx.actor.person)
    return redirect(f"{base_of(ctx)}{PATH}?saved=1", 303)


def test(ctx: Ctx, request: Request) -> Response:
    """A notice to oneself by every way that is chosen for what is urgent."""
    rates.take(ctx.conn, f"notice_test:{ctx.actor.person}", TESTS, ctx.now)
    tell(ctx, [ctx.actor.person], "test", f"test:{ctx.new_id()}", urgency="high", by=SYSTEM)
    return redirect(f"{base_of(ctx)}{PATH}?saved=test", 303)


def _minutes(text: str, path: str, problems: list[Problem]) -> int:
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60:
        return int(hours) * 60 + int(minutes)
    problems.append(Problem("bad_time", _("That is no time of the day."), path, _("Write it like 22:00.")))
    return 0


def _page(ctx: Ctx, chosen: Wishes, problems: Mapping[str, Problem], *, saved: str = "", given: Mapping[str, str] | None = None) -> Page:
    me = ctx.actor.person
    known = recipients.load(ctx, [me]).get(me)
    spared = known.periods[0][0] if known is not None and known.periods else None
    quiet = chosen.quiet or (22 * 60, 7 * 60)
    times = {"quiet-from": _clock(quiet[0]), "quiet-to": _clock(quiet[1]), "daily": _clock(chosen.daily_at)} | {k: v for k, v in (given or {}).items() if k in ("quiet-from", "quiet-to", "daily")}
    return Page("runtime/settings/notices.html", {
        **frame(ctx, "notices"), "path": f"{base_of(ctx)}{PATH}", "problems": problems, "saved": saved, "times": times, "quiet": chosen.quiet is not None,
        "channels": [{"key": key, "label": channel.label, "reached": bool(channel.reachable(ctx, [me]))} for key, channel in CHANNELS.items()],
        "urgencies": [{"key": u, "label": WORDS[u][0], "help": WORDS[u][1], "ways": {c: chosen.way(c, u) for c in CHANNELS}} for u in URGENCIES],
        "ways": WAYS, "digest": chosen.digest, "digests": [(DAILY, _("Once a day")), (HOURLY, _("Every hour"))], "zone": ctx.actor.zone.replace("_", " "),
        "spared": spared, "hours": known is not None and known.hours is not None,
    }, status=422 if problems else 200)


def _clock(minutes: int) -> str:
    return f"{minutes % DAY // 60:02}:{minutes % 60:02}"


# --- what became of it ------------------------------------------------------------------------------------------------


def mine(ctx: Ctx, request: Request) -> Page:
    """Why I got a notice, or did not."""
    before = request.args.get("before", "")
    found = log.mine(ctx, before if is_id(before) else None, log.PAGE + 1)
    reader, url = reader_of(ctx), f"{base_of(ctx)}{PATH}/log"
    rows = [
        {"words": one.notice.words, "when": moment_words(one.notice.created_at, reader), "icon": one.notice.kind.icon, "href": target_of(ctx, one.notice),
         "urgency": WORDS[one.notice.urgency][0] if one.notice.urgency in WORDS else None, "high": one.notice.urgency == "high",
         "inbox": _("came quietly") if one.notice.data.get("spared") else _("already read") if one.notice.read_at else _("not read yet"),
         "ways": [_way(ctx, way) for way in one.ways]}
        for one in found[: log.PAGE]]
    return Page("runtime/settings/notice_log.html", {
        **frame(ctx, "notices"), "rows": rows, "path": f"{base_of(ctx)}{PATH}", "more": f"{url}?{urlencode({'before': found[log.PAGE - 1].notice.id})}" if len(found) > log.PAGE else None})


def everybodys(ctx: Ctx, request: Request) -> Page:
    """The page of administrators, with its filters; what can't be read is left out."""
    args = request.args
    state, channel, person, before = (args.get(name, "") for name in ("state", "channel", "person", "before"))
    asked = {"state": state if state in reasons.STATES else "", "channel": channel if channel in CHANNELS else "", "person": person if is_id(person) else ""}
    found = log.everybodys(ctx, **asked, before=before if is_id(before) else None, limit=log.PAGE + 1)
    names = of_people(ctx, [e.person for e in found])
    chosen = Wanted()
    chosen.add("person", asked["person"])
    reader, url = reader_of(ctx), f"{base_of(ctx)}/settings/deliveries"
    rows = [
        {**_way(ctx, entry.way), "who": names.get(entry.person, "—"), "when": moment_words(entry.created_at, reader),
         "words": _("Collected notices") if entry.kind == DIGEST else entry.notice.words if entry.notice is not None else KINDS[entry.kind].words if entry.kind in KINDS else entry.kind,
         "icon": KINDS[entry.kind].icon if entry.kind in KINDS else "list-check"}
        for entry in found[: log.PAGE]]
    kept = {k: v for k, v in asked.items() if v}
    more = f"{url}?{urlencode({**kept, 'before': found[log.PAGE - 1].way.id})}" if len(found) > log.PAGE else None
    return Page("runtime/settings/deliveries.html", {
        **frame(ctx, "deliveries"), "rows": rows, "asked": asked, "narrowed": bool(kept), "more": more, "url": url, "troubles": log.troubles(ctx),
        "states": [("", _("Everything")), *reasons.STATES.items()], "channels": [("", _("Every way")), *((key, c.label) for key, c in CHANNELS.items())],
        "lookup": f"{base_of(ctx)}/lookup/person/manager?all=1",
        "chosen": [(asked["person"], resolve(ctx, chosen).get(asked["person"]) or _("Somebody"))] if asked["person"] else []})


def _way(ctx: Ctx, way: Way) -> dict[str, Any]:
    reader = reader_of(ctx)
    at = way.sent_at or way.due_at
    return {
        "channel": CHANNELS[way.channel].label if way.channel in CHANNELS else way.channel, "state": reasons.STATES.get(way.state, way.state), "tone": reasons.TONES.get(way.state, "neutral"),
        "state_icon": reasons.ICONS.get(way.state, "point-filled"), "why": reasons.words(ctx.app, way.state, way.why), "tries": way.attempts if way.attempts > 1 else None,
        "at": (_("until {when}", when=moment_text(at, reader)) if way.sent_at is None else moment_words(at, reader)) if at is not None else None, "collected": way.digest and way.sent_at is not None}
