"""Bounds, lengths, patterns, options, files and rows: what a readable value may still break."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from kernel import fieldtypes
from kernel.errors import Problem
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.file import FileType
from kernel.fieldtypes.patterns import matches, pattern_problem
from kernel.fieldtypes.rows import Row
from tests.examples.interesting import OPTIONS, application, reader
from tests.unit.fieldtypes.conftest import field_of, make_field, verdict


def problems(type_: str, raw: Any, **settings: Any) -> list[Problem]:
    field = make_field(type_, **settings)
    return verdict(fieldtypes.of(field), field, raw)[1]


def test_a_short_text_says_how_many_characters_are_missing() -> None:
    (problem,) = problems("long_text", "写了八个汉字而已", min_length=50)
    assert problem.code == "too_short" and problem.data["missing"] == 42
    assert problem.message.to("zh") == "还差 42 个字（已写 8 个，至少 50 个）。"  # type: ignore[union-attr]


def test_length_counts_code_points() -> None:
    assert problems("text", "😀" * 10, max=10) == []
    (problem,) = problems("text", "😀" * 11, max=10)
    assert problem.code == "too_long" and problem.data["over"] == 1


def test_bounds() -> None:
    assert [p.code for p in problems("integer", 3, min=5)] == ["too_small"]
    assert [p.code for p in problems("decimal", "5.01", max="5")] == ["too_large"]
    assert [p.code for p in problems("money", {"amount": "-1", "currency": "CNY"}, min=0)] == ["too_small"]
    (problem,) = problems("percent", "1.5", max=1)
    assert problem.message.to("en") == "At most 100% is allowed."  # type: ignore[union-attr]
    assert [p.code for p in problems("date", "2025-12-31", min="2026-01-01")] == ["too_small"]
    assert problems("date", "2026-01-01", min="2026-01-01", max="2026-01-01") == []
    assert field_of("date").settings == {} and date.fromisoformat("2026-01-01")


def test_patterns_must_fit_whole_and_never_stall() -> None:
    assert problems("text", "AB-123", pattern="[A-Z]{2}-[0-9]+") == []
    (problem,) = problems("text", "xAB-123", pattern="[A-Z]{2}-[0-9]+", pattern_help={"zh": "格式如 AB-123", "en": "Like AB-123"})
    assert problem.code == "pattern" and problem.message.to("zh") == "格式如 AB-123"  # type: ignore[union-attr]
    assert not matches("^(a+)+$", "a" * 5000 + "b")


@pytest.mark.parametrize("pattern", ["(?=x)", r"(a)\1", "(", "a{1000}{1000}", "x" * 201])
def test_patterns_that_can_not_be_used_are_refused_when_saved(pattern: str) -> None:
    found = pattern_problem(pattern, "fields.x.pattern")
    assert found is not None and found.code == "pattern" and found.message.to("zh")  # type: ignore[union-attr]
    assert not matches(pattern, "x")
    assert pattern_problem("[0-9]+") is None


def test_choices_are_ordered_and_counted() -> None:
    app = application(
        {"option_set": "colours", "options": OPTIONS},
        {"entity": "item", "fields": {"many": {"type": "choices", "options": "colours", "min_count": 2, "max_count": 2}}},
    )
    field = app.entity("item").field("many")
    type_ = fieldtypes.of(field)
    assert [p.code for p in type_.check(field, ("red",))] == ["too_few"]
    assert [p.code for p in type_.check(field, ("red", "green", "brown"))] == ["too_many"]
    assert type_.parse_text(field, "绿、red，Brown", reader()) == ("red", "green", "brown")
    assert type_.store(field, ("red", "green")) == ("|red|green|",)
    with pytest.raises(Unreadable) as refused:
        type_.parse_text(field, "red, mauve", reader())
    assert refused.value.hint.to("zh") == "请从中选择：红、绿。"  # type: ignore[union-attr]


def test_cascading_choices_offer_what_lies_below_the_governor() -> None:
    app = application(
        {"option_set": "region", "options": {"east": {}, "west": {}}},
        {"option_set": "city", "options": {"a": {"parent": "east"}, "b": {"parent": "west"}, "c": {}, "old": {"parent": "east", "retired": True}}},
        {
            "entity": "item",
            "fields": {"region": {"type": "choice", "options": "region"}, "city": {"type": "choice", "options": "city", "governed_by": "region"}},
        },
    )
    city = app.entity("item").field("city")
    type_ = fieldtypes.get("choice")
    assert [o.key for o in type_.offered(city, "east")] == ["a", "c"]  # type: ignore[attr-defined]
    assert [o.key for o in type_.offered(city, "east", keep=("old",))] == ["a", "c", "old"]  # type: ignore[attr-defined]
    assert [o.key for o in type_.offered(city)] == ["c"]  # type: ignore[attr-defined]
    attributes = type_.form_attributes(city, reader())
    assert attributes["data-governed-by"] == "region" and attributes["data-look"] == "select"
    assert [c["parent"] for c in attributes["choices"]] == ["east", "west", None, "east"]


def test_a_label_that_means_two_options_is_refused() -> None:
    app = application(
        {"option_set": "s", "options": {"a": {"labels": {"zh": "同"}}, "b": {"labels": {"zh": "同"}}}},
        {"entity": "item", "fields": {"x": {"type": "choice", "options": "s"}}},
    )
    field = app.entity("item").field("x")
    with pytest.raises(Unreadable) as refused:
        fieldtypes.of(field).parse_text(field, "同", reader())
    assert refused.value.code == "unknown_option"
    assert fieldtypes.of(field).parse_text(field, "a", reader()) == "a"


def test_files_of_other_kinds_and_sizes_are_refused() -> None:
    field = make_field("image", max_size=1000)
    type_ = fieldtypes.of(field)
    assert isinstance(type_, FileType)
    assert list(type_.check_file(field, "image/png", "a.png", 1000)) == []
    assert [p.code for p in type_.check_file(field, "application/pdf", "a.png", 1001)] == ["too_large", "bad_kind"]
    listed = make_field("file", accept=[".pdf", "image/*"])
    assert list(type_.check_file(listed, "image/jpeg", "x.jpg", 5)) == []
    assert list(fieldtypes.get("file").check_file(listed, "application/pdf", "X.PDF", 5)) == []  # type: ignore[attr-defined]
    assert [p.code for p in fieldtypes.get("file").check_file(listed, "text/plain", "x.txt", 5)] == ["bad_kind"]  # type: ignore[attr-defined]
    assert [p.code for p in problems("files", ["0192f0c1-7a3b-7cde-8f01-23456789abcd"], min_count=2)] == ["too_few"]


def test_rows_name_every_bad_cell() -> None:
    field = field_of("rows")
    type_ = fieldtypes.of(field)
    with pytest.raises(Unreadable) as refused:
        type_.parse(field, [{"fields": {"amount": "x", "name": 5}}, {"fields": {"total": "1"}}, {"id": "zz", "fields": []}])
    assert [(p.path, p.code) for p in refused.value.problems] == [
        ("[0].amount", "type"),
        ("[0].name", "type"),
        ("[1].total", "unknown_key"),
        ("[2].id", "bad_id"),
        ("[2].fields", "type"),
    ]
    found = list(type_.check(field, (Row(None, 0, {"name": "x" * 201, "amount": Decimal(1)}),)))
    assert [(p.path, p.code, p.rule) for p in found] == [("[0].name", "too_long", "test:interesting_thing.rows.name#type")]
    few = make_field("rows", min_rows=2, max_rows=3, fields={"name": "text"})
    assert [p.code for p in type_.check(few, (Row(None),))] == ["too_few"]
    assert [p.code for p in type_.check(few, (Row(None),) * 4)] == ["too_many"]
    for broken in ("[", "[NaN]", "5", '[{"fields": {"amount": NaN}}]'):
        with pytest.raises(Unreadable):
            type_.parse_text(field, broken, reader())


def test_running_numbers() -> None:
    field = make_field("auto_number", pattern="T-{yyyy}-{0000}")
    type_ = fieldtypes.get("auto_number")
    day = date(2026, 11, 24)
    assert type_.number(field, 42, day) == "T-2026-0042"  # type: ignore[attr-defined]
    assert type_.counter(field, day) == "auto_number:test:item.it:2026"  # type: ignore[attr-defined]
    plain = make_field("auto_number", pattern="{00}{mm}")
    assert (type_.number(plain, 123, day), type_.counter(plain, day)) == ("12311", "auto_number:test:item.it:2026-11")  # type: ignore[attr-defined]


def test_a_signature_is_sealed_by_the_server() -> None:
    from datetime import UTC, datetime

    from kernel.fieldtypes.reference import OTHER_ID, SOME_ID
    from kernel.fieldtypes.signature import Signature

    field = field_of("signature")
    type_ = fieldtypes.of(field)
    sealed = Signature(SOME_ID).sealed(OTHER_ID, datetime(2026, 11, 24, 2, 0, tzinfo=UTC), "ab" * 32)
    assert type_.load(field, type_.store(field, sealed)) == sealed and sealed.is_sealed
    assert type_.text(field, sealed, reader()) == "李雷 于 2026-11-24 10:00 签名"
    assert type_.dump(field, sealed, reader())["signer"] == {"id": OTHER_ID, "label": "李雷"}


def test_people_found_by_name() -> None:
    class People:
        def find(self, entity: str, text: str) -> str | None:
            return {"王芳": "0192f0c1-7a3b-7cde-8f01-23456789abcd"}.get(text) if entity == "person" else None

    field = field_of("user")
    type_ = fieldtypes.of(field)
    assert type_.parse_text(field, " 王芳 ", reader(), People()) == "0192f0c1-7a3b-7cde-8f01-23456789abcd"
    with pytest.raises(Unreadable) as refused:
        type_.parse_text(field, "nobody", reader(), People())
    assert refused.value.code == "not_found"
    many = field_of("references")
    assert fieldtypes.of(many).parse_text(many, "王芳、王芳", reader(), People()) == ("0192f0c1-7a3b-7cde-8f01-23456789abcd",)
