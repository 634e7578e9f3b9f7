"""Is a transition open, and if not, what would open it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from kernel.errors import Message, Missing
from kernel.expr import Expression
from kernel.expr.scope import Env
from kernel.i18n import _
from kernel.model.elements import Guard, Machine, Transition
from runtime.workflow.shortfall import shortfall
from runtime.workflow.why import FieldSet, Path, choose, fitting_sets


class Facts(Protocol):
    """What the decision must know beside the values: the actor, the rights of others, and names for people to read."""

    state: str
    roles: frozenset[str]
    may_update: bool

    def filled(self, field: str) -> bool:
        """Whether the field, or the child rows, have a value."""

    def field_label(self, field: str) -> Message:
        """What people call the field."""

    def path_label(self, path: Path) -> Message:
        """What people call what a path leads to: a field, or a field of another record."""

    def suppliers(self, path: Path) -> Message:
        """Who may supply what a path leads to, in words."""

    def spread(self, path: Path) -> int:
        """How many roles may supply what a path leads to."""

    def role_label(self, role: str) -> Message:
        """What people call the role."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The decision. Open when nothing is missing."""

    missing: tuple[Missing, ...]

    @property
    def open(self) -> bool:
        return not self.missing


ExpressionOf = Callable[[Guard], Expression]


def decide(machine: Machine, transition: Transition, env: Env, facts: Facts, expression_of: ExpressionOf) -> Opening:
    """Whether ``transition`` may be taken now. ``env`` holds the new values (``old`` and ``ask`` as roots)."""
    unfilled = list(_unfilled(transition, facts))
    lacking = {m.ask["field"] for m in unfilled}
    shut = [(g, e) for g in transition.guards if (e := expression_of(g)).evaluate(env) is not True]
    # Together they want as little as possible: what one of them needs, or what must be filled anyway, may open another one.
    sets = choose([_nearest(g, fitting_sets(e, env), facts) for g, e in shut], frozenset((str(key),) for key in lacking)) if shut else []
    closed = [m for (guard, e), fields in zip(shut, sets, strict=True) for m in _closed(guard, env, facts, e, lacking, fields)]
    # What says how much is missing says more than "missing"; the same thing is never asked for twice.
    told = {m.ask["field"] for m in closed if len(m.ask.get("fields", ())) == 1}
    return Opening((
        *_wrong_state(machine, transition, facts),
        *_wrong_role(transition, facts),
        *(m for m in unfilled if m.ask["field"] not in told),
        *closed,
    ))


def _wrong_state(machine: Machine, transition: Transition, facts: Facts) -> Iterable[Missing]:
    if facts.state in transition.from_:
        return
    labels = [machine.by_key[key].label for key in transition.from_]
    yield Missing(_("It must be in: {states}", states=labels), _("an earlier step"), {"kind": "state", "states": list(transition.from_)}, transition.uid)


def _wrong_role(transition: Transition, facts: Facts) -> Iterable[Missing]:
    if transition.who and not facts.roles.intersection(transition.who):
        labels = [facts.role_label(role) for role in transition.who]
        yield Missing(_("This step is taken by: {roles}", roles=labels), _("{roles}", roles=labels), {"kind": "role", "roles": list(transition.who)}, f"{transition.uid}#who")
    elif not transition.who and not facts.may_update:
        yield Missing(_("This step is taken by whoever may change the record"), _("the owner"), {"kind": "role", "roles": []}, f"{transition.uid}#who")


def _unfilled(transition: Transition, facts: Facts) -> Iterable[Missing]:
    for key in transition.needs:
        if not facts.filled(key):
            yield Missing(facts.field_label(key), facts.suppliers((key,)), {"kind": "field", "field": key}, f"{transition.uid}#needs")


def _nearest(guard: Guard, sets: list[FieldSet], facts: Facts) -> list[FieldSet]:
    """Of several ways to fulfil what a certain role is responsible for, first the one that fewest others could take: its own word,
    rather than the thing it is about."""
    if not guard.from_whom or len(sets) < 2:
        return sets
    return sorted(sets, key=lambda fields: (len(fields), sum(facts.spread(path) for path in fields)))


def _closed(guard: Guard, env: Env, facts: Facts, expression: Expression, unfilled: set[object], fields: FieldSet) -> Iterable[Missing]:
    """A guard with words of its own counts as one missing thing; without, each field that must change does.

    A guard that waits for nothing but fields that must be filled anyway is silent until they are, unless it counts.
    """
    paths = changeable(fields)
    own = tuple(dict.fromkeys(path[0] for path in paths))
    more = shortfall(expression, env)
    if own and more is None and all(len(path) == 1 for path in paths) and unfilled.issuperset(own):
        return
    if guard.labels or not own:
        what = _("{what} ({n} more)", what=guard.label, n=more) if more is not None else guard.label
        ask: dict[str, Any] = {"kind": "field" if own else "rule", "field": own[0] if own else None, "fields": list(own)}
        if any(len(path) > 1 for path in paths):
            ask["paths"] = [list(path) for path in paths]
        yield Missing(what, _source(guard, facts, paths[0] if paths else None), ask, guard.uid)
        return
    for path in paths:
        if len(path) > 1:
            yield Missing(facts.path_label(path), _source(guard, facts, path), {"kind": "field", "field": path[0], "path": list(path)}, guard.uid)
        elif path[0] not in unfilled:
            yield Missing(facts.field_label(path[0]), _source(guard, facts, path), {"kind": "field", "field": path[0]}, guard.uid)


def changeable(paths: FieldSet) -> FieldSet:
    """Those that somebody could change."""
    return tuple(path for path in paths if path[0] not in ("me", "old", "param", "now"))


def _source(guard: Guard, facts: Facts, path: Path | None) -> Message:
    """Who can supply what a guard wants: the role it names (the actor, who holds it), else whoever may fill the field."""
    if guard.from_whom:
        return _("you") if guard.from_whom in facts.roles else facts.role_label(guard.from_whom)
    return facts.suppliers(path) if path is not None else _("an admin")


def lacks(transition: Transition, env: Env, facts: Facts, expression_of: ExpressionOf, rule: str, path: Path) -> bool:
    """Whether one fact that was missing (``Missing.rule``, and the path where one rule wants several) is still missing."""
    if rule.endswith("#needs"):
        return path[0] in transition.needs and not facts.filled(path[0])
    if rule.endswith("#who"):
        return True  # supplied by taking the step
    guard = next((g for g in transition.guards if g.uid == rule), None)
    if guard is None:
        return False
    expression = expression_of(guard)
    if expression.evaluate(env) is True:
        return False
    # A guard without words of its own names fields: one that would no longer help is no longer asked for.
    return bool(guard.labels) or not path or any(path in fields for fields in fitting_sets(expression, env))
