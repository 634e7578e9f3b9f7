"""An application with neutral words, big enough for every screen: projects and tasks, two people, two teams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import insert, update

from kernel.errors import Problem
from kernel.model import system, tables, tree
from kernel.model.application import build
from kernel.model.document import Lines, flatten
from kernel.platform import accounts, releases, tenants
from kernel.platform import tables as t
from kernel.platform.clock import Clock
from kernel.platform.ctx import system_ctx
from kernel.platform.database import Home
from kernel.platform.settings import Settings
from kernel.web.application import Web, create_flask, seal
from kernel.web.routes import mount
from runtime.records import road
from runtime.records.record import Input
from tests.factories.platform import make_account, make_app, make_tenant


def l(zh: str, en: str) -> dict[str, str]:  # noqa: E743
    """A label in both languages."""
    return {"zh": zh, "en": en}


OPTIONS = [
    {"option_set": "priority", "options": {
        "high": {"labels": l("高", "High"), "colour": "red"}, "normal": {"labels": l("中", "Normal"), "colour": "blue"}, "low": {"labels": l("低", "Low"), "colour": "grey"}}},
    {"option_set": "area", "options": {"office": {"labels": l("办公", "Office")}, "site": {"labels": l("现场", "On site")}}},
    {"option_set": "kind", "options": {
        "writing": {"labels": l("文档", "Writing"), "parent": "office"}, "call": {"labels": l("电话", "Call"), "parent": "office"},
        "repair": {"labels": l("维修", "Repair"), "parent": "site"}, "check": {"labels": l("巡检", "Inspection"), "parent": "site"}}},
    {"option_set": "label", "options": {"urgent": {"labels": l("加急", "Rush"), "colour": "amber"}, "paid": {"labels": l("收费", "Paid"), "colour": "green"}, "quiet": {"labels": l("不急", "No hurry")}}},
]

PROJECT = {
    "entity": "project", "labels": l("项目", "Projects"), "title": "{name}", "icon": "briefcase", "group": "work", "facts": ["budget", "ends"],
    "fields": {
        "name": {"type": "text", "required": True, "max": 60, "labels": l("名称", "Name")},
        "budget": {"type": "money", "labels": l("预算", "Budget")},
        "ends": {"type": "date", "labels": l("结束", "Ends")},
        "region": {"type": "choice", "options": "area", "labels": l("地点", "Place")},
        "open_hours": {"type": "rollup", "from": "task.project", "field": "effort", "labels": l("工时合计", "Hours in all")},
    },
}

TASK = {
    "entity": "task", "labels": l("任务", "Tasks"), "title": "{title}", "icon": "checkbox", "group": "work", "facts": ["due", "budget", "priority"],
    "tracked": ["state", "owner"],
    "fields": {
        "title": {"type": "text", "required": True, "max": 80, "labels": l("标题", "Title"), "placeholder": l("要做什么", "What is to be done")},
        "project": {"type": "reference", "to": "project", "create": True, "labels": l("项目", "Project")},
        "priority": {"type": "choice", "options": "priority", "default": '"normal"', "labels": l("优先级", "Priority")},
        "area": {"type": "choice", "options": "area", "look": "select", "labels": l("地点", "Place")},
        "kind": {"type": "choice", "options": "kind", "look": "select", "governed_by": "area", "labels": l("类别", "Kind")},
        "due": {"type": "date", "tracked": True, "labels": l("截止", "Due")},
        "starts": {"type": "datetime", "labels": l("开始", "Starts")},
        "effort": {"type": "decimal", "places": 1, "min": 0, "unit": l("小时", "h"), "labels": l("工时", "Effort"), "help": l("预计要多少小时", "How many hours it may take")},
        "rate": {"type": "money", "labels": l("单价", "Rate")},
        "budget": {"type": "money", "labels": l("预算", "Budget")},
        "done_share": {"type": "percent", "labels": l("完成度", "Done")},
        "urgent": {"type": "boolean", "labels": l("加急", "Urgent")},
        "reason": {"type": "text", "labels": l("加急原因", "Why urgent"), "show_when": "urgent", "required_when": "urgent"},
        "contact": {"type": "phone", "labels": l("联系电话", "Phone")},
        "helper": {"type": "user", "labels": l("协助人", "Helper")},
        "labels_": {"type": "choices", "options": "label", "labels": l("标签", "Labels")},
        "rank_stars": {"type": "rating", "labels": l("难度", "Difficulty")},
        "summary": {"type": "long_text", "min_length": 10, "labels": l("说明", "Summary"), "help": l("至少 10 个字", "At least 10 characters")},
        "place": {"type": "address", "locate": True, "labels": l("地址", "Address")},
        "photos": {"type": "images", "capture": True, "labels": l("照片", "Photos")},
        "items": {"type": "rows", "labels": l("明细", "Items"), "fields": {
            "name": {"type": "text", "required": True, "labels": l("内容", "Item")},
            "hours": {"type": "decimal", "places": 1, "labels": l("小时", "Hours")},
            "price": {"type": "decimal", "places": 2, "labels": l("单价", "Price")},
            "cost": {"type": "computed", "value": "hours * price", "labels": l("金额", "Cost")}}},
        "total": {"type": "computed", "value": "SUM(items.cost)", "labels": l("明细合计", "Items in all")},
        "level": {"type": "computed", "value": 'IF(effort >= 40, "L", IF(effort >= 8, "M", "S"))', "labels": l("规模", "Size")},
        "notes": {"type": "referring", "from": "note.task", "labels": l("纪要", "Notes")},
    },
    "validations": {"order": {"holds": "OR(ISBLANK(budget), ISBLANK(rate), budget >= rate)", "at": ["budget"], "labels": l("预算不能低于单价", "The budget may not be below the rate")}},
}

NOTE = {
    "entity": "note", "labels": l("纪要", "Notes"), "title": "{text}", "icon": "message-2", "group": "work",
    "fields": {"text": {"type": "text", "required": True, "labels": l("内容", "Text")}, "task": {"type": "reference", "to": "task", "labels": l("任务", "Task")}, "on": {"type": "date", "labels": l("日期", "Day")}},
}

MACHINE = {
    "machine": "task", "entity": "task", "labels": l("进度", "Progress"),
    "states": {
        "open": {"labels": l("待办", "To do")}, "doing": {"labels": l("进行中", "In progress")}, "review": {"labels": l("待验收", "In review"), "colour": "violet"},
        "done": {"labels": l("已完成", "Done"), "category": "won"}, "dropped": {"labels": l("已取消", "Dropped"), "category": "lost"}},
    "transitions": {
        "start": {"from": "open", "to": "doing", "primary": True, "labels": l("开始做", "Start"), "needs": ["effort"]},
        "finish": {"from": "doing", "to": "review", "primary": True, "labels": l("提交验收", "Hand in"),
                   "guards": {"noted": {"holds": "COUNT(notes) >= 1", "labels": l("至少一条纪要", "At least one note")}, "described": {"holds": "NOT(ISBLANK(summary))", "labels": l("写好说明", "A summary")}}},
        "accept": {"from": "review", "to": "done", "primary": True, "who": ["lead_hand"], "labels": l("验收通过", "Accept"), "asks": {"score": {"type": "rating", "required": True, "labels": l("评分", "Score")}}},
        "drop": {"from": ["open", "doing"], "to": "dropped", "labels": l("取消", "Drop"), "asks": {"why": {"type": "text", "required": True, "labels": l("为什么取消", "Why")}}},
    },
}

VIEWS = [
    {"view": "mine", "entity": "task", "labels": l("我负责的", "Mine"), "where": "owner.id = me.id", "columns": ["state", "priority", "due", "effort", "budget", "owner", "updated_at"], "sort": ["due"]},
    {"view": "all_tasks", "entity": "task", "labels": l("全部", "All"), "columns": ["state", "priority", "project", "due", "effort", "budget", "owner"], "sort": ["-created_at"]},
    {"view": "wall", "entity": "task", "as": "board", "labels": l("看板", "Board"), "columns": ["priority", "project", "budget"], "group_by": "state", "total": "budget", "limits": {"open": 2}},
    {"view": "plan", "entity": "task", "as": "calendar", "labels": l("日历", "Plan"), "starts": "due", "card": ["priority", "effort"]},
    {"view": "pictures", "entity": "task", "as": "gallery", "labels": l("图册", "Pictures"), "image": "photos", "card": ["priority", "due"]},
    {"view": "bars", "entity": "task", "as": "timeline", "labels": l("时间线", "Bars"), "starts": "created_at", "ends": "due", "group_by": "owner", "card": ["budget"]},
]

FORM = {
    "form": "task_form", "entity": "task",
    "sections": {
        "basics": {"labels": l("基本信息", "Basics"), "items": ["title", "project", "priority", "due", "starts", "area", "kind", "urgent", "reason"]},
        "work": {"labels": l("工作量", "Work"), "items": ["effort", "level", "rate", "budget", "done_share", "rank_stars", "items", "total"]},
        "more": {"labels": l("更多", "More"), "collapsed": True, "items": ["contact", "helper", "labels_", "place", "summary", "photos"]},
    },
}

EVERYTHING = {"read": "all", "create": True, "update": "all", "delete": "all", "assign": "all"}
ROLES = [
    {"role": "worker", "labels": l("成员", "Worker"), "rights": {
        "task": {"read": "team_and_below", "create": True, "update": "own", "delete": "own", "assign": "own", "fields": {"rate": {"read": False, "write": False}}},
        "project": {"read": "all", "create": True, "update": "own"}, "note": {"read": "all", "create": True, "update": "own"}, "person": {"read": "all"}, "team": {"read": "all"}}},
    {"role": "lead_hand", "labels": l("组长", "Team leader"), "can": ["design"], "rights": {
        "task": EVERYTHING, "project": EVERYTHING, "note": EVERYTHING, "person": {"read": "all"}, "team": {"read": "all"}}},
]

DOCUMENTS: list[Mapping[str, Any]] = [{"group": "work", "labels": l("工作", "Work")}, *OPTIONS, PROJECT, TASK, NOTE, MACHINE, *VIEWS, FORM, *ROLES]


def make_tree(documents: list[Mapping[str, Any]] = DOCUMENTS) -> dict[str, tree.Node]:
    """The tree of the application, people and teams included."""
    problems: list[Problem] = []
    found: dict[str, tree.Node] = dict(system.tree())
    for index, document in enumerate(documents):
        found.update(flatten(document, "demo", Lines(), problems, index))
    assert problems == [], problems
    return found


def install(home: Home, clock: Clock, documents: list[Mapping[str, Any]] = DOCUMENTS) -> None:
    """Make the tables and publish the application."""
    nodes = make_tree(documents)
    application = build(nodes)
    names = tables.assign_names(application, {}, {})
    made = tables.build(application, names)
    as_json = tree.to_json(nodes)
    with home.write() as conn:
        made.metadata.create_all(conn)
        conn.execute(insert(t.release).values(
            id=1, hash=releases.release_hash(as_json, names), kind="published", tree=as_json, columns=names, packages=[], published_at=clock.now()))
        conn.execute(update(t.tenant_state).values(release_id=1))


@dataclass(slots=True)
class World:
    """A running application with people in it."""

    app: Flask
    home: Home
    clock: Clock
    ids: dict[str, str]

    def ctx(self, conn: Any, who: str | None = None) -> Any:
        """A Ctx in somebody's name; the system's without a name."""
        from kernel.platform import actors

        web: Web = self.app.extensions["fangyuan"]
        placement, _home = web.tenants.get("acme")
        tenant = tenants.read_tenant(conn, placement)
        ctx = system_ctx(tenant, conn, self.clock, "test")
        if who is None:
            return ctx
        identity = actors.identify(conn, ctx.release, self.ids[who])
        assert identity is not None
        return ctx.acting(actor=identity.actor(tenant))


def make_world(settings: Settings, clock: Clock) -> World:
    """The application, served, with ann (worker), bob (worker) and cleo (team leader), all in one team."""
    from runtime.web.api.urls import ROUTES as API
    from runtime.web.shell import build as shell
    from runtime.web.urls import ROUTES

    static = __import__("pathlib").Path(__file__).resolve().parents[3] / "runtime" / "web" / "static"
    app = make_app(settings, clock, shell=shell, static_dirs=[static])
    mount(app, ROUTES)
    mount(app, API)
    seal(app)
    home = make_tenant(app, "acme", "禾木工坊")
    install(home, clock)
    world = World(app, home, clock, {})
    with home.write() as conn:
        ctx = world.ctx(conn)
        team = road.create(ctx, "team", Input({"name": "滨江组"}, "value"))
        world.ids["team"] = team.id
        from kernel.platform.teams import rebuild_closure

        rebuild_closure(conn, [(team.id, None)])
        for login, name in (("ann", "林小满"), ("bob", "王浩然"), ("cleo", "周岚")):
            world.ids[login] = road.create(ctx, "person", Input({"name": name, "team": team.id, "active": True}, "value")).id
    for login, role in (("ann", "worker"), ("bob", "worker"), ("cleo", "lead_hand")):
        make_account(home, login, roles=[role], person_id=world.ids[login])
    return world


def make_tasks(world: World, who: str, *fields: Mapping[str, Any]) -> list[str]:
    """Tasks as JSON fields, made in somebody's name."""
    with world.home.write() as conn:
        ctx = world.ctx(conn, who)
        return [road.create(ctx, "task", Input(f, "json")).id for f in fields]


__all__ = ["World", "accounts", "create_flask", "install", "make_tasks", "make_tree", "make_world"]
