"""My day: what waits for me, what is due, what moved. A handful of statements, whatever the number of records."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from flask import Request

from kernel import fieldtypes
from kernel.errors import Invalid
from kernel.i18n import _
from kernel.model.elements import Entity, Field
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.approvals import panel
from runtime.forms.prepare import reader_of
from runtime.forms.when import day_words, full_day, moment_text, span_words
from runtime.notices import inbox
from runtime.records import query
from runtime.web import push
from runtime.web.columns import state_pill
from runtime.web.filters import quoted
from runtime.web.sight import base_of, creatable, known_entities, queryable

PER_KIND = 8
MOST_KINDS = 8
DUE_DAYS = 7


def show(ctx: Ctx, request: Request) -> Page:
    """The page."""
    reader = reader_of(ctx)
    entities = [e for e in known_entities(ctx) if ctx.app.machines_of(e.key) and e.in_navigation][:MOST_KINDS]
    waiting: list[dict[str, Any]] = []
    due: list[dict[str, Any]] = []
    for entity in entities:
        field = next_date(entity, queryable(ctx, entity.key))
        rows = _mine(ctx, entity, field)
        if not rows:
            continue
        dated = [r for r in rows if r["due_on"] is not None and (r["due_on"] - reader.today).days <= DUE_DAYS]
        due.extend(dated)
        others = [r for r in rows if r not in dated]
        if others:
            waiting.append({
                "label": entity.label, "icon": entity.icon, "rows": others,
                "all_url": f"{base_of(ctx)}/e/{entity.key}?f=owner.in.me"})
    due.sort(key=lambda r: (r["due_on"], r["title"]))
    can = creatable(ctx)
    approvals = panel.count_waiting(ctx) if any(s.approvals for m in ctx.app.machines for s in m.transitions) else 0
    return Page("runtime/day.html", {
        "approvals": approvals, "push_offered": push.offered(ctx),
        "date_words": full_day(reader.today, reader), "waiting": waiting, "due": due, "recent": _recent(ctx, entities),
        "overdue": sum(1 for r in due if r["state"] == "breach"), "today": sum(1 for r in due if r["due_on"] == reader.today),
        "todo": max(inbox.waiting(ctx)[0] - approvals, 0), "make": [e for e in known_entities(ctx) if e.key in can and e.in_navigation][:3], "base_url": base_of(ctx),
        "count": len(due) + sum(len(g["rows"]) for g in waiting)})


def next_date(entity: Entity, readable: frozenset[str]) -> Field | None:
    """The date by which one of these records wants attention: the first date that is tracked or stands among the facts."""
    named = (*entity.facts, *entity.tracked)
    fields = [f for f in entity.fields if f.type in ("date", "datetime") and f.key in readable and fieldtypes.of(f).writable]
    return next((f for f in fields if f.tracked or f.key in named), None)


def _mine(ctx: Ctx, entity: Entity, field: Field | None) -> list[dict[str, Any]]:
    """My records in open states, the ones that are due first."""
    machine = ctx.app.first_machine(entity.key)
    assert machine is not None
    open_states = [s.key for s in machine.states if s.category == "open"]
    if not open_states:
        return []
    text = f"AND(owner.id = me.id, IN(state, {', '.join(quoted(s) for s in open_states)}))"
    sort = (field.key,) if field is not None else ("state_since",)
    try:
        where = query.read_where(ctx, entity.key, text)
        found = query.list_records(ctx, entity.key, query.ListQuery(where=where, sort=sort, fields=(field.key,) if field else (), limit=PER_KIND))
    except Invalid:
        return []
    reader = reader_of(ctx, found.labels)
    rows = []
    for item in found.items:
        value = item.record.values.get(field.key) if field is not None and field.key in item.readable else None
        on = value.astimezone(reader.zone).date() if isinstance(value, datetime) else value
        rows.append({**_row(ctx, entity, item), **_due(field, on, value, reader)})
    return rows


def _row(ctx: Ctx, entity: Entity, item: Any) -> dict[str, Any]:
    machine = ctx.app.first_machine(entity.key)
    record = item.record
    state = machine.by_key.get(record.state) if machine else None
    steps = machine.transitions if machine else ()
    step = next((t for t in steps if t.primary and record.state in t.from_ and (not t.who or ctx.actor.roles.intersection(t.who))), None)
    age = span_words(ctx.now - record.state_since, ctx.language) if record.state_since else ""
    return {
        "title": item.title or _("Without a name"), "href": f"{base_of(ctx)}/e/{entity.key}/{record.id}", "icon": entity.icon,
        "state_label": state.label if state else "", "pill": state_pill(ctx, machine, record.state), "age": age,
        "step": step.label if step else None,
        "step_url": f"{base_of(ctx)}/e/{entity.key}/{record.id}/do/{step.key}" if step else None, "kind": entity.label,
    }


def _due(field: Field | None, on: date | None, value: Any, reader: Any) -> dict[str, Any]:
    if field is None or on is None:
        return {"due_on": None, "due_words": "", "state": "ontime", "due_label": ""}
    off = (on - reader.today).days
    state = "breach" if off < 0 else "warning" if off == 0 else "ontime"
    if isinstance(value, datetime):
        text = moment_text(value, reader)
    elif off < 0:
        text = _("{n} days late", n=-off).to(reader.language)
    else:
        text = day_words(on, reader)
    return {"due_on": on, "due_words": text, "state": state, "due_label": field.label}


def _recent(ctx: Ctx, entities: Iterable[Entity]) -> list[dict[str, Any]]:
    """What was changed last, over all kinds."""
    rows: list[tuple[datetime, dict[str, Any]]] = []
    for entity in entities:
        found = query.list_records(ctx, entity.key, query.ListQuery(sort=("-updated_at",), fields=(), limit=5))
        rows += [(i.record.updated_at, _row(ctx, entity, i)) for i in found.items]
    rows.sort(key=lambda pair: pair[0], reverse=True)
    reader = reader_of(ctx)
    return [{**row, "when": moment_text(at, reader)} for at, row in rows[:6]]
