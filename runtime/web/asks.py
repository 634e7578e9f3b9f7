"""Asking on the screen: what is missing with who could supply it, one tap to ask them, and the way from a task to the right field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx, system_actor
from kernel.web.rendering import Page
from kernel.web.request import is_htmx, own_path
from runtime.asks import act, fact, rows
from runtime.asks.act import Asked
from runtime.asks.fact import Fact, of_missing, of_row
from runtime.asks.refused import Why, why_not
from runtime.asks.rows import Ask
from runtime.asks.suppliers import Group, groups
from runtime.forms.when import moment_text
from runtime.records import labels, reading, store
from runtime.records.env import RecordEnv, Scene
from runtime.records.shape import shape_of
from runtime.records.work import reader_of
from runtime.web import belongs
from runtime.web.edit import trigger
from runtime.web.path import Waiting, asked_words, missing_item, waiting_of
from runtime.web.record import Open, field_of, open_record
from runtime.web.sight import base_of, over

_ROWS = frozenset({"rows", "file", "files", "image", "images", "signature", "address"})


# --- what is missing, and asking for it ----------------------------------------------------------------------------------


def missing(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page:
    """The list of a closed step, with how many people each thing would be asked of."""
    shown = open_record(ctx, entity, id)
    door = _door(ctx, shown, key)
    asks = waiting_of(ctx, entity, id)
    items = [_with_people(ctx, shown, door, m, asks) for m in door.missing]
    return Page("runtime/asks/missing.html", {"items": items})


def _door(ctx: Ctx, shown: Open, key: str) -> Any:
    door = next((d for d in reading.doors(ctx, shown.seen) if d.key == key), None)
    if door is None:
        raise NotFound()
    return door


def _with_people(ctx: Ctx, shown: Open, door: Any, one: Any, asks: Waiting) -> dict[str, Any]:
    item = missing_item(ctx, one, door, shown, asks)
    found = ctx.app.transition(shown.entity.key, door.key)
    if found is None or not item.get("askable"):
        return item
    named = groups(ctx, shown.seen.env, of_missing(shown.entity.key, found[1], one))
    if not item["asked"]:
        item["source"] = _from_words(ctx, named)
        if not named:
            item.update(ask_label=None, more_href=None)
    return item


def _from_words(ctx: Ctx, named: Sequence[Group]) -> Any:
    """From whom it would be asked for by one tap: the smallest group, in words, with its size."""
    if not named:
        return _("Nobody could supply this at the moment.")
    first = named[0]
    if len(first.people) == 1:
        name = labels.of_people(ctx, first.people).get(first.people[0])
        return _("from {who}, {role}", who=name, role=first.label) if name else _("from {who}", who=first.label)
    return _("from {n} people: {role}", n=len(first.people), role=first.label)


def form(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """Whom to ask, and with which words."""
    shown = open_record(ctx, entity, id)
    step, rule, path = _asked_for(request.args)
    wanted = act.fact_of(ctx, shown.seen, step, rule, path)
    named = groups(ctx, shown.seen.env, wanted)
    people = dict.fromkeys(p for g in named for p in g.people)
    names = labels.of_people(ctx, people)
    roles = [(g.role, _("{role} · {n} people", role=g.label, n=len(g.people)) if len(g.people) > 1 else g.label) for g in named]
    context = {
        **over(request), "action": f"{shown.url}/asks", "step": step or "", "rule": rule, "path": path, "roles": roles, "record_url": shown.url,
        "people": sorted(((p, names[p]) for p in people if p in names), key=lambda pair: pair[1]),
        "what": fact.words(ctx, {"of": entity, "transition": step, "rule": wanted.rule, "path": wanted.mark}), "title": shown.seen.title,
    }
    return Page("runtime/asks/form.html", context)


def ask(ctx: Ctx, request: Request, entity: str, id: str) -> Page | Response:
    """Ask. By htmx the line of the list comes back as asked; from the dialog a word and the line by itself."""
    step, rule, path = _asked_for(request.form)
    to = request.form.get("_to", "")
    role, person = (to[5:] or None, None) if to.startswith("role:") else (None, to[7:] or None) if to.startswith("person:") else (None, None)
    with _in_words():
        made = act.open(ctx, entity, id, transition=step, rule=rule, path=path, role=role, person=person, note=request.form.get("_note"))
    said = told_words(ctx, made).to(ctx.language)
    url = f"{base_of(ctx)}/e/{entity}/{id}"
    if not is_htmx(request):
        return redirect(url, 303)
    headers = {"HX-Trigger": trigger({"toast": {"text": said, "tone": "ontime"}, "dialog-close": {}, "asked": {"entity": entity, "id": id}})}
    if request.form.get("_line") and step is not None:
        # The line itself says it: a message would cover the list.
        shown = open_record(ctx, entity, id)
        door = next((d for d in reading.doors(ctx, shown.seen) if d.key == step), None)
        one = next((m for m in door.missing if m.rule == rule and _mark(ctx, entity, step, m) == path), None) if door is not None else None
        if one is not None:
            return Page("runtime/asks/line.html", {"item": missing_item(ctx, one, door, shown, waiting_of(ctx, entity, id))}, headers={"HX-Trigger": trigger({"asked": {"text": said}})})
    return Response("", 200, headers=headers)


def _mark(ctx: Ctx, entity: str, step: str, one: Any) -> str:
    found = ctx.app.transition(entity, step)
    return of_missing(entity, found[1], one).mark if found else ""


def told_words(ctx: Ctx, made: Asked) -> Any:
    """What was done, in words."""
    if made.again:
        return _("This is asked for already. You will be told as well.")
    if len(made.people) == 1:
        name = labels.of_people(ctx, made.people).get(made.people[0])
        return _("{who} is told. You will hear as soon as it is there.", who=name or _("One person"))
    return _("{n} people are told. You will hear as soon as it is there.", n=len(made.people))


def _asked_for(given: Mapping[str, Any]) -> tuple[str | None, str, str]:
    return str(given.get("_step") or "") or None, str(given.get("_rule") or ""), str(given.get("_path") or "")


# --- why a field is closed ------------------------------------------------------------------------------------------------


def why(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page:
    """Why the reader may not change this field, in words, and who could."""
    shown = open_record(ctx, entity, id)
    if "." in key:
        return belongs.page(ctx, request, shown, key)
    field = field_of(ctx, shown, key)
    reason = why_not(ctx, shown.seen, field)
    context = {**over(request), "label": field.label, "why": reason, "key": key, "mine": [], "asked": None, "who": None}
    if reason is not None:
        by_key = shown.entity.by_key
        context |= {"mine": [(by_key[k].label, f"{shown.url}?at={k}#v-{k}") for k in reason.mine], **wish(ctx, shown, key, reason)}
    return Page("runtime/asks/why.html", context)


def wish(ctx: Ctx, shown: Open, key: str, reason: Why) -> dict[str, Any]:
    """Who could change the closed field of a record, and the way to ask them."""
    context: dict[str, Any] = {"record_url": shown.url, "action": f"{shown.url}/asks", "asked": None, "who": None}
    if reason.kind not in ("derived", "fixed"):
        wanted = act.fact_of(ctx, shown.seen, None, "", key)
        named = groups(ctx, shown.seen.env, wanted)
        context["who"] = _from_words(ctx, named) if named else None
        context["can_ask"] = bool(named)
        waiting = waiting_of(ctx, shown.entity.key, shown.record.id)
        context["asked"] = next((asked_words(ctx, a, waiting.names) for a in waiting.asks if a.transition is None and a.path == key), None)
    return context


# --- from the task to the field -------------------------------------------------------------------------------------------


def go(ctx: Ctx, request: Request, id: str) -> Response:
    """Where whoever was asked can supply it: the right form at the right field, with the asker's words on top."""
    one = act.asked_of_me(ctx, id)
    back = own_path(request.args.get("back"), ctx.tenant.slug) if request.args.get("back") else ""
    return redirect(target(ctx, one, back) if one.closed_at is None else record_url(ctx, one) or f"{base_of(ctx)}/inbox", 303)


