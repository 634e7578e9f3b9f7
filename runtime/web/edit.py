"""Whole forms: a new record, a changed one, drafts, live previews, and what happens when somebody was faster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Request, redirect
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kernel.errors import Forbidden, Invalid, VersionRequired
from kernel.i18n import _
from kernel.model.elements import Entity, Field
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import dumps
from kernel.web.rendering import Page
from kernel.web.request import is_htmx, read_object
from kernel.web.routes import json_response
from runtime.forms import drafts, parse, problems, program
from runtime.forms.build import Builder, Filling, FormView
from runtime.forms.layout import layout_of
from runtime.forms.locked import ids_of, lock_field
from runtime.forms.prepare import prepared, reader_of, target_of
from runtime.forms.shown import Surroundings, words
from runtime.forms.undrawn import DRAWN
from runtime.forms.visible import hidden_parts
from runtime.forms.when import clock_words, day_words, iso
from runtime.records import reading, road
from runtime.records.labels import Wanted, resolve
from runtime.records.record import Input
from runtime.web import conflict, copies
from runtime.web.record import Open, open_record
from runtime.web.sight import base_of, creatable, entity_of, files_in, known_entities

NEW = "new"


def new(ctx: Ctx, request: Request, entity: str) -> Page:
    """The empty form: defaults filled in, values from the address taken over, a draft offered."""
    made = Form(ctx, to_create(ctx, entity), None)
    given = made.from_address(request)
    draft = drafts.find(ctx, entity, None, copies.draft_key(made.layout.key, copies.asked(request)))
    restored = draft is not None and request.args.get("draft") == "1"
    if restored and draft is not None:
        given = parse.read(ctx, made.writable_fields, draft.posted).fields
    return made.page(request, given=given, draft=None if restored else draft, raw=given if restored else None)


def create(ctx: Ctx, request: Request, entity: str) -> Page | Response:
    """Make the record; a refused one stays on the screen with every problem beside its field."""
    made = Form(ctx, to_create(ctx, entity), None)
    sent = parse.read(ctx, made.posted_fields(request), request.form).fields
    source = copies.asked(request)
    try:
        record = copies.create(ctx, entity, source, Input(sent, "text"))
    except Invalid as error:
        return made.page(request, given=sent, raw=sent, refused=error)
    if request.form.get("_dialog"):
        return _made_in_place(ctx, entity, record.id)
    drafts.discard(ctx, entity, None, copies.draft_key(made.layout.key, source))
    return redirect(_after(ctx, request, f"{base_of(ctx)}/e/{entity}/{record.id}"), 303)


def edit(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """The whole form of a record."""
    shown = open_record(ctx, entity, id)
    made = Form(ctx, shown.entity, shown)
    made.require_update()
    draft = drafts.find(ctx, entity, id, made.layout.key)
    if draft is not None and request.args.get("draft") == "1":
        given = parse.read(ctx, made.writable_fields, draft.posted).fields
        return made.page(request, given=given, raw=given)
    return made.page(request, given={}, draft=draft)


def update(ctx: Ctx, request: Request, entity: str, id: str) -> Page | Response:
    """Save the whole form. Somebody else's newer version is never overwritten unseen."""
    shown = open_record(ctx, entity, id)
    made = Form(ctx, shown.entity, shown)
    made.require_update()
    sent = parse.read(ctx, made.posted_fields(request), request.form).fields
    version = version_of(request)
    try:
        saved = conflict.save(ctx, request, shown, sent, version, f"{shown.url}/edit")
    except Invalid as error:
        return made.page(request, given=sent, raw=sent, refused=error, version=version)
    if isinstance(saved, Page):
        return saved
    drafts.discard(ctx, entity, id, made.layout.key)
    return redirect(_after(ctx, request, shown.url + (f"?merged={version}" if saved.note is not None else "")), 303)


def _after(ctx: Ctx, request: Request, usual: str) -> str:
    """Back to where the reader was, when a task brought them here."""
    from runtime.web import asks

    return asks.after(ctx, request, usual)


