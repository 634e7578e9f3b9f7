"""What the checks say about promises with a clock."""

from __future__ import annotations

from typing import Any

import pytest

from builder.checks.run import check_tree
from tests.examples.interesting import nodes

BASE: tuple[dict[str, Any], ...] = (
    {"calendar": "office", "week": {"mon": "09:00-18:00"}},
    {"entity": "task", "title": "{name}", "fields": {"name": "text", "due": "date", "at": "datetime", "effort": "decimal", "takes": "duration", "helper": {"type": "user"}}},
    {"machine": "task", "on": "task", "states": {"open": {}, "closed": {"category": "closed"}}, "transitions": {"close": {"from": "open", "to": "closed"}}},
)
GOOD = {"clock": "answer", "on": "task", "target": "900", "done": 'state = "closed"'}


def found(clock: dict[str, Any], base: tuple[dict[str, Any], ...] = BASE) -> dict[tuple[str, str], str]:
    return {(f.code, f.path): f.severity for f in check_tree(nodes([*base, clock])) if "answer" in f.uid}


@pytest.mark.parametrize("more", [
    {}, {"counts": "owner"}, {"counts": "elapsed"}, {"counts": "office"}, {"target": None, "days": "5"}, {"target": "takes"}, {"from": "at", "done_at": "updated_at"},
    {"steps": {"warn": {"at": 0.75, "tell": ["owner", "owner.manager", "team.manager", "helper"]}, "later": {"after": "takes"}}},
    {"act": "edit:due"}, {"act": "step:close"},
    {"done": None, "starts": 'state = "open"'}, {"pauses": "effort > 3", "cancels": "ISBLANK(name)", "restarts": True},
])
def test_sound_promises_have_no_findings(more):
    assert found({k: v for k, v in {**GOOD, **more}.items() if v is not None}) == {}


@pytest.mark.parametrize(("more", "finding"), [
    ({"target": None}, ("target", "target")),
    ({"days": "3"}, ("target", "target")),
    ({"counts": "moon"}, ("unknown_calendar", "counts")),
    ({"target": None, "days": "3", "counts": "elapsed"}, ("days_elapsed", "days")),
    ({"target": "name"}, ("wrong_type", "target")),
    ({"act": "call:name"}, ("unknown_field", "act")),
    ({"act": "edit:gone"}, ("unknown_field", "act")),
    ({"act": "step:gone"}, ("unknown_transition", "act")),
    ({"act": "new:task"}, ("unknown_entity", "act")),
    ({"target": None, "days": "takes"}, ("wrong_type", "days")),
    ({"from": "effort"}, ("wrong_type", "from")),
    ({"done": "at < NOW()"}, ("moves_with_time", "done")),
    ({"done": "nothing"}, ("formula_unknown_name", "done")),
    ({"on": "moon"}, ("unknown_entity", "entity")),
    ({"steps": {"x": {"tell": ["role:boss"]}}}, ("unknown_role", "tell.0")),
    ({"steps": {"x": {"tell": ["ownr"]}}}, ("unknown_field", "tell.0")),
    ({"steps": {"x": {"tell": ["team"]}}}, ("no_person", "tell.0")),
    ({"steps": {"x": {"after": "name"}}}, ("wrong_type", "after")),
    ({"steps": {"x": {"at": 2}}}, ("schema_maximum", "at")),
    ({"steps": {"x": {"tell": ["Owner!"]}}}, ("schema_pattern", "tell.0")),
])
def test_what_is_wrong_is_named_where_it_stands(more, finding):
    assert found({k: v for k, v in {**GOOD, **more}.items() if v is not None}).get(finding) == "error"


@pytest.mark.parametrize(("more", "finding"), [({"done": "FALSE"}, ("never_kept", "done")), ({"done": None}, ("never_kept", "done"))])
def test_a_promise_that_nothing_keeps_is_told(more, finding):
    assert found({k: v for k, v in {**GOOD, **more}.items() if v is not None}) == {finding: "warning"}


def test_working_time_without_a_calendar_is_told():
    assert found(GOOD, BASE[1:]) == {("no_calendar", "counts"): "warning"}