def record_url(ctx: Ctx, one: Ask) -> str | None:
    """The record an ask is about, if the actor may see it."""
    try:
        reading.require(ctx, one.entity, one.record_id)
    except NotFound:
        return None
    return f"{base_of(ctx)}/e/{one.entity}/{one.record_id}"


def target(ctx: Ctx, one: Ask, back: str = "") -> str:
    """The address for the actor."""
    base = base_of(ctx)
    query = {"ask": one.id, **({"back": back} if back else {})}
    wanted = of_row(ctx.app, one)
    env = env_of(ctx, one)
    if wanted is None or env is None:
        return f"{base}/inbox"
    if wanted.kind == "role" and wanted.step is not None:
        return f"{base}/e/{one.entity}/{one.record_id}?{urlencode({**query, 'do': wanted.step.key})}"
    place = act.place_for(ctx, env, wanted)
    if place is None:
        url = record_url(ctx, one)
        return f"{url}?{urlencode(query)}" if url else f"{base}/inbox"
    if place.kind == "create":
        return f"{base}/e/{place.entity}/new?{urlencode({place.field: place.record, **query})}"
    url = f"{base}/e/{place.entity}/{place.record}"
    if place.kind == "assign":
        return f"{url}?{urlencode({**query, 'assign': '1'})}"
    field = ctx.app.entities[place.entity].by_key[place.field]
    if field.type in _ROWS:
        return f"{url}/edit?{urlencode({**query, 'at': place.field})}#f-{place.field}"
    return f"{url}?{urlencode({**query, 'at': place.field})}#v-{place.field}"


