"""What an approval waits for and what an act leads to: pure, over the pinned steps and the seats of the present round.

A **chair** is one voice. Who holds it may change (passed on, substituted, passed up): all seats of a chair may act, the first to act speaks for it.
Somebody who was added gets a chair of their own whose consent is needed as well, whatever the mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Result = Literal["open", "approved", "declined"]
WAITING, APPROVED, DECLINED, RETURNED, PASSED_ON, SKIPPED = "waiting", "approved", "declined", "returned", "passed_on", "skipped"
GONE = frozenset({PASSED_ON, SKIPPED})
"""Whoever sat there can get the seat (back)."""
SHARED = frozenset({"substitute", "passed_on", "up"})
"""Reasons for which somebody sits in another one's chair."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step as the case began with it."""

    mode: str = "any"
    votes: int | None = None
    group: str | None = None
    returns_to: str = "requester"
    may: frozenset[str] = frozenset({"delegate", "add"})


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in a step of a round."""

    id: str
    step: int
    person: str
    state: str = WAITING
    because: str = "approver"
    instead_of: str | None = None

    @property
    def chair(self) -> str:
        """Whose voice it is."""
        return self.instead_of if self.because in SHARED and self.instead_of else self.person


@dataclass(frozen=True, slots=True)
class NewSeat:
    """A seat that an act makes."""

    step: int
    person: str
    because: str
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Where the case goes: it waits, goes on behind the open steps, ends, or goes back (``to``: first step of the group before, None: the requester)."""

    kind: Literal["wait", "next", "declined", "returned"]
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What an act changes. ``refused``: why it can't be done (then nothing changes)."""

    states: Mapping[str, str]
    new: tuple[NewSeat, ...] = ()
    move: Move = Move("wait")
    refused: Literal["", "not_yours", "done", "not_allowed", "there_already"] = ""


def groups(steps: Sequence[Step]) -> tuple[tuple[int, ...], ...]:
    """The steps that run at the same time, in order."""
    found: list[list[int]] = []
    for index, step in enumerate(steps):
        if found and step.group is not None and steps[found[-1][0]].group == step.group:
            found[-1].append(index)
        else:
            found.append([index])
    return tuple(tuple(g) for g in found)


def group_of(steps: Sequence[Step], at: int) -> tuple[int, ...]:
    """The group in which step ``at`` stands."""
    return next(g for g in groups(steps) if at in g)


def result_of(step: Step, seats: Iterable[Seat]) -> Result:
    """What the seats of one step say. A step without seats was left out and stands in nobody's way."""
    own = list(seats)
    base, added = _chairs(s for s in own if s.because != "added"), _chairs(s for s in own if s.because == "added")
    said = _base(step, base)
    if said == "declined" or DECLINED in added.values():
        return "declined"
    return "approved" if said == "approved" and all(v == APPROVED for v in added.values()) else "open"


def _chairs(seats: Iterable[Seat]) -> dict[str, str]:
    """What each chair says; a chair whose seats were all left out is none."""
    found: dict[str, str] = {}
    for seat in seats:
        if seat.state in (APPROVED, DECLINED):
            found[seat.chair] = seat.state
        elif seat.state == WAITING:
            found.setdefault(seat.chair, WAITING)
    return found


def _base(step: Step, chairs: Mapping[str, str]) -> Result:
    said = list(chairs.values())
    yes, no = said.count(APPROVED), said.count(DECLINED)
    if not said:
        return "approved"
    if step.mode == "any":
        return "approved" if yes else "declined" if no else "open"
    # All there are when fewer than the votes that are wanted have a seat.
    needed = len(said) if step.mode == "all" else min(step.votes or 1, len(said))
    return "approved" if yes >= needed else "declined" if len(said) - no < needed else "open"


def needless(steps: Sequence[Step], seats: Iterable[Seat]) -> tuple[str, ...]:
    """Waiting seats whose voice no longer matters: their step, or their chair, has spoken."""
    found: list[str] = []
    by_step: dict[int, list[Seat]] = {}
    for seat in seats:
        by_step.setdefault(seat.step, []).append(seat)
    for index, own in by_step.items():
        base = [s for s in own if s.because != "added"]
        decided = _base(steps[index], _chairs(base)) != "open"
        whole = result_of(steps[index], own) != "open"
        spoken = {(s.chair, s.because == "added") for s in own if s.state in (APPROVED, DECLINED)}
        found += [
            s.id for s in own
            if s.state == WAITING and (whole or (decided and s.because != "added") or (s.chair, s.because == "added") in spoken)]
    return tuple(found)


