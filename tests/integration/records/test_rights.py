"""One check, one filter: they agree on random roles and records; and nothing hidden can be found out."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from kernel.errors import Forbidden, Invalid, NotFound
from kernel.permissions import rights_of
from kernel.platform.database import count_statements
from kernel.platform.teams import teams_below
from runtime.records import history, query, reading, road, store
from runtime.records.env import RecordEnv, Scene
from runtime.records.query import ListQuery
from runtime.records.record import Input
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope
from tests.factories.records import make_record, make_tenant

SCOPES = [
    "none",
    "own",
    "team",
    "team_and_below",
    "all",
    "urgent",
    "hours > 2",
    'project.tier = "gold"',
    "ISBLANK(kind)",
    "ANY(items, amount >= 2)",
    "project.head = me",
    "owner.team = me.team",
    "COUNT(helpers) > 0",
    'OR(kind = "build", due < TODAY())',
    "project.open_tasks > 3",
    "total / hours > 1",
    "created_by = me",
    "days_left > 3",
    'project_tier = "gold"',
    "ANY(helpers, name = me.name)",
    "SUM(project.tasks, hours) > 5",
]


def random_roles(rng):
    lines = []
    for n in range(12):
        scopes = {a: rng.choice(SCOPES) for a in ("read", "update", "delete", "assign")}
        states = {
            s: {"update": rng.choice(SCOPES), "delete": rng.choice(SCOPES), "hidden": rng.sample(["price", "name", "items"], 1)}
            for s in rng.sample(["open", "doing", "done"], rng.randrange(3))
        }
        fields = {k: {"read": False} for k in rng.sample(["name", "hours", "salary", "items", "items.cost", "total"], rng.randrange(4))}
        lines.append({"role": f"r{n}", "rights": {"task": {**scopes, "create": rng.random() < 0.5, "states": states, "fields": fields}}})
    return lines


@pytest.fixture
def crowd(home, clock):
    """A tenant with twelve random roles, three teams, some people and sixty random tasks."""
    import json

    from tests.integration.records.world import WORLD

    rng = random.Random(11)
    text = WORLD + "".join(f"\n---\n{json.dumps(d)}" for d in random_roles(rng))
    place = make_tenant(home, text, clock)
    top = place.team("Top")
    teams = [top, place.team("Left", top), place.team("Right", top), None]
    people = [place.person(f"P{n}", team=rng.choice(teams)) for n in range(5)]
    projects = [make_record(place, "project", {"name": f"j{n}", "tier": rng.choice(["basic", "gold"]), "head": rng.choice(people).person}).id for n in range(3)]
    tasks = []
    for n in range(60):
        owner = rng.choice(people)
        with place.write() as ctx:
            ctx = ctx.acting(actor=replace(owner, kind="system", roles=frozenset())) if rng.random() < 0.5 else ctx
            made = road.create(
                ctx,
                "task",
                Input(
                    {
                        "name": f"t{n}",
                        "project": rng.choice([None, *projects]),
                        "kind": rng.choice([None, "repair", "build"]),
                        "hours": rng.choice([None, "0", "1.5", "3"]),
                        "urgent": rng.choice([None, False]),
                        "due": rng.choice([None, "2026-11-20", "2026-12-20"]),
                        "helpers": rng.sample([p.person for p in people], rng.randrange(3)),
                        "items": [{"fields": {"what": "x", "amount": str(rng.randrange(4))}} for _ in range(rng.randrange(3))],
                    }
                ),
                owner=rng.choice([None, owner.person]),
                team=rng.choice(teams),
            )
            if rng.random() < 0.4:
                road.transition(ctx, "task", made.id, "start", input=Input({"hours": "2"}), version=None)
        tasks.append(made.id)
    return place, people, tasks


def test_check_and_filter_agree(crowd):
    place, people, tasks = crowd
    rng = random.Random(3)
    compared = 0
    with place.read() as ctx:
        shape = shape_of(ctx.release, "task")
        for _ in range(40):
            person = rng.choice(people)
            actor = replace(person, teams=teams_below(ctx.conn, person.team), roles=frozenset(rng.sample([f"r{n}" for n in range(12)], rng.choice([1, 2, 3]))))
            mine = ctx.acting(actor=actor)
            rights = rights_of(ctx.release, actor)
            scene = Scene(mine)
            records = store.load(mine, shape, tasks)
            envs = {i: RecordEnv(scene, shape, r) for i, r in records.items()}
            for action in ("read", "update", "delete", "assign"):
                scope = RecordScope(mine, shape, shape.table)
                by_filter = set(ctx.conn.execute(select(shape.table.c.id).where(rights.where(action, "task", scope))).scalars())
                by_check = {i for i, env in envs.items() if rights.may(action, "task", env)}
                assert by_check == by_filter, (sorted(actor.roles), action)
                compared += len(envs)
            # Lists, single reads and totals tell the same, down to the fields of each record.
            if rights.entity("task").any("read"):
                seen = {i.record.id: i.readable for i in query.list_records(mine, "task", ListQuery(limit=500)).items}
                assert seen == {i: rights.readable("task", env) for i, env in envs.items() if rights.may("read", "task", env)}
                assert query.count(mine, "task", ListQuery()).total == len(seen)
                for id_ in rng.sample(tasks, 4):
                    if id_ in seen:
                        found = reading.get(mine, "task", id_)
                        assert found.readable == seen[id_] and set(found.record.values) <= seen[id_]
                    else:
                        with pytest.raises(NotFound):
                            reading.get(mine, "task", id_)
    assert compared == 40 * 4 * 60


def test_rights_cost_no_statement_per_row(crowd):
    place, people, _tasks = crowd
    with place.read() as ctx:
        actor = replace(people[0], roles=frozenset({f"r{n}" for n in range(12)}))
        mine = ctx.acting(actor=actor)
        counts = []
        for limit in (1, 50):
            with count_statements(ctx.conn) as count:
                query.list_records(mine, "task", ListQuery(limit=limit))
            counts.append(count.total)
        assert counts[1] <= 5 and counts[1] - counts[0] <= 2


def test_hidden_is_unknown_everywhere(place, boss, worker):
    """A worker may not read ``salary``; whatever they try answers as for a field that does not exist."""
    task = make_record(place, "task", {"name": "a", "items": [{"fields": {"what": "x"}}]}, worker)
    with place.write(boss) as ctx:
        road.update(ctx, "task", task.id, Input({"salary": "4711.13"}), version=1)
        row = road.load(ctx, "task", task.id).values["items"][0]
        road.update(ctx, "task", task.id, Input({"items": [{"id": row.id, "fields": {"cost": "98765.43"}}]}), version=2)
    with place.write(worker) as ctx:
        seen = reading.get(ctx, "task", task.id)
        assert not {"salary", "bonus", "items.cost"} & seen.readable  # bonus follows from salary (D8)
        assert "salary" not in seen.record.values and "cost" not in seen.record.values["items"][0].values
        assert not {"salary", "bonus"} & set(query.list_records(ctx, "task", ListQuery()).items[0].record.values)

        def answer(do):
            with pytest.raises(Invalid) as error:
                do()
            # Hints suggest names near to what was written; they come from visible names alone.
            assert not any(hidden in str(p.hint).replace(str(p.message), "") for p in error.value.problems for hidden in ("mean salary", "mean bonus"))
            return [(p.code, str(p.message), p.path, p.data.get("start")) for p in error.value.problems]

        def same(do):
            for hidden in ("salary", "bonus"):
                assert [tuple(str(x).replace(hidden, "@") for x in a) for a in answer(lambda h=hidden: do(h))] == [
                    tuple(str(x).replace("zzzzzz", "@") for x in a) for a in answer(lambda: do("zzzzzz"))
                ]

        same(lambda n: query.read_where(ctx, "task", f"{n} > 1"))
        same(lambda n: query.read_where(ctx, "task", f"SUM(project.tasks, {n}) > 1"))
        same(lambda n: query.list_records(ctx, "task", ListQuery(sort=(n,))))
        same(lambda n: query.require_readable(ctx, "task", (n,)))
        same(lambda n: road.create(ctx, "task", Input({"name": "b", n: "1"})))
        same(lambda n: road.update(ctx, "task", task.id, Input({n: "1"}), version=3))
        same(lambda n: road.update(ctx, "task", task.id, Input({"items": [{"id": row.id, "fields": {n: "1"}}]}), version=3))
        with pytest.raises(Invalid):
            query.read_where(ctx, "task", "ANY(items, cost > 1)")
        # An expression made for somebody else, such as a view's filter, is refused by the compiler itself.
        foreign = ctx.app.schema.expression_of("salary > 1", "task")
        with pytest.raises(Invalid):
            query.list_records(ctx, "task", ListQuery(where=foreign))
        assert "4711.13" not in repr(history.of(ctx, "task", task.id)) and "98765.43" not in repr(history.of(ctx, "task", task.id))
        assert [e.kind for e in history.of(ctx, "task", task.id)] == ["create"]
        # Rows sent back without the hidden cell keep it.
        road.update(ctx, "task", task.id, Input({"items": [{"id": row.id, "fields": {"what": "y"}}]}), version=3)
        assert road.load(ctx, "task", task.id).values["items"][0].values["cost"] == Decimal("98765.43")
        preview = road.preview(ctx, "task", task.id, Input({}))
        assert not {"salary", "bonus"} & set(preview.values)


def test_scope_at_every_hop(place, boss, worker):
    """The worker sees projects of the own team only; through a reference to another one nothing can be seen."""
    foreign = make_record(place, "project", {"name": "Secret bridge", "tier": "gold"}, boss)
    task = make_record(place, "task", {"name": "a"}, worker)
    with place.write(boss) as ctx:
        road.update(ctx, "task", task.id, Input({"project": foreign.id}), version=1)
    with place.write(worker) as ctx:
        seen = reading.get(ctx, "task", task.id)
        assert foreign.id not in seen.labels
        assert seen.record.values["project_tier"] is None
        for where in ('project.tier = "gold"', 'project_tier = "gold"', 'project.name = "Secret bridge"', "COUNT(project.tasks) > 0"):
            assert query.list_records(ctx, "task", ListQuery(where=query.read_where(ctx, "task", where))).items == ()
        with pytest.raises(NotFound):
            reading.get(ctx, "project", foreign.id)
        with pytest.raises(NotFound):
            road.update(ctx, "project", foreign.id, Input({"name": "x"}), version=1)
        # Referring to it anew is the same answer as for what does not exist.
        with pytest.raises(Invalid) as hidden:
            road.create(ctx, "task", Input({"name": "b", "project": foreign.id}))
        with pytest.raises(Invalid) as missing:
            road.create(ctx, "task", Input({"name": "b", "project": "0192f0c1-7a3b-7cde-8f01-23456789abcd"}))
        assert [(p.code, str(p.message), p.rule) for p in hidden.value.problems] == [(p.code, str(p.message), p.rule) for p in missing.value.problems]
        # What stands there already may stay.
        assert road.update(ctx, "task", task.id, Input({"name": "c", "project": foreign.id}), version=2).values["name"] == "c"


def test_fields_per_state(place, boss, worker):
    task = make_record(place, "task", {"name": "a", "price": {"amount": "5"}, "hours": "2"}, worker)
    with place.write(worker) as ctx:
        assert "price" in reading.get(ctx, "task", task.id).readable
        # Hidden in one state means: not to be searched by at all, else its value could be found out there.
        with pytest.raises(Invalid):
            query.read_where(ctx, "task", "price > 1")
    with place.write(boss) as ctx:
        road.update(ctx, "task", task.id, Input({"note": "n"}), version=1)
        road.transition(ctx, "task", task.id, "close", version=2)
    with place.write(worker) as ctx:
        seen = reading.get(ctx, "task", task.id)
        assert "price" not in seen.readable and not seen.may["update"] and seen.writable == frozenset()
        with pytest.raises(Forbidden) as refused:
            road.update(ctx, "task", task.id, Input({"name": "b"}), version=3)
        assert refused.value.rule == "test:role/worker.task"


def test_no_right_to_write_a_field(place, worker):
    with pytest.raises(Invalid) as error:
        make_record(place, "task", {"name": "a", "locked": True}, worker)
    assert [(p.code, p.path, p.rule) for p in error.value.problems] == [("no_right", "fields.locked", "test:role/worker.task")]


def test_fields_belong_to_the_right_that_matched(place, boss, worker):
    """D9: the auditor sees urgent tasks without notes, the worker own tasks without salaries; one person is both."""
    both = replace(worker, roles=frozenset({"worker", "auditor"}))
    own = make_record(place, "task", {"name": "own", "note": "n", "salary": "5"} | {}, boss)
    with place.write(boss) as ctx:
        road.assign(ctx, "task", own.id, owner=worker.person, version=1)
        urgent = road.create(ctx, "task", Input({"name": "u", "urgent": True, "reason": "r", "kind": "build", "note": "n", "salary": "5"}))
    with place.read(both) as ctx:
        seen = {i.record.values["name"]: i.readable for i in query.list_records(ctx, "task", ListQuery()).items}
        assert "note" in seen["own"] and "salary" not in seen["own"]
        assert "note" not in seen["u"] and "salary" in seen["u"]
        for name in ("note", "salary"):
            with pytest.raises(Invalid):
                query.read_where(ctx, "task", f"ISBLANK({name})")
        assert reading.get(ctx, "task", urgent.id).readable == seen["u"]


def test_tokens_narrow(place, boss):
    task = make_record(place, "task", {"name": "a"}, boss)
    reader = replace(boss, kind="token", scopes=frozenset({"read"}))
    with place.write(reader) as ctx:
        assert reading.get(ctx, "task", task.id).writable == frozenset()
        with pytest.raises(Forbidden):
            road.update(ctx, "task", task.id, Input({"name": "b"}), version=1)
        with pytest.raises(Forbidden):
            road.create(ctx, "task", Input({"name": "b"}))
    with place.write(replace(boss, kind="token", scopes=frozenset({"design"}))) as ctx, pytest.raises(NotFound):
        reading.get(ctx, "task", task.id)


def test_roles_without_rights(place):
    nobody = place.person("N")
    with place.write(nobody) as ctx:
        for do in (
            lambda: road.create(ctx, "task", Input({"name": "a"})),
            lambda: reading.get(ctx, "task", "x"),
            lambda: query.list_records(ctx, "task", ListQuery()),
            lambda: query.count(ctx, "task", ListQuery()),
            lambda: history.of(ctx, "task", "x"),
            lambda: road.delete(ctx, "task", "x", version=1),
            lambda: road.transition(ctx, "task", "x", "start", version=1),
            lambda: road.assign(ctx, "task", "x", owner=None, version=1),
            lambda: road.preview(ctx, "task", None, Input({})),
        ):
            with pytest.raises(NotFound):
                do()
        assert not reading.may_know(ctx, "task") and not reading.may_know(ctx, "nowhere")


def test_membership_by_expression(home, clock):
    from runtime.records.membership import roles_by_expression

    place = make_tenant(
        home,
        """
role: juniors
member_when: AND(STARTSWITH(name, "J"), team.name = "East")
---
role: others
member_when: manager.name = "J1"
""",
        clock,
    )
    east = place.team("East")
    one = place.person("J1", team=east)
    two = place.person("K", manager=one.person)
    with place.read() as ctx:
        assert roles_by_expression(ctx.conn, ctx.tenant, ctx.release, one.person, ctx.now) == {"juniors"}
        assert roles_by_expression(ctx.conn, ctx.tenant, ctx.release, two.person, ctx.now) == {"others"}
        assert roles_by_expression(ctx.conn, ctx.tenant, ctx.release, "nobody", ctx.now) == frozenset()
