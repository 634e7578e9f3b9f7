"""Rights as values: which fields, which scopes, which reasons, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from kernel.permissions import rights_of
from kernel.platform.ctx import Actor
from tests.factories.records import make_application, make_release

APP = """
entity: project
fields: {name: text, budget: money, code: text, plan: {type: computed, value: budget * 2}}
---
entity: task
fields:
  name: text
  hours: {type: decimal, places: 2}
  rate: {type: decimal, places: 2}
  project: {type: reference, to: project}
  cost: {type: computed, value: hours * rate}
  share: {type: computed, value: cost / 10}
  budget: {type: lookup, path: project.budget}
  far: {type: computed, value: project.plan}
  items: {type: rows, fields: {what: text, price: {type: decimal, places: 2}}}
  sum: {type: computed, value: SUM(items.price)}
---
machine: task
on: task
states: {open: open, done: closed}
transitions: {finish: {from: open, to: done}}
---
role: plain
rights:
  task: {read: own, create: true, update: own, fields: {rate: {read: false}, name: {write: false}}}
  project: {read: all, fields: {budget: {read: false}}}
---
role: opened
rights:
  task: {read: team, update: none, fields: {rate: {read: false}, cost: {read: true}, items.price: {read: false}}}
  project: {read: all}
---
role: narrow
rights:
  task: {read: all, update: all, delete: all, states: {done: {update: none, delete: own, read_only: [name], hidden: [hours, items]}}}
---
role: reader
rights: {task: {read: all}}
---
role: designer
can: [design]
"""


@dataclass
class Facts:
    owner: str | None = None
    team: str | None = None
    state: str | None = "open"
    env: Any = None


@pytest.fixture(scope="module")
def release():
    return make_release(make_application(APP))


def rights(release, *roles, **more):
    return rights_of(release, Actor("p", "P", team="t", teams=frozenset({"t", "below"}), roles=frozenset(roles), **more)).entity("task")


def test_derived_fields_carry_the_labels_of_their_inputs(release):
    own = Facts(owner="p")
    assert rights(release, "plain").readable(own) == {"name", "hours", "project", "items", "items.what", "items.price", "sum"}
    # One field opened by name; what follows from it is still made of the hidden rate.
    assert rights(release, "opened").readable(Facts(team="t")) == {"name", "hours", "project", "cost", "budget", "far", "items", "items.what"}


def test_fields_belong_to_what_matched(release):
    both = rights(release, "plain", "opened")
    assert "cost" not in both.readable(Facts(owner="p"))
    assert "items.price" not in both.readable(Facts(team="t"))
    assert {"cost", "items.price"} <= both.readable(Facts(owner="p", team="t"))
    assert "cost" not in both.queryable and "items.price" not in both.queryable and "name" in both.queryable
    assert both.readable(Facts()) == frozenset()


def test_a_right_to_all_records_opens_its_fields_to_filters(release):
    assert {"rate", "cost"} <= rights(release, "plain", "reader").queryable


def test_states_narrow(release):
    found = rights(release, "narrow")
    assert "name" in found.writable(Facts()) and "name" not in found.readable(Facts(state="done")) - {"name"}
    assert found.may("update", Facts()) and not found.may("update", Facts(state="done"))
    assert found.may("delete", Facts(state="done", owner="p")) and not found.may("delete", Facts(state="done"))
    assert not {"hours", "items", "items.what", "sum"} & found.readable(Facts(state="done"))
    assert not {"hours", "items", "sum", "cost"} & found.queryable


def test_writable(release):
    found = rights(release, "plain")
    assert found.creatable == {"hours", "project", "items", "items.what", "items.price"}
    assert found.writable(Facts(owner="p")) == found.creatable
    assert found.writable(Facts()) == frozenset()
    assert found.refusal_of("name") == "test:role/plain.task"


def test_refusals_name_the_rule_and_say_which(release):
    decision = rights(release, "plain").may("update", Facts())
    assert (bool(decision), decision.rule, str(decision.reason)) == (False, "test:role/plain.task", "You may do this only to records you own.")
    assert decision.reason.to("zh") == "您只能对以下记录这样做：您负责的记录。"
    decision = rights(release, "reader").may("delete", Facts())
    assert (decision.rule, str(decision.reason)) == ("test:role/reader.task", "None of your roles may move these records to the bin.")
    assert rights(release, "plain").may("read", Facts(owner="p")).rule == "test:role/plain.task"
    assert not rights(release, "reader").may("create")


def test_design_gives_no_records(release):
    found = rights(release, "designer", admin=True)
    assert not any(found.any(a) for a in ("read", "create", "update", "delete", "assign"))
    assert found.readable_ever() == found.queryable == frozenset()


def test_the_system_and_tokens(release):
    assert rights(release, kind="system").writable(Facts()) == {"name", "hours", "rate", "project", "items", "items.what", "items.price"}
    assert not rights(release, "narrow", kind="token", scopes=frozenset({"read"})).may("update", Facts())
    assert not rights(release, "narrow", kind="token", scopes=frozenset({"export"})).may("read", Facts())
    assert rights(release, "narrow", kind="token", scopes=frozenset({"all"})).may("update", Facts())


def test_rights_are_kept_per_what_they_depend_on(release):
    actor = Actor("p", "P", roles=frozenset({"plain"}))
    assert rights_of(release, actor) is rights_of(release, Actor("p", "Other name", roles=frozenset({"plain"})))
    assert rights_of(release, actor) is not rights_of(release, Actor("q", "P", roles=frozenset({"plain"})))
    assert rights_of(release, Actor("p", "P", roles=frozenset({"gone"}))).entity("task").policies == ()
