"""Whatever is sent, the answer is a refusal with a reason, never an accident."""

from __future__ import annotations

import random

import pytest

from kernel.errors import Conflict, FangyuanError, Invalid
from runtime.records import comments, query, road
from runtime.records.query import ListQuery
from runtime.records.record import Input
from tests.factories.records import make_record, make_tenant

ODD = [
    None,
    "",
    " ",
    "x",
    "\x00",
    "\ud800",
    0,
    -1,
    10**30,
    1.5,
    float("1e300"),
    True,
    [],
    {},
    [[]],
    [{}],
    {"id": 1},
    {"amount": {}},
    {"amount": "1", "currency": 5},
    ["red", "red"],
    [None],
    {"id": ["a"]},
    "2026-13-45",
    "0192f0c1-7a3b-7cde-8f01-23456789abcd",
    ["0192f0c1-7a3b-7cde-8f01-23456789abcd"],
    [{"id": [], "fields": {}}],
    [{"fields": []}],
    [{"fields": {"what": ["x"], "amount": {}}}],
    [{"fields": {"nowhere": 1}}],
    "a" * 300_000,
    [1] * 5000,
    {"a": {"b": {"c": []}}},
    "=1+1",
    "'; DROP TABLE e_task; --",
]


def test_odd_values_are_refused(place_sqlite):
    place, rng = place_sqlite, random.Random(5)
    boss = place.person("B", "boss")
    made = make_record(place, "task", {"name": "a", "items": [{"fields": {"what": "x"}}]}, boss)
    with place.read(boss) as ctx:
        keys = [*ctx.app.entity("task").by_key, "nowhere", "", "id", "items.what", "名称", 5]
    for n in range(400):
        fields = {rng.choice(keys): rng.choice(ODD) for _ in range(rng.randrange(1, 4))}
        style = "text" if n % 5 == 4 else "json"
        for create in (True, False):
            try:
                with place.write(boss) as ctx:
                    if create:
                        road.create(ctx, "task", Input({"name": "n", **fields}, style))
                    else:
                        road.update(ctx, "task", made.id, Input(fields, style), version=None)
                    road.preview(ctx, "task", made.id, Input(fields, style), transition="finish", asks={"result": rng.choice(ODD)})
                    raise Invalid([])  # nothing stays
            except Invalid as error:
                assert all(p.code and str(p.message) for p in error.problems)  # noqa: PT017


def test_odd_queries_are_refused(place_sqlite):
    place, rng = place_sqlite, random.Random(6)
    boss = place.person("B", "boss")
    make_record(place, "task", {"name": "a"}, boss)
    words = [
        "name",
        "hours",
        "project",
        "project.tier",
        "items",
        "items.amount",
        "helpers",
        "param.x",
        "me",
        "me.team.name",
        "this",
        "old",
        "owner.team",
        "state",
        "tags",
        "days_left",
        "project_tier",
        "check_since",
        "nowhere",
        "created_by.manager.name",
        "project.tasks",
        "id",
        "state_since",
    ]
    with place.read(boss) as ctx:
        for _ in range(300):
            a, b = rng.choice(words), rng.choice([*words, '"x"', "1", "TODAY()", "BLANK", "TRUE"])
            text = rng.choice(
                [f"{a} = {b}", f"{a} > {b}", f"COUNT({a}) > 0", f"ANY({a}, {b} = 1)", f"SUM({a}) > {b}", f"CONTAINS({a}, {b})", f"ISBLANK({a})", a]
            )
            try:
                query.list_records(ctx, "task", ListQuery(where=query.read_where(ctx, "task", text)))
                query.count(ctx, "task", ListQuery(where=text))
            except Invalid:
                pass
            try:
                query.list_records(ctx, "task", ListQuery(sort=(rng.choice(["", "-", "+"]) + a,), q=text))
            except Invalid as error:
                assert error.problems[0].path == "sort"  # noqa: PT017


def test_actions_that_cause_each_other_end(home_sqlite, clock):
    place = make_tenant(
        home_sqlite,
        """
entity: ping
fields: {name: text}
---
machine: ping
on: ping
states: {new: {category: open, on_entry: [{do: create, entity: ping, fields: {name: name}}]}, done: closed}
transitions: {finish: {from: new, to: done}}
---
role: boss
rights: {ping: {read: all, create: true}}
""",
        clock,
    )
    boss = place.person("B", "boss")
    with pytest.raises(Conflict), place.write(boss) as ctx:
        road.create(ctx, "ping", Input({"name": "a"}))
    with place.read(boss) as ctx:
        assert query.count(ctx, "ping", ListQuery()).total == 0


def test_an_action_sets_owner_and_follows_rules(home, clock):
    place = make_tenant(
        home,
        """
entity: ticket
fields: {name: {type: text, max: 5}, at: datetime, copy: text}
---
machine: ticket
on: ticket
states:
  pool: open
  taken: {category: open, on_entry: [{do: set, fields: {at: NOW(), owner: me}}]}
  odd: open
  back: {category: closed, on_entry: [{do: set, if: 'name = "a"', fields: {copy: name}}]}
transitions:
  take: {from: pool, to: taken, who: [clerk]}
  spoil: {from: taken, to: odd, who: [clerk], actions: [{do: set, fields: {name: '"much too long"'}}]}
  give: {from: taken, to: back, who: [clerk]}
---
role: clerk
rights: {ticket: {read: all, create: true}}
""",
        clock,
    )
    east = place.team("East")
    one, two = place.person("One", "clerk"), place.person("Two", "clerk", team=east)
    made = make_record(place, "ticket", {"name": "a"}, one)
    with place.write(two) as ctx:
        taken = road.transition(ctx, "ticket", made.id, "take", version=1)
        assert (taken.owner, taken.team, taken.values["at"]) == (two.person, east, ctx.now)
    with pytest.raises(Invalid) as error, place.write(two) as ctx:
        road.transition(ctx, "ticket", made.id, "spoil", version=2)
    assert error.value.problems[0].rule == "test:ticket.name#type"
    with place.write(two) as ctx:
        assert road.transition(ctx, "ticket", made.id, "give", version=2).values["copy"] == "a"


def test_comments(place_sqlite):
    place = place_sqlite
    boss, worker = place.person("B", "boss"), place.person("W", "worker")
    made = make_record(place, "task", {"name": "a"}, boss)
    with place.write(boss) as ctx:
        comments.add(ctx, "task", made.id, " first\nline ")
        for bad in ("", " ", "x" * 10_001, "a\x00b"):
            with pytest.raises(Invalid):
                comments.add(ctx, "task", made.id, bad)
        assert [(c.body, c.author) for c in comments.of(ctx, "task", made.id)] == [("first\nline", "B")]
    with place.write(worker) as ctx:
        for do in (lambda: comments.add(ctx, "task", made.id, "x"), lambda: comments.of(ctx, "task", made.id)):
            with pytest.raises(FangyuanError) as error:
                do()
            assert error.value.status == 404