def result_of_group(steps: Sequence[Step], at: int, seats: Iterable[Seat]) -> Result:
    """What the steps that are open together say: one declined is enough, all must agree."""
    own = list(seats)
    said = [result_of(steps[i], [s for s in own if s.step == i]) for i in group_of(steps, at)]
    return "declined" if "declined" in said else "open" if "open" in said else "approved"


def waiting(steps: Sequence[Step], at: int, seats: Iterable[Seat]) -> tuple[Seat, ...]:
    """Who must act now."""
    open_ = set(group_of(steps, at))
    return tuple(s for s in seats if s.state == WAITING and s.step in open_)


def act(steps: Sequence[Step], at: int, seats: Sequence[Seat], person: str, verb: str, to: str | None = None) -> Decision:
    """What ``person`` does in the open group ``at``: approve, decline, return, pass_on or add (``to`` whom).

    Somebody with several seats speaks for all of them at once.
    """
    mine = [s for s in waiting(steps, at, seats) if s.person == person]
    if not mine:
        once = any(s.person == person and s.step in group_of(steps, at) for s in seats)
        return Decision({}, refused="done" if once else "not_yours")
    if verb == "pass_on":
        return _pass_on(steps, mine, seats, to)
    if verb == "add":
        return _add(steps, mine, seats, to)
    states = {s.id: {"approve": APPROVED, "decline": DECLINED, "return": RETURNED}[verb] for s in mine}
    after = _with(seats, states)
    if verb == "return":
        states.update({s.id: SKIPPED for s in waiting(steps, at, after)})
        return Decision(states, move=Move("returned", _back(steps, at, mine[0].step)))
    return settle(steps, at, seats, states)


def settle(steps: Sequence[Step], at: int, seats: Sequence[Seat], states: Mapping[str, str]) -> Decision:
    """What follows when these seats have these states; also used for decisions that time makes."""
    found = dict(states)
    after = _with(seats, found)
    result = result_of_group(steps, at, after)
    rest = [s.id for s in waiting(steps, at, after)] if result == "declined" else needless(steps, after)
    found.update(dict.fromkeys(rest, SKIPPED))
    return Decision(found, move=Move("next" if result == "approved" else "declined" if result == "declined" else "wait"))


def _pass_on(steps: Sequence[Step], mine: Sequence[Seat], seats: Sequence[Seat], to: str | None) -> Decision:
    given = [s for s in mine if "delegate" in steps[s.step].may]
    if not given:
        return Decision({}, refused="not_allowed")
    if to is None or any(s.person == to and s.step == g.step and s.state not in GONE for s in seats for g in given):
        return Decision({}, refused="there_already")
    new = tuple(
        NewSeat(s.step, to, "added", s.instead_of) if s.because == "added" else NewSeat(s.step, to, "passed_on", s.chair) for s in given)
    return Decision({s.id: PASSED_ON for s in given}, new)


def _add(steps: Sequence[Step], mine: Sequence[Seat], seats: Sequence[Seat], to: str | None) -> Decision:
    own = next((s for s in mine if "add" in steps[s.step].may), None)
    if own is None:
        return Decision({}, refused="not_allowed")
    if to is None or any(s.person == to and s.step == own.step and s.state not in GONE for s in seats):
        return Decision({}, refused="there_already")
    return Decision({}, (NewSeat(own.step, to, "added", own.person),))


def _back(steps: Sequence[Step], at: int, step: int) -> int | None:
    """The first step of the group before, where the step returns there and there is one."""
    if steps[step].returns_to != "previous":
        return None
    before = [g for g in groups(steps) if g[-1] < group_of(steps, at)[0]]
    return before[-1][0] if before else None


def _with(seats: Iterable[Seat], states: Mapping[str, str]) -> list[Seat]:
    return [replace(s, state=states[s.id]) if s.id in states else s for s in seats]
