"""A small neutral application, published on a tenant, and an admin who is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from builder.packages.catalogue import load_all
from builder.packages.package import Manifest, Package
from builder.packages.reader import read_documents
from builder.publish.publish import PublishResult, publish
from builder.web.urls import ROUTES
from kernel.platform.database import Home
from kernel.platform.releases import Release, current
from kernel.web.application import seal
from kernel.web.routes import mount
from tests.factories.platform import csrf_of, make_account, make_app, make_tenant, signed_in

APPLICATION = """\
entity: task
title: "{name}"
icon: clipboard-check
facts: [due, budget]
fields:
  name:   {type: text, max: 80, required: true}
  due:    {type: date, default: TODAY() + 7}
  budget: {type: money, currency: CNY}
  kind:   {type: choice, options: task_kind}
  size:   {type: computed, value: 'IF(budget >= param.big, "large", "small")'}
validations:
  not_past: {holds: "due >= DATE(2020, 1, 1)", at: [due]}
---
option_set: task_kind
options: [repair, build, paint]
---
parameter: big
type: number
value: 1000
min: 0
max: 5000
---
parameter: answer_in
type: duration
value: 7200
---
parameter: strict
type: boolean
value: false
---
machine: task
on: task
states: {open: open, doing: open, check: open, done: won, dropped: lost, hold: {category: open, on_path: false, colour: amber}}
transitions:
  start:  {from: open, to: doing, needs: [budget], primary: true}
  review: {from: doing, to: check}
  back:   {from: check, to: doing}
  finish: {from: check, to: done, when: budget > 0}
  drop:   {from: [open, doing, check], to: dropped}
  pause:  {from: doing, to: hold}
  resume: {from: hold, to: doing}
---
form: task
entity: task
sections: {main: {items: [name, due, budget, kind, size]}}
---
view: large
entity: task
columns: [name, due, budget]
where: budget > param.big
sort: [-due]
---
role: worker
rights:
  task: {read: team, create: true, update: own, fields: {budget: {write: false}}}
---
role: chief
can: [design]
rights:
  task: {read: all, create: true, update: "budget < 100", delete: own, assign: team}
---
labels: en
task: {_: Task, name: Name, due: Due, budget: Budget, kind: Kind, size: Size, not_past: It must not be due before 2020.}
option_set/task_kind: {_: Kinds of tasks, repair: Repair, build: Build, paint: Paint}
machine/task:
  {_: Course of a task, open: New, doing: In work, check: In review, done: Done, dropped: Dropped, hold: On hold,
   start: Start, review: Hand in, back: Send back, finish: Accept, drop: Drop, pause: Pause, resume: Resume}
parameter/big: Large from
parameter/answer_in: Answer within
parameter/strict: Strict
role/worker: Worker
role/chief: Chief
view/large: Large ones
---
labels: zh
task: {_: 任务, name: 名称, due: 到期日, budget: 预算, kind: 种类, size: 规模, not_past: 到期日不能早于 2020 年}
option_set/task_kind: {_: 任务种类, repair: 维修, build: 新建, paint: 粉刷}
machine/task:
  {_: 任务流程, open: 未开始, doing: 进行中, check: 待检查, done: 已完成, dropped: 已放弃, hold: 搁置,
   start: 开始, review: 提交检查, back: 退回修改, finish: 通过, drop: 放弃, pause: 暂停, resume: 继续}
parameter/big: 大额门槛
parameter/answer_in: 响应时限
parameter/strict: 严格模式
role/worker: 员工
role/chief: 主管
view/large: 大额任务
"""


def application_package(text: str = APPLICATION, key: str = "office") -> Package:
    """The application above as a package that stands on the system's."""
    read = read_documents(text, "office.yaml", key)
    return Package(Manifest(key, "1.0.0", "module", labels={"zh": "办公", "en": "Office"}), overlay=read.overlay, labels=read.labels)


@dataclass
class Desk:
    """A tenant with its admin at work."""

    app: Flask
    home: Home
    client: FlaskClient
    clock: Any

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(f"/t/acme/design/{path}", **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        form = {"csrf_token": csrf_of(self.client, self.app, "acme"), **(data or {})}
        return self.client.post(f"/t/acme/design/{path}", data=form, **options)

    def publish_elsewhere(self, text: str) -> PublishResult:
        """What a colleague does at the same time."""
        from builder.publish.tenant_overlay import add_documents

        return add_documents(self.home, text, clock=self.clock, by="person-bob", note="elsewhere")

    @property
    def release(self) -> Release:
        with self.home.read() as conn:
            return current(conn)


def make_worker(home: Home, clock: Any, login: str, name: str, role: str) -> str:
    """A person with a record and a sign-in; returns the id."""
    id_ = make_account(home, login, roles=[role], language="en")
    with home.write() as conn:
        release = current(conn)
        person = release.tables.of("person")
        conn.execute(person.table.insert().values({
            "id": id_, "version": 1, "created_at": clock.now(), "updated_at": clock.now(), "release_id": release.id,
            person.main("name").name: name, person.main("active").name: True}))
    return id_


@pytest.fixture
def desk(settings, clock) -> Iterator[Desk]:
    app = make_app(settings, clock)
    mount(app, ROUTES)
    home = make_tenant(app)
    publish(home, None, clock=clock, packages=[*load_all(["platform"]), application_package()])
    ann = make_worker(home, clock, "ann", "Ann", "chief")
    yield Desk(seal(app), home, signed_in(app, home, "acme", ann), clock)
    app.extensions["fangyuan"].databases.dispose()
