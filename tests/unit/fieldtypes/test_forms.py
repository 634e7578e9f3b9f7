"""WTForms fields: several inputs, nothing sent, attributes for widgets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Form

from kernel import fieldtypes
from kernel.fieldtypes.money import Money
from kernel.model.elements import Field
from tests.examples.interesting import reader
from tests.unit.fieldtypes.conftest import TYPES, field_of, make_field


def form_of(field: Field, data: Any = None, sent: list[str] | None = None, language: str = "zh") -> Any:
    form_class = type("ThingForm", (Form,), {field.key: fieldtypes.of(field).form_field(field, reader(language))})
    values = None if sent is None else MultiDict([(field.key, t) for t in sent])
    return form_class(values, data={field.key: data})[field.key]


def test_what_was_sent_wins_over_what_was_there() -> None:
    field = field_of("text")
    found = form_of(field, "old", ["new"])
    assert found.texts == ["new"] and found.sent and found.read() == "new"
    assert found.label.text == "名称" and form_of(field, language="en").label.text == "Name"


def test_a_field_that_is_not_in_the_form_keeps_its_value() -> None:
    found = form_of(field_of("text"), "old", [])
    assert not found.sent and found.texts == ["old"]


def test_nothing_chosen_is_not_the_same_as_not_there() -> None:
    field = field_of("choices")
    assert form_of(field, ("red",), [""]).read() is None
    assert form_of(field, ("red",), ["", "green", "red"]).read() == ("red", "green")
    box = field_of("boolean")
    assert form_of(box, True, [""]).read() is False
    assert form_of(field_of("choice"), "red", ["", "green"]).read() == "green"


def test_text_that_can_not_be_read_is_shown_again() -> None:
    found = form_of(field_of("integer"), 3, ['1"2<'])
    assert "1&#34;2&lt;" in str(found())


def test_money_has_two_inputs() -> None:
    field = make_field("money", currency="CNY", currencies=["CNY", "USD"])
    found = form_of(field, Money(Decimal("5.00"), "USD"))
    assert found.texts == ["5.00", "USD"] and found.currencies == [("CNY", "¥"), ("USD", "US$")]


def test_widgets_learn_what_they_need() -> None:
    text = form_of(make_field("text", max=10, min_length=2, placeholder={"zh": "例如"}))
    assert text.attributes == {"maxlength": 20, "data-max": 10, "data-min": 2, "placeholder": "例如"}
    photo = form_of(make_field("images", capture=True, max_count=3))
    assert photo.attributes["capture"] == "environment" and photo.attributes["accept"].startswith("image/jpeg") and photo.attributes["data-max-items"] == 3
    assert form_of(make_field("date", min="2026-01-01")).attributes == {"type": "date", "min": "2026-01-01"}
    assert form_of(make_field("reference", to="person", create=True)).attributes == {"data-entity": "person", "data-create": "1"}
    assert form_of(make_field("percent", max=1)).attributes["data-max"] == "100"
    many = form_of(field_of("choice"))
    assert [c["label"] for c in many.choices] == ["红", "绿", "棕"] and many.attributes["data-look"] == "radio"


def test_values_that_are_worked_out_can_only_be_read() -> None:
    for key in TYPES:
        if fieldtypes.get(key).derived:
            found = form_of(field_of(key))
            assert found.attributes["readonly"] is True and found.widget_name == "readonly"