def version_of(request: Request, needed: bool = True) -> int | None:
    """The version the form was made from: a change is never made on what nobody looked at (D46). Raises VersionRequired.

    ``needed`` is False for what can be undone at once; then None stands for whatever there is.
    """
    given = request.form.get("_version", "")
    if re.fullmatch("[0-9]{1,15}", given):
        return int(given)
    if needed:
        raise VersionRequired(_("This page does not say which version it shows."), hint=_("Load it again and repeat your change."))
    return None


def preview(ctx: Ctx, request: Request, entity: str) -> Response:
    """What the rules say about the form as it stands: for what the browser can't work out alone. Changes nothing."""
    id_ = request.args.get("id") or None
    known = entity_of(ctx, entity) if id_ else to_create(ctx, entity)
    shown = open_record(ctx, entity, id_) if id_ else None
    made = Form(ctx, known, shown)
    sent = parse.read(ctx, made.writable_fields, request.form).fields
    found = road.preview(ctx, entity, id_, Input(sent, "text"))
    return json_response(program.answer(
        ctx, made.layout, found, made.readable, made.labels_for(found.values), hidden_parts(ctx, made.layout, shown.record if shown else None, found.values)))


def save_draft(ctx: Ctx, request: Request, entity: str) -> Response:
    """Keep what was typed (PUT), for this person alone."""
    id_, form = _draft_of(ctx, request, entity)
    body = read_object(request)
    version = body.get("version")
    at = drafts.save(ctx, entity, id_, form, body.get("values"), version if isinstance(version, int) else None)
    return json_response({"saved_at": iso(at)})


def discard_draft(ctx: Ctx, request: Request, entity: str) -> Response:
    """Throw it away and go back to the form."""
    id_, form = _draft_of(ctx, request, entity)
    drafts.discard(ctx, entity, id_, form)
    source = copies.asked(request)
    target = f"{base_of(ctx)}/e/{entity}/{id_}/edit" if id_ else f"{base_of(ctx)}/e/{entity}/new" + (f"?copy={source}" if source else "")
    return redirect(target, 303)


def _draft_of(ctx: Ctx, request: Request, entity: str) -> tuple[str | None, str]:
    known = entity_of(ctx, entity)
    id_ = request.args.get("id") or None
    if id_ is not None:
        reading.get(ctx, entity, id_)
    return id_, copies.draft_key(layout_of(ctx.release, known.key, ctx.actor.roles).key, None if id_ else copies.asked(request))


def to_create(ctx: Ctx, key: str) -> Entity:
    """The entity, if the actor may make records of it. Raises NotFound, Forbidden."""
    entity = ctx.app.entities.get(key)
    rights = rights_of(ctx.release, ctx.actor)
    if entity is not None:
        decision = rights.entity(key).may("create")
        if decision:
            return entity
        entity_of(ctx, key)
        raise Forbidden(decision.reason, rule=decision.rule)
    return entity_of(ctx, key)


def _made_in_place(ctx: Ctx, entity: str, id_: str) -> Response:
    """The new record goes to whoever opened the dialog."""
    title = reading.get(ctx, entity, id_).title or _("Without a name").to(ctx.language)
    events = {
        "record-created": {"id": id_, "text": title, "entity": entity}, "dialog-close": {},
        "toast": {"text": _("“{title}” is saved.", title=title).to(ctx.language), "tone": "ontime"},
    }
    return Response("", 200, headers={"HX-Trigger": trigger(events)})


def trigger(events: Mapping[str, Any]) -> str:
    """Events for the page as a header: ASCII, because headers are."""
    import json

    return json.dumps(json.loads(dumps(events)), ensure_ascii=True)


