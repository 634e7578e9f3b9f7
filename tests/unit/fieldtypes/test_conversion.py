"""What happens to values when a field changes its type."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from kernel import fieldtypes
from kernel.fieldtypes.conversion import conversion
from kernel.fieldtypes.money import Money
from kernel.fieldtypes.reference import SOME_ID
from kernel.model.elements import Field
from tests.examples.interesting import OPTIONS, application
from tests.unit.fieldtypes.conftest import TYPES, field_of

FEWER = {k: v for k, v in OPTIONS.items() if k != "red"}


def field(type_: str, **settings: Any) -> Field:
    fields: dict[str, Any] = {"it": {"type": type_, **settings}, "num": "integer"}
    app = application({"option_set": "colours", "options": OPTIONS}, {"option_set": "fewer", "options": FEWER}, {"entity": "item", "fields": fields})
    return app.entity("item").field("it")


@pytest.mark.parametrize(
    ("old", "new", "kind", "value", "becomes"),
    [
        (("text",), ("text", {"max": 5}), "same", "abc", "abc"),
        (("text",), ("long_text",), "widening", "abc", "abc"),
        (("long_text",), ("text",), "lossy", "a\nb", "a b"),
        (("text",), ("integer",), "lossy", "80万", 800000),
        (("text",), ("integer",), "lossy", "many", None),
        (("integer",), ("decimal",), "widening", 7, Decimal("7.00")),
        (("decimal",), ("integer",), "lossy", Decimal("7.50"), 8),
        (("decimal", {"places": 4}), ("decimal",), "lossy", Decimal("1.2350"), Decimal("1.24")),
        (("decimal",), ("decimal", {"places": 4}), "widening", Decimal("1.23"), Decimal("1.2300")),
        (("decimal",), ("money", {"currency": "CNY"}), "widening", Decimal("1.23"), Money(Decimal("1.23"), "CNY")),
        (("money",), ("decimal",), "lossy", Money(Decimal("1.23"), "USD"), Decimal("1.23")),
        (("money", {"places": 4}), ("money",), "lossy", Money(Decimal("1.2350"), "USD"), Money(Decimal("1.24"), "USD")),
        (("integer",), ("text",), "widening", 1234, "1,234"),
        (("integer",), ("rating",), "lossy", 4, 4),
        (("date",), ("datetime",), "widening", date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),
        (("datetime",), ("date",), "lossy", datetime(2026, 1, 2, 3, tzinfo=UTC), date(2026, 1, 2)),
        (("text",), ("date",), "lossy", "2026年1月2日", date(2026, 1, 2)),
        (("choice", {"options": "colours"}), ("choices", {"options": "colours"}), "widening", "red", ("red",)),
        (("choices", {"options": "colours"}), ("choice", {"options": "colours"}), "lossy", ("red", "green"), "red"),
        (("choice", {"options": "colours"}), ("choice", {"options": "fewer"}), "lossy", "red", None),
        (("choice", {"options": "colours"}), ("text",), "widening", "red", "红"),
        (("text",), ("choice", {"options": "colours"}), "lossy", "红", "red"),
        (("reference", {"to": "person"}), ("user",), "same", SOME_ID, SOME_ID),
        (("reference", {"to": "person"}), ("team",), "impossible", SOME_ID, None),
        (("reference", {"to": "person"}), ("reference", {"to": "team"}), "impossible", SOME_ID, None),
        (("reference", {"to": "person"}), ("references", {"to": "person"}), "widening", SOME_ID, (SOME_ID,)),
        (("image",), ("file",), "same", SOME_ID, SOME_ID),
        (("file",), ("image",), "impossible", SOME_ID, None),
        (("file",), ("files",), "widening", SOME_ID, (SOME_ID,)),
        (("text",), ("file",), "impossible", "x", None),
        (("boolean",), ("date",), "lossy", True, None),
        (("computed", {"value": "num * 2"}), ("decimal", {"places": 6}), "same", Decimal("3"), Decimal("3")),
        (("auto_number",), ("text",), "same", "000001", "000001"),
        (("decimal",), ("computed", {"value": "num * 2"}), "impossible", Decimal("3"), None),
    ],
)
def test_a_change_of_type(old: Any, new: Any, kind: str, value: Any, becomes: Any) -> None:
    before, after = (field(t[0], **(t[1] if len(t) > 1 else {})) for t in (old, new))
    found = conversion(before, after)
    assert found.kind == kind
    assert found.convert(value) == becomes
    assert found.convert(None) is None
    assert found.destructive == (kind in ("lossy", "impossible"))
    assert found.explain.to("zh") != found.explain.to("en")  # type: ignore[union-attr]


@pytest.mark.parametrize("key", TYPES)
def test_any_change_has_an_answer_and_no_change_is_the_same(key: str) -> None:
    old = field_of(key)
    assert conversion(old, old).kind == "same"
    for other in TYPES:
        new = field_of(other)
        found = conversion(old, new)
        for example in fieldtypes.get(key).examples:
            made = found.convert(example.value)
            if made is not None and found.kind != "same" and fieldtypes.of(new).writable:
                assert list(fieldtypes.of(new).check(new, made)) == []
