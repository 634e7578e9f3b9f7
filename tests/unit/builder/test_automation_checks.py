"""What the checks say about automations, by themselves and about each other."""

from __future__ import annotations

from typing import Any

import pytest

from builder.checks.run import check_tree
from builder.publish.vouching import digests
from tests.examples.interesting import nodes

BASE: tuple[dict[str, Any], ...] = (
    {"calendar": "office", "week": {"mon": "09:00-18:00"}},
    {"entity": "note", "title": "{text}", "fields": {"text": "text", "n": "decimal", "task": {"type": "reference", "to": "task"}}},
    {"entity": "task", "title": "{name}", "fields": {
        "name": "text", "due": "date", "at": "datetime", "effort": "decimal", "helper": {"type": "user"}, "helpers": {"type": "references", "to": "person"}, "done": "boolean",
        "double": {"type": "computed", "value": "effort * 2"}, "items": {"type": "rows", "fields": {"what": "text", "n": "decimal"}}, "sum": {"type": "rollup", "of": "items.n"},
        "notes": {"type": "referring", "from": "note.task", "columns": ["text"]}}},
    {"machine": "task", "on": "task", "states": {"open": {}, "closed": {"category": "closed"}},
     "transitions": {"close": {"from": "open", "to": "closed", "asks": {"why": {"type": "text", "required": True}}}, "open": {"from": "closed", "to": "open"}}},
    {"clock": "answer", "on": "task", "target": "900", "done": 'state = "closed"', "steps": {"late": {}}},
    {"role": "boss", "rights": {"task": {"read": "all"}}},
)
SET = {"mark": {"do": "set", "fields": {"name": '"x"'}}}


def found(when: Any, steps: Any = SET, **more: Any) -> dict[tuple[str, str], str]:
    document = {"automation": "auto", "on": "task", "when": when, "steps": steps, **more}
    return {(f.code, f.path): f.severity for f in check_tree(nodes([*BASE, document])) if "/auto" in f.uid}


@pytest.mark.parametrize("when", [
    {"created": True}, {"changed": ["due", "owner", "state", "double"]}, {"step": "close"}, {"step": ["close", "open"]}, {"clock": "answer"}, {"clock": "answer", "at": "late"},
    {"every": "workday 09:00", "calendar": "office"}, {"every": "15 minutes"}, {"date": "due", "before": "2 working days", "time": "09:00"}, {"date": "at", "after": "30 minutes"},
    {"button": True, "roles": ["boss"], "states": ["open"]},
])
def test_sound_triggers_have_no_findings(when):
    assert found(when) == {}


@pytest.mark.parametrize(("when", "finding"), [
    ({"created": True, "step": "close"}, ("trigger", "when")), ({"at": "late"}, ("trigger", "when")), ({"changed": ["nme"]}, ("unknown_field", "when.changed")),
    ({"step": "clse"}, ("unknown_transition", "when.step")), ({"clock": "moon"}, ("unknown_clock", "when.clock")), ({"clock": "answer", "at": "soon"}, ("unknown_clock_step", "when.at")),
    ({"every": "often"}, ("rhythm", "when.every")), ({"every": "hour", "calendar": "moon"}, ("unknown_calendar", "when.calendar")),
    ({"date": "name"}, ("wrong_type", "when.date")), ({"date": "du"}, ("unknown_field", "when.date")), ({"date": "due", "before": "1 day", "after": "1 day"}, ("trigger", "when.after")),
    ({"date": "due", "before": "soon"}, ("schema_pattern", "when.before")), ({"button": True, "roles": ["chef"]}, ("unknown_role", "when.roles")),
    ({"button": True, "states": ["moon"]}, ("unknown_state", "when.states")), ({"approval": "approved"}, ("no_approval", "when.approval")),
    ({"created": True, "wrong": 1}, ("unknown_key", "when.wrong")), ({}, ("schema_minProperties", "when")),
])
def test_what_is_wrong_with_a_trigger_is_named(when, finding):
    assert finding in found(when), found(when)
    assert found(when)[finding] == "error"


