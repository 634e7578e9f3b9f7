"""Overlays, labels, differences and three-way rebase."""

# ruff: noqa: E501 - tables read better in long lines
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.layers.apply import apply, subtree
from builder.layers.change import Change, add, changes_from_json, leaves, position
from builder.layers.diff import diff, same
from builder.layers.overlay import Overlay
from builder.layers.rebase import ABSENT, POSITION, WHOLE, rebase
from builder.layers.resolve import TENANT, resolve, with_changes
from builder.packages.reader import read_documents
from kernel.errors import Invalid
from kernel.model.tree import Node, children
from tests.unit.builder import world


def overlaid(folder: Path, text: str) -> tuple[Overlay, dict[str, Node]]:
    tree = world.effective(folder).tree
    overlay = Overlay(tree, "extra")
    for written in read_documents(text, "x.yaml").overlay:
        overlay.read(written)
    return overlay, dict(tree)


def items(tree: Any, uid: str, slot: str) -> list[str]:
    return [n.key for n in children(tree).get(uid, ()) if n.slot == slot]


def test_given_properties_are_set_and_blank_ones_unset(tmp_path: Path) -> None:
    overlay, _tree = overlaid(tmp_path, "entity: task\nfields:\n  name: {max: 20, required: null}\n  cost: integer\n  note: {show_when: cost > 5}\n")
    assert overlay.problems == []
    assert overlay.tree["work:task.name"].props == {"type": "text", "settings": {"max": 20}, "labels": {"zh": "名称"}}
    assert overlay.tree["work:task.cost"].props["type"] == "integer"
    assert overlay.tree["work:task.note"].props["show_when"] == "cost > 5"


def test_items_are_added_where_they_belong(tmp_path: Path) -> None:
    overlay, _tree = overlaid(tmp_path, "entity: task\nfields:\n  a: {type: text, after: name}\n  b: {type: text, before: name}\n  c: text\n  d: {type: text, after: name}\n  due: {before: b}\n")
    assert overlay.problems == []
    assert items(overlay.tree, "work:task", "fields")[:6] == ["due", "b", "name", "d", "a", "area"]
    assert items(overlay.tree, "work:task", "fields")[-1] == "c"
    added = next(n for n in overlay.tree.values() if n.key == "a" and n.kind == "field")
    assert added.uid == "extra:task.a" and added.origin == "extra"


def test_items_and_elements_are_removed(tmp_path: Path) -> None:
    overlay, _tree = overlaid(tmp_path, "entity: task\nfields: {remove: [note, steps]}\nvalidations: {remove: [has_time]}\n---\nview: mine\nremove: true\n")
    assert overlay.problems == []
    assert not {"work:task.note", "work:task.steps", "work:task.steps.what", "work:task.validations.has_time", "work:view/mine"} & set(overlay.tree)


def test_options_are_reached_through_the_field(tmp_path: Path) -> None:
    overlay, _tree = overlaid(tmp_path, "entity: task\nfields:\n  kind: {options: {add: [paint, {sand: {colour: red}}], remove: [plan]}, required: true}\n")
    assert overlay.problems == []
    assert items(overlay.tree, "work:option_set/kind", "options") == ["repair", "build", "paint", "sand"]
    assert overlay.tree["work:task.kind"].props["required"] is True
    assert overlay.tree["work:task.kind"].props["settings"]["options"] == "kind"


def test_shorthands_mean_the_same_in_overlays(tmp_path: Path) -> None:
    overlay, _tree = overlaid(tmp_path, "machine: task\nstates: {stuck: open}\ntransitions:\n  stick: {from: doing, to: stuck, when: cost > 0}\n  finish: {who: boss, guards: {paid: cost > 1}}\n")
    assert overlay.problems == []
    assert overlay.tree["work:machine/task.transitions.finish"].props["who"] == ["boss"]
    assert overlay.tree["work:machine/task.transitions.finish.guards.paid"].props == {"holds": "cost > 1", "from_whom": "boss", "labels": {"zh": "先填费用"}}
    assert overlay.tree["extra:machine/task.transitions.stick.guards.when"].props == {"holds": "cost > 0"}


