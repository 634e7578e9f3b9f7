"""Lists on both databases: filter, sort, pages, search, totals."""

from __future__ import annotations

import random

import pytest

from kernel.errors import Invalid, NotFound
from kernel.platform.database import count_statements
from runtime.records import query, reading, road
from runtime.records.query import ListQuery
from runtime.records.record import Input
from tests.factories.records import make_record


def names(ctx, where=None, entity="task", **more):
    asked = ListQuery(where=query.read_where(ctx, entity, where) if where else None, **more)
    return [i.record.values.get("name") for i in query.list_records(ctx, entity, asked).items]


@pytest.fixture
def tasks(place, boss):
    gold = make_record(place, "project", {"name": "Gold", "tier": "gold"}, boss)
    plain = make_record(place, "project", {"name": "Plain"}, boss)
    made = []
    for n, (name, project, hours, kind) in enumerate(
        [("a", gold.id, "1", "repair"), ("b", plain.id, None, "build"), ("c", None, "3.5", None), ("d", gold.id, "2", "repair")]
    ):
        place.clock.advance(seconds=1)
        made.append(
            make_record(
                place,
                "task",
                {
                    "name": name,
                    "project": project,
                    "hours": hours,
                    "kind": kind,
                    "tags": ["red"] if n % 2 else None,
                    "helpers": [boss.person] if name == "c" else None,
                    "items": [{"fields": {"what": "x", "amount": str(n)}}] if n else [],
                },
                boss,
            )
        )
    return made


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("hours >= 2", "cd"),
        ('kind = "Repair"', "ad"),
        ("ISBLANK(hours)", "b"),
        ('project.tier = "gold"', "ad"),
        ('project_tier = "gold"', "ad"),
        ('project.name <> "Plain"', "ad"),
        ('HAS(tags, "red")', "bd"),
        ("SUM(items.amount) > 1", "cd"),
        ("total > 1", "cd"),
        ("ANY(items, amount = 1)", "b"),
        ("days_left = 7", "abcd"),
        ("owner = me", "abcd"),
        ("ISBLANK(project)", "c"),
        ("COUNT(helpers) = 1", "c"),
        ('ANY(helpers, name = "Bea Boss")', "c"),
        ("project.open_tasks = 2", "ad"),
        ("SUM(project.tasks, total) >= 3", "ad"),
        ('state = "open"', "abcd"),
        ('check = "checked"', ""),
        ('me.name = "Bea Boss"', "abcd"),
        ('owner.name = "Bea Boss"', "abcd"),
        ("COUNTIF(project.tasks, hours > 1) = 1", "ad"),
        ('code = "T-0002"', "b"),
        ("created_at < NOW()", "abc"),
    ],
)
def test_filters(place, boss, tasks, where, expected):
    with place.read(boss) as ctx:
        assert names(ctx, where, sort=("name",)) == list(expected)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (("name",), "abcd"),
        (("-name",), "dcba"),
        (("hours",), "badc"),
        (("-hours",), "cdab"),
        (("project", "name"), "cadb"),
        (("-project", "name"), "badc"),
        (("kind", "-name"), "cbda"),
        (("total",), "abcd"),
        (("project.name", "-name"), "cdab"),
        (("owner", "-created_at"), "dcba"),
        ((), "dcba"),
        (("id",), "abcd"),
        (("code",), "abcd"),
        (("state", "name"), "abcd"),
    ],
)
def test_sorts(place, boss, tasks, sort, expected):
    with place.read(boss) as ctx:
        assert names(ctx, sort=sort) == list(expected)


@pytest.mark.parametrize("sort", [("hours",), ("-hours",), ("kind", "-due"), ("-project", "hours"), ("urgent", "-total"), ("-done_at",), ("price",), ()])
def test_pages_are_the_list(place, boss, sort):
    """Random rows with many blanks and ties: pages put together are the whole list, nothing twice, nothing left out."""
    rng = random.Random(7)
    projects = [make_record(place, "project", {"name": n}, boss).id for n in ("p", "q")]
    with place.write(boss) as ctx:
        for _ in range(3):
            place.clock.advance(minutes=1)
            road.create_many(
                ctx,
                "task",
                [
                    Input(
                        {
                            "name": f"n{rng.randrange(5)}",
                            "hours": rng.choice([None, "1", "2", "2.5"]),
                            "kind": rng.choice([None, "repair", "build"]),
                            "project": rng.choice([None, *projects]),
                            "urgent": rng.choice([None, False]),
                            "price": rng.choice([None, {"amount": "5"}, {"amount": "-1"}]),
                            "due": rng.choice([None, "2026-12-01", "2026-12-02"]),
                        }
                    )
                    for _ in range(15)
                ],
            )
    with place.read(boss) as ctx:
        whole = [i.record.id for i in query.list_records(ctx, "task", ListQuery(sort=sort, limit=500)).items]
        found, cursor = [], None
        while True:
            page = query.list_records(ctx, "task", ListQuery(sort=sort, limit=7, cursor=cursor))
            found += [i.record.id for i in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == whole and len(set(found)) == 45


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "W10", "WyJhIixbXV0", "é", "eyJhIjoxfQ", "A" * 3000])
def test_broken_cursors(place, boss, cursor):
    with place.read(boss) as ctx, pytest.raises(Invalid) as error:
        query.list_records(ctx, "task", ListQuery(cursor=cursor))
    assert error.value.problems[0].code == "bad_cursor"


def test_a_cursor_belongs_to_its_order(place, boss, tasks):
    with place.read(boss) as ctx:
        page = query.list_records(ctx, "task", ListQuery(sort=("name",), limit=1))
        with pytest.raises(Invalid):
            query.list_records(ctx, "task", ListQuery(sort=("-name",), cursor=page.next_cursor))