def env_of(ctx: Ctx, one: Ask) -> RecordEnv | None:
    """The record as the system sees it: who is asked may only see the one beside it."""
    if one.entity not in ctx.app.entities:
        return None
    system = ctx.acting(actor=system_actor(ctx.tenant, ctx.release))
    shape = shape_of(ctx.release, one.entity)
    record = store.load(system, shape, [one.record_id]).get(one.record_id)
    return RecordEnv(Scene(system), shape, record) if record is not None and record.deleted_at is None else None


def banner(ctx: Ctx, request: Request, id: str) -> Page | Response:
    """The asker's words again; once the fact is there, back to where the reader came from."""
    found = banner_of(ctx, request, id)
    if found is None:
        raise NotFound()
    if found["closed"]:
        return Response("", 200, headers={"HX-Redirect": found["done_url"]})
    return Page("runtime/asks/banner.html", {"task": found})


def banner_of(ctx: Ctx, request: Request, id: str | None = None) -> dict[str, Any] | None:
    """What stands on top of the page that a task opened; None when no task did."""
    asked = id or request.args.get("ask") or request.form.get("_ask")
    if not asked:
        return None
    try:
        one = act.asked_of_me(ctx, asked)
    except NotFound:
        return None
    given = request.args.get("back") or request.form.get("_back")
    back = own_path(given, ctx.tenant.slug) if given else ""
    names = labels.of_people(ctx, one.askers)
    return {
        "id": one.id, "who": [names.get(p) or to_text(_("Somebody"), ctx.language) for p in one.askers], "what": fact.words(ctx, one.data()), "note": one.note,
        "when": moment_text(one.created_at, reader_of(ctx)), "closed": one.closed_at is not None, "back": back,
        "done_url": f"{back or base_of(ctx) + '/inbox'}{'&' if '?' in back else '?'}done={one.id}",
        "url": f"{base_of(ctx)}/asks/{one.id}", "at": request.args.get("at"), "assign": request.args.get("assign"),
        "query": urlencode({"back": back}) if back else "",
    }


def after(ctx: Ctx, request: Request, usual: str) -> str:
    """Where a form that a task opened leads after it was saved: back to where its reader was."""
    found = banner_of(ctx, request)
    return usual if found is None or not (found["closed"] or found["back"]) else str(found["done_url"] if found["closed"] else found["back"])


# --- taking back, saying no -----------------------------------------------------------------------------------------------


def withdraw(ctx: Ctx, request: Request, id: str) -> Response:
    """Take it back."""
    one = rows.find(ctx, id)
    act.withdraw(ctx, id)
    return _done(ctx, request, _("Taken back."), one)


def decline_form(ctx: Ctx, request: Request, id: str) -> Page:
    """Why not: asked for before somebody is turned down."""
    one = act.asked_of_me(ctx, id)
    names = labels.of_people(ctx, [one.asked_by])
    return Page("runtime/asks/decline.html", {
        **over(request), "action": f"{base_of(ctx)}/asks/{id}/decline", "who": names.get(one.asked_by) or _("Somebody"), "what": fact.words(ctx, one.data()),
        "back": f"{base_of(ctx)}/inbox", "answer": f"{base_of(ctx)}/asks/{id}/answer"})


def decline(ctx: Ctx, request: Request, id: str) -> Response:
    """Say no, with a reason."""
    with _in_words():
        act.decline(ctx, id, request.form.get("reason"))
    return _done(ctx, request, _("Whoever asked is told."), None)


def answer(ctx: Ctx, request: Request, id: str) -> Response:
    """A word back to whoever asked."""
    with _in_words():
        act.answer(ctx, id, request.form.get("reason"))
    return _done(ctx, request, _("Whoever asked is told."), None)


@contextmanager
def _in_words() -> Iterator[None]:
    """One thing is wrong, and the message says it: there is no form with places for problems here."""
    try:
        yield
    except Invalid as error:
        told = Invalid(error.problems, error.problems[0].message)
        told.hint = error.problems[0].hint
        raise told from error


def _done(ctx: Ctx, request: Request, said: Any, one: Ask | None) -> Response:
    if is_htmx(request):
        return Response("", 200, headers={"HX-Trigger": trigger({
            "toast": {"text": said.to(ctx.language), "tone": "ontime"}, "dialog-close": {}, "asked": {}, "inbox-changed": {}})})
    return redirect((record_url(ctx, one) if one is not None else None) or f"{base_of(ctx)}/inbox", 303)


__all__ = ["Fact", "after", "ask", "banner_of", "missing", "why", "wish"]