@pytest.mark.parametrize(("text", "code"), [
    ("entity: task\nfields: {remove: [nmae]}\n", "gone"), ("entity: tsk\nremove: true\n", "gone"), ("entity: task\nfields: {a: {type: text, after: nmae}}\n", "unknown_neighbour"),
    ("entity: task\nfields: {name: {options: {add: [x]}}}\n", "bad_options"), ("entity: task\nfields: {kind: {options: {plus: [x]}}}\n", "bad_options"),
    ("view: mine\n---\nform: task\nsections: {main: 7}\n", "bad_element"), ("thing: x\n", "unknown_kind"), ("entity: task\nfields: 7\n", ""),
])
def test_what_an_overlay_can_not_mean_is_said(tmp_path: Path, text: str, code: str) -> None:
    overlay, _tree = overlaid(tmp_path, text)
    assert {p.code for p in overlay.problems} == ({code} if code else set())
    assert all("x.yaml:" in p.path for p in overlay.problems)


def test_the_changes_of_an_overlay_have_its_effect(tmp_path: Path) -> None:
    overlay, tree = overlaid(tmp_path, "entity: task\nfields:\n  name: {max: 20}\n  a: {type: text, after: name}\n  remove: [note]\n---\nentity: other\nfields: {x: text}\n")
    again, problems = apply(tree, changes_from_json([c.to_json() for c in overlay.changes]))
    assert problems == [] and again == overlay.tree


def test_provenance_says_which_layer_a_property_is_from(tmp_path: Path) -> None:
    below = world.effective(tmp_path)
    found = with_changes(below, [Change("set", "work:task.name", "settings.max", 5), Change("set", "platform:person.name", "labels.zh", "名字")])
    assert found.layer_of("work:task.name", "settings.max") == TENANT
    assert found.layer_of("work:task.name", "required") == "work"
    assert found.layer_of("platform:person.name", "labels.zh") == TENANT
    assert found.layer_of("platform:person.name", "labels.en") == "platform"
    assert found.layer_of("nowhere") is None


def test_labels_reach_what_they_name(tmp_path: Path) -> None:
    tree = world.effective(tmp_path).tree
    assert tree["work:task"].props["labels"] == {"zh": "任务"}
    assert tree["work:task.kind"].props["help"] == {"zh": "做什么"}
    assert tree["work:machine/task.transitions.start"].props["labels"] == {"zh": "开始"}
    assert tree["work:machine/task.transitions.finish.guards.paid"].props["labels"] == {"zh": "先填费用"}


def test_a_change_of_what_is_gone_is_a_problem_not_an_error() -> None:
    tree = {"a": Node("a", "entity", "a")}
    found, problems = apply(tree, [Change("set", "b", "title", "x"), Change("set", "a", "title", "y"), add(Node("a", "entity", "a")), Change("move", "a", parent="a", slot="fields")])
    assert [p.code for p in problems] == ["gone", "twice", "bad_place"]
    assert found["a"].props == {"title": "y"} and tree["a"].props == {}


@pytest.mark.parametrize("row", [{}, {"do": "set"}, {"do": "fly", "uid": "a"}, {"do": "add", "node": {}}, {"do": "set", "uid": 7, "path": "x", "value": 1}, "x", {"do": "add", "node": {"uid": 1, "kind": "a", "key": "b"}}])
def test_changes_that_can_not_be_read_are_refused(row: Any) -> None:
    with pytest.raises(Invalid) as caught:
        changes_from_json([row])
    assert caught.value.problems[0].path == "changes[0]"


# --- random trees -------------------------------------------------------------------------------------------------

