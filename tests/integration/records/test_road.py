"""The record road on both databases."""

from __future__ import annotations

import pytest

from kernel.errors import Forbidden, Invalid, NotFound, Refused, Stale
from runtime.records import history, query, reading, road
from runtime.records.record import Input
from tests.factories.records import make_record


def test_create_and_read(place, boss):
    project = make_record(place, "project", {"name": "Bridge"}, boss)
    made = make_record(place, "task", {
        "name": "Dig", "project": project.id, "helpers": [boss.person], "kind": "repair", "tags": ["red", "blue"], "hours": "2.50",
        "price": {"amount": "10.00"}, "items": [{"fields": {"what": "sand", "amount": "4"}}, {"fields": {"what": "gravel"}}],
    }, boss)
    assert made.values["total"] == 5
    with place.read(boss) as ctx:
        seen = reading.get(ctx, "task", made.id)
    assert seen.title == "T-0001 Dig"
    assert seen.record.values["size"] == "small"
    assert seen.record.values["project_tier"] == "basic"
    assert seen.record.values["days_left"] == 7
    assert seen.record.values["price"].currency == "CNY"
    assert [r.values["double"] for r in seen.record.values["items"]] == [8, 2]
    assert seen.labels[project.id] == "Bridge"
    assert seen.labels[boss.person] == "Bea Boss"
    assert seen.record.state == "open" and seen.record.states["check"][0] == "unchecked"
    assert seen.record.version == 1 and seen.record.owner == boss.person
