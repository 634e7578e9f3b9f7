"""Taking a step of a state machine: asked for in a dialog, refused with what is missing, done with a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Request, redirect
from werkzeug.wrappers import Response

from kernel import fieldtypes
from kernel.errors import Invalid, Message, Missing, NotFound, Refused, Stale
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.approvals import panel
from runtime.files import uploads
from runtime.forms import parse, problems
from runtime.forms.build import Builder, FieldView, Filling
from runtime.forms.prepare import prepared
from runtime.records import reading, road
from runtime.records.record import ForApproval, Input
from runtime.web import asks as asking_screen
from runtime.web.edit import trigger, version_of
from runtime.web.path import missing_item, state_of, waiting_of
from runtime.web.record import Open, open_record
from runtime.web.sight import base_of, creatable, files_in, known_entities, over


def show(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page:
    """What the step asks for."""
    shown = open_record(ctx, entity, id)
    return _page(ctx, request, shown, _door(ctx, shown, key))


def take(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page | Response:
    """Take it. A refused step changes nothing and says what would open it."""
    shown = open_record(ctx, entity, id)
    version = version_of(request)
    if version is not None and version != shown.record.version and all(d.key != key for d in reading.doors(ctx, shown.seen)):
        raise Stale(shown.record.version)  # the step was there when the page was made
    door = _door(ctx, shown, key)
    sent = parse.read(ctx, _needed(ctx, shown, door), request.form).fields
    asked = parse.read_asks(ctx, door.asks, request.form)
    words = ForApproval(request.form.get("_note", ""), tuple(f for f in request.form.getlist("_files") if f))
    try:
        record = road.transition(ctx, entity, id, key, input=Input(sent, "text"), asks=asked, version=version, request=words)
    except Refused as error:
        return _page(ctx, request, shown, door, sent=sent, asked=asked, refused=error, status=409)
    except Invalid as error:
        return _page(ctx, request, shown, door, sent=sent, asked=asked, invalid=error, status=422)
    except Stale as error:
        return _moved_on(ctx, request, entity, id, key, sent, asked, error)
    done = (
        _("“{title}” is sent for approval", title=shown.seen.title) if record.waits
        else _("“{title}” is now: {state}", title=shown.seen.title, state=_state_label(ctx, shown, key))).to(ctx.language)
    if is_htmx(request) and request.form.get("_stay"):
        # Asked for by a board: the card lands there.
        events = {"dialog-close": {}, "card-moved": {"id": id}, "toast": {"text": done, "tone": "ontime"}}
        return Response("", 200, headers={"HX-Trigger": trigger(events)})
    if is_htmx(request):
        # The record page is made anew: path, doors, details and history all follow from the state.
        return Response("", 200, headers={"HX-Redirect": asking_screen.after(ctx, request, shown.url), "HX-Trigger": trigger({"toast": {"text": done, "tone": "ontime"}})})
    return redirect(asking_screen.after(ctx, request, shown.url), 303)


def _moved_on(ctx: Ctx, request: Request, entity: str, id: str, key: str, sent: dict[str, Any], asked: dict[str, Any], error: Stale) -> Page:
    """Somebody changed the record meanwhile: the step is shown once more, as it is now, with what was typed. Raises Stale where it is gone."""
    shown = open_record(ctx, entity, id)
    door = next((d for d in reading.doors(ctx, shown.seen) if d.key == key and not any(m.ask.get("kind") == "state" for m in d.missing)), None)
    if door is None:
        raise error
    return _page(ctx, request, shown, door, sent=sent, asked=asked, notice=_("Somebody changed this record in the meantime. Look at it again, then take the step."), status=412)


def _door(ctx: Ctx, shown: Open, key: str) -> Any:
    door = next((d for d in reading.doors(ctx, shown.seen) if d.key == key), None)
    if door is None:
        raise NotFound()
    return door


def _state_label(ctx: Ctx, shown: Open, key: str) -> Any:
    found = ctx.app.transition(shown.entity.key, key)
    return found[0].by_key[found[1].to].label if found else ""


def _needed(ctx: Ctx, shown: Open, door: Any) -> list[Any]:
    """Fields the step needs that this person may fill."""
    known = shown.entity.by_key
    return [known[k] for k in door.needs if k in known and k in shown.seen.writable and prepared(ctx, known[k]).type.writable]


def _page(
    ctx: Ctx, request: Request, shown: Open, door: Any, *, sent: dict[str, Any] | None = None, asked: dict[str, Any] | None = None,
    refused: Refused | None = None, invalid: Invalid | None = None, notice: Message | None = None, status: int = 200,
) -> Page:
    found = problems.by_field(invalid.problems, ctx.language) if invalid else {}
    raw = {**(sent or {}), **(asked or {})} if sent is not None else None
    machine, transition = ctx.app.transition(shown.entity.key, door.key) or (None, None)
    assert machine is not None and transition is not None
    needed = _needed(ctx, shown, door)
    values, files = _as_sent(ctx, shown, sent)
    missing = refused.missing if refused else door.missing
    lacking = _lacking(missing, {f.key for f in needed}, None if refused else shown.record.values)
    found.update({key: to_text(what, ctx.language) for key, what in lacking.items()})
    asks = [f for f in door.asks if f.type in fieldtypes.BUILTIN]
    keys = frozenset(f.key for f in asks)
    filling = Filling(
        values=values, raw=raw, readable=shown.seen.readable | keys, writable=shown.seen.writable | keys, errors=found,
        labels=shown.seen.labels, files=files, linked=frozenset(e.key for e in known_entities(ctx)), creatable=creatable(ctx))
    builder = Builder(ctx, shown.entity.key, filling, "t")
    views = [_required(builder.view(f, True)) for f in needed] + [builder.view(f, True) for f in asks]
    inside = {f.key for f in needed}
    waiting = waiting_of(ctx, shown.entity.key, shown.record.id) if missing else None
    blocked = [missing_item(ctx, m, door, shown, waiting) for m in missing if not (m.ask.get("kind") == "field" and m.ask.get("field") in inside)]
    for item in blocked:
        if item["ask_attrs"] and not item["askable"]:
            item.update(ask_label=None)
    labels = {v.key: v.label for v in views}
    errors = problems.summary(invalid.problems, labels, labels, "t", ctx.language) if invalid else []
    if refused:
        errors = [(f"t-{key}", labels[key], to_text(what, ctx.language)) for key, what in lacking.items()]
    asked_first = panel.forecast(ctx, shown.seen.env, transition) if door.approval else []
    now_at = state_of(machine, shown.record)[0] or ""
    context = {
        **over(request), "task": asking_screen.banner_of(ctx, request), "door": door, "url": shown.url, "title": shown.seen.title, "version": shown.record.version, "fields": views, "errors": errors,
        "blocked": blocked, "notice": notice, "stay": bool(request.values.get("stay") or request.form.get("_stay")),
        "from_label": to_text(machine.by_key[now_at].label, ctx.language) if now_at in machine.by_key else "",
        "to_label": to_text(machine.by_key[transition.to].label, ctx.language),
        "forecast": asked_first, "note": request.form.get("_note", ""), "sent_files": _sent_files(ctx, request), "upload_url": f"{base_of(ctx)}/files",
    }
    return Page("runtime/record/step.html", context, status=status)


def _sent_files(ctx: Ctx, request: Any) -> list[dict[str, Any]]:
    """Uploads that came with a refused request: they are offered again."""
    rows = uploads.rows(ctx, [f for f in request.form.getlist("_files") if f])
    return [{"id": r.id, "name": r.name, "url": f"{base_of(ctx)}/files/{r.id}"} for r in rows.values() if r.created_by == ctx.actor.person]


def _as_sent(ctx: Ctx, shown: Open, sent: dict[str, Any] | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The record's values as they would be with what was sent, and the files among them: a refused upload is not lost."""
    if not sent:
        return shown.record.values, shown.around.files
    values = road.preview(ctx, shown.entity.key, shown.record.id, Input(dict(sent), "text")).values
    return values, {**shown.around.files, **files_in(ctx, shown.entity, [values])}


def _lacking(missing: Iterable[Missing], inside: set[str], values: Mapping[str, Any] | None) -> dict[str, Message]:
    """What a step lacks, by the field of the dialog that can supply it. Before anything was sent (``values``), what is still empty is not a fault."""
    found: dict[str, Message] = {}
    for m in missing:
        key = m.ask.get("field") if m.ask.get("kind") == "field" else None
        if key in inside and (values is None or values.get(key)):
            found.setdefault(str(key), _("“{label}” is needed.", label=m.what) if str(m.rule).endswith("#needs") else m.what)
    return found


def _required(view: FieldView) -> FieldView:
    view.required = True
    return view
