"""Automations that set each other off: circles in the graph of what a step writes and what that triggers.

Where nothing on the circle can stop it, it is an error; where a condition, or a value that stays the same, may, it is a warning.
What no static look can see (by way of clocks, people, other systems) is cut at run time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel import fieldtypes
from kernel.expr.check import check as typed
from kernel.expr.findings import ExpressionError
from kernel.i18n import _
from kernel.model import acting
from kernel.model.elements import Automation, AutomationStep


@dataclass(frozen=True, slots=True)
class Effect:
    """What a step may do: ``kind`` created, changed or step, of an entity; ``key``: the field or transition. ``sure``: nothing can keep it from being news;
    ``settled``: the same value each time, so that it is news only once."""

    kind: str
    entity: str
    key: str
    sure: bool
    settled: bool = False


def check(place: Place) -> Iterable[Finding]:
    """The shortest circle through each automation, each circle once."""
    automations = [a for a in place.application.automations if place.schema.exists(a.entity)]
    arcs = {a.uid: _arcs(place, a, automations) for a in automations}
    labels = {a.uid: a for a in automations}
    said: set[frozenset[str]] = set()
    for only_sure in (True, False):
        for uid in sorted(arcs):
            circle = _circle(arcs, uid, only_sure)
            if circle is None or frozenset(circle) in said:
                continue
            said.add(frozenset(circle))
            names = " → ".join(labels[u].key for u in circle)
            message = _("These automations set each other off without end: {names}.", names=names) if only_sure else _(
                "These automations may set each other off without end: {names}.", names=names)
            hint = _("Take one arc away, or give one of them a condition that ends it.") if only_sure else _(
                "Make sure that a condition ends it; else it is cut after {n} rounds.", n=10)
            yield place.find(labels[uid], "loop", "steps", message, hint, severity="error" if only_sure else "warning", witness={"circle": list(circle)})


def _arcs(place: Place, automation: Automation, others: Sequence[Automation]) -> dict[str, bool]:
    """Which automations this one sets off, and whether surely."""
    found: dict[str, bool] = {}
    effects = list(_effects(place, automation.steps, True))
    for other in others:
        for effect in effects:
            if _sets_off(other, effect) and not (effect.settled and other is automation):
                found[other.uid] = found.get(other.uid, False) or (effect.sure and other.if_ is None)
    return found


def _sets_off(other: Automation, effect: Effect) -> bool:
    if other.entity != effect.entity or other.trigger != effect.kind:
        return False
    match effect.kind:
        case "changed":
            return effect.key in other.when["changed"]
        case "step":
            return effect.key in other.takes_steps
    return True


def _effects(place: Place, steps: Sequence[AutomationStep], sure: bool) -> Iterator[Effect]:
    for step in steps:
        certain = sure and step.if_ is None
        at, outer = acting.places_of(place.schema, step)
        target = acting.target_of(place.schema, at, step.of) if at is not None else None
        if step.do in ("branch", "each"):
            yield from _effects(place, (*step.steps, *step.otherwise), False)
        elif step.do == "create" and step.entity is not None:
            yield Effect("created", step.entity, "", certain)
        elif step.do == "assign" and at is not None:
            yield from (Effect("changed", at, key, False) for key in ("owner", "team"))
        elif target is not None and step.do in ("set", "link"):
            entity, dot, rows = target.partition(".")
            written = {rows: False} if dot else {k: certain and _never_settles(place, step, at, outer, k, text) for k, text in step.fields.items()}
            if step.do == "link" and step.field is not None:
                written = {step.field: False}
            yield from _changes(place, entity, written, not dot and step.of is None and _constant(place, step, at, outer))
        elif target is not None and step.do == "transition" and step.step is not None:
            found = place.application.transition(target, step.step)
            if found is not None:
                # Taken once, it usually starts from somewhere else.
                yield Effect("step", target, step.step, certain and found[1].to in found[1].from_)
                sets = {k: False for a in found[1].actions if a["do"] == "set" for k in a.get("fields") or ()}
                yield from _changes(place, target, {**sets, found[0].column: False, **dict.fromkeys(step.fields, False)})
                yield from (Effect("created", str(a.get("entity")), "", False) for a in found[1].actions if a["do"] == "create")


def _never_settles(place: Place, step: AutomationStep, at: str | None, outer: str | None, key: str, text: str) -> bool:
    """Whether the value is another each time: it is made of itself, or of the time."""
    try:
        found = typed(text, acting.steps_scope(place.schema, at, outer, acting.automation_of(place.schema, step)), None)
    except ExpressionError:
        return False
    return found.volatile or (step.of is None and any(path[0] == key for path in found.reads))


def _constant(place: Place, step: AutomationStep, at: str | None, outer: str | None) -> bool:
    """Whether everything it sets is the same each time."""
    scope = acting.steps_scope(place.schema, at, outer, acting.automation_of(place.schema, step))
    try:
        found = [typed(text, scope, None) for text in step.fields.values()]
    except ExpressionError:
        return False
    return step.do == "set" and all(not e.volatile and all(path[0] == "param" for path in e.reads) for e in found)


def _changes(place: Place, entity: str, written: Mapping[str, bool], settled: bool = False) -> Iterator[Effect]:
    """The fields that are written, and those worked out from them, here and elsewhere."""
    yield from (Effect("changed", entity, key, sure, settled) for key, sure in written.items())
    moved = {(entity, key) for key in written}
    waiting = True
    while waiting:
        waiting = False
        for other in place.application.entities.values():
            for field in other.fields:
                if (other.key, field.key) not in moved and fieldtypes.find(field.type) is not None and fieldtypes.of(field).derived and _follows(place, field, moved):
                    moved.add((other.key, field.key))
                    waiting = True
                    yield Effect("changed", other.key, field.key, False, settled)


def _follows(place: Place, field: object, moved: set[tuple[str, str]]) -> bool:
    try:
        reads = list(fieldtypes.of(field).reads(field, place.schema))  # type: ignore[arg-type]
    except (ExpressionError, KeyError, AttributeError):
        return False
    for start, path in reads:
        head, dot, rows = start.partition(".")
        if dot and (head, rows) in moved:
            return True
        at: str | None = head
        for key in path:
            if at is None:
                break
            if (at, key) in moved:
                return True
            at = acting.target_of(place.schema, at, key)
    return False


def _circle(arcs: Mapping[str, Mapping[str, bool]], start: str, only_sure: bool) -> tuple[str, ...] | None:
    """The shortest way from an automation back to itself."""
    came: dict[str, str] = {}
    queue = deque([start])
    while queue:
        at = queue.popleft()
        for to, sure in sorted(arcs[at].items()):
            if only_sure and not sure:
                continue
            if to == start:
                way = [start]
                while at != start:
                    way.append(at)
                    at = came[at]
                return (start, *reversed(way))
            if to not in came:
                came[to] = at
                queue.append(to)
    return None
