"""Derived fields take the form of what they give."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kernel import fieldtypes
from kernel.expr.findings import ExpressionError
from kernel.expr.types import DIV0, Kind
from kernel.fieldtypes.money import Money
from kernel.model.application import Application
from tests.examples.interesting import OPTIONS, application, reader

OPTION_SET = {"option_set": "colours", "options": OPTIONS}


def app_of(**fields: Any) -> Application:
    base: dict[str, Any] = {
        "name": "text",
        "amount": {"type": "money", "currency": "USD", "min": 0},
        "rate": {"type": "percent"},
        "size": "integer",
        "due": "date",
        "at": "datetime",
        "spent": "duration",
        "done": "boolean",
        "colour": {"type": "choice", "options": "colours"},
        "owner_of": "user",
        "picture": "image",
        "parent": {"type": "reference", "to": "item"},
        "items": {
            "type": "rows",
            "fields": {
                "price": {"type": "money", "currency": "USD", "max": 5},
                "count": "integer",
                "when": "date",
                "ok": "boolean",
                "sum": {"type": "computed", "value": "price * count", "as": "money", "currency": "USD"},
            },
        },
    }
    return application(
        OPTION_SET,
        {"entity": "item", "fields": {**base, **fields}},
        {"entity": "part", "fields": {"item": {"type": "reference", "to": "item"}, "weight": {"type": "decimal", "places": 3}, "name": "text"}},
        {"machine": "item", "on": "item", "states": ["new", "old"], "transitions": {}},
    )


def shape(**settings: Any) -> tuple[str, dict[str, Any]]:
    field = app_of(it=settings).entity("item").field("it")
    made = fieldtypes.of(field).shape(field)
    return made.type, dict(made.settings)


@pytest.mark.parametrize(
    ("formula", "type_"),
    [
        ("size * 2", "decimal"),
        ("name & 'x'", "text"),
        ("due", "date"),
        ("at", "datetime"),
        ("NOW() - at", "duration"),
        ("done", "boolean"),
        ("colour", "choice"),
        ("owner_of", "user"),
        ("parent", "reference"),
        ("picture", "image"),
        ("amount", "money"),
        ("rate", "percent"),
        ("parent.amount", "money"),
        ("state", "state"),
        ("size > 3", "boolean"),
        ('IF(done, "red", colour)', "choice"),
    ],
)
def test_a_formula_is_kept_as_what_it_gives(formula: str, type_: str) -> None:
    assert shape(type="computed", value=formula.replace("'", '"'))[0] == type_


def test_a_formula_may_say_as_what_it_is_shown() -> None:
    assert shape(type="computed", value="size / 3", **{"as": "percent"}, places=1) == ("percent", {"places": 1})
    app = app_of(it={"type": "computed", "value": "size / 3", "as": "percent", "places": 1})
    field = app.entity("item").field("it")
    type_ = fieldtypes.of(field)
    assert type_.text(field, type_.from_expr(field, Decimal(1) / 3), reader()) == "33.3%"
    assert type_.value_type(field, app.schema).kind is Kind.NUMBER


def test_a_formula_of_the_wrong_kind_for_its_form_is_refused() -> None:
    app = app_of(it={"type": "computed", "value": "name", "as": "money"})
    with pytest.raises(ExpressionError):
        app.schema.expression(app.entity("item").field("it"), "value")


def test_a_broken_formula_breaks_nothing_else() -> None:
    app = app_of(it={"type": "computed", "value": "nowhere + 1"}, other={"type": "computed", "value": "it + size"})
    field = app.entity("item").field("it")
    assert fieldtypes.of(field).shape(field).type == "text"
    assert app.schema.member("item", "it").type.kind is Kind.ANY  # type: ignore[union-attr]
    assert app.schema.derivation_order("item") == ("it", "other", "items.sum")


def test_money_that_was_worked_out() -> None:
    app = app_of(total={"type": "rollup", "of": "items.sum"})
    field = app.entity("item").field("total")
    type_ = fieldtypes.of(field)
    made = type_.from_expr(field, Decimal("12.345"))
    assert made == Money(Decimal("12.35"), "USD") and type_.text(field, made, reader("en")) == "$12.35"
    assert [c.suffix for c in type_.columns(field, app.schema)] == ["", "_cur"]
    assert type_.from_expr(field, DIV0) is None
    assert type_.from_expr(field, Decimal(10) ** 20) is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"of": "items", "function": "count"}, "integer"),
        ({"of": "items.price"}, "money"),
        ({"of": "items.when", "function": "max"}, "date"),
        ({"of": "items.ok", "function": "any"}, "boolean"),
        ({"of": "items.count", "function": "average"}, "decimal"),
        ({"of": "items.count"}, "integer"),
        ({"from": "part.item", "field": "weight"}, "decimal"),
        ({"from": "part.item", "function": "count"}, "integer"),
    ],
)
def test_roll_ups(settings: dict[str, Any], expected: str) -> None:
    found, kept = shape(type="rollup", **settings)
    assert found == expected
    assert "max" not in kept  # bounds of one price do not bound their sum


def test_where_of_a_roll_up_stands_among_the_rows() -> None:
    app = app_of(it={"type": "rollup", "from": "part.item", "field": "weight", "where": "weight > this.size"})
    field = app.entity("item").field("it")
    assert app.schema.expression(field, "where").reads == {("weight",), ("this", "size")}  # type: ignore[union-attr]
    source = fieldtypes.get("rollup").source(field, app.schema)  # type: ignore[attr-defined]
    assert (source.kind, source.place, source.through.key, source.path) == ("referring", "part", "item", ("weight",))
    nowhere = app_of(it={"type": "rollup", "of": "nowhere.x"})
    lost = nowhere.entity("item").field("it")
    assert fieldtypes.get("rollup").source(lost, nowhere.schema) is None  # type: ignore[attr-defined]
    assert fieldtypes.of(lost).shape(lost).type == "text"


def test_look_ups_read_through_and_store_nothing() -> None:
    app = app_of(it={"type": "lookup", "path": "parent.amount"}, who={"type": "lookup", "path": "parent.owner"}, st={"type": "lookup", "path": "parent.state"})
    it, who, st = (app.entity("item").field(k) for k in ("it", "who", "st"))
    type_ = fieldtypes.of(it)
    assert type_.columns(it, app.schema) == () and type_.shape(it).type == "money"
    assert type_.value_type(it, app.schema).kind is Kind.NUMBER
    assert fieldtypes.of(who).shape(who).type == "user"
    assert fieldtypes.of(st).shape(st).type == "state"
    assert fieldtypes.of(st).text(st, "new", reader("en")) == "New"


def test_what_changes_with_time_alone_is_never_stored() -> None:
    app = app_of(
        age={"type": "computed", "value": "TODAY() - due"}, twice={"type": "computed", "value": "age * 2"}, firm={"type": "computed", "value": "size * 2"}
    )
    stored = {f.key for f in app.entity("item").fields if fieldtypes.of(f).columns(f, app.schema)}
    assert "firm" in stored and not {"age", "twice"} & stored


def test_the_same_value_is_not_set_from_outside() -> None:
    field = app_of(it={"type": "computed", "value": "size"}).entity("item").field("it")
    with pytest.raises(fieldtypes.base.Unreadable) as refused:
        fieldtypes.of(field).parse(field, "1")
    assert refused.value.code == "read_only"
