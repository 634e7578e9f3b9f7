"""Is a transition open, and if not, what would open it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from kernel.errors import Message, Missing
from kernel.expr import Expression
from kernel.expr.scope import Env
from kernel.i18n import _
from kernel.model.elements import Guard, Machine, Transition
from runtime.workflow.shortfall import shortfall
from runtime.workflow.why import smallest_sets


class Facts(Protocol):
    """What the decision must know beside the values: the actor, the rights of others, and names for people to read."""

    state: str
    roles: frozenset[str]
    may_update: bool

    def filled(self, field: str) -> bool:
        """Whether the field, or the child rows, have a value."""

    def field_label(self, field: str) -> Message:
        """What people call the field."""

    def suppliers(self, field: str) -> Message:
        """Who may fill the field, in words."""

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
    closed = [m for guard in transition.guards for m in _closed(guard, env, facts, expression_of(guard), lacking)]
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
            yield Missing(facts.field_label(key), facts.suppliers(key), {"kind": "field", "field": key}, f"{transition.uid}#needs")


def _closed(guard: Guard, env: Env, facts: Facts, expression: Expression, unfilled: set[object]) -> Iterable[Missing]:
    """A guard with words of its own counts as one missing thing; without, each field that must change does.

    A guard that waits for nothing but fields that must be filled anyway is silent until they are, unless it counts.
    """
    if expression.evaluate(env) is True:
        return
    fields = smallest_sets(expression, env)[0]
    own = tuple(path[0] for path in fields if path[0] not in ("me", "old", "param", "now"))
    more = shortfall(expression, env)
    if own and more is None and unfilled.issuperset(own):
        return
    if guard.labels or not own:
        what = _("{what} ({n} more)", what=guard.label, n=more) if more is not None else guard.label
        yield Missing(what, _source(guard, facts, own[0] if own else None), {"kind": "field" if own else "rule", "field": own[0] if own else None, "fields": list(own)}, guard.uid)
        return
    for key in own:
        if key not in unfilled:
            yield Missing(facts.field_label(key), _source(guard, facts, key), {"kind": "field", "field": key}, guard.uid)


def _source(guard: Guard, facts: Facts, key: str | None) -> Message:
    """Who can supply what a guard wants: the role it names (the actor, who holds it), else whoever may fill the field."""
    if guard.from_whom:
        return _("you") if guard.from_whom in facts.roles else facts.role_label(guard.from_whom)
    return facts.suppliers(key) if key is not None else _("an admin")