class Form:
    """A form at work: what may be seen and changed, and the page around it."""

    def __init__(self, ctx: Ctx, entity: Entity, shown: Open | None) -> None:
        self.ctx, self.entity, self.shown = ctx, entity, shown
        self.layout = layout_of(ctx.release, entity.key, ctx.actor.roles)
        if shown is None:
            rights = rights_of(ctx.release, ctx.actor).entity(entity.key)
            self.writable = rights.creatable
            self.readable = rights.creatable | rights.readable_ever()
        else:
            self.writable, self.readable = shown.seen.writable, shown.seen.readable
        self.writable_fields = tuple(f for f in self.layout.fields if f.key in self.writable and prepared(ctx, f).type.writable)

    def posted_fields(self, request: Request) -> tuple[Field, ...]:
        """The fields a post is read for. One that was open when the page was made and is closed now is read too: the road
        refuses it with its reason, where leaving it out would lose what was typed without a word."""
        known = {f.key for f in self.writable_fields}
        closed = [f for f in self.entity.fields if f.key not in known and f.key in self.readable and f.key in request.form]
        return (*self.writable_fields, *closed)

    def require_update(self) -> None:
        """Raises Forbidden when the record may not be changed at all."""
        assert self.shown is not None
        decision = self.shown.seen.may["update"]
        if not decision:
            raise Forbidden(decision.reason, rule=decision.rule)

    def from_address(self, request: Request) -> dict[str, Any]:
        """Values that the address brings along: from a related record, from a search that found nothing, or as a copy."""
        known = {f.key: f for f in self.writable_fields}
        copied = copies.found(self.ctx, self.entity.key, copies.asked(request))
        found: dict[str, Any] = {k: v for k, v in copies.texts(self.ctx, self.entity.key, copied).items() if k in known} if copied else {}
        for name in request.args:
            if name in known and known[name].type not in ("rows", "file", "files", "image", "images", "signature"):
                found[name] = request.args.getlist(name)
        named = request.args.get("name", "").strip()
        if named and "for" in request.args and "name" not in known:
            first = next((f for f in self.writable_fields if "{" + f.key + "}" in self.entity.title and f.type == "text"), None)
            if first is not None:
                found.setdefault(first.key, [named])
        return found

    def labels_for(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        """Names of every record that these values point at, as far as the actor may read them."""
        wanted = Wanted()
        for field in self.layout.fields:
            for column, value in _cells(prepared(self.ctx, field), values.get(field.key)):
                wanted.add(column.refers_to or target_of(column.shape), value)
        return resolve(self.ctx, wanted)

    def filled(self, given: Mapping[str, Any], raw: Mapping[str, Any] | None, refused: Invalid | None, prefix: str = "f", drawn: int | None = DRAWN) -> FormView:
        """The form with values: as the road would see them now, with what was typed kept as typed."""
        ctx = self.ctx
        id_ = self.shown.record.id if self.shown else None
        found = road.preview(ctx, self.entity.key, id_, Input(dict(given or {}), "text"))
        values = found.values if self.shown else self._to_the_minute(found.values, given)
        labels = self.labels_for(values)
        files = files_in(ctx, self.entity, [values])
        errors = problems.by_field(refused.problems, ctx.language) if refused else {}
        kept = raw
        if kept is None and given:
            # What came with the address and can't be read stays as it was written.
            kept = {k: v for k, v in given.items() if found.values.get(k) is None or prepared(ctx, self.entity.field(k)).field.type == "rows"}
        filling = Filling(
            values=values, raw=kept, readable=self.readable, writable=self.writable, rules=found.rules,
            hidden_parts=hidden_parts(ctx, self.layout, self.shown.record if self.shown else None, found.values), errors=errors, labels=labels, files=files,
            linked=frozenset(e.key for e in known_entities(ctx)), creatable=creatable(ctx))
        form = Builder(ctx, self.entity.key, filling, prefix, drawn=drawn).form(self.layout, new=self.shown is None)
        if refused is not None:
            names = {f.key: f.label for f in form.fields}
            form.errors = problems.summary(refused.problems, names, names, prefix, ctx.language)
        return form

    def _to_the_minute(self, values: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Moments that a default filled in, as somebody would have typed them; browsers show none with microseconds at all."""
        moments = {
            f.key: v.replace(second=0, microsecond=0) for f in self.layout.fields
            if f.key not in given and isinstance(v := values.get(f.key), datetime)}
        return {**values, **moments} if moments else values

    def page(
        self, request: Request, *, given: Mapping[str, Any], raw: Mapping[str, Any] | None = None, refused: Invalid | None = None,
        draft: drafts.Draft | None = None, version: int | None = None,
    ) -> Page:
        """The page, or the dialog when another page asked for it."""
        ctx, entity = self.ctx, self.entity
        base = f"{base_of(ctx)}/e/{entity.key}"
        url = self.shown.url if self.shown else None
        id_ = self.shown.record.id if self.shown else None
        dialog = self.shown is None and (bool(request.form.get("_dialog")) or is_htmx(request))
        prefix = "d" if dialog else "f"
        every = "all" in (request.args.get("_rows"), request.form.get("_rows"))
        form = self.filled(given, raw, refused, prefix, None if every else DRAWN)
        lock = request.values.get("lock") if dialog else None
        if lock in {f.key for f in self.writable_fields}:
            lock_field(form, str(lock), given.get(str(lock)) or [], self.labels_for({str(lock): ids_of(given.get(str(lock)))}))
        source = copies.asked(request) if self.shown is None else None
        copied = copies.found(ctx, entity.key, source)
        tail = f"?id={id_}" if id_ else f"?copy={source}" if source else ""
        from runtime.web import asks

        context = {
            "task": asks.banner_of(ctx, request), "entity": entity, "form": form, "heading": _("Edit") if self.shown else _("New {label}", label=entity.label),
            "title": self.shown.seen.title if self.shown else None, "record_url": url, "list_url": base,
            "action": f"{url}/edit" if url else f"{base}/new", "cancel_url": url or base,
            "version": (version if version is not None else self.shown.record.version) if self.shown else None,
            "draft_url": f"{base}/draft{tail}", "draft_key": f"{ctx.tenant.slug}:{ctx.actor.person}:{entity.key}:{id_ or NEW}" + (f":{source}" if source else ""),
            "copy": source,
            "preview_url": f"{base}/preview{tail}",
            "why_url": f"{base}/why", "why_tail": f"?id={id_}&in={prefix}" if id_ else f"?in={prefix}", "submit_label": _("Save") if self.shown else _("Create"),
            "every": every, "every_url": f"{request.path}?{urlencode([*request.args.items(multi=True), ('_rows', 'all')])}", "drawn": DRAWN,
            "program": program.of(ctx, self.layout, self.readable, self.writable, prefix),
            "intro": copies.intro(ctx, entity.key, copied) if copied is not None else None, "lock": lock,
            "draft": self._draft(draft, request, tail) if draft is not None and refused is None and not dialog else None,
        }
        return Page("runtime/form/dialog.html" if dialog else "runtime/form/page.html", context, status=422 if refused else 200)

    def _draft(self, draft: drafts.Draft, request: Request, tail: str) -> dict[str, Any]:
        reader = reader_of(self.ctx)
        local = draft.updated_at.astimezone(reader.zone).date()
        time = clock_words(draft.updated_at, reader)
        base = f"{base_of(self.ctx)}/e/{self.entity.key}"
        return {
            "time": time if local == reader.today else f"{day_words(local, reader)} {time}",
            "restore": f"{request.path}?draft=1" + (f"&{tail[1:]}" if tail.startswith("?copy") else ""), "discard": f"{base}/draft/discard{tail}",
            "stale": self.shown is not None and draft.version is not None and draft.version != self.shown.record.version,
        }


def _cells(p: Any, value: Any) -> Any:
    if p.field.type != "rows":
        yield p, value
        return
    for row in value or ():
        for column in p.columns:
            yield column, row.values.get(column.key)


def plain_words(ctx: Ctx, entity: Entity, key: str, value: Any, labels: Mapping[str, str]) -> str:
    """A value in words, outside of any form."""
    return words(prepared(ctx, entity.field(key)), value, Surroundings(base_of(ctx), reader_of(ctx, labels)))


def as_post(data: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Every input of a post but our own marks, to be sent once more."""
    return [(name, value) for name, values in data.lists() for value in values if not name.startswith("_") and name != "csrf_token"]
