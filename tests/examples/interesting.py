"""The interesting thing: one entity that holds every field type. A new type fails the suite until it stands here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from kernel.errors import Problem
from kernel.fieldtypes.base import Reader
from kernel.fieldtypes.reference import OTHER_ID, SOME_ID
from kernel.model import system
from kernel.model.application import Application, build
from kernel.model.document import Lines, flatten
from kernel.model.tree import Node

NOW = datetime(2026, 11, 24, 2, 32, tzinfo=UTC)
LABELS = {SOME_ID: "王芳", OTHER_ID: "李雷"}

FIELDS: dict[str, Mapping[str, Any]] = {
    "text": {"type": "text", "labels": {"zh": "名称", "en": "Name"}},
    "long_text": {"type": "long_text"},
    "phone": {"type": "phone"},
    "email": {"type": "email"},
    "url": {"type": "url"},
    "address": {"type": "address"},
    "integer": {"type": "integer"},
    "decimal": {"type": "decimal"},
    "money": {"type": "money"},
    "percent": {"type": "percent"},
    "rating": {"type": "rating"},
    "date": {"type": "date"},
    "datetime": {"type": "datetime"},
    "duration": {"type": "duration"},
    "boolean": {"type": "boolean"},
    "choice": {"type": "choice", "options": "colours"},
    "choices": {"type": "choices", "options": "colours"},
    "reference": {"type": "reference", "to": "person"},
    "references": {"type": "references", "to": "person"},
    "user": {"type": "user"},
    "team": {"type": "team"},
    "rows": {
        "type": "rows",
        "fields": {
            "name": {"type": "text"},
            "amount": {"type": "decimal"},
            "total": {"type": "computed", "value": "amount * 2"},
        },
    },
    "file": {"type": "file"},
    "files": {"type": "files"},
    "image": {"type": "image"},
    "images": {"type": "images"},
    "signature": {"type": "signature"},
    "computed": {"type": "computed", "value": "decimal * 2"},
    "rollup": {"type": "rollup", "of": "rows.amount"},
    "lookup": {"type": "lookup", "path": "user.name"},
    "calendar": {"type": "calendar"},
    "referring": {"type": "referring", "from": "interesting_part.thing"},
    "auto_number": {"type": "auto_number", "pattern": "T-{yyyy}-{0000}"},
}
"""By the key of their type, which is their own key too. The state of a further machine, ``state``, comes by ``review``."""

OPTIONS = {
    "red": {"labels": {"zh": "红", "en": "Red"}, "colour": "red"},
    "green": {"labels": {"zh": "绿", "en": "Green"}, "colour": "green"},
    "brown": {"labels": {"zh": "棕", "en": "Brown"}, "retired": True},
}

DOCUMENTS: tuple[Mapping[str, Any], ...] = (
    {"option_set": "colours", "options": OPTIONS},
    {"entity": "interesting_thing", "labels": {"zh": "有趣之物", "en": "Interesting thing"}, "title": "{text}", "fields": FIELDS},
    {"entity": "interesting_part", "title": "{name}", "fields": {"name": "text", "size": "integer", "thing": {"type": "reference", "to": "interesting_thing"}}},
    {
        "machine": "thing",
        "on": "interesting_thing",
        "states": {"new": {"labels": {"zh": "新", "en": "New"}}, "closed": {"category": "closed"}},
        "transitions": {"close": {"from": "new", "to": "closed", "asks": {"why": {"type": "text"}}, "when": "decimal > old.decimal"}},
    },
    {
        "machine": "review",
        "on": "interesting_thing",
        "states": {"waiting": {"labels": {"zh": "待审", "en": "Waiting"}}, "done": {"category": "closed", "labels": {"zh": "已审", "en": "Done"}}},
        "transitions": {"finish": {"from": "waiting", "to": "done"}},
    },
    {"calendar": "office", "labels": {"zh": "办公室", "en": "Office"}, "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-18:00"), "holidays": "CN",
     "days": {"stocktaking": {"from": "2026-12-31", "hours": "09:00-12:00"}}},
    {"calendar": "shop", "labels": {"zh": "营业时间", "en": "Opening hours"}, "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "10:00-22:00")},
    {"parameter": "limit", "type": "number", "value": 5},
)


def nodes(documents: Iterable[Mapping[str, Any]], package: str = "test") -> dict[str, Node]:
    """The tree of some documents on top of the platform's own; what is wrong with them fails the test."""
    problems: list[Problem] = []
    found: dict[str, Node] = dict(system.tree())
    for index, document in enumerate(documents):
        found.update(flatten(document, package, Lines(), problems, index))
    assert problems == []
    return found


def application(*documents: Mapping[str, Any]) -> Application:
    """An application of some documents, people and teams included."""
    return build(nodes(documents))


@lru_cache(maxsize=1)
def interesting() -> Application:
    """The application with the interesting thing."""
    return application(*DOCUMENTS)


def reader(language: str = "zh", zone: str = "Asia/Shanghai") -> Reader:
    """Somebody in Shanghai on 2026-11-24, who may see the two people of the examples."""
    return Reader(language, ZoneInfo(zone), date(2026, 11, 24), NOW, "CNY", LABELS)