@pytest.mark.parametrize(
    "sort",
    [
        ("nowhere",),
        ("tags",),
        ("items",),
        ("items.amount",),
        ("helpers.name",),
        ("days_left",),
        ("project.nowhere",),
        ("name", "name", "name", "name", "name", "name"),
    ],
)
def test_what_has_no_order(place, boss, sort):
    with place.read(boss) as ctx, pytest.raises(Invalid) as error:
        query.list_records(ctx, "task", ListQuery(sort=sort))
    assert error.value.problems[0].path == "sort"


def test_search(place, boss):
    for name, note in (("修理大桥", "电话 13812345678"), ("大门", None), ("Bridge repair", "see plan B12"), ("桥", None)):
        make_record(place, "task", {"name": name, "note": note}, boss)
    with place.read(boss) as ctx:

        def found(q):
            return sorted(names(ctx, q=q))

        assert found("大桥") == ["修理大桥"]
        assert found("桥") == sorted(["修理大桥", "桥"])
        assert found("大") == sorted(["修理大桥", "大门"])
        assert found("理大桥") == ["修理大桥"]
        assert found("桥大") == []
        assert found("bri") == ["Bridge repair"]
        assert found("REPAIR bridge") == ["Bridge repair"]
        assert found("5678") == ["修理大桥"]
        assert found("T-0002") == ["大门"]
        assert found("\"' OR * NEAR(a) -") == []
        assert found("!!!") == []
        assert found("b12") == ["Bridge repair"]
        assert len(found(" ")) == 4
    with place.write(boss) as ctx:
        item = query.list_records(ctx, "task", ListQuery(q="大门")).items[0].record
        road.update(ctx, "task", item.id, Input({"name": "小窗"}), version=1)
        assert names(ctx, q="大门") == [] and names(ctx, q="小窗") == ["小窗"]
        road.delete(ctx, "task", item.id, version=2)
        assert names(ctx, q="小窗") == []
        road.restore(ctx, "task", item.id)
        assert names(ctx, q="小窗") == ["小窗"]


def test_count(place, boss, worker):
    with place.write(boss) as ctx:
        road.create_many(ctx, "task", [Input({"name": str(i)}) for i in range(520)])
    make_record(place, "task", {"name": "mine"}, worker)
    with place.read(boss) as ctx:
        assert query.count(ctx, "task", ListQuery()) == query.Count(521, False)
        assert query.count(ctx, "task", ListQuery(where=query.read_where(ctx, "task", 'name = "7"'))).total == 1
        assert query.groups(ctx, "task", "state", ListQuery()) == {"open": 521}
    with place.read(worker) as ctx:
        assert query.count(ctx, "task", ListQuery()).total == 1
        assert query.groups(ctx, "task", "state", ListQuery()) == {"open": 1}


def test_count_stops(place, boss, monkeypatch):
    from runtime.records import counting

    monkeypatch.setattr(counting, "MOST", 20)
    monkeypatch.setattr(counting, "_FIRST", 5)
    with place.write(boss) as ctx:
        road.create_many(ctx, "task", [Input({"name": str(i)}) for i in range(25)])
    with place.read(boss) as ctx:
        assert query.count(ctx, "task", ListQuery()) == query.Count(20, True)


def test_statements_do_not_grow_with_rows(place, boss):
    project = make_record(place, "project", {"name": "Bridge"}, boss)
    with place.write(boss) as ctx:
        ids = [
            r.id
            for r in road.create_many(
                ctx, "task", [Input({"name": str(i), "project": project.id, "helpers": [boss.person], "items": [{"fields": {"what": "x"}}]}) for i in range(50)]
            )
        ]
    with place.read(boss) as ctx:
        with count_statements(ctx.conn) as few:
            query.list_records(ctx, "task", ListQuery(limit=2))
        with count_statements(ctx.conn) as many:
            assert len(query.list_records(ctx, "task", ListQuery(limit=50)).items) == 50
        assert few.total == many.total <= 4
        with count_statements(ctx.conn) as one:
            reading.get(ctx, "task", ids[0])
        assert one.total <= 4
        with count_statements(ctx.conn) as narrow:
            query.list_records(ctx, "task", ListQuery(fields=("name", "hours"), limit=50))
        assert narrow.total <= 2
    with place.write(boss) as ctx:
        with count_statements(ctx.conn) as made:
            road.create(ctx, "log", Input({"what": "a"}))
        assert made.total <= 8


def test_candidates_of_a_reference(place, boss, worker, tasks):
    with place.read(boss) as ctx:
        assert sorted(label for _id, label in query.candidates(ctx, "task", "project")) == ["Gold", "Plain"]
        assert [label for _id, label in query.candidates(ctx, "task", "project", q="gol")] == ["Gold"]
        with pytest.raises(NotFound):
            query.candidates(ctx, "task", "name")
        with pytest.raises(NotFound):
            query.candidates(ctx, "task", "nowhere")
    with place.read(worker) as ctx:
        assert query.candidates(ctx, "task", "project") == []


def test_bad_filters(place, boss):
    with place.read(boss) as ctx:
        for text in ("nowhere = 1", "hours", "hours >", "project.nowhere = 1", "items.amount = 1", "(" * 5000, "WORKDAY(due, 3) > due", ""):
            with pytest.raises(Invalid):
                query.list_records(ctx, "task", ListQuery(where=query.read_where(ctx, "task", text)))
        with pytest.raises(Invalid):
            query.list_records(ctx, "task", ListQuery(limit=501))
        with pytest.raises(NotFound):
            query.list_records(ctx, "nowhere", ListQuery())
