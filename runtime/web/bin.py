"""The recycle bin: what was deleted, until when it can come back, and the way back. Rights decide what stands there (runtime/records/binlist.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import BadRequest, Forbidden, Invalid, NotFound, Problem
from kernel.fieldtypes.ids import is_id
from kernel.i18n import Text, _
from kernel.permissions import rights_of
from kernel.platform import audit
from kernel.platform.ctx import Ctx
from kernel.platform.tenants import change_settings
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.forms import parse
from runtime.forms.prepare import reader_of
from runtime.forms.when import left_words, moment_words
from runtime.records import binlist, purging, retention, road
from runtime.records.bundles import Key
from runtime.records.record import Input
from runtime.records.removing import bundle_of
from runtime.web.edit import Form
from runtime.web.printing import sheet
from runtime.web.record import open_record
from runtime.web.sight import base_of, known_entities, over

PERIODS: dict[str, tuple[Text, int]] = {"1": (_("Today"), 1), "7": (_("Last 7 days"), 7), "30": (_("Last 30 days"), 30)}
MOST_AT_ONCE = 200
MOST_DAYS = 3650


def show(ctx: Ctx, request: Request) -> Page:
    """The page, or its further rows."""
    args = request.args
    after = binlist.read_cursor(args["after"]) if args.get("after") else None
    asked = binlist.Asked(args.get("kind") or None, args.get("person") or None, _since(ctx, args.get("period", "")), args.get("q", "")[:200], after)
    found = binlist.read(ctx, asked)
    kept = {k: v for k in ("kind", "person", "period", "q") if (v := args.get(k))}
    more = f"{base_of(ctx)}/bin?{urlencode({**kept, 'after': binlist.cursor_of(found.after)})}" if found.after else None
    context = {
        "rows": _rows(ctx, found.lines, frozenset(args.get("failed", "").split(","))), "more": more, "base_url": base_of(ctx), "q": asked.q,
        "tabs": _tabs(ctx, found, kept), "people": [("", _("Everybody")), *sorted(found.people.items(), key=lambda p: p[1])], "person": asked.person or "",
        "periods": [("", _("Any time")), *((k, v[0]) for k, v in PERIODS.items())], "period": args.get("period", ""), "kind": asked.entity or "",
        "narrowed": bool(asked.person or asked.since or asked.q.strip()), "may_purge": "administer" in ctx.actor.rights,
        "days": retention.default_days(ctx), "notice": _notice(args.get("back", ""), args.get("failed", ""), args.get("purged", "")),
        "bulk": _bulk(ctx),
    }
    return Page("runtime/bin/rows.html" if is_htmx(request) and after else "runtime/bin/page.html", context)


def _bulk(ctx: Ctx) -> list[dict[str, Any]]:
    """What can be done with the marked rows."""
    base = f"{base_of(ctx)}/bin"
    found: list[dict[str, Any]] = [{"label": _("Restore"), "icon": "arrow-back-up", "attrs": {
        "hx-post": f"{base}/restore", "hx-include": "closest form", "hx-swap": "none"}}]
    if "administer" in ctx.actor.rights:
        found.append({"label": _("Delete for good"), "icon": "trash", "danger": True, "attrs": {
            "hx-post": f"{base}/purge", "hx-include": "closest form", "hx-target": "#dialog-root", "hx-swap": "innerHTML"}})
    return found


def _since(ctx: Ctx, period: str) -> datetime | None:
    if period not in PERIODS:
        return None
    reader = reader_of(ctx)
    return datetime.combine(reader.today - timedelta(days=PERIODS[period][1] - 1), time(), reader.zone)


def _tabs(ctx: Ctx, found: binlist.Bin, kept: dict[str, str]) -> list[dict[str, Any]]:
    """All kinds together, then each that has something in the bin."""
    rest = {k: v for k, v in kept.items() if k != "kind"}

    def tab(key: str, label: Any, n: int) -> dict[str, Any]:
        query = urlencode({**({"kind": key} if key else {}), **rest})
        return {"label": label, "href": f"{base_of(ctx)}/bin" + (f"?{query}" if query else ""), "count": n, "active": kept.get("kind", "") == key}

    known = [e for e in known_entities(ctx) if e.key in found.kinds or kept.get("kind") == e.key]
    return [tab("", _("All"), sum(found.kinds.values())), *(tab(e.key, e.label, found.kinds.get(e.key, 0)) for e in known)]


def _notice(back: str, failed: str, purged: str) -> Text | None:
    """What the last act did."""
    if purged.isdecimal():
        return _("Deleted for good: {n}", n=int(purged[:5]))
    done = int(back[:5]) if back.isdecimal() else 0
    n = len([f for f in failed.split(",") if f])
    if n and done:
        return _("Brought back: {n}. The marked ones need something first: open them one by one.", n=done)
    if n:
        return _("The marked ones need something first: open them one by one.")
    return _("Brought back: {n}", n=done) if done else None


def _rows(ctx: Ctx, lines: Sequence[binlist.Line], failed: frozenset[str]) -> list[dict[str, Any]]:
    reader = reader_of(ctx)
    found = []
    for line in lines:
        entity = ctx.app.entities[line.entity]
        mark = f"{line.entity}:{line.id}"
        also = [_("{n} × {label}", n=n, label=ctx.app.entities[kind].label) for kind, n in line.also.items()]
        last = line.until.astimezone(reader.zone).date()
        found.append({
            "id": line.id, "mark": mark, "title": line.title, "icon": entity.icon, "kind": entity.label, "href": f"{base_of(ctx)}/bin/{line.entity}/{line.id}",
            "person": _("you") if line.deleted_by == ctx.actor.person else line.person or (_("System") if line.deleted_by == "system" else None),
            "at": moment_words(line.deleted_at, reader), "until": left_words(last, reader) if line.until > ctx.now else _("any moment now"),
            "soon": line.until - ctx.now < timedelta(days=7), "may": line.may, "also": _("with {what}", what=also) if also else None,
            "failed": mark in failed,
        })
    return found


def look(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """A record in the bin as it was. Raises NotFound."""
    shown = open_record(ctx, entity, id, binned=True)
    context = {**sheet(ctx, shown), "base_url": base_of(ctx), "mark": f"{entity}:{id}", "may": bool(shown.seen.may["delete"])}
    return Page("runtime/bin/record.html", context)


# --- bringing back ----------------------------------------------------------------------------------------------------


def restore(ctx: Ctx, request: Request) -> Page | Response:
    """Bring back what is marked. One that today's rules stand against opens its form; of several the others come back."""
    keys = _marked(ctx, request)
    try:
        back = road.restore_many(ctx, keys)
    except Invalid as error:
        if len(keys) == 1 and not is_htmx(request):
            return _mending(ctx, request, error)
        return _some(ctx, request, keys, error)
    return _to(ctx, request, f"/e/{keys[0][0]}/{keys[0][1]}" if len(keys) == 1 else f"/bin?back={len(back)}")


