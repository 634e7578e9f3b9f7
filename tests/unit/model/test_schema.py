"""What an application offers to expressions."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from kernel.expr.findings import ExpressionError
from kernel.expr.scope import Namespace
from kernel.expr.types import Kind
from kernel.model import system, tables
from kernel.model.application import build
from kernel.model.derivation import CycleError
from kernel.model.schema import AppSchema
from tests.examples.interesting import application, interesting

APP = interesting()
SCHEMA = APP.schema


def test_there_is_one_schema_per_application() -> None:
    assert AppSchema(APP) is SCHEMA is APP.schema


def test_members_are_found_by_key_label_and_alias() -> None:
    thing = "interesting_thing"
    for name in ("text", "名称", "Name"):
        member = SCHEMA.member(thing, name)
        assert member is not None and member.key == "text" and member.type.kind is Kind.TEXT
    assert SCHEMA.member(thing, "nowhere") is None and SCHEMA.member("nowhere", "id") is None
    assert SCHEMA.member(thing, "状态").key == "state"  # type: ignore[union-attr]


def test_system_members() -> None:
    types = {m.key: m.type for m in SCHEMA.members("interesting_thing")}
    assert types["state"].kind is Kind.CHOICE and [o.key for o in types["state"].options] == ["new", "closed"]
    assert types["owner"].entity == types["created_by"].entity == "person" and types["version"].kind is Kind.NUMBER
    assert types["review"].kind is Kind.CHOICE and types["review_since"].kind is Kind.INSTANT
    assert types["rows"].entity == "interesting_thing.rows" and types["referring"].entity == "interesting_part"
    assert "state" not in {m.key for m in SCHEMA.members("interesting_part")}  # no machine, no state
    child = {m.key: m.type for m in SCHEMA.members("interesting_thing.rows")}
    assert child["parent"].entity == "interesting_thing" and set(child) == {"name", "amount", "total", "id", "parent"}


def test_an_own_field_wins_over_a_system_member() -> None:
    person = APP.schema.member("person", "team")
    assert person is not None and person.uid == "platform:person.team"


def test_scopes() -> None:
    record = SCHEMA.scope("record", "interesting_thing")
    assert record.entity == "interesting_thing" and set(record.roots) == {"param", "me"}
    transition = APP.transition("interesting_thing", "close")
    assert transition is not None
    scope = SCHEMA.scope("transition", "interesting_thing", transition[1])
    ask = scope.roots["ask"]
    assert isinstance(ask, Namespace) and ask.member("why") is not None and scope.roots["old"].entity == "interesting_thing"  # type: ignore[union-attr]
    assert SCHEMA.scope("person").entity == "person" and SCHEMA.scope("none", "interesting_thing").entity is None
    param = record.roots["param"]
    assert isinstance(param, Namespace) and param.member("limit").type.kind is Kind.NUMBER  # type: ignore[union-attr]


def test_expressions_of_elements_are_typed_once() -> None:
    app = application(
        {
            "entity": "item",
            "fields": {
                "size": {"type": "integer", "default": "5", "required_when": "done"},
                "done": "boolean",
                "part": {"type": "reference", "to": "part", "where": "weight > this.size"},
            },
            "validations": {"v": "size > 0"},
        },
        {"entity": "part", "fields": {"weight": "integer"}},
        {
            "machine": "item",
            "on": "item",
            "states": ["a", "b"],
            "transitions": {"go": {"from": "a", "to": "b", "asks": {"n": "integer"}, "guards": {"g": "ask.n > old.size"}}},
        },
        {"view": "all", "entity": "item", "where": "size > 1"},
        {"role": "r", "member_when": "active", "rights": {"item": {"read": "owner = me", "update": "own"}}},
    )
    schema, item = app.schema, app.entity("item")
    size = item.field("size")
    assert schema.expression(size, "default") is schema.expression(size, "default")
    assert schema.expression(size, "required_when").type.kind is Kind.BOOLEAN  # type: ignore[union-attr]
    assert schema.expression(size, "show_when") is None
    assert schema.expression(item.field("part"), "where").reads == {("weight",), ("this", "size")}  # type: ignore[union-attr]
    assert schema.expression(item.validations[0], "holds").reads == {("size",)}  # type: ignore[union-attr]
    guard = app.machines[0].transitions[0].guards[0]
    assert schema.expression(guard, "holds").reads == {("ask", "n"), ("old", "size")}  # type: ignore[union-attr]
    assert schema.expression(app.views[0], "where") is not None
    role = app.roles["r"]
    assert schema.expression(role, "member_when").reads == {("active",)}  # type: ignore[union-attr]
    right = role.by_entity["item"]
    assert schema.expression(right, "read").reads == {("owner",), ("me",)}  # type: ignore[union-attr]
    assert schema.expression(right, "update") is None and list(schema.formulas(right)) == ["read"]
    assert set(schema.formulas(size)) == {"default", "required_when"}
    with pytest.raises(KeyError):
        schema.expression(size, "required")
    assert schema.expression_of("size + 1", "item").type.kind is Kind.NUMBER


@pytest.mark.parametrize(("prop", "text"), [("default", '"x"'), ("required_when", "size"), ("default", "nowhere"), ("show_when", "1 +")])
def test_bad_formulas_are_refused_each_time(prop: str, text: str) -> None:
    app = application({"entity": "item", "fields": {"size": {"type": "integer", prop: text}}})
    for _time in range(2):
        with pytest.raises(ExpressionError):
            app.schema.expression(app.entity("item").field("size"), prop)


def order(*documents: Any) -> tuple[str, ...]:
    return application(*documents).schema.derivation_order("item")


def computed(value: str) -> dict[str, str]:
    return {"type": "computed", "value": value}


def test_derived_fields_come_after_what_they_read() -> None:
    assert order(
        {
            "entity": "item",
            "fields": {
                "total": computed("net + tax"),
                "tax": computed("net * 0.1"),
                "net": {"type": "rollup", "of": "lines.sum"},
                "first": "integer",
                "lines": {"type": "rows", "fields": {"share": computed("sum / parent.net"), "sum": computed("price * 2"), "price": "decimal"}},
            },
        }
    ) == ("lines.sum", "net", "tax", "total", "lines.share")


@pytest.mark.parametrize(
    "fields",
    [
        {"a": computed("a + 1")},
        {"a": computed("b + 1"), "b": computed("c + 1"), "c": computed("a + 1")},
        {"total": {"type": "rollup", "of": "lines.x"}, "lines": {"type": "rows", "fields": {"x": computed("parent.total + 1")}}},
        {"up": {"type": "reference", "to": "item"}, "depth": computed("up.depth + 1")},
    ],
)
def test_circles_are_named(fields: dict[str, Any]) -> None:
    app = application({"entity": "item", "fields": fields})
    with pytest.raises(CycleError) as refused:
        app.schema.derivation_order("item")
    cycle = refused.value.cycle
    assert cycle[0] is cycle[-1] and len(cycle) >= 2
    assert refused.value.problem().code == "cycle" and "→" in str(refused.value)
    tables.assign_names(app, {}, {})  # and nothing else falls over it


def test_a_circle_through_another_entity_is_found() -> None:
    with pytest.raises(CycleError):
        order(
            {"entity": "item", "fields": {"sum": {"type": "rollup", "from": "part.item", "field": "share"}}},
            {"entity": "part", "fields": {"item": {"type": "reference", "to": "item"}, "share": computed("item.sum / 2")}},
        )


def test_long_chains_of_formulas_are_typed_in_reasonable_time() -> None:
    fields = {"f0": {"type": "integer"}, **{f"f{i}": computed(f"f{i - 1} + f{i - 1}") for i in range(1, 60)}}
    app = application({"entity": "item", "fields": fields})
    assert app.schema.derivation_order("item") == tuple(f"f{i}" for i in range(1, 60))
    assert app.schema.member("item", "f59").type.kind is Kind.NUMBER  # type: ignore[union-attr]


def test_people_and_teams_are_a_package() -> None:
    app = build(system.tree())
    assert set(app.entities) == {"person", "team"}
    assert all(e.labels.keys() == {"zh", "en"} and all(f.labels.keys() == {"zh", "en"} for f in e.fields) for e in app.entities.values())
    for element in app.by_uid.values():
        for name in app.schema.formulas(element):
            app.schema.expression(element, name)
    assert system.tree() is system.tree()


@pytest.mark.parametrize(
    "field",
    [
        {"type": "nonsense", "default": "1"},
        {"type": "reference"},
        {"type": "references"},
        {"type": "choice"},
        {"type": "lookup"},
        {"type": "referring"},
        {"type": "rollup"},
        {"type": "state"},
        {"type": "rows"},
        {"type": "computed"},
        {"type": "lookup", "path": "it.it"},
        {"type": "rollup", "of": "it.it"},
        {"type": "reference", "to": "nowhere", "where": "x = 1"},
        {"type": "computed", "value": "it"},
    ],
)
def test_what_is_half_described_is_left_to_the_checks(field: dict[str, Any]) -> None:
    """Checks report all mistakes at once, so nothing may fall over the first one."""
    app = application({"entity": "item", "fields": {"it": field, "other": {"type": "integer", "default": "it"}}})
    item = app.entity("item")
    assert [m.key for m in app.schema.members("item")][:2] == ["it", "other"]
    for element in item.fields:
        for name in app.schema.formulas(element):
            with suppress(ExpressionError):
                app.schema.expression(element, name)
    with suppress(CycleError):
        app.schema.derivation_order("item")
    tables.build(app, tables.assign_names(app, {}, {}))