def test_what_has_no_effect_is_told():
    assert found({"created": True, "time": "09:00"}, where="done") == {("useless_key", "when.time"): "warning", ("useless_key", "where"): "warning"}
    assert found({"created": True}, {"mark": {"do": "set", "fields": {"name": '"x"'}, "urgency": "high"}}) == {("useless_key", "urgency"): "warning"}


@pytest.mark.parametrize("step", [
    {"do": "create", "entity": "note", "fields": {"text": "name", "task": "id", "owner": "owner.manager"}}, {"do": "link", "field": "helpers", "to": "owner"},
    {"do": "transition", "step": "close", "asks": {"why": "name"}}, {"do": "assign", "among": "role:boss", "fits": "name = this.name", "else": "owner.manager"},
    {"do": "assign", "team": "name = this.name"}, {"do": "assign", "to": "helper"}, {"do": "assign", "by": "load", "among": "role:boss", "load": "NOT(done)"},
    {"do": "notify", "who": ["owner", "role:boss", "team.manager"], "text": {"en": "{title} {name} {owner.name}"}}, {"do": "comment", "text": {"en": "{name}"}},
    {"do": "webhook", "target": "ERP", "event": "task.done", "fields": {"anything": "name"}},
    {"do": "wait", "for": "2 working days"}, {"do": "wait", "working": True}, {"do": "wait", "until": "done", "takes": "3600"}, {"do": "stop", "if": "done"},
    {"do": "each", "of": "items", "where": "n > this.effort", "steps": {"a": {"do": "set", "fields": {"what": "this.name"}}, "b": {"do": "notify", "who": ["owner"], "text": {"en": "x"}}}},
    {"do": "each", "of": "notes", "steps": {"a": {"do": "set", "fields": {"text": "this.name"}}, "c": {"do": "set", "of": "task", "fields": {"effort": "n"}}}},
    {"do": "branch", "if": "done", "steps": {"a": {"do": "stop"}}, "otherwise": {"b": {"do": "stop"}}},
])
def test_sound_steps_have_no_findings(step):
    assert found({"created": True}, {"one": step}) == {}


@pytest.mark.parametrize(("step", "finding"), [
    ({"do": "set"}, ("missing", "fields")), ({"do": "set", "fields": {"nme": '"x"'}}, ("unknown_field", "fields.nme")), ({"do": "set", "fields": {"double": "1"}}, ("not_writable", "fields.double")),
    ({"do": "set", "fields": {"owner": "helper"}}, ("unknown_field", "fields.owner")), ({"do": "set", "fields": {"effort": "name"}}, ("formula_type", "fields.effort")),
    ({"do": "set", "fields": {"name": "old.name"}}, ("formula_unknown_name", "fields.name")), ({"do": "set", "of": "moon", "fields": {"name": '"x"'}}, ("unknown_field", "of")),
    ({"do": "create", "fields": {"text": '"x"'}}, ("missing", "entity")), ({"do": "create", "entity": "moon", "fields": {"x": '"x"'}}, ("unknown_entity", "entity")),
    ({"do": "link", "field": "name", "to": "owner"}, ("unknown_field", "field")), ({"do": "transition", "step": "moon"}, ("unknown_transition", "step")),
    ({"do": "transition", "step": "close"}, ("missing", "asks")), ({"do": "transition", "step": "open", "asks": {"why": '"x"'}}, ("unknown_field", "asks.why")),
    ({"do": "assign"}, ("missing", "among")), ({"do": "assign", "among": "role:chef"}, ("unknown_role", "among")), ({"do": "assign", "among": "role:boss", "else": "team"}, ("no_person", "else")),
    ({"do": "notify", "who": ["ownr"], "text": {"en": "x"}}, ("unknown_field", "who.0")), ({"do": "notify", "who": ["team"], "text": {"en": "x"}}, ("no_person", "who.0")),
    ({"do": "notify", "who": ["role:chef"], "text": {"en": "x"}}, ("unknown_role", "who.0")), ({"do": "notify", "who": ["owner"], "text": {"en": "{nme}"}}, ("unknown_field", "text.en")),
    ({"do": "webhook", "fields": {"a": "nme"}}, ("missing", "target")),
    ({"do": "webhook", "target": "ERP", "fields": {"a": "nme"}}, ("formula_unknown_name", "fields.a")),
    ({"do": "wait"}, ("missing", "for")), ({"do": "wait", "for": "a while"}, ("schema_pattern", "for")), ({"do": "branch", "steps": {"a": {"do": "stop"}}}, ("missing", "if")),
    ({"do": "branch", "if": "done"}, ("no_steps", "steps")), ({"do": "each", "of": "name", "steps": {"a": {"do": "stop"}}}, ("no_rows", "of")),
    ({"do": "fly"}, ("schema_enum", "do")), ({"do": "set", "if": "nothing", "fields": {"name": '"x"'}}, ("formula_unknown_name", "if")),
])
def test_what_is_wrong_with_a_step_is_named(step, finding):
    assert found({"created": True}, {"one": step}).get(finding) == "error", found({"created": True}, {"one": step})


