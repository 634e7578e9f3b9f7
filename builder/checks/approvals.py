"""Approvals: somebody clear decides each step, steps side by side are neighbours, nobody approves their own wish unnoticed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.proof import known_during, never
from builder.checks.references import missing
from kernel.expr.findings import ExpressionError
from kernel.expr.types import Kind, Type
from kernel.i18n import _
from kernel.model.elements import Approval, Machine, Transition

WAYS = ("role", "relation", "chain", "person")


def check(place: Place) -> Iterable[Finding]:
    """Every step of every approval, then what the steps of a transition say together."""
    for machine in place.application.machines:
        if machine.entity not in place.application.entities:
            continue
        for transition in machine.transitions:
            for step in transition.approvals:
                yield from _who(place, machine.entity, step)
                yield from _mode(place, step)
                yield from _own(place, transition, step)
                yield from _never(place, machine, transition, step)
            yield from _groups(place, transition)
            yield from _decline(place, machine, transition)


def _who(place: Place, entity: str, step: Approval) -> Iterator[Finding]:
    named = [way for way in WAYS if getattr(step, way) is not None]
    if len(named) != 1:
        message = _("“{label}” does not say who decides.", label=step.label) if not named else _(
            "“{label}” says in several ways who decides: {ways}.", label=step.label, ways=", ".join(named))
        yield place.find(step, "approver_unclear", "", message, _("Write exactly one of: {ways}.", ways=", ".join(WAYS)), witness={"given": named})
        return
    if step.relation is not None:
        found = place.schema.type_at(entity, step.relation.split("."))
        if found is not None and not _is_person(found):
            yield _no_person(place, step, "relation", step.relation)
    if step.person is not None:
        try:
            expression = place.schema.expression(step, "person")
        except ExpressionError:
            return  # said by the check of formulas
        if expression is not None and not _is_person(expression.type):
            yield _no_person(place, step, "person", step.person)
    people = place.application.entities.get("person")
    if step.chain is not None and (people is None or "manager" not in people.by_key):
        yield place.find(
            step, "no_managers", "chain", _("People have no manager here, so nobody stands above anybody."), _("Add the field “manager” to people, or name a role."))


def _is_person(found: Type) -> bool:
    return found.kind in (Kind.RECORD, Kind.ROWS, Kind.ANY) and found.entity in ("person", None)


def _no_person(place: Place, step: Approval, path: str, text: str) -> Finding:
    return place.find(
        step, "no_person", path, _("“{text}” gives no person.", text=text), _("Name a field that holds a person, such as {example}.", example="owner.manager"))


def _mode(place: Place, step: Approval) -> Iterator[Finding]:
    if step.mode == "votes" and step.votes is None:
        yield place.find(step, "missing", "votes", _("“{name}” is missing.", name="votes"), _("Say how many must agree."))
    if step.mode != "votes" and step.votes is not None:
        yield place.find(step, "useless_key", "votes", _("“{name}” has no effect here.", name="votes"), _("Only “mode: votes” counts them."), severity="warning")
    if step.due is None and step.on_due != "remind":
        yield place.find(step, "useless_key", "on_due", _("“{name}” has no effect here.", name="on_due"), _("Say under “due” after how many hours."), severity="warning")
    ways = ("team", "owner", "elapsed", *place.application.calendars)
    if step.counts not in ways:
        yield missing(place, step, "counts", "calendar", step.counts, ways)
    elif step.due is None and step.counts != "team":
        yield place.find(step, "useless_key", "counts", _("“{name}” has no effect here.", name="counts"), _("Say under “due” after how many hours."), severity="warning")


def _own(place: Place, transition: Transition, step: Approval) -> Iterator[Finding]:
    """Who asks may be who decides: with ``self``, or where the way to the approver leads to the owner."""
    both = [role for role in transition.who if role == step.role]
    if step.self_:
        yield place.find(
            step, "own_approval", "self", _("In “{label}” people may approve what they ask for themselves.", label=step.label),
            _("Leave “self” out, so that somebody else has to look at it."), severity="warning", witness={"roles": both})
    elif step.relation in ("owner", "created_by"):
        yield place.find(
            step, "own_approval", "relation", _("“{label}” is decided by whoever usually asks for it.", label=step.label),
            _("Name somebody else, such as {example}.", example="owner.manager"), severity="warning", witness={"relation": step.relation})


def _never(place: Place, machine: Machine, transition: Transition, step: Approval) -> Iterator[Finding]:
    try:
        expression = place.schema.expression(step, "when") if step.when is not None else None
    except ExpressionError:
        return
    if expression is not None and (tried := never(expression, known_during(place, machine, transition))) is not None:
        yield place.find(
            step, "approval_never", "when", _("This step of the approval never counts: {text}", text=expression.text),
            _("Look at what it compares; {n} combinations were tried.", n=tried), witness={"tried": tried, "text": expression.text})


def _groups(place: Place, transition: Transition) -> Iterator[Finding]:
    seen: set[str] = set()
    before: str | None = None
    for index, step in enumerate(transition.approvals):
        group = step.side_by_side
        if group is not None and group != before and group in seen:
            yield place.find(
                step, "split_group", "side_by_side", _("“{label}” stands apart from the other steps of “{group}”.", label=step.label, group=group),
                _("Steps that run at the same time stand one after the other."), witness={"group": group})
        if index == 0 and step.returns_to == "previous":
            yield place.find(
                step, "no_previous", "returns_to", _("Before “{label}” there is no step to return to.", label=step.label), _("Return it to the requester."), severity="warning")
        seen |= {group} if group else set()
        before = group


def _decline(place: Place, machine: Machine, transition: Transition) -> Iterator[Finding]:
    if transition.on_decline is None:
        return
    other = machine.transition(transition.on_decline)
    if other is None:
        yield missing(place, transition, "on_decline", "transition", transition.on_decline, [t.key for t in machine.transitions])
        return
    apart = [s for s in transition.from_ if s not in other.from_]
    if apart or other.approvals or any(a.required for a in other.asks):
        yield place.find(
            transition, "bad_decline", "on_decline", _("“{label}” can't be taken by itself when approval is declined.", label=other.label),
            _("It must start from the same states, ask nothing and need no approval."), witness={"states": apart})
