"""Tables follow from metadata and fixed names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, insert, inspect, select

from kernel import fieldtypes
from kernel.model import tables
from kernel.model.application import Application, build
from kernel.model.indexes import indexes_of
from tests.examples.interesting import application, interesting, nodes


def names_of(app: Application) -> dict[str, str]:
    return tables.assign_names(app, {}, {})


def test_every_stored_field_has_its_columns() -> None:
    app = interesting()
    found = tables.build(app, names_of(app)).of("interesting_thing")
    thing = app.entity("interesting_thing")
    for field in thing.fields:
        cells = fieldtypes.of(field).columns(field, app.schema)
        assert (field.key in found.columns) == bool(cells)
        if cells:
            assert len(found.columns[field.key]) == len(cells)
            assert found.main(field.key) is found.column(field.key) is found.columns[field.key][0]
    assert set(found.children) == {"rows"} and set(found.links) == {"references"}
    child = found.child("rows")
    assert list(child.table.c.keys()) == ["id", "record_id", "rank", "name", "amount", "total"]
    assert found.link("references").c.keys() == list(tables.LINK_COLUMNS)
    assert [t.name for t in found.all_tables] == ["e_interesting_thing", "c_interesting_thing_rows", "l_interesting_thing_references"]
    assert "review_since" in found.table.c and "state_since" in found.table.c


def test_names_stay_and_are_never_given_again() -> None:
    first = application({"entity": "item", "fields": {"a": "text", "b": "money"}})
    names = names_of(first)
    assert names["test:item"] == "e_item" and names["test:item.b"] == "b"
    used = {"e_item": {"a", "b", "b_cur"}}
    renamed = nodes([{"entity": "thing", "uid": "test:item", "fields": {"aa": {"type": "text", "uid": "test:item.a"}}}])
    second = build(renamed)
    later = tables.assign_names(second, names, used)
    assert later["test:item"] == "e_item" and later["test:item.a"] == "a" and "test:item.b" not in later
    third = application({"entity": "item", "fields": {"a": {"type": "text"}, "b": {"type": "text", "uid": "test:item.new_b"}}})
    assert tables.assign_names(third, later, used)["test:item.new_b"] == "b_2"
    # An entity of the old key that is another element gets a table of its own.
    other = application({"entity": "item", "uid": "test:other", "fields": {}})
    assert tables.assign_names(other, later, used)["test:other"] == "e_item_2"


def test_a_field_whose_column_can_not_serve_gets_a_new_one() -> None:
    app = application({"entity": "item", "fields": {"a": "integer"}})
    names = names_of(app)
    again = tables.assign_names(app, names, {"e_item": {"a"}}, renew={"test:item.a"})
    assert again["test:item.a"] == "a_2"
    assert tables.assign_names(app, names, {"e_item": {"a"}}) == names


def test_a_field_named_like_a_system_column_gets_out_of_its_way() -> None:
    app = application({"entity": "item", "fields": {"state": "text", "version": "integer", "rowid": "text"}})
    found = tables.build(app, names_of(app)).of("item")
    assert found.main("state").name == "state_2" and found.main("version").name == "version_2"


def test_a_missing_name_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        tables.build(interesting(), {})


def test_an_unknown_type_stores_nothing() -> None:
    app = application({"entity": "item", "fields": {"a": {"type": "text"}, "odd": {"type": "nonsense"}}})
    assert set(tables.build(app, names_of(app)).of("item").columns) == {"a"}


def create_and_use(engine: Engine) -> None:
    app = interesting()
    made = tables.build(app, names_of(app))
    made.metadata.drop_all(engine)
    made.metadata.create_all(engine)
    try:
        indexes = indexes_of(app, made)
        with engine.begin() as conn:
            for index in indexes:
                index.create(conn)
        there = {i["name"] for t in made.metadata.tables for i in inspect(engine).get_indexes(t)}
        assert there == {i.name for i in indexes}
        at = datetime(2026, 11, 24, 2, 32, 1, 5, tzinfo=UTC)
        thing = made.of("interesting_thing")
        with engine.begin() as conn:
            conn.execute(insert(thing.table).values(id="a" * 36, version=1, created_at=at, updated_at=at))
            conn.execute(insert(thing.child("rows").table).values(id="b" * 36, record_id="a" * 36, rank=0))
            row = conn.execute(select(thing.table.c.created_at, thing.main("money"))).one()
            assert tuple(row) == (at, None)
    finally:
        made.metadata.drop_all(engine)


def test_tables_on_sqlite() -> None:
    engine = create_engine("sqlite://")
    create_and_use(engine)
    engine.dispose()


def test_tables_on_postgresql(pg_url: str) -> None:
    engine = create_engine(pg_url)
    create_and_use(engine)
    engine.dispose()


def _names(indexes: Any, table: str) -> dict[str, Any]:
    return {tuple(c.name for e in i.expressions for c in getattr(e, "clauses", [e])): i for i in indexes if i.table.name == table}


def documents(**view: Any) -> tuple[Mapping[str, Any], ...]:
    return (
        {
            "entity": "item",
            "sort": ["-due"],
            "fields": {
                "code": {"type": "text", "unique": True},
                "due": "date",
                "size": "integer",
                "kind": "text",
                "who": "user",
                "open": "boolean",
                "lines": {"type": "rows", "fields": {"helper": "user"}},
                "many": {"type": "references", "to": "person"},
            },
        },
        {"machine": "item", "on": "item", "states": ["new", "old"], "transitions": {}},
        {"view": "mine", "entity": "item", **view},
        {"role": "worker", "rights": {"item": {"read": "own"}}},
    )


def test_indexes_follow_from_views_rights_references_and_uniqueness() -> None:
    app = application(*documents(where='AND(kind = "x", open, size > 3)', sort=["-size", "code"], group_by="state"))
    found = _names(indexes_of(app, tables.build(app, names_of(app))), "e_item")
    assert found[("code",)].unique
    assert ("who",) in found
    assert ("kind", "open", "size", "code", "id") in found  # equality first, then the order of the list
    assert ("kind", "open", "state", "size", "code", "id") in found
    assert ("owner_id", "due", "id") in found and ("state", "due", "id") in found and ("created_at", "id") in found
    children = _names(indexes_of(app, tables.build(app, names_of(app))), "c_item_lines")
    assert set(children) == {("record_id", "rank"), ("helper",)}
    assert set(_names(indexes_of(app, tables.build(app, names_of(app))), "l_item_many")) == {("target_id", "record_id")}


def test_indexes_are_the_same_every_time_short_and_few() -> None:
    app = application(
        {"entity": "item", "fields": {f"{'long_' * 8}field_{i}": "text" for i in range(30)}},
        *({"view": f"v{i}", "entity": "item", "sort": [f"{'long_' * 8}field_{i}"]} for i in range(30)),
    )
    made = tables.build(app, names_of(app))
    first, second = indexes_of(app, made), indexes_of(app, made)
    assert [i.name for i in first] == [i.name for i in second]
    mine = [i for i in first if i.table.name == "e_item"]
    assert len(mine) <= 12 and len({i.name for i in mine}) == len(mine)
    assert all(len(str(i.name).encode()) <= 60 for i in first)
    assert not any(t.indexes for t in made.metadata.tables.values())  # tables can be created without them


def test_an_index_that_begins_another_is_left_out() -> None:
    app = application(*documents(sort=["-due"]))
    found = _names(indexes_of(app, tables.build(app, names_of(app))), "e_item")
    assert ("due", "id") in found and ("due",) not in found


def test_orders_by_reference_stand_in_another_table() -> None:
    app = application(*documents(where="open", sort=["size", "who", "code"]))
    found = _names(indexes_of(app, tables.build(app, names_of(app))), "e_item")
    assert ("open", "size", "id") in found and not any("who" in columns[1:] for columns in found)


def test_a_view_with_a_broken_filter_still_gets_its_order() -> None:
    app = application(*documents(where="nowhere = 1", sort=["size"]))
    assert ("size", "id") in _names(indexes_of(app, tables.build(app, names_of(app))), "e_item")


def plans(engine: Engine) -> None:
    """The database really uses them: a list ordered as the rule says needs no sorting."""
    from sqlalchemy import text

    from kernel.model.indexes import ordering

    app = application(*documents(where='kind = "x"', sort=["-size"]))
    made = tables.build(app, names_of(app))
    made.metadata.drop_all(engine)
    made.metadata.create_all(engine)
    try:
        for index in indexes_of(app, made):
            with engine.begin() as conn:
                index.create(conn)
        item = made.of("item")
        statement = (
            select(item.table.c.id).where(item.main("kind") == "x").order_by(ordering(item.main("size"), True), ordering(item.table.c.id, True)).limit(50)
        )
        with engine.connect() as conn:
            sql = str(statement.compile(engine, compile_kwargs={"literal_binds": True}))
            if engine.dialect.name == "postgresql":
                conn.execute(text("SET enable_seqscan = off"))
                conn.execute(text("SET enable_bitmapscan = off"))
                plan = "\n".join(r[0] for r in conn.execute(text(f"EXPLAIN {sql}")))
                assert "Sort" not in plan and "Index" in plan
            else:
                plan = "\n".join(r[3] for r in conn.execute(text(f"EXPLAIN QUERY PLAN {sql}")))
                assert "B-TREE" not in plan and "USING" in plan
    finally:
        made.metadata.drop_all(engine)


def test_a_list_reads_its_index_on_sqlite() -> None:
    engine = create_engine("sqlite://")
    plans(engine)
    engine.dispose()


def test_a_list_reads_its_index_on_postgresql(pg_url: str) -> None:
    engine = create_engine(pg_url)
    plans(engine)
    engine.dispose()


def test_a_field_is_at_home_in_its_application() -> None:
    app = interesting()
    thing = app.entity("interesting_thing")
    assert all(f.home is app for f in thing.fields) and thing.field("rows").fields[0].home is app
    assert thing.field("rows").fields[0].place == "interesting_thing.rows" and thing.field("text").place == "interesting_thing"
    assert replace(thing.field("text"), required=True).home is app
    assert app.by_uid["test:machine/review#field"] is thing.field("review") and app.by_uid[thing.uid] is thing


def test_a_calendar_gets_an_index_by_its_days() -> None:
    from tests.factories.records import make_application

    app = make_application(
        "entity: task\nfields: {name: text, kind: text, due: date, ends: datetime}\n---\n"
        "view: plan\nentity: task\nas: calendar\nstarts: due\nends: ends\nwhere: 'kind = \"a\"'\n"
    )
    made = tables.build(app, names_of(app))
    found = {tuple(str(c) for c in i.expressions if "kind" in str(c) or "due" in str(c) or "ends" in str(c)) for i in indexes_of(app, made)}
    assert any("kind" in " ".join(c) and "due" in " ".join(c) for c in found) and any("ends" in " ".join(c) for c in found)