def _marked(ctx: Ctx, request: Request) -> list[Key]:
    """``entity:id`` of the rows. Raises BadRequest."""
    found: dict[Key, None] = {}
    for text in request.form.getlist("ids"):
        entity, _sep, id_ = text.partition(":")
        if entity in ctx.app.entities and is_id(id_):
            found[(entity, id_)] = None
    if not found:
        raise BadRequest(_("Nothing is selected."), hint=_("Tick the rows first."))
    if len(found) > MOST_AT_ONCE:
        raise BadRequest(_("At most {n} records at once.", n=MOST_AT_ONCE))
    return list(found)


def _some(ctx: Ctx, request: Request, keys: Sequence[Key], error: Invalid) -> Response:
    """Those that nothing stands against; the others stay and are marked."""
    wrong = {(str(p.data.get("entity")), str(p.data.get("record"))) for p in error.problems}
    if any(record == "None" for _entity, record in wrong):
        raise error
    failed = [key for key in keys if wrong & bundle_of(ctx, [key])]
    fine = [key for key in keys if key not in failed]
    back = road.restore_many(ctx, fine) if fine else []
    return _to(ctx, request, f"/bin?{urlencode({'back': len(back), 'failed': ','.join(f'{e}:{i}' for e, i in failed)})}")


def _to(ctx: Ctx, request: Request, path: str) -> Response:
    place = f"{base_of(ctx)}{path}"
    return Response("", 204, headers={"HX-Redirect": place}) if is_htmx(request) else redirect(place, 303)


