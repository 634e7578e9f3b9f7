"""What the tests of field types share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kernel import fieldtypes
from kernel.errors import Problem
from kernel.fieldtypes.base import FieldType, Reader, Unreadable
from kernel.model.elements import Field
from tests.examples.interesting import application, interesting, reader

TYPES = list(fieldtypes.BUILTIN)


def field_of(key: str) -> Field:
    """The interesting thing's field of a type."""
    thing = interesting().entity("interesting_thing")
    return thing.field("review" if key == "state" else key)


def make_field(type_: str, **settings: Any) -> Field:
    """A field of one type with settings, in an application of its own."""
    documents: list[Mapping[str, Any]] = [{"entity": "item", "fields": {"it": {"type": type_, **settings}}}]
    return application(*documents).entity("item").field("it")


def verdict(type_: FieldType, field: Field, raw: Any) -> tuple[Any, list[Problem]]:
    """What the type says of raw JSON: its value, and what is wrong."""
    try:
        value = None if raw is None else type_.parse(field, raw)
    except Unreadable as error:
        return None, [error.problem()]
    return value, [] if value is None else list(type_.check(field, value))


def read(type_: str, text: str, language: str = "zh", **settings: Any) -> Any:
    """What typed text means for a type."""
    field = make_field(type_, **settings)
    return fieldtypes.of(field).parse_text(field, text, reader(language))


def code_of(type_: str, text: str, **settings: Any) -> str:
    """The code under which typed text is refused."""
    field = make_field(type_, **settings)
    with pytest.raises(Unreadable) as refused:
        fieldtypes.of(field).parse_text(field, text, reader())
    assert refused.value.message.to("zh") and refused.value.message.to("en")  # type: ignore[union-attr]
    return refused.value.code


@pytest.fixture
def zh() -> Reader:
    return reader("zh")


@pytest.fixture
def en() -> Reader:
    return reader("en")
