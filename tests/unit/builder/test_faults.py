"""Planted faults: each is found, at its place, with a hint or a witness; the sound package has no finding."""


from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.builder import world

TASK, FLOW, FORM, VIEW, ROLE, OPTION = "entities_task", "workflows_task", "forms_task", "views_task", "roles_roles", "options_kinds"

PAID = "guards: {paid: {holds: cost > 0, from_whom: boss}}"

# name, file, what is written, what is planted, code, part of the uid of the finding
FAULTS = [
    ("unknown property", TASK, "group: daily\nfacts", "grup: daily\nfacts", "unknown_key", "task"),
    ("wrong type of value", TASK, "required: true}\n  area", "required: often}\n  area", "schema_type", "task.name"),
    ("unknown field type", TASK, "cost: {type: decimal, places: 2}", "cost: {type: decimel}", "unknown_type", "task.cost"),
    ("unknown setting", TASK, "places: 2", "digits: 2", "unknown_key", "task.cost"),
    ("setting out of range", TASK, "places: 2", "places: 9", "schema_maximum", "task.cost"),
    ("missing setting", TASK, "{type: choice, options: area}", "{type: choice}", "missing", "task.area"),
    ("bad key", TASK, "  note: {type", "  Note: {type", "bad_key", "task.Note"),
    ("doubled key in two files", "groups", "group: daily\n", "group: daily\n---\nentity: task\n", "twice", ""),
    ("bad colour", OPTION, "colour: blue", "colour: bleu", "schema_enum", "kind.repair"),
    ("bad action", FLOW, "{do: comment, text", "{do: coment, text", "schema_enum", "start"),
    ("machine without states", FLOW, "states:\n  open: open\n  doing: {category: open, on_entry: [{do: set, fields: {area: '\"home\"'}}]}\n  done: closed\n", "", "no_states", "machine/task"),
    ("unknown entity of a machine", FLOW, "on: task", "on: taskk", "unknown_entity", "machine/task"),
    ("unknown group", TASK, "group: daily", "group: weekly", "unknown_group", "work:task"),
    ("unknown target of a reference", TASK, "to: project, where: NOT(ISBLANK(name))", "to: projekt", "unknown_entity", "task.project"),
    ("unknown way of deleting", TASK, "to: project, where", "to: project, on_delete: cascade, where", "schema_enum", "task.project"),
    ("many that go along", TASK, "helpers: {type: references, to: person}", "helpers: {type: references, to: person, on_delete: with}", "on_delete_place", "task.helpers"),
    ("unknown option set", TASK, "options: area}", "options: aera}", "unknown_option_set", "task.area"),
    ("unknown governing field", TASK, "governed_by: area", "governed_by: aera", "unknown_field", "task.kind"),
    ("governed by what is no choice", TASK, "governed_by: area", "governed_by: name", "bad_governor", "task.kind"),
    ("choices that govern each other", TASK, "area: {type: choice, options: area}", "area: {type: choice, options: area, governed_by: kind}", "circular_options", "task."),
    ("unknown fact", TASK, "facts: [due, project.name]", "facts: [due, project.nam]", "unknown_field", "work:task"),
    ("unknown tracked field", TASK, "tracked: [state, owner, kind]", "tracked: [state, owner, knd]", "unknown_field", "work:task"),
    ("unknown order", TASK, "sort: [-due]", "sort: [-deu]", "unknown_field", "work:task"),
    ("order by what has no order", TASK, "sort: [-due]", "sort: [steps]", "not_sortable", "work:task"),
    ("field beside which a message stands", TASK, "at: [due]", "at: [deu]", "unknown_field", "has_time"),
    ("referring to nothing", "entities_project", "from: task.project}", "from: task.projekt}", "unknown_field", "project.tasks"),
    ("referring by another reference", "entities_project", "from: task.project}", "from: task.done_by}", "wrong_reference", "project.tasks"),
    ("unknown field in a formula", TASK, "SUM(steps.hours)", "SUM(steps.ours)", "formula_unknown_name", "task.hours"),
    ("unknown function", TASK, "SUM(steps.hours)", "SUMM(steps.hours)", "formula_unknown_function", "task.hours"),
    ("formula without its end", TASK, "SUM(steps.hours)", "SUM(steps.hours", "formula_", "task.hours"),
    ("condition that is no condition", TASK, "show_when: cost > 0", "show_when: cost + 1", "formula_type", "task.note"),
    ("text compared with a number", TASK, "cost >= param.big", "name >= param.big", "formula_type", "task.size"),
    ("unknown parameter", TASK, "param.big", "param.bigg", "formula_unknown_name", "task.size"),
    ("unknown option in a formula", VIEW, 'state = "open"', 'state = "opne"', "formula_", "view/mine"),
    ("circular formulas", TASK, "value: SUM(steps.hours)", "value: LEN(size) + hours", "circular_formula", "task."),
    ("default of another type", TASK, "due: {type: date, default: TODAY() + 7}", "due: {type: date, default: cost}", "formula_type", "task.due"),
    ("default that is no option", TASK, "area: {type: choice, options: area}", "area: {type: choice, options: area, default: '\"garden\"'}", "formula_", "task.area"),
    ("default that is too long", TASK, "name: {type: text, max: 80, required: true}", "name: {type: text, max: 3, required: true, default: '\"abcd\"'}", "bad_default", "task.name"),
    ("default out of bounds", TASK, "cost: {type: decimal, places: 2}", "cost: {type: decimal, max: 5, default: 7}", "bad_default", "task.cost"),
    ("parameter of another type", "parameters", "value: 1000", "value: much", "bad_value", "parameter/big"),
    ("parameter out of bounds", "parameters", "value: 1000", "value: 1000000", "out_of_bounds", "parameter/big"),
    ("unknown parent of an option", OPTION, "parent: home", "parent: hoem", "unknown_parent", "kind.repair"),
    ("unknown slot in the title", TASK, 'title: "{name} {kind}"', 'title: "{name} {knid}"', "unknown_slot", "work:task"),
    ("open brace in the title", TASK, 'title: "{name} {kind}"', 'title: "{name} {kind"', "open_slot", "work:task"),
    ("unknown slot in a comment", FLOW, "{name} begins", "{nmae} begins", "unknown_slot", "start"),
    ("field twice in a form", FORM, "[name, area,", "[name, name, area,", "twice", ""),
    ("field in two sections", FORM, "items: {cost: {},", "items: {name: {}, cost: {},", "field_twice", "more.name"),
    ("unknown field in a form", FORM, "[name, area,", "[name, aera,", "unknown_field", "main.aera"),
    ("required field on no form", FORM, "[name, area,", "[area,", "required_on_no_form", "task.name"),
    ("unknown column of a view", VIEW, "columns: [name, kind,", "columns: [name, kidn,", "unknown_field", "view/mine"),
    ("unknown order of a view", VIEW, "sort: [-due]", "sort: [-deu]", "unknown_field", "view/mine"),
    ("board without groups", VIEW, "as: board\ngroup_by: state", "as: board", "no_groups", "view/board"),
    ("board by a field of any value", VIEW, "group_by: state", "group_by: name", "bad_group", "view/board"),
    ("calendar without a day", VIEW, "as: board\ngroup_by: state", "as: calendar", "no_start", "view/board"),
    ("timeline on what is no day", VIEW, "as: board\ngroup_by: state", "as: timeline\nstarts: name", "bad_starts", "view/board"),
    ("end that is no day", VIEW, "as: board\ngroup_by: state", "as: calendar\nstarts: due\nends: cost", "bad_ends", "view/board"),
    ("day that is not there", VIEW, "as: board\ngroup_by: state", "as: calendar\nstarts: deu", "unknown_field", "view/board"),
    ("gallery without pictures", VIEW, "as: board\ngroup_by: state", "as: gallery", "no_image", "view/board"),
    ("picture that is none", VIEW, "as: board\ngroup_by: state", "as: gallery\nimage: name", "bad_image", "view/board"),
    ("sum of words", VIEW, "group_by: state", "group_by: state\ntotal: name", "bad_total", "view/board"),
    ("unknown field on a card", VIEW, "group_by: state", "group_by: state\ncard: [nmae]", "unknown_field", "view/board"),
    ("limit of a column there isn't", VIEW, "group_by: state", "group_by: state\nlimits: {opne: 3}", "unknown_option", "view/board"),
    ("limit of nothing", VIEW, "group_by: state", "group_by: state\nlimits: {open: 0}", "schema_", "view/board"),
    ("hard limit of a choice", VIEW, "group_by: state", "group_by: area\nlimits: {home: {most: 3, hard: true}}", "hard_limit", "view/board"),
    ("hard limit of a part", VIEW, "group_by: state", "group_by: state\nwhere: cost > 1\nlimits: {open: {most: 3, hard: true}}", "hard_limit", "view/board"),
    ("unknown role of a view", VIEW, "roles: [worker]", "roles: [wroker]", "unknown_role", "view/mine"),
    ("unknown entity of a view", VIEW, "view: board\nentity: task", "view: board\nentity: tasks", "unknown_entity", "view/board"),
    ("right to an unknown entity", ROLE, "  project: {read: all}\n", "  projekt: {read: all}\n", "unknown_entity", "worker.projekt"),
    ("right to an unknown field", ROLE, "fields: {cost:", "fields: {csot:", "unknown_field", "worker.task"),
    ("right to an unknown field of rows", ROLE, "steps.hours", "steps.ours", "unknown_field", "worker.task"),
    ("right in an unknown state", ROLE, "states: {done:", "states: {dnoe:", "unknown_state", "worker.task"),
    ("read only field that is not there", ROLE, "read_only: [name]", "read_only: [nmae]", "unknown_field", "worker.task"),
    ("scope that is no condition", ROLE, "read: team", "read: cost", "formula_type", "worker.task"),
    ("membership by an unknown field", ROLE, "ISBLANK(manager)", "ISBLANK(boss)", "formula_unknown_name", "role/boss"),
    ("transition to a missing state", FLOW, "to: doing", "to: doign", "unknown_state", "start"),
    ("transition from a missing state", FLOW, "from: [doing]", "from: [doign]", "unknown_state", "finish"),
    ("unknown first state", FLOW, "on: task", "on: task\ninitial: opne", "unknown_state", "machine/task"),
    ("role that does not exist", FLOW, "who: [worker]", "who: [wroker]", "unknown_role", "start"),
    ("unknown role in a guard", FLOW, "from_whom: boss", "from_whom: bos", "unknown_role", "paid"),
    ("unknown field that is needed", FLOW, "needs: [project]", "needs: [projekt]", "unknown_field", "start"),
    ("action on an unknown field", FLOW, "{area:", "{aera:", "unknown_field", "doing"),
    ("action on a field that is worked out", FLOW, "{area: '\"home\"'}", "{hours: '1'}", "not_writable", "doing"),
    ("action that makes an unknown record", FLOW, "entity: project", "entity: projekt", "unknown_entity", "finish"),
    ("action with another type", FLOW, "fields: {name: ask.result}", "fields: {budget: ask.result}", "formula_type", "finish"),
    ("unreachable state", FLOW, "  done: closed\n", "  done: closed\n  lost: closed\n", "unreachable_state", "states.lost"),
    ("dead end", FLOW, "  again: {from: done, to: open, who: [boss]}\n", "  wait: {from: doing, to: waiting, who: [boss]}\n", "unknown_state", "wait"),
    ("guard that can never hold", FLOW, "cost > 0, from_whom", "'AND(cost > 5, cost < 5)', from_whom", "guard_never", "paid"),
    ("guard against the state it starts from", FLOW, "cost > 0, from_whom", "state = \"open\", from_whom", "guard_never", "paid"),
    ("guard against what is needed", FLOW, "who: [worker]\n    needs: [project]", "who: [worker]\n    needs: [cost]\n    when: ISBLANK(cost)", "guard_never", "start.guards.when"),
    ("validation that no record meets", TASK, "holds: ISBLANK(due) = FALSE", "holds: 'AND(ISBLANK(due), due > DATE(2020, 1, 1))'", "validation_never", "has_time"),
    ("approval by an unknown role", FLOW, PAID, f"{PAID}\n    approvals: {{look: bos}}", "unknown_role", "finish.approvals.look"),
    ("approval by nobody", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{mode: any}}}}", "approver_unclear", "finish.approvals.look"),
    ("approval by two ways", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, chain: 1}}}}", "approver_unclear", "finish.approvals.look"),
    ("approval by what is no person", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{relation: project.name}}}}", "no_person", "finish.approvals.look"),
    ("approval by a rule that gives no person", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{person: cost + 1}}}}", "no_person", "finish.approvals.look"),
    ("approval along a path that leads nowhere", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{relation: owner.bos}}}}", "unknown_field", "finish.approvals.look"),
    ("votes without a number", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, mode: votes}}}}", "missing", "finish.approvals.look"),
    ("votes that nobody counts", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, votes: 2}}}}", "useless_key", "finish.approvals.look"),
    ("deadline without hours", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, on_due: approve}}}}", "useless_key", "finish.approvals.look"),
    ("deadline by no calendar", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, due: 8, counts: moon}}}}", "unknown_calendar", "finish.approvals.look"),
    ("hours of no deadline", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, counts: elapsed}}}}", "useless_key", "finish.approvals.look"),
    ("approval by the requester", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, self: true}}}}", "own_approval", "finish.approvals.look"),
    ("approval by the owner", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{relation: owner}}}}", "own_approval", "finish.approvals.look"),
    ("approval that never counts", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, when: 'AND(cost > 5, cost < 5)'}}}}", "approval_never", "finish.approvals.look"),
    ("side by side, but apart", FLOW, PAID, f"{PAID}\n    approvals: {{a: {{role: boss, side_by_side: x}}, b: boss, c: {{role: boss, side_by_side: x}}}}", "split_group", "finish.approvals.c"),
    ("return to a step that is not there", FLOW, PAID, f"{PAID}\n    approvals: {{look: {{role: boss, returns_to: previous}}}}", "no_previous", "finish.approvals.look"),
    ("step when declined that is not there", FLOW, PAID, f"{PAID}\n    on_decline: agian\n    approvals: {{look: boss}}", "unknown_transition", "finish"),
    ("step when declined that starts elsewhere", FLOW, PAID, f"{PAID}\n    on_decline: again\n    approvals: {{look: boss}}", "bad_decline", "finish"),
    ("free field that is not there", FLOW, PAID, f"{PAID}\n    free_fields: [nmae]\n    approvals: {{look: boss}}", "unknown_field", "finish"),
    ("shown field that is not there", FLOW, PAID, f"{PAID}\n    shows: [nmae]\n    approvals: {{look: boss}}", "unknown_field", "finish"),
    ("unknown label", "labels_zh", "name: 名称", "nmae: 名称", "unknown_label", ""),
    ("broken YAML", TASK, "fields:", "fields: [", "yaml", ""),
]