def mend(ctx: Ctx, request: Request, entity: str, id: str) -> Page | Response:
    """Save what was missing and bring the record back; where another one of its bundle needs something, that one's form comes next."""
    shown = open_record(ctx, entity, id, binned=True)
    made = Form(ctx, shown.entity, shown)
    made.require_update()
    sent = parse.read(ctx, made.posted_fields(request), request.form).fields
    try:
        road.mend(ctx, entity, id, Input(sent, "text"))
    except Invalid as error:
        return _form(ctx, request, made, error, sent)
    try:
        road.restore(ctx, entity, id)
    except Invalid as error:
        # What was mended stays mended.
        return _mending(ctx, request, error, status=200)
    return redirect(shown.url, 303)


def _mending(ctx: Ctx, request: Request, error: Invalid, status: int = 422) -> Page:
    """The form of the first record that today's rules stand against. Raises the refusal itself where a form would not help."""
    entity, id_ = error.problems[0].data.get("entity"), error.problems[0].data.get("record")
    if not entity or not id_:
        raise error
    shown = open_record(ctx, str(entity), str(id_), binned=True)
    made = Form(ctx, shown.entity, shown)
    if not shown.seen.may["update"]:
        raise error
    own = [p for p in error.problems if (p.data.get("entity"), p.data.get("record")) == (entity, id_)]
    return _form(ctx, request, made, Invalid(own), None, status)


def _form(ctx: Ctx, request: Request, made: Form, error: Invalid, sent: dict[str, Any] | None, status: int = 422) -> Page:
    assert made.shown is not None
    page = made.page(request, given=sent or {}, raw=sent, refused=error)
    context = {
        **page.context, "action": f"{base_of(ctx)}/bin/{made.entity.key}/{made.shown.record.id}/mend", "cancel_url": f"{base_of(ctx)}/bin",
        "record_url": None, "heading": _("Bring back “{title}”", title=made.shown.seen.title), "submit_label": _("Save and bring back"),
        "intro": {
            "text": _("The rules have changed, or something else took its place, since this was deleted. Put right what is marked: then it comes back with all it had."),
            "tone": "warning", "title": None},
    }
    return Page(page.template, context, status=status)


# --- for good ---------------------------------------------------------------------------------------------------------


def purge(ctx: Ctx, request: Request) -> Page | Response:
    """Delete for good what is marked, after its name (or for several a word) was typed."""
    keys = _marked(ctx, request)
    if "administer" not in ctx.actor.rights:
        raise Forbidden(_("Only an admin may delete for good."))
    wanted = _name(ctx, keys)
    typed = request.form.get("typed")
    if typed is None or " ".join(typed.split()) != " ".join(wanted.split()):
        n = len(bundle_of(ctx, keys))
        context = {
            **over(request), "keys": [f"{e}:{i}" for e, i in keys], "wanted": wanted, "n": n, "base_url": base_of(ctx),
            "error": None if typed is None else _("This is not what stands there."), "typed": typed,
        }
        return Page("runtime/bin/purge.html", context, status=200 if typed is None else 422)
    n = purging.purge_for(ctx, keys)
    audit.note(ctx, "records.purged", None, {"n": n})
    return _to(ctx, request, f"/bin?purged={n}")


def _name(ctx: Ctx, keys: Sequence[Key]) -> str:
    """What has to be typed."""
    if len(keys) == 1:
        shown = open_record(ctx, *keys[0], binned=True)
        return shown.seen.title or keys[0][1][-6:]
    for entity in {e for e, _id in keys}:
        if not rights_of(ctx.release, ctx.actor).entity(entity).any("read"):
            raise NotFound()
    return _("delete for good").to(ctx.language)


def save_days(ctx: Ctx, request: Request) -> Response:
    """How long things are kept that no rule speaks of."""
    text = request.form.get("days", "").strip()
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= MOST_DAYS:
        raise Invalid([Problem("bad_days", _("Give a number of days from 1 to {most}.", most=MOST_DAYS), "days")])
    change_settings(ctx.conn, {retention.SETTING: int(text)})
    audit.note(ctx, "settings.changed", None, {"name": [retention.SETTING]})
    return redirect(f"{base_of(ctx)}/bin", 303)


