"""The path of a record through its states: where it is, how long it stood where, and the next step with what it lacks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sqlalchemy import select

from kernel.i18n import _, to_text
from kernel.model.elements import Machine, State
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.asks.fact import of_missing
from runtime.asks.rows import Ask, open_of
from runtime.forms.when import moment_text, span_words
from runtime.records.labels import of_people
from runtime.records.work import reader_of
from runtime.web.sight import base_of, creatable

if TYPE_CHECKING:
    from runtime.web.record import Open

Span = tuple[str, datetime, datetime | None]


def spans_of(ctx: Ctx, entity: str, record_id: str, facets: Sequence[str]) -> Mapping[str, Sequence[Span]]:
    """The time spent in each state of these machines, in order, in one statement."""
    c = t.span.c
    found: dict[str, list[Span]] = {}
    statement = select(c.facet, c.value, c.from_at, c.to_at).where(c.entity == entity, c.record_id == record_id, c.facet.in_(list(facets)))
    for row in ctx.conn.execute(statement.order_by(c.from_at, c.id)):
        found.setdefault(row.facet, []).append((row.value, row.from_at, row.to_at))
    return found


def of_machine(ctx: Ctx, machine: Machine, record: Any, spans: Sequence[Span], doors: Sequence[Any], shown: Open, asks: Waiting | None = None) -> dict[str, Any]:
    """States and next step of one machine, as the path component wants them."""
    now_at, since = state_of(machine, record)
    spent: dict[str, timedelta] = {}
    for value, from_at, to_at in spans:
        spent[value] = spent.get(value, timedelta()) + ((to_at or ctx.now) - from_at)
    states = [_step(ctx, machine, state, now_at, since, spent) for state in _on_path(machine, now_at, spent)]
    own = {transition.key for transition in machine.transitions}
    return {
        "key": machine.key, "label": machine.label, "first": machine.first, "states": states,
        "transition": next_step(ctx, machine, [d for d in doors if d.key in own], shown, asks),
    }


def state_of(machine: Machine, record: Any) -> tuple[str | None, datetime | None]:
    """The present state in this machine, and since when."""
    if machine.first:
        return record.state, record.state_since
    known = record.states.get(machine.key)
    return known if known is not None else (None, None)


def _on_path(machine: Machine, now_at: str | None, spent: Mapping[str, timedelta]) -> list[State]:
    """What stands on the path, the present state always; final states other than the good one only when reached."""
    return [
        s for s in machine.states
        if s.key == now_at or (s.on_path and (s.category in ("open", "won") or s.key in spent))
    ]


def _step(ctx: Ctx, machine: Machine, state: State, now_at: str | None, since: datetime | None, spent: Mapping[str, timedelta]) -> dict[str, Any]:
    keys = [s.key for s in machine.states]
    position, here = keys.index(state.key), keys.index(now_at) if now_at in keys else -1
    step: dict[str, Any] = {"label": state.label, "time": None, "used": 0, "state": None, "status": "todo"}
    if state.key == now_at:
        final = state.category != "open"
        step["status"] = "done" if state.category == "won" else "current"
        step["here"] = True
        if state.category in ("lost", "closed"):
            step["state"] = "breach" if state.category == "lost" else None
        step["used"] = 100 if final else 50
        if since is not None:
            length = span_words(ctx.now - since, ctx.language)
            step["time"] = _("for {time}", time=length) if not final else length
    elif position < here:
        step["status"] = "done" if state.key in spent else "skipped"
        if state.key in spent:
            step["time"] = span_words(spent[state.key], ctx.language)
    elif state.key in spent:
        step["time"] = _("{time} before", time=span_words(spent[state.key], ctx.language))
    return step


def next_step(ctx: Ctx, machine: Machine, doors: Sequence[Any], shown: Open, asks: Waiting | None = None) -> dict[str, Any] | None:
    """The usual next step as a button; every other way on in the menu beside it."""
    if not doors:
        return None
    order = {s.key: i for i, s in enumerate(machine.states)}
    here = order.get(state_of(machine, shown.record)[0] or "", -1)
    forward = [d for d in doors if order.get(d.to, -1) > here and machine.by_key[d.to].category in ("open", "won")]
    first = next((d for d in doors if d.primary), None) or next(iter(forward), None) or doors[0]
    others = [d for d in doors if d is not first]
    now_at = machine.by_key.get(state_of(machine, shown.record)[0] or "")
    if not first.primary and first not in forward and now_at is not None and now_at.category != "open":
        # The way has ended well or badly: going back is possible, but no longer the thing to do next.
        return {"label": None, "alternatives": [alternative(ctx, d, shown) for d in doors]}
    step = step_of(ctx, first, shown, asks)
    step["alternatives"] = [alternative(ctx, d, shown) for d in others]
    return step


def step_of(ctx: Ctx, door: Any, shown: Open, asks: Waiting | None = None) -> dict[str, Any]:
    """A door as the button: open, or locked with what is missing, from whom, and where to supply it."""
    url = f"{shown.url}/do/{door.key}"
    lacking = [missing_item(ctx, m, door, shown, asks) for m in door.missing]
    if door.case is not None:
        # Nothing is missing from anybody but the approvers: the button leads to where they stand.
        place = f"{base_of(ctx)}/approvals/{door.case}"
        return {"label": _("{step}: in approval", step=door.label), "open": True, "href": place, "attrs": {}, "missing": [], "ready": [], "title": None,
                "alternatives": [], "why_href": None, "waiting": True}
    return {
        "label": door.label, "open": door.open, "approval": door.approval, "href": url, "attrs": {"hx-get": url, "hx-target": "#dialog-root", "hx-swap": "innerHTML"},
        "missing": lacking, "ready": [], "title": _("{step}: {n} missing", step=door.label, n=len(lacking)) if lacking else None,
        "alternatives": [], "why_href": None, "key": door.key,
        # Opened, the list says how many people each thing would be asked of.
        "list_attrs": {"hx-get": f"{shown.url}/missing/{door.key}", "hx-trigger": "intersect once", "hx-swap": "innerHTML"} if any(i["askable"] for i in lacking) else {},
    }


def alternative(ctx: Ctx, door: Any, shown: Open) -> dict[str, Any]:
    """Another way on, as an item of the menu; a closed one says what it lacks."""
    url = f"{shown.url}/do/{door.key}"
    note: Any = None if door.open else _("{n} missing: {what}", n=len(door.missing), what=[m.what for m in door.missing][:2])
    if door.open and door.approval:
        note = _("Needs approval by: {who}", who=door.approval)
    return {
        "label": door.label, "href": url, "icon": "arrow-right" if door.open else "lock", "note": note,
        "attrs": {"hx-get": url, "hx-target": "#dialog-root", "hx-swap": "innerHTML"},
    }


ICONS: Mapping[str, str] = {"approval": "user-check", "field": "pencil", "role": "user", "rows": "list-check", "state": "git-branch", "rule": "shield"}


def missing_item(ctx: Ctx, missing: Any, door: Any, shown: Open, asks: Waiting | None = None) -> dict[str, Any]:
    """One missing thing: what, from whom, and the way to supply it where the reader may; else one tap asks whoever could.
    ``asks`` are the open ones about the record."""
    ask = missing.ask
    item: dict[str, Any] = {
        "what": missing.what, "source": _("from {who}", who=to_text(missing.source, ctx.language)), "icon": ICONS.get(ask.get("kind", ""), "circle-dashed"),
        "person": None, "ask_label": None, "ask_href": None, "ask_attrs": {}, "asked": False, "tone": 4, "more_href": None, "withdraw_url": None, "askable": False,
    }
    if ask.get("kind") == "approval":
        item.update(ask_label=_("Show"), ask_href=f"{base_of(ctx)}/approvals/{ask['case']}", asked=True)
        return item
    wanted = [key for key in (ask.get("field"), *(ask.get("fields") or ())) if key] if "path" not in ask and "paths" not in ask else []
    for key in wanted:
        field = shown.entity.by_key.get(key)
        if field is None:
            continue
        if field.type == "referring":
            link = _related_create(ctx, field, shown)
            if link:
                item.update(ask_label=_("Add"), ask_href=link, source=_("from you"), ask_attrs={
                    "hx-get": link, "hx-target": "#dialog-root", "hx-swap": "innerHTML"})
                return item
        elif key in shown.seen.writable:
            if key in door.needs:
                url = f"{shown.url}/do/{door.key}"
                item.update(ask_label=_("Fill in"), ask_href=f"{url}?at={key}", ask_attrs={
                    "hx-get": f"{url}?at={key}", "hx-target": "#dialog-root", "hx-swap": "innerHTML"})
            else:
                item.update(ask_label=_("Fill in"), ask_href=f"{shown.url}/edit?at={key}#f-{key}")
            return item
    return _to_ask(ctx, item, missing, door, shown, asks)


def _to_ask(ctx: Ctx, item: dict[str, Any], missing: Any, door: Any, shown: Open, asks: Waiting | None) -> dict[str, Any]:
    """Somebody else has to supply it: asked already, or to be asked by one tap."""
    found = ctx.app.transition(shown.entity.key, door.key)
    if found is None or missing.ask.get("kind") == "state":
        return item
    fact = of_missing(shown.entity.key, found[1], missing)
    about = {"_step": door.key, "_rule": fact.rule, "_path": fact.mark}
    mine = [a for a in (asks.asks if asks is not None else ()) if (a.transition, a.rule, a.path) == (door.key, fact.rule, fact.mark)]
    own = next((a for a in mine if ctx.actor.person in a.askers), None)
    names = asks.names if asks is not None else {}
    item.update(askable=True, more_href=f"{shown.url}/asks/new?{urlencode(about)}", asked=bool(mine))
    if own is not None:
        item.update(status=asked_words(ctx, own, names), source=None, withdraw_url=f"{base_of(ctx)}/asks/{own.id}/withdraw")
        return item
    item.update(
        ask_label=_("Ask too") if mine else _("Ask"), ask_href=item["more_href"],
        ask_attrs={"hx-post": f"{shown.url}/asks", "hx-vals": json.dumps({**about, "_line": "1"}), "hx-target": "closest li", "hx-swap": "outerHTML"})
    return item


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is asked for about a record, with the names of those who ask and are asked."""

    asks: Sequence[Ask]
    names: Mapping[str, str]


def waiting_of(ctx: Ctx, entity: str, id_: str) -> Waiting:
    """One statement, and one more where anything is open."""
    asks = open_of(ctx, entity, id_)
    return Waiting(asks, of_people(ctx, [p for a in asks for p in (a.asked_by, a.person_id)]) if asks else {})


def asked_words(ctx: Ctx, ask: Ask, names: Mapping[str, str]) -> Any:
    """Who asked whom and when, for the reader."""
    role = ctx.app.roles.get(ask.role or "")
    whom = names.get(ask.person_id or "") or (role.label if role is not None else _("somebody"))
    when = moment_text(ask.created_at, reader_of(ctx))
    if ask.asked_by == ctx.actor.person:
        return _("You asked {whom}, {when}", whom=whom, when=when)
    return _("{who} asked {whom}, {when}", who=names.get(ask.asked_by) or _("Somebody"), whom=whom, when=when)


def _related_create(ctx: Ctx, field: Any, shown: Open) -> str | None:
    source = str(field.settings.get("from", ""))
    entity, dot, reference = source.partition(".")
    if dot and entity in creatable(ctx):
        return f"{base_of(ctx)}/e/{entity}/new?{reference}={shown.record.id}"
    return None
