"""The dialogs: what to do, then what would come of it, then it is done."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel import fieldtypes
from kernel.errors import Message
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _, to_text
from kernel.model.elements import Entity
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.bulk import preview as ahead
from runtime.bulk import work
from runtime.bulk.order import Order
from runtime.bulk.work import Selection
from runtime.forms.prepare import prepared, reader_of
from runtime.records import query, several
from runtime.records.finder import Finder
from runtime.records.labels import Wanted, resolve
from runtime.web import list_state
from runtime.web.bulk import fields as controls
from runtime.web.bulk import posted
from runtime.web.edit import plain_words
from runtime.web.sight import base_of, entity_of, over

TITLES: Mapping[str, Message] = {"update": _("Change fields"), "transition": _("Move on"), "assign": _("Reassign"), "delete": _("Delete")}
ICONS = {"done": "circle-check", "refused": "lock", "changed": "history", "gone": "eye-off"}


def ask(ctx: Ctx, request: Request, entity: str, act: str) -> Page:
    """The dialog that comes next: input first, then what would come of it. Writes nothing."""
    known = entity_of(ctx, entity)
    act = posted.act_of(act)
    asked = list_state.read(ctx, known, request.args)
    chosen = posted.selection(request, asked)
    common = {
        **over(request), "entity": known, "act": act, "heading": TITLES[act], "url": asked.url("/bulk"), "ask_url": asked.url(f"/bulk/{act}"), "ids": request.form.getlist("ids"),
        "all": bool(request.form.get("all")), "once": request.form.get("_once") or secrets.token_urlsafe(12), "lookup": f"{base_of(ctx)}/lookup/{entity}"}
    form = {"update": _fields, "transition": _step, "assign": _receiver}.get(act)
    shown = form(ctx, request, known, chosen) if form else None
    if shown is not None:
        return Page("runtime/bulk/form.html", {**common, **shown, "note": _count_words(ctx, entity, chosen)})
    order = posted.order(ctx, request, known, act)
    found = ahead.preview(ctx, order, chosen)
    step = ctx.app.transition(entity, order.step) if order.step else None
    return Page("runtime/bulk/preview.html", {
        **common, **({"heading": step[1].label} if step else {}), **_previewed(ctx, order, found), "hidden": _kept(request), "can_go_back": form is not None, "what": what(ctx, known, order),
        "undo_note": _undo_note(ctx, order)})


def do(ctx: Ctx, request: Request, entity: str) -> Response:
    """Do it, or have it done: the answer leads to the list, which says what came of it, or to the job."""
    known = entity_of(ctx, entity)
    asked = list_state.read(ctx, known, request.args)
    act = posted.act_of(request.form.get("act", ""))
    job = work.ask(ctx, posted.order(ctx, request, known, act), posted.selection(request, asked), request.form.get("_once", "")[:60] or None)
    if is_htmx(request):
        url = asked.url(cursor=None)
        return Response("", 204, headers={"HX-Redirect": f"{url}{'&' if '?' in url else '?'}job={job.id}"})
    return redirect(f"{base_of(ctx)}/jobs/{job.id}", 303)


# --- input ------------------------------------------------------------------------------------------------------------


def _fields(ctx: Ctx, request: Request, entity: Entity, chosen: Selection) -> dict[str, Any] | None:
    """Which fields, and what to do to each; None when that is said."""
    which = posted.chosen(entity, request)
    drop, add = request.form.get("drop"), request.form.get("add", "")
    which = [(f, op) for f, op in which if f.key != drop]
    offered = controls.pickable(ctx, entity)
    more = next((f for f in offered if f.key == add and all(f.key != other.key for other, _op in which)), None)
    if more is not None:
        which.append((more, controls.ops_of(more)[0]["value"]))
    raw = posted.typed(ctx, request, [f for f, _op in which])
    errors: dict[str, str] = {}
    if request.form.get("go") == "preview":
        # A box that is not ticked says no; of everything else nothing typed is nothing said.
        errors = {f.key: to_text(_("Say what it becomes, or choose “Clear”."), ctx.language) for f, op in which
                  if op != "clear" and f.type != "boolean" and not posted.filled(raw.get(f.key))}
        if which and not errors:
            return None
    taken = {f.key for f, _op in which}
    return {
        "template": "fields", "picked": controls.picked(ctx, entity, which, raw, errors), "offered": [(f.key, f.label) for f in offered if f.key not in taken],
        "picked_last": more.key if more is not None else None}


def _step(ctx: Ctx, request: Request, entity: Entity, chosen: Selection) -> dict[str, Any] | None:
    """Which step, and what it asks; None when that is said."""
    found = posted.step_of(ctx, entity, request)
    if found is None:
        return {"template": "steps", "steps": steps(ctx, entity, chosen)}
    machine, step = found
    needs, asks = posted.needed(ctx, entity, step), list(step.asks)
    raw = posted.typed(ctx, request, needs) | (posted.typed(ctx, request, asks) if asks else {})
    errors: dict[str, str] = {}
    if request.form.get("go") == "preview" or not (needs or asks):
        lacking = [f for f in asks if f.required and f.type != "boolean" and not posted.filled(raw.get(f.key))]
        errors = {f.key: to_text(_("“{label}” is needed.", label=f.label), ctx.language) for f in lacking}
        if not errors:
            return None
    views = controls.controls(ctx, entity, needs, raw, {}), controls.controls(ctx, entity, asks, raw, errors)
    for view in views[0]:
        view.help = to_text(_("Filled in only where it is still empty."), ctx.language)
    return {"template": "asks", "heading": step.label, "step": step, "to": machine.by_key[step.to].label, "fields": [*views[0], *views[1]]}


def steps(ctx: Ctx, entity: Entity, chosen: Selection) -> list[dict[str, Any]]:
    """The steps open from where the selected records stand, each with how many stand there. What one may never take is not offered."""
    access = rights_of(ctx.release, ctx.actor).entity(entity.key)
    found = []
    here = _standing(ctx, entity, chosen)
    for machine in ctx.app.machines_of(entity.key):
        for step in machine.transitions:
            n = sum(here[machine.column].get(state, 0) for state in step.from_)
            mine = ctx.actor.roles.intersection(step.who) if step.who else access.any("update")
            if n and mine:
                note = _("{n} from {states}", n=n, states=[machine.by_key[s].label for s in step.from_ if here[machine.column].get(s)])
                found.append({"key": step.key, "label": step.label, "to": machine.by_key[step.to].label, "n": n, "note": note, "primary": step.primary})
    return sorted(found, key=lambda s: not s["primary"])


def _standing(ctx: Ctx, entity: Entity, chosen: Selection) -> dict[str, dict[str | None, int]]:
    """How many of the selected records stand in which state, per machine."""
    found: dict[str, dict[str | None, int]] = {m.column: {} for m in ctx.app.machines_of(entity.key)}
    if chosen.chosen is None:
        asked = chosen.asked(ctx, entity.key)
        return {column: dict(query.groups(ctx, entity.key, column, asked)) for column in found}
    for standing in several.standing(ctx, entity.key, [id_ for id_, _v in chosen.chosen]).values():
        for column, state in standing.states.items():
            found[column][state] = found[column].get(state, 0) + 1
    return found


def _receiver(ctx: Ctx, request: Request, entity: Entity, chosen: Selection) -> dict[str, Any] | None:
    """To whom; None when that is said."""
    given = {key: request.form.get(key, "") for key in ("owner", "team")}
    labels = _named(ctx, given)
    error: Message | None = None
    if request.form.get("go") == "preview":
        if not any(given.values()):
            error = _("Choose a person or a team.")
        elif any(id_ and id_ not in labels for id_ in given.values()):
            error = _("This record does not exist, or you may not see it.")
        else:
            return None
    picked = {key: [(id_, labels[id_])] if id_ in labels else [] for key, id_ in given.items()}
    return {"template": "receiver", "owner": picked["owner"], "team": picked["team"], "error": error}


def _named(ctx: Ctx, given: Mapping[str, str]) -> Mapping[str, str]:
    wanted = Wanted()
    wanted.add("person", given["owner"] if given["owner"] != "me" else None)
    wanted.add("team", given["team"] or None)
    return {**resolve(ctx, wanted), "me": to_text(_("me"), ctx.language)}


# --- what would come of it --------------------------------------------------------------------------------------------


def _previewed(ctx: Ctx, order: Order, found: ahead.Preview) -> dict[str, Any]:
    groups = [
        {"icon": ICONS[g.state], "n": g.n, "words": g.reason.words, "source": _("from {who}", who=g.reason.source) if g.reason.source else None,
         "examples": [found.titles[i] for i in g.examples if i in found.titles], "more": g.n - sum(i in found.titles for i in g.examples)}
        for g in found.groups]
    n = found.can if found.all_seen else found.total
    button = {"update": _("Change {n}", n=n), "assign": _("Reassign {n}", n=n), "delete": _("Delete {n}", n=n)}.get(order.act)
    if button is None:
        step = ctx.app.transition(order.entity, order.step)
        button = _("{step}: {n}", step=step[1].label if step else order.step, n=n)
    return {"found": found, "groups": groups, "total": _n(found.total, found.at_least), "button": button, "impossible": found.all_seen and not found.can,
            "background": found.total > work.AT_ONCE}


def _undo_note(ctx: Ctx, order: Order) -> Message:
    if order.act == "transition":
        return _("A step can't be taken back by itself. Look twice.")
    if order.act == "delete":
        return _("They go to the bin. You can bring them back afterwards.")
    return _("You can take it back afterwards.")


def what(ctx: Ctx, entity: Entity, order: Order) -> list[tuple[Message, str]]:
    """What will be done, in words: (what, to what)."""
    found: list[tuple[Message, str]] = []
    ids = {key: [t for t in texts or () if t] for key, texts in (*order.fields.items(), *order.add.items(), *order.remove.items())}
    wanted = Wanted()
    for key, texts in ids.items():
        target = prepared(ctx, entity.field(key)).refers_to
        if target:
            wanted.add(target, tuple(texts))
    for key, entity_key in (("owner", "person"), ("team", "team")):
        if order.to.get(key):
            wanted.add(entity_key, order.to[key])
    labels = resolve(ctx, wanted) if wanted.ids else {}
    for key, value in order.to.items():
        found.append((_("Owner") if key == "owner" else _("Team"), labels.get(value or "", "—")))
    for key, texts in order.fields.items():
        found.append((entity.field(key).label, _in_words(ctx, entity, key, texts, labels) or to_text(_("(empty)"), ctx.language)))
    for mark, given in (("+", order.add), ("−", order.remove)):
        for key, more in given.items():
            found.append((entity.field(key).label, f"{mark} {_in_words(ctx, entity, key, ['', *more], labels)}"))
    return found


def _in_words(ctx: Ctx, entity: Entity, key: str, texts: Any, labels: Mapping[str, str]) -> str:
    """A value as it will read; what can't be read stands as it was typed (the decisions say what is wrong with it)."""
    if texts is None:
        return ""
    field = entity.field(key)
    reader = reader_of(ctx, labels)
    try:
        value = fieldtypes.of(field).parse_form(field, [str(t) for t in texts], reader, Finder(ctx))
    except Unreadable:
        return " ".join(str(t) for t in texts if t)
    return "" if value is None else plain_words(ctx, entity, key, value, labels)


def _count_words(ctx: Ctx, entity: str, chosen: Selection) -> Message:
    if chosen.chosen is not None:
        return _("{n} records", n=len(dict(chosen.chosen)))
    counted = query.count(ctx, entity, chosen.asked(ctx, entity))
    return _("All that match: {n}", n=_n(counted.total, counted.at_least))


def _n(total: int, at_least: bool) -> str:
    return f"{total:,}{'+' if at_least else ''}"


def _kept(request: Request) -> list[tuple[str, str]]:
    """What was chosen and typed, to travel on."""
    return [(name, v) for name, values in request.form.lists() if name not in ("ids", "all", "go", "add", "drop", "act", "csrf_token") and not name.startswith("_") for v in values]
