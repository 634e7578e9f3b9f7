"""The one tap for what waits: what the promise names, else the next step, a call, or opening the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from kernel.errors import Message
from kernel.i18n import _
from kernel.model.elements import Clock, Entity, Transition
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.records.query import Item
from runtime.web.sight import base_of, creatable

DIALOG = {"hx-target": "#dialog-root", "hx-swap": "innerHTML"}


@dataclass(frozen=True, slots=True)
class Act:
    """A button of a row."""

    label: Message
    href: str
    icon: str
    attrs: Mapping[str, str] = field(default_factory=dict)


def of(ctx: Ctx, entity: Entity, item: Item, promise: Clock | None = None, *, theirs: bool = False) -> list[Act]:
    """What can be done about a record, the likeliest first; the last one opens it. ``theirs``: it belongs to somebody else, whose work one
    does not do for them: one gives it to another."""
    url = f"{base_of(ctx)}/e/{entity.key}/{item.record.id}"
    found: list[Act] = []
    if theirs:
        if rights_of(ctx.release, ctx.actor).entity(entity.key).any("assign"):
            found.append(Act(_("Give to another"), f"{url}/assign", "user-check", {"hx-get": f"{url}/assign", **DIALOG}))
        return [*reversed(found), Act(_("Open"), url, "arrow-right")]
    named = _named(ctx, entity, item, promise, url) if promise is not None and promise.act else None
    step = _step(ctx, entity, item, url)
    call = _call(entity, item)
    for act in (named, step if promise is None else None, call, step):
        if act is not None and all(act.href != other.href for other in found):
            found.append(act)
    return [*found[:2], Act(_("Open"), url, "arrow-right")]


def _named(ctx: Ctx, entity: Entity, item: Item, promise: Clock, url: str) -> Act | None:
    verb, _colon, key = (promise.act or "").partition(":")
    if verb == "call":
        return _call(entity, item, key)
    if verb == "step":
        return _step(ctx, entity, item, url, key)
    if verb == "edit":
        wanted = entity.by_key.get(key)
        if wanted is None or key not in item.readable:
            return None
        return Act(_("Fill in {field}", field=wanted.label), f"{url}?{urlencode({'at': key})}", "pencil")
    other = ctx.app.entities.get(key)
    via = next((f.key for f in other.fields if f.type == "reference" and f.settings.get("to") == entity.key), None) if other is not None else None
    if other is None or via is None or key not in creatable(ctx):
        return None
    return Act(_("New {label}", label=other.label), f"{base_of(ctx)}/e/{key}/new?{urlencode({via: item.record.id, 'lock': via})}", "plus")


def _call(entity: Entity, item: Item, key: str | None = None) -> Act | None:
    """Whoever has a number is called."""
    for f in entity.fields:
        number = item.record.values.get(f.key) if f.type == "phone" and key in (None, f.key) and f.key in item.readable else None
        if isinstance(number, str) and number:
            return Act(_("Call"), f"tel:{number}", "phone")
    return None


def _step(ctx: Ctx, entity: Entity, item: Item, url: str, key: str | None = None) -> Act | None:
    step = next_step(ctx, entity, item.record.state, key)
    if step is None:
        return None
    href = f"{url}/do/{step.key}"
    return Act(step.label, href, "", {"hx-get": href, **DIALOG})


def next_step(ctx: Ctx, entity: Entity, state: str | None, key: str | None = None) -> Transition | None:
    """The step that somebody in this role takes next from here; the named one if a key is given."""
    machine = ctx.app.first_machine(entity.key)
    steps: tuple[Any, ...] = machine.transitions if machine else ()
    return next((t for t in steps if (t.primary if key is None else t.key == key) and state in t.from_ and (not t.who or ctx.actor.roles.intersection(t.who))), None)


def phones(entity: Entity) -> tuple[str, ...]:
    """The fields that acts look at."""
    return tuple(f.key for f in entity.fields if f.type == "phone")
