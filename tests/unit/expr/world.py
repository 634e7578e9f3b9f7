"""A small world for expressions: a task with every kind of field, its steps (child rows), its project."""


from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kernel.expr.scope import Member, Scope, namespace
from kernel.expr.types import (
    BOOLEAN,
    DATE,
    DURATION,
    FILE,
    INSTANT,
    NUMBER,
    TEXT,
    Option,
    Type,
    choice,
    list_of,
    record,
    rows,
)  # fmt: skip

KINDS = (Option("home", ("Home", "家务")), Option("office", ("Office", "办公")), Option("field", ("In the field", "外勤")))
COLOURS = (Option("red", ("Red", "红")), Option("green", ("Green", "绿")), Option("blue", ("Blue", "蓝")))

NOW = datetime(2026, 3, 1, 20, 30, 15, tzinfo=UTC)  # 2026-03-02 04:30:15 in Shanghai
ZONE = ZoneInfo("Asia/Shanghai")


def _members(entity: str, **types: tuple[Type, str]) -> dict[str, Member]:
    return {key: Member(key, f"{entity}.{key}", type_, (label,) if label else ()) for key, (type_, label) in types.items()}


ENTITIES: dict[str, dict[str, Member]] = {
    "task": _members(
        "task",
        title=(TEXT, "标题"), note=(TEXT, ""), code=(TEXT, ""), empty=(TEXT, ""),
        amount=(NUMBER, "金额"), budget=(NUMBER, "预算"), rate=(NUMBER, ""), zero=(NUMBER, ""), none=(NUMBER, ""), count=(NUMBER, "数量"),
        done=(BOOLEAN, "完成"), unsure=(BOOLEAN, ""),
        start=(DATE, "开始"), due=(DATE, "截止"), no_day=(DATE, ""),
        begun=(INSTANT, ""), ended=(INSTANT, ""), never=(INSTANT, ""),
        effort=(DURATION, ""), spent=(DURATION, ""),
        kind=(choice(KINDS), "类别"), kind2=(choice(KINDS), ""), no_kind=(choice(KINDS), ""),
        colours=(list_of(choice(COLOURS)), "颜色"), no_colours=(list_of(choice(COLOURS)), ""),
        project=(record("project"), "项目"), no_project=(record("project"), ""), owner=(record("person"), ""),
        picture=(FILE, ""),
        steps=(rows("step"), "步骤"), no_steps=(rows("step"), ""),
    ),
    "step": _members(
        "step", name=(TEXT, "名称"), amount=(NUMBER, "金额"), hours=(NUMBER, ""), day=(DATE, ""), done=(BOOLEAN, ""), kind=(choice(KINDS), ""),
        lasted=(DURATION, ""), helper=(record("person"), ""),
    ),
    "project": _members("project", name=(TEXT, "名称"), budget=(NUMBER, "预算"), head=(record("person"), ""), tasks=(rows("task"), "")),
    "person": _members("person", name=(TEXT, "姓名"), manager=(record("person"), ""), age=(NUMBER, "")),
}  # fmt: skip


class World:
    """The schema."""

    def member(self, entity: str, name: str) -> Member | None:
        found = ENTITIES[entity].get(name)
        return found or next((m for m in ENTITIES[entity].values() if name in m.names), None)

    def members(self, entity: str) -> Iterable[Member]:
        return ENTITIES[entity].values()


SCOPE = Scope(World(), "task", {"me": record("person"), "old": record("task"), "param": namespace({"limit": NUMBER, "label": TEXT}, "param.")})

DB: dict[str, dict[str, dict[str, Any]]] = {
    "person": {
        "p1": {"name": "Ann", "manager": "p2", "age": Decimal(30)},
        "p2": {"name": "王五", "manager": None, "age": Decimal(41)},
    },
    "project": {"j1": {"name": "Bridge", "budget": Decimal("5000.50"), "head": "p1", "tasks": ["t1"]}},
    "step": {
        "s1": {"name": "dig", "amount": Decimal("10.5"), "hours": Decimal(2), "day": date(2026, 1, 5), "done": True, "kind": "home", "lasted": timedelta(hours=2), "helper": "p1"},
        "s2": {"name": "pour", "amount": Decimal("20.25"), "hours": None, "day": date(2026, 2, 1), "done": False, "kind": "office", "lasted": None, "helper": None},
        "s3": {"name": None, "amount": None, "hours": Decimal(3), "day": None, "done": None, "kind": None, "lasted": timedelta(minutes=45), "helper": "p2"},
        "s4": {"name": "pave", "amount": Decimal("-4"), "hours": Decimal(0), "day": date(2025, 12, 31), "done": True, "kind": "home", "lasted": timedelta(0), "helper": "p2"},
    },
    "task": {
        "t1": {
            "title": "Build 一座桥 😀", "note": "  two  words\t", "code": "A-1024", "empty": None,
            "amount": Decimal("123.45"), "budget": Decimal("500000"), "rate": Decimal("0.075"), "zero": Decimal(0), "none": None, "count": Decimal(7),
            "done": True, "unsure": None,
            "start": date(2024, 1, 31), "due": date(2026, 3, 15), "no_day": None,
            "begun": datetime(2026, 2, 28, 16, 5, 30, tzinfo=UTC), "ended": datetime(2026, 3, 1, 1, 0, 0, 250000, tzinfo=UTC), "never": None,
            "effort": timedelta(hours=3, minutes=30), "spent": timedelta(days=2),
            "kind": "office", "kind2": "home", "no_kind": None,
            "colours": ("red", "blue"), "no_colours": None,
            "project": "j1", "no_project": None, "owner": "p1", "picture": "f1",
            "steps": ["s1", "s2", "s3", "s4"], "no_steps": [],
        },
    },
}  # fmt: skip

ROOTS: dict[str, Any] = {"me": ("person", "p1"), "old": ("task", "t1"), "param": {"limit": Decimal(100), "label": "go"}}


@dataclass
class RecordEnv:
    """An Env over the dictionaries above."""

    entity: str
    row: dict[str, Any]
    now: datetime = NOW
    zone: ZoneInfo = ZONE
    holidays: Any = None
    db: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: DB)

    def get(self, path: tuple[str, ...]) -> Any:
        entity, row = self.entity, self.row
        if path[0] in ROOTS and path[0] not in ENTITIES[entity]:
            root = ROOTS[path[0]]
            if isinstance(root, dict):
                return root[path[1]]
            if len(path) == 1:
                return root[1]
            entity, row, path = root[0], self.db[root[0]][root[1]], path[1:]
        for key in path[:-1]:
            target = row.get(key)
            if target is None:
                return None
            entity = ENTITIES[entity][key].type.entity or ""
            row = self.db[entity][target]
        return row.get(path[-1])

    def rows(self, path: tuple[str, ...]) -> Sequence[RecordEnv]:
        ids = self.get(path) or []
        entity = self.entity
        for key in path[:-1]:
            entity = ENTITIES[entity][key].type.entity or ""
        target = ENTITIES[entity][path[-1]].type.entity or ""
        return [RecordEnv(target, self.db[target][i], self.now, self.zone, self.holidays, self.db) for i in ids]


TASK = RecordEnv("task", DB["task"]["t1"])
