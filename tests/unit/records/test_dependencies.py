"""Which derived values follow from what: hops forwards, backwards, through rows and look-ups."""

from __future__ import annotations

import pytest

from runtime.records.dependencies import Hop, dependencies_of
from runtime.records.titles import merge, tidy, title_of
from tests.factories.records import make_application, make_release

APP = """
entity: owner_of
fields: {name: text, rate: {type: decimal, places: 2}}
---
entity: project
title: "{name} · {city} - {missing}"
fields:
  name: text
  city: text
  holder: {type: reference, to: owner_of}
  tasks: {type: referring, from: task.project}
  rate: {type: lookup, path: holder.rate}
  count: {type: rollup, from: task.project, function: count, where: hours > 1}
  cost: {type: computed, value: 'count * rate'}
  spent: {type: computed, value: 'SUM(tasks.hours)'}
---
entity: task
fields:
  project: {type: reference, to: project}
  hours: {type: decimal, places: 2}
  items:
    type: rows
    fields:
      owner_of: {type: reference, to: owner_of}
      price: {type: computed, value: owner_of.rate}
      parent_hours: {type: computed, value: parent.hours}
  total: {type: computed, value: SUM(items.price)}
  city: {type: computed, value: project.city}
  team_name: {type: computed, value: team.name}
"""


@pytest.fixture(scope="module")
def app():
    return make_application(APP)


def found(app, source):
    return {(d.entity, tuple((h.kind, h.key) for h in d.hops)): d.keys for d in dependencies_of(app).by_source.get(source, ())}


def test_what_follows_from_where(app):
    tasks = found(app, "task")
    assert {"project", "hours"} <= tasks[("project", (("referring", "project"),))]
    assert "city" in found(app, "project")[("task", (("reference", "project"),))]
    holders = found(app, "owner_of")
    assert "rate" in holders[("project", (("reference", "holder"),))]  # through the look-up
    assert "rate" in holders[("task", (("rows", "items"), ("reference", "owner_of")))]
    assert "name" in found(app, "team")[("task", (("system", "team"),))]


def test_own_inputs(app):
    own = dependencies_of(app).own
    assert own["test:task.total"] == {"items"}
    assert own["test:project.cost"] >= {"count", "holder"}
    assert "project" in own["test:task.city"]


def test_a_hop_names_its_place():
    assert Hop("rows", "task", "items").place == "task"


def test_titles(app):
    from runtime.records.shape import shape_of
    from runtime.records.work import reader_of  # noqa: F401

    title = title_of(shape_of(make_release(app), "project"))
    assert title.keys == ("name", "city")
    values = {"name": "{city}", "city": None}
    assert title.of(values, None, {"name", "city"}) == "{city}"  # one pass: a value is never a pattern
    assert title.of({"name": "A", "city": "B"}, None, {"city"}) == "B"
    assert tidy(" ·  a   b - ") == "a b"
    assert merge("x {a} {b}", {"a": "{b}", "b": "2"}.get) == "x {b} 2"