UIDS = [f"f{i}" for i in range(5)]
VALUES = st.sampled_from(["x", "y", 1, True, None])
LABELS = st.dictionaries(st.sampled_from(["zh", "en"]), st.sampled_from(["p", "q", "r"]), max_size=2)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Node]:
    """Entities a and b with fields f0 .. f4 in one of them."""
    found = {}
    for top in draw(st.sampled_from([["a"], ["b"], ["a", "b"], ["a", "b"]])):
        found[top] = Node(top, "entity", draw(st.sampled_from([top, f"{top}2"])), rank=draw(st.sampled_from(["1", "2"])), props={"title": draw(VALUES)}, origin="p")
    for uid in UIDS:
        if draw(st.booleans()):
            labels = draw(LABELS)
            props = {"type": draw(st.sampled_from(["text", "date"])), **({"labels": labels} if labels else {}), **({"required": True} if draw(st.booleans()) else {})}
            found[uid] = Node(uid, "field", draw(st.sampled_from([uid, "g"])), draw(st.sampled_from([t for t in ("a", "b") if t in found])), "fields", draw(st.sampled_from(["1", "2"])), props, "p")
    return found


@settings(max_examples=300, deadline=None)
@given(trees(), trees())
def test_the_difference_leads_from_one_to_the_other(old: dict[str, Node], new: dict[str, Node]) -> None:
    found, problems = apply(old, changes_from_json([c.to_json() for c in diff(old, new)]))
    assert problems == []
    assert found == new
    assert diff(new, found) == ()


def facts(tree: dict[str, Node]) -> dict[tuple[str, str], Any]:
    """Every property of a tree, position and being there among them."""
    return {(uid, path): value for uid, node in tree.items() for path, value in {**leaves(node), POSITION: position(node), WHOLE: True}.items()}


@settings(max_examples=500, deadline=None)
@given(trees(), trees(), trees())
def test_rebase_loses_no_tweak(base: dict[str, Node], ours: dict[str, Node], theirs: dict[str, Node]) -> None:
    merged, conflicts = rebase(base, ours, theirs)
    was, mine, yours, found = facts(base), facts(ours), facts(theirs), facts(merged)
    clashes = {(c.uid, c.path) for c in conflicts}
    for place in {*was, *mine, *yours}:
        b, o, t = (x.get(place, ABSENT) for x in (was, mine, yours))
        uid = place[0]
        ours_changed, theirs_changed = not (b is o or same(b, o)), not (b is t or same(b, t))
        both_there = uid in ours and uid in theirs
        if ours_changed and both_there:
            assert same(found.get(place, ABSENT), o) or found.get(place, ABSENT) is o, place
        if theirs_changed and not ours_changed and both_there and place not in clashes:
            got = found.get(place, ABSENT)
            assert got is t or same(got, t), place
        # A conflict exactly where both changed the same property to different values.
        if both_there:
            different = ours_changed and theirs_changed and not (o is t or same(o, t))
            assert (place in clashes) == different or (place[1] in (POSITION, WHOLE) and place in clashes), place
    for uid, node in ours.items():
        if uid in base and uid not in theirs:
            # They removed it: it stays only if we changed it, or it must hold something of ours.
            changed = not (position(base[uid]) == position(node) and same(leaves(base[uid]), leaves(node)))
            assert (uid in merged) >= changed
            assert (uid not in merged) or (uid, WHOLE) in clashes
    assert all(uid in merged for uid in ours if uid not in base)
    assert all(n.parent is None or n.parent in merged for n in merged.values())


@settings(max_examples=150, deadline=None)
@given(trees(), trees())
def test_rebase_over_nothing_changes_nothing(base: dict[str, Node], other: dict[str, Node]) -> None:
    assert rebase(base, other, base) == (other, ())
    assert rebase(base, base, other) == (other, ())
    assert rebase(base, other, other) == (other, ())


def test_a_subtree_is_everything_below() -> None:
    tree = {"a": Node("a", "entity", "a"), "f": Node("f", "field", "f", "a", "fields"), "g": Node("g", "field", "g", "f", "fields"), "b": Node("b", "entity", "b")}
    assert sorted(subtree(tree, "a")) == ["a", "f", "g"]


def test_a_later_package_comes_after_an_earlier_one(tmp_path: Path) -> None:
    packages = world.packages(tmp_path)
    tops = children(resolve(packages).tree)[None]
    assert [n.origin for n in tops] == sorted((n.origin for n in tops), key=["platform", "work"].index)
