"""Plans are a pure function: before, after, expected operations."""

# ruff: noqa: E501 - tables read better in long lines
from __future__ import annotations

from pathlib import Path

import pytest

from builder.changes import ops
from builder.changes.indexes import Index
from builder.changes.plan import Facts, Retired, plan, used_names
from builder.changes.storage import signature
from kernel.i18n import Labels
from kernel.model.application import Application
from kernel.model.tables import assign_names
from tests.unit.builder import world


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return world.application(tmp_path_factory.mktemp("base"))


def after(folder: Path, **replaced: tuple[str, str]) -> Application:
    return world.application(folder, world.changed(**replaced))


def planned(old: Application, new: Application, facts: Facts | None = None) -> ops.Plan:
    columns = assign_names(old, {}, {})
    return plan(old, new, columns, facts or Facts(used_names(old, columns, {})))


def did(found: ops.Plan) -> list[tuple[str, str]]:
    return [(o.KIND, o.uid) for o in found.operations]


def test_the_first_plan_makes_tables_then_indexes(base: Application) -> None:
    found = plan(None, base, {})
    kinds = [o.KIND for o in found.operations]
    assert set(kinds) == {"create_table", "create_index"}
    assert kinds == sorted(kinds, reverse=True)
    assert [o.table for o in found.of(ops.CreateTable) if o.uid.startswith("work:task")] == ["e_task", "l_task_helpers", "c_task_steps"]
    assert not found.destructive


def test_nothing_changed_is_an_empty_plan(base: Application) -> None:
    found = planned(base, base)
    assert found.operations == () and found.columns == assign_names(base, {}, {})


def test_labels_and_rules_need_no_operation(base: Application, tmp_path: Path) -> None:
    assert did(planned(base, after(tmp_path, entities_task=("show_when: cost > 0", "show_when: cost > 7"), labels_zh=("名称", "标题")))) == []


def test_a_new_field_is_a_column(base: Application, tmp_path: Path) -> None:
    found = planned(base, after(tmp_path, entities_task=("  note:", "  extra: {type: money, currency: CNY}\n  note:")))
    assert [(o.KIND, o.table, o.columns) for o in found.of(ops.AddColumns)] == [("add_columns", "e_task", ("extra", "extra_cur"))]
    assert str(found.operations[0].describe()) == "Add “Extra” to “任务”."
    assert isinstance(found.operations[0].reverse(), ops.RetireColumns)


def test_a_field_that_is_gone_is_hidden_and_its_name_never_used_again(base: Application, tmp_path: Path) -> None:
    new = after(tmp_path / "a", entities_task=("  cost: {type: decimal, places: 2}\n", "  cost: {type: decimal, places: 2, uid: 'work:task.price'}\n"))
    found = planned(base, new)
    assert [(o.KIND, getattr(o, "columns", ())) for o in found.operations if o.uid.startswith("work:task.") and o.KIND != "fill"] == [("add_columns", ("cost_2",)), ("retire_columns", ("cost",))]
    assert [o.uid for o in found.destructive] == ["work:task.cost"]
    assert found.destructive[0].needs == ops.Need("values", "task", "cost")


def test_a_renamed_field_keeps_its_column(base: Application, tmp_path: Path) -> None:
    files = {k: v.replace("helpers", "mates") for k, v in world.FILES.items()}
    files["entities/task.yaml"] = files["entities/task.yaml"].replace("mates: {type: references", "mates: {uid: 'work:task.helpers', type: references")
    found = planned(base, world.application(tmp_path, files))
    assert did(found) == [("rename", "work:task.helpers")]
    assert found.columns["work:task.helpers"] == "l_task_helpers"


def test_a_renamed_entity_keeps_its_table(base: Application, tmp_path: Path) -> None:
    files = {k: v.replace("entity: project", "entity: venture\nuid: 'work:project'" if k.startswith("entities") else "entity: venture").replace("to: project", "to: venture").replace("  project: {read", "  venture: {read") for k, v in world.FILES.items()}
    found = planned(base, world.application(tmp_path, files))
    assert ("rename", "work:project") in did(found)
    assert not list(found.of(ops.CreateTable, ops.RetireTable))
    assert found.columns["work:project"] == "e_project"


@pytest.mark.parametrize(("old", "new", "kinds", "destroys"), [
    ("cost: {type: decimal, places: 2}", "cost: {type: decimal, places: 4}", ["convert_columns"], False),
    ("cost: {type: decimal, places: 2}", "cost: {type: decimal, places: 0}", ["convert_columns"], True),
    ("note: {type: long_text,", "note: {type: text,", [], False),
    ("done_by: {type: user}", "done_by: {type: team}", ["add_columns", "retire_columns"], True),
    ("due: {type: date, default: TODAY() + 7}", "due: {type: datetime}", ["convert_columns"], False),
    ("helpers: {type: references, to: person}", "helpers: {type: text}", ["add_columns", "retire_table"], True),
])
def test_another_type_converts_what_can_be_converted(base: Application, tmp_path: Path, old: str, new: str, kinds: list[str], destroys: bool) -> None:
    files = world.changed(entities_task=(old, new))
    files["entities/task.yaml"] = files["entities/task.yaml"].replace("validations:\n  has_time: {holds: ISBLANK(due) = FALSE, at: [due]}\n", "")
    found = planned(base, world.application(tmp_path, files))
    assert [o.KIND for o in found.operations if o.uid.startswith("work:task.") and o.KIND not in ("create_index", "drop_index", "fill")] == kinds
    assert bool(found.destructive) is destroys


