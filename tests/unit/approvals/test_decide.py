"""Approvals decided over values only: modes, side by side, returns, and what holds for every order of valid acts."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from runtime.approvals import decide
from runtime.approvals.decide import Move, Seat, Step, act, groups, result_of

ANY, ALL = Step(), Step(mode="all")


def seats(*people: str, step: int = 0, **more: object) -> list[Seat]:
    return [Seat(f"{step}-{p}", step, p, **more) for p in people]  # type: ignore[arg-type]


class Case:
    """A case played with values: what the service does with rows."""

    def __init__(self, steps: list[Step], people: dict[int, list[str]]) -> None:
        self.steps, self.people, self.at, self.state, self.round = steps, people, 0, "open", 1
        self.seats: list[Seat] = []
        self.old: list[Seat] = []
        self.open(0)

    def open(self, at: int) -> None:
        self.at = at
        for index in decide.group_of(self.steps, at):
            self.seats += [Seat(f"{self.round}-{index}-{p}", index, p) for p in self.people.get(index, ())]

    def act(self, person: str, verb: str, to: str | None = None) -> decide.Decision:
        found = act(self.steps, self.at, self.seats, person, verb, to)
        if found.refused:
            return found
        self.seats = [replace(s, state=found.states.get(s.id, s.state)) for s in self.seats]
        made = len(self.seats)
        self.seats += [Seat(f"{self.round}-{made + i}", n.step, n.person, "waiting", n.because, n.instead_of) for i, n in enumerate(found.new)]
        match found.move:
            case Move("next"):
                later = [g for g in groups(self.steps) if g[0] > self.at and any(self.people.get(i) for i in g)]
                if later:
                    self.open(later[0][0])
                else:
                    self.state = "approved"
            case Move("declined"):
                self.state = "declined"
            case Move("returned", to_step):
                self.round += 1
                self.old += self.seats
                self.seats = []
                if to_step is None:
                    self.state = "returned"
                else:
                    self.open(to_step)
        return found

    @property
    def waiting(self) -> list[str]:
        return [s.person for s in decide.waiting(self.steps, self.at, self.seats)] if self.state == "open" else []


def test_any_is_decided_by_the_first() -> None:
    case = Case([ANY], {0: ["ann", "bob"]})
    assert case.act("bob", "approve").states == {"1-0-bob": "approved", "1-0-ann": "skipped"}
    assert case.state == "approved"
    case = Case([ANY], {0: ["ann", "bob"]})
    case.act("ann", "decline")
    assert case.state == "declined" and case.waiting == []


def test_all_skips_nobody_and_one_refusal_is_enough() -> None:
    case = Case([ALL], {0: ["ann", "bob", "cyd"]})
    case.act("ann", "approve")
    case.act("cyd", "approve")
    assert case.state == "open" and case.waiting == ["bob"]
    case.act("bob", "approve")
    assert case.state == "approved" and [s.state for s in case.seats] == ["approved"] * 3
    case = Case([ALL], {0: ["ann", "bob", "cyd"]})
    case.act("ann", "approve")
    case.act("bob", "decline")
    assert case.state == "declined"


def test_votes_count_and_end_when_they_can_no_longer_be_reached() -> None:
    two = Step(mode="votes", votes=2)
    case = Case([two], {0: ["ann", "bob", "cyd"]})
    case.act("ann", "decline")
    assert case.state == "open"
    case.act("bob", "approve")
    case.act("cyd", "approve")
    assert case.state == "approved"
    case = Case([two], {0: ["ann", "bob", "cyd"]})
    case.act("ann", "decline")
    case.act("bob", "decline")
    assert case.state == "declined"
    few = Case([Step(mode="votes", votes=3)], {0: ["ann", "bob"]})
    few.act("ann", "approve")
    assert few.state == "open"
    few.act("bob", "approve")
    assert few.state == "approved"


def test_steps_in_order_then_side_by_side() -> None:
    steps = [ANY, Step(group="both"), Step(group="both", mode="all"), ANY]
    assert groups(steps) == ((0,), (1, 2), (3,))
    case = Case(steps, {0: ["ann"], 1: ["bob"], 2: ["cyd", "dan"], 3: ["eve"]})
    assert case.act("eve", "approve").refused == "not_yours"
    case.act("ann", "approve")
    assert case.waiting == ["bob", "cyd", "dan"]
    for person in ("dan", "bob", "cyd"):
        case.act(person, "approve")
    assert case.waiting == ["eve"]
    case.act("eve", "approve")
    assert case.state == "approved"


def test_a_step_that_does_not_count_is_passed_over() -> None:
    case = Case([ANY, ANY, ANY], {0: ["ann"], 2: ["cyd"]})
    case.act("ann", "approve")
    assert case.waiting == ["cyd"]


def test_passing_on_moves_the_chair_and_a_chain_ends_at_the_last() -> None:
    case = Case([ALL], {0: ["ann", "bob"]})
    case.act("ann", "pass_on", "cyd")
    case.act("cyd", "pass_on", "dan")
    assert case.waiting == ["bob", "dan"] and {s.chair for s in case.seats} == {"ann", "bob"}
    assert case.act("ann", "approve").refused == "done"
    case.act("bob", "approve")
    assert case.state == "open"
    case.act("dan", "approve")
    assert case.state == "approved"


def test_whoever_is_added_must_agree_too() -> None:
    case = Case([ANY], {0: ["ann", "bob"]})
    case.act("ann", "add", "cyd")
    case.act("ann", "approve")
    assert case.state == "open" and case.waiting == ["cyd"]
    case.act("cyd", "approve")
    assert case.state == "approved"
    case = Case([ANY], {0: ["ann"]})
    case.act("ann", "add", "cyd")
    case.act("cyd", "decline")
    assert case.state == "declined"


def test_a_step_may_forbid_passing_on_and_adding() -> None:
    case = Case([Step(may=frozenset())], {0: ["ann"]})
    assert case.act("ann", "pass_on", "bob").refused == case.act("ann", "add", "bob").refused == "not_allowed"
    case = Case([ALL], {0: ["ann", "bob"]})
    assert case.act("ann", "pass_on", "bob").refused == case.act("ann", "add", "bob").refused == "there_already"


def test_a_substitute_sits_in_the_same_chair() -> None:
    both = [Seat("a", 0, "ann"), Seat("s", 0, "sub", because="substitute", instead_of="ann"), Seat("b", 0, "bob")]
    found = act([ALL], 0, both, "sub", "approve")
    assert found.states == {"s": "approved", "a": "skipped"} and found.move == Move("wait")


def test_somebody_with_two_seats_speaks_once() -> None:
    both = [Seat("a", 0, "ann"), Seat("s", 0, "ann", because="substitute", instead_of="bob"), Seat("b", 0, "bob")]
    assert act([ALL], 0, both, "ann", "approve").move == Move("next")


def test_returns_lead_to_the_requester_or_to_the_step_before() -> None:
    case = Case([ANY, Step(returns_to="previous"), ANY], {0: ["ann"], 1: ["bob"], 2: ["cyd"]})
    case.act("ann", "approve")
    case.act("bob", "return")
    assert (case.state, case.round, case.waiting) == ("open", 2, ["ann"])
    case.act("ann", "approve")
    case.act("bob", "approve")
    case.act("cyd", "return")
    assert (case.state, case.round) == ("returned", 3)
    first = Case([Step(returns_to="previous")], {0: ["ann"]})
    first.act("ann", "return")
    assert first.state == "returned"


@pytest.mark.parametrize("verb", ["approve", "decline", "return", "pass_on", "add"])
def test_nobody_acts_without_a_seat_or_twice(verb: str) -> None:
    case = Case([ALL], {0: ["ann", "bob"]})
    assert case.act("cyd", verb, "dan").refused == "not_yours"
    case.act("ann", "approve")
    before = list(case.seats)
    assert case.act("ann", verb, "dan").refused == "done" and case.seats == before


def test_the_result_does_not_depend_on_the_order_side_by_side() -> None:
    """Three steps at once with one voice each and every combination of voices, in every order."""
    steps = [Step(group="g"), Step(group="g", mode="all"), Step(group="g", mode="votes", votes=1)]
    for voices in itertools.product(("approve", "decline"), repeat=3):
        ends = set()
        for order in itertools.permutations(range(3)):
            case = Case(steps, {0: ["ann"], 1: ["bob"], 2: ["cyd"]})
            for i in order:
                case.act(["ann", "bob", "cyd"][i], voices[i])
            ends.add(case.state)
        assert ends == {"approved" if "decline" not in voices else "declined"}


@pytest.mark.parametrize("mode", ["all", "votes"])
def test_votes_of_one_step_end_alike_in_every_order(mode: str) -> None:
    people = ["ann", "bob", "cyd", "dan"]
    for voices in itertools.product(("approve", "decline"), repeat=4):
        ends = set()
        for order in itertools.permutations(range(4)):
            case = Case([Step(mode=mode, votes=3)], {0: people})
            for i in order:
                case.act(people[i], voices[i])
            ends.add(case.state)
        needed = 4 if mode == "all" else 3
        assert ends == {"approved" if voices.count("approve") >= needed else "declined"}


def _random_case(rng: random.Random) -> Case:
    people = [f"p{i}" for i in range(6)]
    steps = [
        Step(rng.choice(["any", "all", "votes"]), rng.randint(1, 3), rng.choice([None, "x", "y"]), rng.choice(["requester", "previous"]))
        for _n in range(rng.randint(1, 4))]
    return Case(steps, {i: rng.sample(people, rng.randint(1, 3)) for i in range(len(steps))})


def test_any_sequence_of_valid_acts_ends_in_a_consistent_state() -> None:
    """Played 400 times: the case never gets stuck, nobody who must agree is passed over, a closed case waits for nobody."""
    rng = random.Random(7)
    ends = set()
    for _n in range(400):
        case = _random_case(rng)
        for _act in range(200):
            if case.state != "open":
                break
            assert case.waiting, "an open case waits for somebody"
            verb = rng.choices(["approve", "decline", "return", "pass_on", "add"], [10, 1, 1, 2, 1])[0]
            at, before = case.at, case.round
            person = rng.choice(case.waiting)
            found = case.act(person, verb, f"q{rng.randint(0, 9)}")
            if found.move.kind == "next" and not found.refused:
                for index in decide.group_of(case.steps, at):
                    own = [s for s in case.seats if s.step == index]
                    chairs = {s.chair for s in own if s.because != "added"}
                    yes = {s.chair for s in own if s.state == "approved" and s.because != "added"}
                    assert not any(s.state == "waiting" for s in own)
                    needed = {"any": 1, "all": len(chairs), "votes": min(case.steps[index].votes or 1, len(chairs))}[case.steps[index].mode]
                    assert len(yes) >= needed
                    added = {s.chair for s in own if s.because == "added"}
                    assert added <= {s.chair for s in own if s.because == "added" and s.state == "approved"} | {
                        s.chair for s in own if s.because == "added" and s.state == "passed_on"}
            if found.move.kind == "returned":
                assert case.round == before + 1
        assert case.state == "open" or not case.waiting
        ends.add(case.state)
    assert {"approved", "declined", "returned"} <= ends


def test_a_step_without_seats_stands_in_nobodys_way() -> None:
    assert result_of(ALL, []) == "approved"
