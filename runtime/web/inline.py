"""One value edited in place: read, changed, saved, taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flask import Request, redirect
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kernel.errors import Forbidden, Invalid
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx
from runtime.forms import parse, problems
from runtime.forms.build import Builder, Filling
from runtime.forms.prepare import prepared
from runtime.web import cell_edit, conflict
from runtime.web.edit import Form, trigger, version_of
from runtime.web.record import Open, field_of, head, open_record, row_of
from runtime.web.sight import creatable, known_entities


def show(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page | Response:
    """The value as a control."""
    shown = open_record(ctx, entity, id)
    field = field_of(ctx, shown, key)
    if not is_htmx(request):
        return redirect(f"{shown.url}/edit#f-{key}", 303)
    if key not in shown.seen.writable:
        raise Forbidden()
    return _editor(ctx, shown, field, {}, cell=cell_edit.wanted(request))


def read(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page:
    """The value again, unchanged."""
    shown = open_record(ctx, entity, id)
    field = field_of(ctx, shown, key)
    return Page("runtime/record/field.html", {"row": row_of(ctx, shown, field, prepared(ctx, field).type.wide), "version": shown.record.version, "oob": False})


def save(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Page | Response:
    """Save one value. The answer is its row and everything that changed with it, with a way back."""
    before = open_record(ctx, entity, id)
    field = field_of(ctx, before, key)
    posted = _undone(request, key) or request.form
    sent = parse.read(ctx, [field], posted).fields
    version = version_of(request)
    try:
        saved = conflict.save(ctx, request, before, sent, version, f"{before.url}/field/{key}")
    except Invalid as error:
        if not is_htmx(request):
            # The value stays on the screen, in the whole form.
            return Form(ctx, before.entity, before).page(request, given=sent, raw=sent, refused=error, version=version)
        return _editor(ctx, before, field, sent, error, version, cell_edit.wanted(request))
    if isinstance(saved, Page):
        return saved
    record = saved.record
    if not is_htmx(request):
        note = f"?merged={version}" if saved.note is not None else ""
        return redirect(conflict.own_path(ctx, request.form.get("_back")) or before.url + note, 303)
    if cell_edit.wanted(request):
        return _told(cell_edit.row(ctx, request, entity, id), saved, ctx.language)
    after = open_record(ctx, entity, id)
    # Rows are put back in their form: what one input would send can't hold them.
    back = "_undo" not in request.form and field.type != "rows" and record.version != before.record.version
    undo = json.dumps(_texts(ctx, before, field), ensure_ascii=False) if back else None
    row = row_of(ctx, after, field, prepared(ctx, field).type.wide, saved=True, undo=undo)
    others = [
        row_of(ctx, after, f, prepared(ctx, f).type.wide)
        for f in after.entity.fields
        if f.key != key and f.key in after.seen.readable and f.type not in ("rows", "referring")
        and before.record.values.get(f.key) != after.record.values.get(f.key)
    ]
    return _told(Page("runtime/record/saved.html", {**head(ctx, after), "row": row, "others": others, "oob": True}), saved, ctx.language)


def _told(page: Page, saved: conflict.Saved, language: str) -> Page:
    """The answer with a line about what somebody else changed meanwhile."""
    if saved.note is None:
        return page
    return replace(page, headers={**page.headers, "HX-Trigger": trigger({"toast": {"text": saved.note.to(language), "tone": "info"}})})


def _texts(ctx: Ctx, shown: Open, field: Any) -> list[str]:
    """What a form would have sent for the value before."""
    value = shown.record.values.get(field.key)
    texts = prepared(ctx, field).type.input_texts(field, value, shown.around.reader)
    return list(texts) or [""]


def _undone(request: Request, key: str) -> MultiDict[str, str] | None:
    """The post that brings the former value back."""
    given = request.form.get("_undo")
    if given is None:
        return None
    try:
        texts = json.loads(given)
    except ValueError:
        texts = []
    found: MultiDict[str, str] = MultiDict()
    found.setlist(key, [str(t) for t in texts] if isinstance(texts, list) and texts else [""])
    return found


def _editor(ctx: Ctx, shown: Open, field: Any, raw: dict[str, Any], refused: Invalid | None = None, version: int | None = None, cell: bool = False) -> Page:
    errors = problems.by_field(refused.problems, ctx.language) if refused else {}
    if errors and field.key not in errors:
        # A rule elsewhere stands against it: this is the only place to say so.
        errors = {field.key: " ".join(dict.fromkeys(errors.values()))}
    elif refused and not errors:
        errors = {field.key: " ".join(problems.words(p, ctx.language) for p in refused.problems)}
    filling = Filling(
        values=shown.record.values, raw=raw or None, readable=shown.seen.readable, writable=shown.seen.writable, errors=errors,
        labels=shown.seen.labels, files=shown.around.files, linked=frozenset(e.key for e in known_entities(ctx)), creatable=creatable(ctx))
    view = Builder(ctx, shown.entity.key, filling, "i").view(field, prepared(ctx, field).type.wide)
    context = {
        "field": view, "wide": view.wide, "action": f"{shown.url}/field/{field.key}", "record_url": shown.url,
        "version": version if version is not None else shown.record.version, "message": _("Not saved yet"),
    }
    return Page("runtime/list/cell_edit.html" if cell else "runtime/record/edit_field.html", context, status=422 if refused else 200)