def test_indexes_follow_the_metadata(base: Application, tmp_path: Path) -> None:
    new = after(tmp_path, entities_task=("  done_by: {type: user}", "  done_by: {type: user, unique: true}"), views_task=("sort: [-due]", "sort: [cost]"))
    found = planned(base, new)
    made = {o.index.columns: o for o in found.of(ops.CreateIndex)}
    assert made["done_by",].index.unique and made["done_by",].uid == "work:task.done_by"
    assert made["done_by",].needs == ops.Need("doubled", "task", "done_by")
    assert any("cost" in columns for columns in made)
    assert not found.destructive
    back = plan(new, base, found.columns)
    assert {o.index.columns for o in back.of(ops.DropIndex)} == set(made)


def test_required_options_states_and_derived_fields_are_said(base: Application, tmp_path: Path) -> None:
    files = world.changed(
        entities_task=("done_by: {type: user}", "done_by: {type: user, required: true}"), options_kinds=("  plan: {}\n", ""),
        workflows_task=("  again: {from: done, to: open, who: [boss]}\n", ""),
    )
    files["entities/task.yaml"] = files["entities/task.yaml"].replace("SUM(steps.hours)", "SUM(steps.hours) * 2")
    found = planned(base, world.application(tmp_path, files))
    assert did(found) == [("option_gone", "work:task.kind"), ("needs_fill", "work:task.done_by"), ("fill", "work:task.hours")]
    assert next(found.of(ops.OptionGone)).needs == ops.Need("holding", "task", "kind", "plan")
    assert next(found.of(ops.NeedsFill)).needs == ops.Need("blank", "task", "done_by")


def test_what_was_hidden_comes_back_with_its_column(base: Application, tmp_path: Path) -> None:
    files = world.changed(entities_task=("  done_by: {type: user}\n", ""), forms_task=("done_by: {}, ", ""))
    less = world.application(tmp_path, files)
    columns = assign_names(base, {}, {})
    without = plan(base, less, columns, Facts(used_names(base, columns, {}))).columns
    field = base.entity("task").field("done_by")
    facts = Facts(used_names(less, without, {"e_task": {"done_by"}}), {field.uid: Retired("done_by", signature(field, base), "e_task")})
    found = plan(less, base, without, facts)
    assert [o.KIND for o in found.operations if o.KIND != "create_index"] == ["restore_columns"]
    assert found.columns[field.uid] == "done_by"
    changed = Facts(facts.used, {field.uid: Retired("done_by", "another", "e_task")})
    found = plan(less, base, without, changed)
    assert [o.KIND for o in found.operations if o.KIND != "create_index"] == ["add_columns"]
    assert found.columns[field.uid] == "done_by_2"


def test_an_entity_that_is_gone_is_hidden_whole(base: Application, tmp_path: Path) -> None:
    files = {k: v for k, v in world.FILES.items() if "task" not in k and k != "roles/roles.yaml"}
    files["entities/project.yaml"] = 'entity: project\ntitle: "{name}"\nfields:\n  name: {type: text, max: 80, required: true}\n  budget: {type: money, currency: CNY}\n'
    files["roles/roles.yaml"] = "role: boss\nrights:\n  project: {read: all}\n"
    files["labels/zh.yaml"] = ""
    found = planned(base, world.application(tmp_path, files))
    assert {o.table for o in found.of(ops.RetireTable)} == {"e_task", "c_task_steps", "l_task_helpers"}
    assert all(o.destroys for o in found.of(ops.RetireTable))


def test_every_operation_speaks_both_languages_and_is_json(base: Application, tmp_path: Path) -> None:
    label = Labels({"zh": "甲", "en": "A"}, "a")
    samples: list[ops.Operation] = [
        ops.CreateTable("u", label, "t"), ops.CreateTable("u", label, "t", "rows"), ops.CreateTable("u", label, "t", "links"), ops.RetireTable("u", label, "t"), ops.RestoreTable("u", label, "t"),
        ops.AddColumns("u", label, "t", ("c",), label), ops.RetireColumns("u", label, "t", ("c",), label), ops.RestoreColumns("u", label, "t", ("c",), label),
        ops.ConvertColumns("u", label, "t", ("c",), ("d",), "e", "c", "text", "integer", label), ops.CreateIndex("u", label, Index("i", "t", ("c",))), ops.CreateIndex("u", label, Index("u", "t", ("c",), unique=True)),
        ops.DropIndex("u", label, Index("i", "t", ("c",))), ops.DropIndex("u", label, Index("u", "t", ("c",), unique=True)), ops.Fill("u", label, "e", ("f",)), ops.NeedsFill("u", label, "e", "f"),
        ops.OptionGone("u", label, "e", "f", "v", label), ops.Rename("u", label, "a", "b"), ops.Purge("u", label, "t"),
    ]
    assert {type(s) for s in samples} == set(ops.Operation.__subclasses__())
    for sample in samples:
        said = sample.to_json()
        assert said["text"]["zh"] != said["text"]["en"] and "{" not in said["text"]["zh"]
        back = sample.reverse()
        assert back is None or back.uid == "u"
