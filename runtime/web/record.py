"""The record page: title, facts, path, the next step, details read first, related records, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Request

from kernel import fieldtypes
from kernel.errors import NotFound
from kernel.i18n import _
from kernel.model.elements import Entity, Field, Machine
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.alike import find
from runtime.approvals import panel
from runtime.forms.layout import layout_of
from runtime.forms.prepare import prepared
from runtime.forms.shown import Surroundings, display, short
from runtime.forms.visible import hidden_fields, hidden_parts
from runtime.forms.when import left_words, moment_words
from runtime.records import reading
from runtime.web import aside, behaviour, clocks, path, related
from runtime.web.columns import person
from runtime.web.sight import base_of, creatable, entity_of, files_in, surroundings


@dataclass(slots=True)
class FieldRow:
    """A field on the record page: read first, edited in place where that is allowed."""

    key: str
    label: str
    value: Any
    edit_url: str | None
    locked: Any
    help: str | None
    wide: bool
    saved: bool = False
    undo: str | None = None
    error: str | None = None
    why_url: str | None = None


@dataclass(slots=True)
class Open:
    """A record on the screen, with everything its parts need."""

    ctx: Ctx
    entity: Entity
    seen: Any
    around: Surroundings

    @property
    def record(self) -> Any:
        return self.seen.record

    @property
    def url(self) -> str:
        return f"{base_of(self.ctx)}/e/{self.entity.key}/{self.record.id}"

    @property
    def machine(self) -> Machine | None:
        return self.ctx.app.first_machine(self.entity.key)


def open_record(ctx: Ctx, entity_key: str, id_: str, *, binned: bool = False) -> Open:
    """The record as the actor sees it; ``binned``: one that lies in the bin. Raises NotFound."""
    entity = entity_of(ctx, entity_key)
    seen = reading.get(ctx, entity_key, id_, binned=binned)
    return Open(ctx, entity, seen, surroundings(ctx, seen.labels, files_in(ctx, entity, [seen.record.values])))


def show(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """The page."""
    shown = open_record(ctx, entity, id)
    from runtime.web import asks

    task = asks.banner_of(ctx, request)
    opens = {"open_field": _to_open(ctx, shown, request.args.get("at")), "open_step": request.args.get("do") if _has_step(ctx, shown, request.args.get("do")) else None}
    return Page("runtime/record/page.html", {**context(ctx, shown, request), **opens, "task": task, "merged": _merged(ctx, request, shown)})


def _merged(ctx: Ctx, request: Request, shown: Open) -> Any:
    """After two changes were put together: what the other one did, in a line."""
    given = request.args.get("merged", "")
    if not given.isdecimal() or len(given) > 15:
        return None
    from runtime.web import conflict

    return conflict.since_note(ctx, shown, int(given))



def live(ctx: Ctx, request: Request, entity: str, id: str) -> Page:
    """What of an open page follows others' changes."""
    shown = open_record(ctx, entity, id)
    return Page("runtime/record/live.html", {**head(ctx, shown), "parts": parts(ctx, shown)})


def _to_open(ctx: Ctx, shown: Open, key: str | None) -> str | None:
    """A field that the address wants opened in place, if that is possible."""
    field = shown.entity.by_key.get(key or "")
    return field.key if field is not None and field.key in shown.seen.writable and field.type != "rows" and not closed_by_rule(ctx, shown, field) else None


def _has_step(ctx: Ctx, shown: Open, key: str | None) -> bool:
    return key is not None and any(d.key == key for d in reading.doors(ctx, shown.seen))


def context(ctx: Ctx, shown: Open, request: Request) -> dict[str, Any]:
    """What the page and its fragments need."""
    return {
        **head(ctx, shown), "cases": cases(ctx, shown), "parts": parts(ctx, shown), "rows_parts": row_parts(ctx, shown), "related": related.tabs(ctx, shown),
        "alike": bool(find.shown_for(ctx, shown.record)),
        **aside.context(ctx, shown, request.args),
    }


def cases(ctx: Ctx, shown: Open) -> list[dict[str, Any]]:
    """Approvals under way, or the last one; kinds of record without approvals cost nothing."""
    from runtime.web.approvals import shown as approvals

    if not any(step.approvals for machine in ctx.app.machines_of(shown.entity.key) for step in machine.transitions):
        return []
    return [approvals.case(ctx, view, back="record") for view in panel.of_record(ctx, shown.entity.key, shown.record.id)]


def head(ctx: Ctx, shown: Open) -> dict[str, Any]:
    """Title, facts, path and the next step."""
    record, entity = shown.record, shown.entity
    doors = reading.doors(ctx, shown.seen)
    asks = path.waiting_of(ctx, entity.key, record.id) if any(not d.open for d in doors) else None
    machines = ctx.app.machines_of(entity.key)
    spans = path.spans_of(ctx, entity.key, record.id, [m.column for m in machines]) if machines else {}
    may = shown.seen.may
    return {
        "entity": entity, "record": record, "url": shown.url, "oob": False, "title": shown.seen.title or _("Without a name"), "facts": facts(ctx, shown),
        "paths": [path.of_machine(ctx, m, record, spans.get(m.column, ()), doors, shown, asks) for m in machines],
        "may_update": bool(may["update"]), "may_delete": bool(may["delete"]), "may_assign": bool(may["assign"]),
        "can_create": entity.key in creatable(ctx), "list_url": f"{base_of(ctx)}/e/{entity.key}", "version": record.version,
        "owner": person(shown.seen.labels.get(record.owner, "—"), record.owner) if record.owner else None,
        "team": shown.seen.labels.get(record.team) if record.team else None,
        "created": moment_words(record.created_at, shown.around.reader), "updated": moment_words(record.updated_at, shown.around.reader),
        "deleted": record.deleted_at is not None,
        "menu": menu(ctx, shown), "clocks": clocks.strip(ctx, shown), "evidence": behaviour.lines(ctx, shown), "buttons": _buttons(ctx, shown),
        "open_steps": [d.label for d in doors if d.open],
    }


