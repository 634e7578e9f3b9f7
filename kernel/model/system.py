"""The built-in package ``platform``: people and teams, which every application has and packages extend by overlay."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kernel.errors import Problem
from kernel.model.document import Lines, flatten
from kernel.model.tree import Node

PACKAGE = "platform"
VERSION = "1.0.0"

DOCUMENTS: tuple[Mapping[str, Any], ...] = (
    {
        "entity": "person",
        "labels": {"zh": "人员", "en": "Person"},
        "plural": {"en": "People"},
        "help": {"zh": "在本系统中工作的人", "en": "Somebody who works here"},
        "title": "{name}",
        "icon": "user",
        "in_navigation": False,
        "facts": ["team", "email", "phone"],
        "sort": ["name"],
        "fields": {
            "name": {"type": "text", "required": True, "max": 100, "labels": {"zh": "姓名", "en": "Name"}},
            "email": {"type": "email", "labels": {"zh": "邮箱", "en": "E-mail"}},
            "phone": {"type": "phone", "labels": {"zh": "电话", "en": "Phone"}},
            "team": {"type": "team", "tracked": True, "labels": {"zh": "所属团队", "en": "Member of"}},
            "manager": {"type": "user", "labels": {"zh": "直属上级", "en": "Manager"}},
            "active": {
                "type": "boolean",
                "default": "TRUE",
                "labels": {"zh": "在职", "en": "Active"},
                "help": {"zh": "关闭后此人不能再登录，记录保留", "en": "Switched off, the person can't sign in any more; records stay"},
            },
        },
    },
    {
        "entity": "team",
        "labels": {"zh": "团队", "en": "Team"},
        "plural": {"en": "Teams"},
        "help": {"zh": "一起工作的人，可以有下级团队", "en": "People who work together; teams may have teams below"},
        "title": "{name}",
        "icon": "users",
        "in_navigation": False,
        "facts": ["parent", "manager"],
        "sort": ["name"],
        "fields": {
            "name": {"type": "text", "required": True, "max": 100, "labels": {"zh": "名称", "en": "Name"}},
            "parent": {"type": "reference", "to": "team", "labels": {"zh": "上级团队", "en": "Part of"}},
            "manager": {"type": "user", "labels": {"zh": "负责人", "en": "Manager"}},
            "calendar": {
                "type": "calendar",
                "labels": {"zh": "工作日历", "en": "Working calendar"},
                "help": {"zh": "不选则沿用上级团队的", "en": "Left empty, that of the team above"},
            },
        },
    },
    {
        "form": "person",
        "entity": "person",
        "labels": {"zh": "人员", "en": "Person"},
        "sections": {"main": {"labels": {"zh": "基本信息", "en": "About"}, "items": ["name", "email", "phone", "team", "manager", "active"]}},
    },
    {
        "form": "team",
        "entity": "team",
        "labels": {"zh": "团队", "en": "Team"},
        "sections": {"main": {"labels": {"zh": "基本信息", "en": "About"}, "items": ["name", "parent", "manager", "calendar"]}},
    },
    {
        "view": "people",
        "entity": "person",
        "labels": {"zh": "在职人员", "en": "Active people"},
        "where": "active",
        "columns": ["name", "team", "email", "phone", "manager"],
        "sort": ["name"],
    },
    {
        "view": "teams",
        "entity": "team",
        "labels": {"zh": "全部团队", "en": "All teams"},
        "columns": ["name", "parent", "manager"],
        "sort": ["name"],
    },
)


@lru_cache(maxsize=1)
def tree() -> Mapping[str, Node]:
    """The nodes of the package."""
    problems: list[Problem] = []
    found: dict[str, Node] = {}
    for index, document in enumerate(DOCUMENTS):
        found.update(flatten(document, PACKAGE, Lines("platform"), problems, index))
    if problems:
        raise ValueError(str(problems[0]))
    return found