def test_a_condition_may_ask_what_was_before_and_a_step_what_a_button_asked():
    assert found({"changed": ["name"]}, **{"if": "old.name <> name"}) == {}
    assert found({"button": True}, {"mark": {"do": "set", "fields": {"name": "ask.why"}}}, asks={"why": "text"}) == {}
    assert ("formula_unknown_name", "if") in found({"changed": ["name"]}, **{"if": "older.name <> name"})
    assert found({"created": True}, {}) == {("no_steps", "steps"): "error"}


def loops(*documents: dict[str, Any]) -> dict[tuple[str, ...], str]:
    made = [{"on": "task", **d} for d in documents]
    return {tuple(u.rpartition("/")[2] for u in f.witness["circle"]): f.severity for f in check_tree(nodes([*BASE, *made])) if f.code == "loop"}


def sets(key: str, changed: str, **fields: str) -> dict[str, Any]:
    return {"automation": key, "when": {"changed": [changed]}, "steps": {"s": {"do": "set", "fields": fields}}}


def test_a_circle_that_nothing_ends_is_an_error_with_its_witness():
    assert loops(sets("a", "effort", effort="effort + 1")) == {("a", "a"): "error"}
    makes = {"automation": "a", "when": {"created": True}, "steps": {"s": {"do": "create", "entity": "task", "fields": {"name": '"x"'}}}}
    assert loops(makes) == {("a", "a"): "error"}
    assert loops({**makes, "if": "done"}) == {("a", "a"): "warning"}
    assert loops({**makes, "steps": {"s": {**makes["steps"]["s"], "if": "done"}}}) == {("a", "a"): "warning"}


def test_longer_ways_round_and_by_what_is_worked_out():
    assert loops(sets("a", "effort", name='"x"'), sets("b", "name", effort="3")) == {("a", "b", "a"): "warning"}
    assert loops(sets("a", "double", effort="sum")) == {("a", "a"): "warning"}
    assert loops(sets("a", "double", effort="3")) == {}  # the same value each time is news only once
    assert loops(sets("a", "effort", name='"x"'), sets("b", "due", effort="3")) == {}
    moves = {"automation": "a", "when": {"step": "close"}, "steps": {"s": {"do": "transition", "step": "open"}}}
    back = {"automation": "b", "when": {"step": "open"}, "steps": {"s": {"do": "transition", "step": "close", "asks": {"why": '"x"'}}}}
    assert loops(moves) == {} and loops(moves, back) == {("a", "b", "a"): "warning"}
    rows = {"automation": "a", "when": {"changed": ["sum"]}, "steps": {"e": {"do": "each", "of": "items", "steps": {"s": {"do": "set", "fields": {"n": "n + 1"}}}}}}
    assert loops(rows) == {("a", "a"): "warning"}


def test_another_name_is_no_other_automation_but_other_words_to_people_are():
    def digest(**more: Any) -> str:
        tree = nodes([*BASE, {"automation": "auto", "on": "task", "when": {"created": True}, "steps": {"t": {"do": "notify", "who": ["owner"], "text": {"en": "x"}, **more}}}])
        (found,) = digests(tree).values()
        return found

    assert digest(labels={"en": "Tell"}) == digest() != digest(text={"en": "y"})
