"""By brute force over small records: the facts that a closed step names suffice, no part of them does, and supplying what was asked opens it."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from kernel.errors import FangyuanError
from kernel.platform.ctx import system_actor
from runtime.asks import act, rows
from runtime.asks.fact import of_missing, of_row, places
from runtime.asks.suppliers import groups
from runtime.records import reading, road
from runtime.records.record import Input
from tests.integration.asks.conftest import as_person, make

# What can be supplied, by (kind, entity, field): the values worth trying.
VALUES = {
    ("field", "deal", "amount"): ["50", "500"], ("field", "deal", "terms"): ["30 days"], ("field", "deal", "agreed"): [True], ("field", "deal", "firm"): ["FIRM"],
    ("field", "firm", "checked"): [True], ("create", "call", "deal"): [1, 2],
}
STARTS = [
    {}, {"amount": "50"}, {"amount": "500"}, {"terms": "x", "amount": "500"}, {"amount": "500", "agreed": True, "terms": "x"}, {"checked": True, "calls": 2, "amount": "500"},
    {"no_firm": True, "amount": "50", "terms": "x", "calls": 2}, {"checked": True, "calls": 1, "amount": "50", "terms": "x"},
]


class Undone(Exception):
    """Nothing of a trial may stay."""


def start(ctx, given):
    values = dict(given)
    calls, checked, no_firm = values.pop("calls", 0), values.pop("checked", False), values.pop("no_firm", False)
    firm = None if no_firm else road.create(ctx, "firm", Input({"name": "Acme", "checked": checked})).id
    deal = road.create(ctx, "deal", Input({"name": "Big", "firm": firm, **values})).id
    for n in range(calls):
        road.create(ctx, "call", Input({"topic": str(n), "deal": deal}))
    return deal


def door(ctx, deal):
    seen = reading.get(ctx, "deal", deal)
    return seen, next(d for d in reading.doors(ctx, seen) if d.key == "sign")


def supply(ctx, place, value):
    if place.kind == "create":
        for n in range(value):
            road.create(ctx, place.entity, Input({"topic": str(n), place.field: place.record}))
    elif value == "FIRM":
        firm = road.create(ctx, "firm", Input({"name": "Checked", "checked": True})).id
        road.update(ctx, place.entity, place.record, Input({place.field: firm}), version=None)
    else:
        road.update(ctx, place.entity, place.record, Input({place.field: value}), version=None)


def opens(desk, deal, chosen):
    """Whether some values at these places open the step; nothing of it stays."""
    for values in product(*(VALUES[p.kind, p.entity, p.field] for p in chosen)):
        try:
            with desk.ctx() as ctx:
                for place, value in zip(chosen, values, strict=True):
                    supply(ctx, place, value)
                if door(ctx, deal)[1].open:
                    return True
                raise Undone
        except Undone:
            continue
    return False


@pytest.mark.parametrize("given", STARTS, ids=str)
def test_what_is_missing_suffices_and_no_part_of_it_does(desk, given):
    with desk.ctx() as ctx:
        deal = start(ctx, given)
    with desk.ctx() as ctx:
        seen, step = door(ctx, deal)
        facts = [of_missing("deal", ctx.app.transition("deal", "sign")[1], m) for m in step.missing]
        named = [tuple(places(ctx, seen.env, f)) for f in facts]
    assert named and all(named), named
    everything = list(dict.fromkeys(p for where in named for p in where))
    for size in range(len(everything)):
        for part in combinations(everything, size):
            assert not opens(desk, deal, part), (given, part)
    assert opens(desk, deal, everything), (given, everything)


def test_asking_for_all_of_it_and_supplying_it_opens_the_step(desk):
    """Each fact is asked of everybody who could supply it, supplied by one of them with their own rights, and closed."""
    with desk.ctx() as ctx:
        firm = road.create(ctx, "firm", Input({"name": "Acme"})).id
    deal = make(desk, "sam", "deal", name="Big", firm=firm, amount="500")
    with as_person(desk, "sam") as ctx:
        _seen, step = door(ctx, deal)
        asked = [
            act.open(ctx, "deal", deal, transition="sign", rule=f.rule, path=f.mark)
            for m in step.missing for f in [of_missing("deal", ctx.app.transition("deal", "sign")[1], m)]]
    assert len(asked) == 4
    names = {v: k for k, v in desk.people.items()}
    for one in asked:
        done = False
        for person in one.people:
            with as_person(desk, names[person]) as ctx:
                env = reading.get(ctx.acting(actor=system_actor(ctx.tenant, ctx.release)), "deal", deal).env
                place = act.place_for(ctx, env, of_row(ctx.app, rows.find(ctx, one.ask.id)))
            if place is None:
                continue
            try:
                with as_person(desk, names[person]) as ctx:
                    supply(ctx, place, VALUES[place.kind, place.entity, place.field][-1])
                done = True
                break
            except FangyuanError:
                continue
        assert done, (one.ask.rule, one.people)
        with desk.ctx() as ctx:
            assert rows.find(ctx, one.ask.id).outcome == "supplied"
    with as_person(desk, "sam") as ctx:
        assert door(ctx, deal)[1].open
        road.transition(ctx, "deal", deal, "sign", version=None)


def test_everybody_named_may_supply_it_and_nobody_else_can(desk):
    """For each person: named as a supplier exactly when a write in their name goes through."""
    with desk.ctx() as ctx:
        firm = road.create(ctx, "firm", Input({"name": "Acme"})).id
    deal = make(desk, "sam", "deal", name="Big", firm=firm, amount="500")
    with as_person(desk, "sam") as ctx:
        seen, step = door(ctx, deal)
        found = []
        for m in step.missing:
            fact = of_missing("deal", ctx.app.transition("deal", "sign")[1], m)
            found.append((places(ctx, seen.env, fact), {p for g in groups(ctx, seen.env, fact) for p in g.people}))
    for where, people in found:
        able = set()
        for login, person in desk.people.items():
            for place in where:
                try:
                    with as_person(desk, login) as ctx:
                        supply(ctx, place, VALUES[place.kind, place.entity, place.field][-1])
                        raise Undone
                except Undone:
                    able.add(person)
                except FangyuanError:
                    continue
        assert able - {desk.people["sam"]} == people, where