def _buttons(ctx: Ctx, shown: Open) -> list[dict[str, Any]]:
    if not any(a.trigger == "button" for a in ctx.app.automations):
        return []
    from runtime.web import automations

    return automations.buttons(ctx, shown)


def menu(ctx: Ctx, shown: Open) -> list[dict[str, Any]]:
    """Everything else one can do with the record."""
    may, url = shown.seen.may, shown.url
    items: list[dict[str, Any]] = []
    if may["assign"]:
        items.append({"label": _("Reassign"), "icon": "user-check", "href": f"{url}/assign", "attrs": {
            "hx-get": f"{url}/assign", "hx-target": "#dialog-root", "hx-swap": "innerHTML"}})
    if shown.entity.key in creatable(ctx):
        items.append({"label": _("Make a copy"), "icon": "copy", "href": f"{base_of(ctx)}/e/{shown.entity.key}/new?copy={shown.record.id}"})
    if any(a.entity == shown.entity.key for a in ctx.app.automations):
        items.append({"label": _("What happens by itself"), "icon": "bolt", "href": f"{url}/automations", "attrs": {
            "hx-get": f"{url}/automations", "hx-target": "#dialog-root", "hx-swap": "innerHTML"}})
    items.append({"label": _("Print"), "icon": "printer", "href": f"{url}/print"})
    items.append({"label": _("Copy the link"), "icon": "link", "attrs": {"data-behaviour": "copy", "data-text": url}})
    if "administer" in ctx.actor.rights:
        items.append({"label": _("Who may do what"), "icon": "shield-check", "href": f"{url}/access"})
    if may["delete"]:
        items += [{"divider": True}, {"label": _("Delete"), "icon": "trash", "danger": True, "post": f"{url}/delete"}]
    return items


def facts(ctx: Ctx, shown: Open) -> list[tuple[str, Any, str | None]]:
    """The key facts beside the title: (label, value, note), filled ones only."""
    found: list[tuple[str, Any, str | None]] = []
    for name in shown.entity.facts[:4]:
        field = shown.entity.by_key.get(name)
        if field is None or name not in shown.seen.readable or field.type not in fieldtypes.BUILTIN:
            continue
        p = prepared(ctx, field)
        value = shown.record.values.get(name)
        if value is None or value == ():
            continue
        far = p.shape.type == "date" and abs((value - shown.around.reader.today).days) > 6
        note = left_words(value, shown.around.reader) if far else None
        # A fact is one strong word, so people stand there by name alone.
        found.append((p.label, short(p, value, shown.around) or display(p, value, shown.around), note))
    return found


def row_of(ctx: Ctx, shown: Open, field: Field, wide: bool = False, **extra: Any) -> FieldRow:
    """One field, read."""
    p = prepared(ctx, field)
    closed = p.type.writable and closed_by_rule(ctx, shown, field)
    writable = p.type.writable and field.key in shown.seen.writable and not closed
    locked = None
    if not writable and p.type.writable:
        locked = _("You may not change this here") if shown.seen.may["update"] else None
    if locked is not None:
        extra.setdefault("why_url", f"{shown.url}/why/{field.key}")
    value = display(p, shown.record.values.get(field.key), shown.around)
    return FieldRow(
        field.key, p.label, value, f"{shown.url}/field/{field.key}" if writable else None, locked, p.help,
        wide, **extra)


def closed_by_rule(ctx: Ctx, shown: Open, field: Field) -> bool:
    """Whether a rule of the form keeps the field closed now."""
    if not field.read_only_when:
        return False
    expression = ctx.app.schema.expression(field, "read_only_when")
    return expression is not None and expression.evaluate(shown.seen.env) is True


def parts(ctx: Ctx, shown: Open) -> list[dict[str, Any]]:
    """The details in the order of the form; rows of sub-forms stand apart."""
    layout = layout_of(ctx.release, shown.entity.key, ctx.actor.roles)
    record = shown.record
    hidden = hidden_fields(ctx, layout, record, record.values)
    gone = hidden_parts(ctx, layout, record, record.values)
    found = []
    for number, part in enumerate(p for p in layout.parts if p.key not in gone):
        rows = [
            row_of(ctx, shown, place.field, place.wide)
            for place in part.places
            if place.field.key in shown.seen.readable and place.field.type != "rows" and place.field.key not in hidden
        ]
        if rows:
            found.append({"key": part.key, "label": part.label or _("Details"), "rows": rows, "first": number == 0, "collapsed": part.collapsed})
    return found


def row_parts(ctx: Ctx, shown: Open) -> list[dict[str, Any]]:
    """Rows of sub-forms as tables."""
    layout = layout_of(ctx.release, shown.entity.key, ctx.actor.roles)
    found = []
    for field in layout.fields:
        if field.type != "rows" or field.key not in shown.seen.readable:
            continue
        p = prepared(ctx, field)
        value = shown.record.values.get(field.key)
        found.append({
            "key": field.key, "label": p.label, "markup": display(p, value, shown.around), "count": len(value or ()),
            "edit_url": f"{shown.url}/edit#f-{field.key}" if field.key in shown.seen.writable else None})
    return found


def field_of(ctx: Ctx, shown: Open, key: str) -> Field:
    """A readable field of the record. Raises NotFound."""
    field = shown.entity.by_key.get(key)
    if field is None or key not in shown.seen.readable:
        raise NotFound()
    return field
