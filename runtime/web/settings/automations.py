"""What happens by itself, for administrators: every automation, how it went lately, on and off, one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel.errors import Conflict, Forbidden, NotFound
from kernel.i18n import _
from kernel.platform import audit
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.automations import principal, reading, rows
from runtime.automations.rules import Rule, rules_of
from runtime.forms.prepare import reader_of
from runtime.forms.when import moment_words
from runtime.records import reading as records
from runtime.records.labels import Wanted, resolve
from runtime.web import automations as shown
from runtime.web import automations_words as words
from runtime.web.settings.pages import frame
from runtime.web.sight import base_of, surroundings

DAYS = 7
_BAD = frozenset(rows.BAD)


def show(ctx: Ctx, request: Request) -> Page:
    """All of them, those in trouble first."""
    found = reading.overview(ctx, DAYS)
    names = _names(ctx, [one.standing.publisher for one in found])
    items = [_item(ctx, one, names) for one in found]
    return Page("runtime/settings/automations.html", {**frame(ctx, "automations"), "automations": sorted(items, key=lambda i: not i["bad"]), "days": DAYS})


def _names(ctx: Ctx, people: Sequence[str | None]) -> dict[str, str]:
    wanted = Wanted()
    for person in people:
        wanted.add("person", person)
    return dict(resolve(ctx, wanted)) if wanted.ids else {}


def _item(ctx: Ctx, one: reading.Kept, names: dict[str, str]) -> dict[str, Any]:
    element, reader = one.element, reader_of(ctx)
    entity = ctx.app.entities.get(element.entity)
    bad = sum(n for state, n in one.counts.items() if state in _BAD)
    did = sum(n for state, n in one.counts.items() if state in (rows.DONE, rows.WAITING, rows.GONE))
    return {
        "key": element.key, "label": element.label, "help": element.help.get(ctx.language), "entity": entity.label if entity is not None else element.entity,
        "when": words.trigger(ctx.app, element, ctx.language), "href": f"{base_of(ctx)}/settings/automations/{element.key}", "bad": bad, "did": did,
        "not_met": one.counts.get(rows.NOT_MET, 0), "last": moment_words(one.last, reader) if one.last else None, "paused": one.standing.paused_at is not None,
        "publisher": (names.get(one.standing.publisher) or _("Somebody")) if one.standing.publisher else _("the operator")}


def page(ctx: Ctx, request: Request, key: str) -> Page:
    """One automation: what it does, its runs. Raises NotFound."""
    rule = _rule(ctx, key)
    kept = next(one for one in reading.overview(ctx, DAYS) if one.element.uid == rule.uid)
    only = request.args.get("show", "")
    states = {"bad": rows.BAD, "not_met": (rows.NOT_MET,)}.get(only, tuple(s for s in words.STATES if s != rows.NOT_MET))
    runs = rows.of_automation(ctx, rule.uid, 50, states)
    wanted = Wanted()
    wanted.add("person", kept.standing.publisher)
    wanted.add("person", kept.standing.paused_by)
    for run in runs:
        wanted.add(run.entity, run.record)
    names = dict(resolve(ctx, wanted)) if wanted.ids else {}
    reader = reader_of(ctx)
    base = f"{base_of(ctx)}/settings/automations/{key}"
    lost: Any = None
    try:
        principal.actor_of(ctx, rule.element, kept.standing)
    except principal.Lost as error:
        lost = error.words
    return Page("runtime/settings/automation.html", {
        **frame(ctx, "automations"), "a": _item(ctx, kept, names), "steps": _outline(rule.element.steps), "base": base, "lost": lost,
        "mine": kept.standing.publisher == ctx.actor.person, "may_vouch": principal.PUBLISHING in ctx.actor.rights,
        "paused_by": names.get(kept.standing.paused_by or ""), "paused_at": moment_words(kept.standing.paused_at, reader) if kept.standing.paused_at else None,
        "choices": [
            {"label": label, "href": f"{base}?show={name}" if name else base, "active": only == name}
            for name, label in (("", _("Ran")), ("bad", _("In trouble")), ("not_met", _("Not for this one")))],
        "runs": [{
            "href": f"{base}/runs/{run.id}", "title": names.get(run.record or "") or (_("no record") if run.record is None else _("a record you may not see")),
            "when": moment_words(run.created_at, reader), "state": words.STATES[run.state][0], "tone": words.STATES[run.state][1], "icon": words.STATES[run.state][2],
            "error": _error(ctx, run)} for run in runs]})


def _error(ctx: Ctx, run: rows.Run) -> str | None:
    from runtime.automations import trouble

    return next(iter(trouble.words_of(run.error, ctx.language)), None) if run.error is not None and run.state in rows.BAD else None


def _outline(steps: Sequence[Any], depth: int = 0) -> list[dict[str, Any]]:
    """Steps in words, with how deep they stand."""
    found: list[dict[str, Any]] = []
    for step in steps:
        found.append({"label": words.step_label(step), "icon": words.icon_of(step.do), "depth": depth, "condition": step.if_})
        found += _outline(step.steps, depth + 1)
        if step.otherwise:
            found.append({"label": _("Otherwise"), "icon": "git-branch", "depth": depth, "condition": None})
            found += _outline(step.otherwise, depth + 1)
    return found


def run(ctx: Ctx, request: Request, key: str, run: str) -> Page:
    """One run. Values only as the reader may read them: of a record out of sight none. Raises NotFound."""
    rule = _rule(ctx, key)
    found = rows.find(ctx, run)
    if found is None or found.uid != rule.uid:
        raise NotFound()
    readable: frozenset[str] = frozenset()
    labels: Any = {}
    title, url = None, None
    if found.record is not None:
        try:
            seen = records.get(ctx, found.entity, found.record)
            readable, labels, title, url = seen.readable, seen.labels, seen.title, f"{base_of(ctx)}/e/{found.entity}/{found.record}"
        except NotFound:
            pass
    one = reading.of_run(ctx, run, found.entity, found.record, readable)
    return Page("runtime/settings/automation_run.html", {
        **frame(ctx, "automations"), **shown.of_run(ctx, one, readable, surroundings(ctx, labels)), "record_title": title, "record_url": url,
        "list_url": f"{base_of(ctx)}/settings/automations/{key}"})


def switch(ctx: Ctx, request: Request, key: str) -> Response:
    """On or off. What waits ends when it would go on while it is off."""
    rule = _rule(ctx, key)
    on = request.form.get("on") == "1"
    values = {"paused_at": None, "paused_by": None} if on else {"paused_at": ctx.now, "paused_by": ctx.actor.person}
    principal.note(ctx, rule.uid, **values, **({"through_at": ctx.now} if on and rule.element.trigger in ("every", "date") else {}))
    audit.note(ctx, "automation.resumed" if on else "automation.paused", rule.uid, {"name": rule.element.label.to(ctx.tenant.language)})
    return redirect(f"{base_of(ctx)}/settings/automations/{key}", 303)


def vouch(ctx: Ctx, request: Request, key: str) -> Response:
    """Take over who answers for it: from now on it runs with at most one's own rights. Raises Forbidden, Conflict."""
    rule = _rule(ctx, key)
    if principal.PUBLISHING not in ctx.actor.rights:
        raise Forbidden(_("Only who may change the application can answer for an automation."))
    if principal.standing(ctx, rule.uid).publisher == ctx.actor.person:
        raise Conflict(_("You answer for it already."))
    principal.note(ctx, rule.uid, publisher_id=ctx.actor.person, vouched_at=ctx.now, release_id=ctx.release.id, told_at=None)
    audit.note(ctx, "automation.vouched", rule.uid, {"name": rule.element.label.to(ctx.tenant.language)})
    return redirect(f"{base_of(ctx)}/settings/automations/{key}", 303)


def _rule(ctx: Ctx, key: str) -> Rule:
    found = next((rule for rule in (rules_of(ctx.app).all if ctx.app.automations else ()) if rule.element.key == key), None)
    if found is None:
        raise NotFound()
    return found
