"""State machines as graphs: what can't be reached, what can't be left, who may go there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.i18n import _
from kernel.model.elements import Machine, Right, Transition


def check(place: Place) -> Iterable[Finding]:
    """Unreachable states, dead ends, steps that nobody may take, doubled beginnings."""
    for machine in place.application.machines:
        if machine.initial is not None and machine.initial not in machine.by_key:
            continue  # said by the references' check
        yield from _unreachable(place, machine)
        yield from _dead_ends(place, machine)
        if machine.entity in place.application.entities:
            for transition in machine.transitions:
                yield from _nobody(place, machine, transition)
    for entity in place.application.entities.values():
        machines = place.application.machines_of(entity.key)
        if len(machines) > 1 and machines[0].rank == machines[1].rank:
            yield place.find(
                machines[1],
                "two_first_machines",
                "",
                _("“{a}” and “{b}” both claim to be the first machine of “{entity}”.", a=machines[0].label, b=machines[1].label, entity=entity.label),
                _("Put one after the other."),
                witness={"first": machines[0].uid},
            )


def reached(machine: Machine) -> dict[str, tuple[str, ...]]:
    """Every state that can be reached, with a shortest way of transitions to it."""
    found: dict[str, tuple[str, ...]] = {machine.start: ()}
    waiting = [machine.start]
    while waiting:
        at = waiting.pop(0)
        for transition in machine.transitions:
            if at in transition.from_ and transition.to not in found:
                found[transition.to] = (*found[at], transition.key)
                waiting.append(transition.to)
    return found


def _unreachable(place: Place, machine: Machine) -> Iterator[Finding]:
    ways = reached(machine)
    for state in machine.states:
        if state.key not in ways:
            yield place.find(
                state,
                "unreachable_state",
                "",
                _("No step leads to the state “{label}”.", label=state.label),
                _("Add a transition to it, or take the state out."),
                witness={"reachable": sorted(ways)},
            )


def _dead_ends(place: Place, machine: Machine) -> Iterator[Finding]:
    ways = reached(machine)
    for state in machine.states:
        if state.category == "open" and not any(state.key in t.from_ and t.to != state.key for t in machine.transitions):
            yield place.find(
                state,
                "dead_end",
                "",
                _("The state “{label}” is open, but no step leads out of it.", label=state.label),
                _("Add a transition, or give it the category won, lost or closed."),
                witness={"way": list(ways.get(state.key, ()))},
            )


def _nobody(place: Place, machine: Machine, transition: Transition) -> Iterator[Finding]:
    application = place.application
    rights = {role.key: role.by_entity[machine.entity] for role in application.roles.values() if machine.entity in role.by_entity}
    if transition.who:
        named = [key for key in transition.who if key in application.roles]
        if named and not any(key in rights and rights[key].read != "none" for key in named):
            yield place.find(
                transition,
                "nobody_may",
                "who",
                _("Nobody can take the step “{label}”: none of its roles may read these records.", label=transition.label),
                _("Give one of the roles a right to “{entity}”.", entity=machine.entity),
                witness={"roles": named},
            )
    elif rights and not any(_may_change(right, machine, transition) for right in rights.values()):
        yield place.find(
            transition,
            "nobody_may",
            "who",
            _("Nobody can take the step “{label}”: no role may change these records then.", label=transition.label),
            _("Name roles under “who”, or let a role change the record."),
            witness={"roles": sorted(rights)},
        )


def _may_change(right: Right, machine: Machine, transition: Transition) -> bool:
    if not machine.first:
        return right.update != "none"
    return any((right.states.get(state) or {}).get("update", right.update) != "none" for state in transition.from_) and (
        right.update != "none" or bool(right.states)
    )