def test_the_sound_package_has_no_finding(tmp_path: Path) -> None:
    assert [f.line() for f in world.findings(tmp_path)] == []


@pytest.mark.parametrize(("file", "old", "new", "code", "uid"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_planted_fault_is_found(tmp_path: Path, file: str, old: str, new: str, code: str, uid: str) -> None:
    found = world.findings(tmp_path, world.changed(**{file: (old, new)}))
    fitting = [f for f in found if f.code.startswith(code) and uid in f.uid]
    assert fitting, "\n".join(f.line() for f in found) or "nothing found"
    for finding in fitting:
        assert finding.source.startswith("work/"), finding
        assert ":" in finding.source
        assert finding.message.to("zh") != finding.message.to("en")  # type: ignore[union-attr]


def test_enough_faults_are_planted() -> None:
    assert len(FAULTS) >= 40


def test_a_dead_end_has_the_way_to_it_as_its_witness(tmp_path: Path) -> None:
    files = world.changed(workflows_task=("  done: closed\n", "  done: closed\n  stuck: open\n"))
    files["workflows/task.yaml"] += "  stick: {from: doing, to: stuck, who: [boss]}\n"
    found = [f for f in world.findings(tmp_path, files) if f.code == "dead_end"]
    assert [f.witness for f in found] == [{"way": ["start", "stick"]}]


def test_kinds_that_take_each_other_along_are_a_circle(tmp_path: Path) -> None:
    files = world.changed(entities_task=("to: project, where", "to: project, on_delete: with, where"))
    assert world.codes(world.findings(tmp_path, files)) == set()
    files["entities/project.yaml"] = files["entities/project.yaml"].replace("  tasks:", "  main: {type: reference, to: task, on_delete: with}\n  tasks:")
    (found,) = [f for f in world.findings(tmp_path, files) if f.code == "on_delete_circle"]
    assert found.severity == "error" and sorted(found.witness["circle"]) == ["project.main", "task.project"]


def test_two_machines_share_no_transition(tmp_path: Path) -> None:
    files = world.changed(workflows_task=("machine: task", "machine: task"))
    files["workflows/task.yaml"] += "---\nmachine: review\non: task\nstates: {waiting: open, seen: closed}\ntransitions: {start: {from: waiting, to: seen}}\n"
    assert "doubled_transition" in world.codes(world.findings(tmp_path, files))


def test_a_further_machine_is_no_field_of_the_same_name(tmp_path: Path) -> None:
    files = world.changed(workflows_task=("machine: task", "machine: task"))
    files["workflows/task.yaml"] += "---\nmachine: area\non: task\nstates: {waiting: open, seen: closed}\ntransitions: {see: {from: waiting, to: seen}}\n"
    assert "machine_is_field" in world.codes(world.findings(tmp_path, files))


def test_a_step_of_roles_that_see_nothing_is_reported(tmp_path: Path) -> None:
    files = world.changed(workflows_task=("who: [boss]", "who: [admin]"))
    found = [f for f in world.findings(tmp_path, files) if f.code == "nobody_may"]
    assert [f.witness["roles"] for f in found] == [["admin"]]


def test_an_entity_nobody_may_read_is_a_warning(tmp_path: Path) -> None:
    files = world.changed(groups=("group: daily\n", "group: daily\n---\nentity: note\nfields: {text: text}\n"))
    found = [(f.code, f.severity) for f in world.findings(tmp_path, files)]
    assert found == [("nobody_sees", "warning")]


def test_all_faults_are_found_at_once(tmp_path: Path) -> None:
    files = world.changed(entities_task=("governed_by: area", "governed_by: aera"), workflows_task=("to: doing", "to: doign"), views_task=("roles: [worker]", "roles: [wroker]"))
    assert {"unknown_field", "unknown_state", "unknown_role"} <= world.codes(world.findings(tmp_path, files))


def test_an_element_that_is_broken_is_not_reported_as_missing_everywhere(tmp_path: Path) -> None:
    found = world.findings(tmp_path, world.changed(entities_task=("cost: {type: decimal, places: 2}", "cost: {type: decimal, plases: 2}")))
    assert {f.code for f in found} == {"unknown_key"}, [f.line() for f in found]


def test_a_guard_beyond_the_cap_is_said_to_be_unproved(tmp_path: Path) -> None:
    fields = "".join(f"  n{i}: {{type: decimal}}\n" for i in range(8))
    files = world.changed(
        entities_task=("  cost: {type", f"{fields}  cost: {{type"),
        workflows_task=("cost > 0, from_whom", f"'AND({', '.join(f'n{i} > {i}, n{i} < {i}' for i in range(8))})', from_whom"),
    )
    assert [(f.code, f.severity) for f in world.findings(tmp_path, files)] == [("not_proved", "info")]


def test_sound_approvals_have_no_finding(tmp_path: Path) -> None:
    steps = "{look: boss, more: {relation: owner.manager, when: cost > 100, mode: all, due: 24, on_due: pass_up}, last: {person: project.owner}}"
    files = world.changed(workflows_task=(PAID, f"{PAID}\n    free_fields: [note]\n    shows: [name, cost]\n    approvals: {steps}"))
    assert [f.line() for f in world.findings(tmp_path, files)] == []


def test_approvals_survive_writing_and_reading(tmp_path: Path) -> None:
    from kernel.model.document import Lines, flatten, nest

    files = world.changed(workflows_task=(PAID, f"{PAID}\n    approvals: {{look: boss, more: {{role: boss, mode: votes, votes: 2, side_by_side: x}}}}"))
    app = world.application(tmp_path, files)
    found = app.transition("task", "finish")
    assert found is not None and [(s.key, s.role, s.mode, s.votes, s.side_by_side) for s in found[1].approvals] == [
        ("look", "boss", "any", None, None), ("more", "boss", "votes", 2, "x")]
    problems: list[object] = []
    written = next(d for d in nest(app.tree) if d.get("machine") == "task")
    again = flatten(written, "work", Lines(), problems)  # type: ignore[arg-type]
    assert problems == []
    assert {u: dict(n.props) for u, n in again.items()} == {u: dict(app.tree[u].props) for u in again}
    assert "work:machine/task.transitions.finish.approvals.more" in again


@pytest.mark.parametrize(
    "look",
    [
        "as: calendar\nstarts: due", "as: timeline\nstarts: created_at\nends: due\ngroup_by: owner", "as: board\ngroup_by: area\nlimits: {home: 3}\ntotal: cost\ncard: [name, owner]",
        "as: board\ngroup_by: state\nlimits: {open: {most: 3, hard: true}, doing: 5}",
    ],
)
def test_sound_looks_have_no_finding_and_survive_writing_and_reading(tmp_path: Path, look: str) -> None:
    from kernel.model.document import Lines, flatten, nest

    files = world.changed(views_task=("as: board\ngroup_by: state", look))
    assert [f.line() for f in world.findings(tmp_path, files)] == []
    app = world.application(tmp_path, files)
    written = next(d for d in nest(app.tree) if d.get("view") == "board")
    problems: list[object] = []
    again = flatten(written, "work", Lines(), problems)  # type: ignore[arg-type]
    assert problems == [] and dict(again["work:view/board"].props) == dict(app.tree["work:view/board"].props)
