"""A small sound package for tests of design time, and ways to change it."""


from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from builder.checks.finding import Finding
from builder.checks.run import check
from builder.layers.resolve import Effective, resolve
from builder.packages import catalogue
from builder.packages.package import Package
from builder.packages.reader import read_package
from kernel.model import application as model
from kernel.model.application import Application

FILES: dict[str, str] = {
    "package.yaml": "package: work\nversion: 1.0.0\ndepends: [platform]\nlanguages: [zh, en]\nlabels: {zh: 工作, en: Work}\n",
    "groups.yaml": "group: daily\n",
    "parameters.yaml": "parameter: big\ntype: number\nvalue: 1000\nmin: 0\nmax: 100000\n---\nparameter: patience\ntype: duration\nvalue: 900\n",
    "options/kinds.yaml": (
        "option_set: area\noptions: [home, office]\n---\n"
        "option_set: kind\noptions:\n  repair: {parent: home, colour: blue}\n  build: {parent: office}\n  plan: {}\n"
    ),
    "entities/project.yaml": (
        "entity: project\ntitle: \"{name}\"\ngroup: daily\nsort: [name]\nfields:\n  name: {type: text, max: 80, required: true}\n"
        "  budget: {type: money, currency: CNY}\n  tasks: {type: referring, from: task.project}\n"
        "  spent: {type: rollup, from: task.project, field: cost, function: sum}\n"
    ),
    "entities/task.yaml": """\
entity: task
title: "{name} {kind}"
group: daily
facts: [due, project.name]
tracked: [state, owner, kind]
sort: [-due]
fields:
  name: {type: text, max: 80, required: true}
  area: {type: choice, options: area}
  kind: {type: choice, options: kind, governed_by: area}
  due: {type: date, default: TODAY() + 7}
  cost: {type: decimal, places: 2}
  project: {type: reference, to: project, where: NOT(ISBLANK(name))}
  helpers: {type: references, to: person}
  done_by: {type: user}
  steps:
    type: rows
    fields:
      what: {type: text, required: true}
      hours: {type: decimal}
  hours: {type: computed, value: SUM(steps.hours)}
  size: {type: computed, value: 'IF(cost >= param.big, "large", "small")'}
  note: {type: long_text, show_when: cost > 0}
validations:
  has_time: {holds: ISBLANK(due) = FALSE, at: [due]}
""",
    "workflows/task.yaml": """\
machine: task
on: task
states:
  open: open
  doing: {category: open, on_entry: [{do: set, fields: {area: '"home"'}}]}
  done: closed
transitions:
  start:
    from: open
    to: doing
    who: [worker]
    needs: [project]
    actions: [{do: comment, text: "{name} begins"}]
  finish:
    from: [doing]
    to: done
    guards: {paid: {holds: cost > 0, from_whom: boss}}
    asks: {result: {type: long_text, required: true}}
    actions: [{do: create, entity: project, fields: {name: ask.result}}]
  again: {from: done, to: open, who: [boss]}
""",
    "forms/task.yaml": """\
form: task
entity: task
sections:
  main: {items: [name, area, kind, due, project]}
  more: {show_when: cost > 0, items: {cost: {}, helpers: {}, done_by: {}, steps: {wide: true}, hours: {}, size: {}, note: {}}}
""",
    "views/task.yaml": """\
view: mine
entity: task
where: 'AND(owner = me, state = "open")'
columns: [name, kind, project.name, due]
sort: [-due]
roles: [worker]
---
view: board
entity: task
as: board
group_by: state
""",
    "roles/roles.yaml": """\
role: worker
rights:
  task: {read: team, create: true, update: own, fields: {cost: {write: false}, steps.hours: {read: false}}, states: {done: {update: none, read_only: [name]}}}
  project: {read: all}
---
role: boss
can: [design]
member_when: ISBLANK(manager)
rights:
  task: {read: all, create: true, update: all, delete: all, assign: all}
  project: {read: all, create: true, update: all}
""",
    "labels/zh.yaml": """\
task: {_: 任务, name: 名称, kind: {_: 种类, help: 做什么}, steps: {_: 步骤, what: 内容}, start: 开始}
machine/task: {open: 未开始, doing: 进行中, done: 已完成, finish: {_: 完成, paid: 先填费用}}
option_set/kind: {repair: 修理}
role/worker: 工人
""",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """The files on disk."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def changed(**replaced: tuple[str, str]) -> dict[str, str]:
    """``FILES`` with a part of some files replaced; ``entities_task=("old", "new")`` is about entities/task.yaml."""
    files = dict(FILES)
    for name, (old, new) in replaced.items():
        key = next(k for k in files if k.removesuffix(".yaml").replace("/", "_") == name)
        assert old in files[key], f"{old!r} is not in {key}"
        files[key] = files[key].replace(old, new, 1)
    return files


def packages(folder: Path, files: dict[str, str] | None = None) -> list[Package]:
    """The platform's package and this one."""
    return [*catalogue.load("platform"), read_package(write(folder, files or FILES))]


def effective(folder: Path, files: dict[str, str] | None = None) -> Effective:
    return resolve(packages(folder, files))


def findings(folder: Path, files: dict[str, str] | None = None) -> list[Finding]:
    return check(effective(folder, files))


def application(folder: Path, files: dict[str, str] | None = None) -> Application:
    """The application; fails with the findings when there are any."""
    found = effective(folder, files)
    wrong = [f.line() for f in check(found) if f.severity == "error"]
    assert not wrong, "\n".join(wrong)
    return model.build(found.tree)


def codes(found: Iterable[Finding]) -> set[str]:
    return {f.code for f in found}
