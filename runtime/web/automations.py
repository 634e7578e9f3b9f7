"""Automations on a record: which look at it, how each went and why, one run with its steps, and buttons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel import fieldtypes
from kernel.errors import Invalid, Message, NotFound
from kernel.i18n import _, to_text
from kernel.model.elements import Automation, AutomationStep
from kernel.platform.ctx import SYSTEM, Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.automations import outside, reading, rows, trouble
from runtime.automations.reading import SeenRun
from runtime.forms import parse, problems
from runtime.forms.build import Builder, Filling
from runtime.forms.prepare import prepared
from runtime.forms.shown import Surroundings
from runtime.forms.shown import words as value_words
from runtime.forms.when import full_moment, moment_words
from runtime.records.labels import Wanted, resolve
from runtime.web import automations_words as words
from runtime.web.edit import trigger
from runtime.web.entries import value_of
from runtime.web.record import Open, open_record
from runtime.web.sight import base_of, creatable, known_entities, over


def show(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """Why something happened to a record, or why not: every automation that looks at it. Raises NotFound."""
    shown = open_record(ctx, entity, id)
    looking, runs = reading.of_record(ctx, entity, id, shown.seen.readable)
    names = _names(ctx, runs)
    last = {one.last.run.id for one in looking if one.last is not None}
    return Page("runtime/automations/of_record.html", {
        **over(request), "title": shown.seen.title, "url": shown.url,
        "automations": [_looking(ctx, shown, one, names) for one in looking],
        "runs": [_line(ctx, shown, one, names) for one in runs if one.run.state != rows.NOT_MET and one.run.id not in last][:20]})


def run(ctx: Ctx, request: Request, entity: str, id: str, run: str) -> Page:
    """One run of a record. Raises NotFound."""
    shown = open_record(ctx, entity, id)
    seen = reading.of_run(ctx, run, entity, id, shown.seen.readable)
    return Page("runtime/automations/run.html", {
        **over(request), **of_run(ctx, seen, shown.seen.readable, shown.around), "title": shown.seen.title, "url": shown.url, "back": f"{shown.url}/automations"})


def of_run(ctx: Ctx, seen: SeenRun, readable: Collection[str], around: Surroundings) -> dict[str, Any]:
    """A run in words: what set it off, what its condition read, its steps, how it ended."""
    names = _names(ctx, [seen])
    state, tone, icon = words.STATES[seen.run.state]
    reader = around.reader
    return {
        "automation": seen.element.label, "help": seen.element.help.get(ctx.language), "state": state, "tone": tone, "state_icon": icon,
        "when": full_moment(seen.run.created_at, reader), "ended": full_moment(seen.run.ended_at, reader) if seen.run.ended_at else None,
        "due": full_moment(seen.run.due_at, reader) if seen.run.due_at else None, "release": seen.run.release_id,
        "why": words.cause(seen.release.application, seen.run, names, readable, ctx.language), "inputs": _inputs(ctx, seen, around),
        "not_met": seen.run.state == rows.NOT_MET, "steps": _steps(ctx, seen, names, readable, around), "error": _error(ctx, seen), "circle": _circle(ctx, seen)}


def _names(ctx: Ctx, runs: Sequence[SeenRun]) -> dict[str, str]:
    """The names of everybody and everything that these runs speak of; one statement (more where titles are made of more than text)."""
    wanted = Wanted()
    for one in runs:
        by = one.run.cause.get("by")
        wanted.add("person", by if by != SYSTEM else None)
        for line in one.run.log:
            wanted.add("person", line.get("told"))
            wanted.add("person", line.get("to"))
            wanted.add("team", line.get("team"))
            if line.get("did") == "create" and line.get("record"):
                wanted.add(line["record"][0], line["record"][1])
    return dict(resolve(ctx, wanted)) if wanted.ids else {}


def _looking(ctx: Ctx, shown: Open, one: reading.Looking, names: dict[str, str]) -> dict[str, Any]:
    last = one.last
    return {
        "label": one.element.label, "help": one.element.help.get(ctx.language), "when": words.trigger(ctx.app, one.element, ctx.language), "paused": one.paused,
        "ran": one.ran, "last": _line(ctx, shown, last, names) if last is not None else None}


def _line(ctx: Ctx, shown: Open, seen: SeenRun, names: dict[str, str]) -> dict[str, Any]:
    state, tone, icon = words.STATES[seen.run.state]
    told = [to_text(w, ctx.language) for w in _results(ctx, seen, names, shown.seen.readable, shown.around)]
    return {
        "label": seen.element.label, "href": f"{shown.url}/automations/{seen.run.id}", "when": moment_words(seen.run.created_at, shown.around.reader), "state": state, "tone": tone,
        "icon": icon, "why": words.cause(seen.release.application, seen.run, names, shown.seen.readable, ctx.language), "told": told[:3], "not_met": seen.run.state == rows.NOT_MET,
        "inputs": _inputs(ctx, seen, shown.around), "error": _error(ctx, seen)[:1]}


def _inputs(ctx: Ctx, seen: SeenRun, around: Surroundings) -> list[dict[str, Any]]:
    """What the condition read, with values as the reader knows them."""
    app = ctx.app
    found = []
    for path, value, open_ in seen.inputs:
        own = path.removeprefix("old.")
        shown: Message
        if not open_:
            shown = _("not yours to see")
        elif isinstance(value, dict) and "rows" in value:
            shown = _("{n} of them", n=value["rows"])
        else:
            shown = _value(ctx, seen.run.entity, own, value, around)
        found.append({"name": words.path_words(app, seen.run.entity, path), "value": shown})
    return found


def _value(ctx: Ctx, entity: str, key: str, value: Any, around: Surroundings) -> Message:
    field = ctx.app.entities[entity].by_key.get(key) if entity in ctx.app.entities else None
    if value is None:
        return _("empty")
    if key in ("owner", "team"):
        wanted = Wanted()
        wanted.add("person" if key == "owner" else "team", value)
        return resolve(ctx, wanted).get(value) or _("Somebody")
    if key == "state":
        machine = ctx.app.first_machine(entity)
        return machine.by_key[value].label if machine is not None and value in machine.by_key else str(value)
    if field is None or field.type not in fieldtypes.BUILTIN:
        return str(value)
    made = value_of(ctx, field, value)
    return value_words(prepared(ctx, field), made, around) if made is not None else str(value)


def _error(ctx: Ctx, seen: SeenRun) -> list[str]:
    if seen.run.error is None:
        return []
    return trouble.words_of(seen.run.error, ctx.language) if seen.open_error else [_("Something that you may not see stood against it.").to(ctx.language)]


def _circle(ctx: Ctx, seen: SeenRun) -> list[Message]:
    """The automations that set each other off."""
    found = ((seen.release.application.by_uid.get(uid), uid) for uid in (seen.run.error or {}).get("circle", ()))
    return [element.label if element is not None else uid for element, uid in found]


def _results(ctx: Ctx, seen: SeenRun, names: dict[str, str], readable: Collection[str], around: Surroundings) -> list[Message]:
    return [w for line in seen.run.log if not line.get("undone") and (w := _done(ctx, seen, line, names, readable, around)) and line.get("did") not in ("branch", "skipped", "each")]


def _done(ctx: Ctx, seen: SeenRun, line: Any, names: dict[str, str], readable: Collection[str], around: Surroundings) -> Message:
    fields = [words.field_label(ctx.app, seen.run.entity, key) for key in reading.fields_of(seen, line, readable)]
    made = line.get("record") or ["", ""]
    return words.done(ctx.app, line, names, fields, names.get(made[1]), around.reader)


def _steps(ctx: Ctx, seen: SeenRun, names: dict[str, str], readable: Collection[str], around: Surroundings) -> list[dict[str, Any]]:
    found = []
    known = {entity.key for entity in known_entities(ctx)}
    for line in seen.run.log:
        step = seen.release.application.by_uid.get(str(line.get("step")))
        if not isinstance(step, AutomationStep):
            if "more" in line:
                found.append({"label": _("and {n} more", n=line["more"]), "words": "", "icon": "dots", "href": None, "undone": False, "failed": False, "iso": None})
            continue
        made = line.get("record") or ["", ""]
        href = f"{base_of(ctx)}/e/{made[0]}/{made[1]}" if line.get("did") == "create" and made[1] in names and made[0] in known else None
        found.append({
            "label": words.step_label(step), "words": _("refused") if line.get("failed") else _done(ctx, seen, line, names, readable, around), "icon": words.icon_of(step.do),
            "href": href, "undone": bool(line.get("undone")), "failed": bool(line.get("failed"))})
    return found


# --- buttons ----------------------------------------------------------------------------------------------------------


def buttons(ctx: Ctx, shown: Open) -> list[dict[str, Any]]:
    """What the record page offers; kinds of record without buttons cost nothing."""
    if shown.record.deleted_at is not None:
        return []
    return [{
        "label": element.label, "url": f"{shown.url}/action/{element.key}", "help": element.help.get(ctx.language)} for element in outside.buttons(ctx, shown.seen)]


def ask(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page:
    """What a button asks before it acts. Raises NotFound."""
    shown = open_record(ctx, entity, id)
    return _form(ctx, request, shown, _button(ctx, shown, key))


def press(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page | Response:
    """Act. Raises NotFound, Forbidden, Conflict."""
    shown = open_record(ctx, entity, id)
    element = _button(ctx, shown, key)
    asked = parse.read_asks(ctx, element.asks, request.form)
    try:
        outside.press(ctx, entity, id, key, asked, "text")
    except Invalid as error:
        return _form(ctx, request, shown, element, asked, error)
    said = {"toast": {"text": _("“{label}” is on its way", label=element.label).to(ctx.language), "tone": "ontime"}}
    if is_htmx(request):
        return Response("", 200, headers={"HX-Redirect": shown.url, "HX-Trigger": trigger(said)})
    return redirect(shown.url, 303)


def _button(ctx: Ctx, shown: Open, key: str) -> Automation:
    found = next((element for element in outside.buttons(ctx, shown.seen) if element.key == key), None)
    if found is None:
        raise NotFound()
    return found


def _form(ctx: Ctx, request: Request, shown: Open, element: Automation, sent: dict[str, Any] | None = None, invalid: Invalid | None = None) -> Page:
    found = problems.by_field(invalid.problems, ctx.language) if invalid else {}
    asks = [f for f in element.asks if f.type in fieldtypes.BUILTIN]
    keys = frozenset(f.key for f in asks)
    filling = Filling(
        values={}, raw=sent, readable=keys, writable=keys, errors=found, labels=shown.seen.labels, files={}, linked=frozenset(e.key for e in known_entities(ctx)),
        creatable=creatable(ctx))
    builder = Builder(ctx, shown.entity.key, filling, "t")
    views = [builder.view(f, True) for f in asks]
    labels = {v.key: v.label for v in views}
    errors = problems.summary(invalid.problems, labels, labels, "t", ctx.language) if invalid else []
    return Page("runtime/automations/button.html", {
        **over(request), "automation": element, "help": element.help.get(ctx.language), "fields": views, "errors": errors, "url": shown.url, "title": shown.seen.title,
        "does": [words.step_label(step) for step in element.steps]}, status=422 if invalid else 200)


