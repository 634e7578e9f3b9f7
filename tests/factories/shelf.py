"""A desk with records that hold each other: folders of pages (which go with their folder, and with the page above them), stamps
that hold their page back, and notes that simply keep their reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kernel.platform import actors
from kernel.platform.clock import Clock
from kernel.platform.ctx import Ctx
from kernel.platform.settings import Settings
from tests.factories.desk import DOCUMENTS, Desk, make_desk

ENTITIES: tuple[Mapping[str, Any], ...] = (
    {
        "entity": "folder",
        "title": "{name}",
        "labels": {"en": "Folder", "zh": "文件夹"},
        "fields": {
            "name": {"type": "text", "required": True, "labels": {"en": "Name", "zh": "名称"}},
            "code": {"type": "text", "unique": True},
            "pages": {"type": "referring", "from": "page.folder"},
            "total": {"type": "rollup", "of": "pages.size"},
        },
    },
    {
        "entity": "page",
        "title": "{name}",
        "labels": {"en": "Page", "zh": "页"},
        "tracked": ["owner"],
        "fields": {
            "name": {"type": "text", "required": True},
            "size": "integer",
            "secret": "text",
            "folder": {"type": "reference", "to": "folder", "required": True, "on_delete": "with"},
            "above": {"type": "reference", "to": "page", "on_delete": "with"},
            "lines": {"type": "rows", "fields": {"text": "text", "see": {"type": "reference", "to": "folder", "on_delete": "refuse"}}},
        },
    },
    {
        "entity": "stamp",
        "title": "{name}",
        "labels": {"en": "Stamp", "zh": "印章"},
        "fields": {"name": {"type": "text", "required": True}, "page": {"type": "reference", "to": "page", "on_delete": "refuse"}},
    },
    {
        "entity": "note",
        "title": "{name}",
        "labels": {"en": "Note", "zh": "便条"},
        "fields": {"name": {"type": "text", "required": True}, "folder": {"type": "reference", "to": "folder"}},
    },
)

OWN = {"read": "own", "create": True, "update": "own", "delete": "own"}
ALL = {"read": "all", "create": True, "update": "all", "delete": "all", "assign": "all"}
RIGHTS: Mapping[str, Mapping[str, Any]] = {
    "worker": {"folder": OWN, "page": {**OWN, "fields": {"secret": {"read": False, "write": False}}}, "stamp": OWN, "note": OWN, "task": {"delete": "own"}},
    # Sees everything and may delete folders, but no pages.
    "keeper": {"folder": ALL, "page": {**ALL, "delete": "none"}, "stamp": ALL, "note": ALL},
    "chief": {"folder": ALL, "page": ALL, "stamp": ALL, "note": ALL},
    # Does not know of pages at all.
    "guest": {"folder": ALL, "note": ALL},
}


def documents(changes: Mapping[str, Mapping[str, Any]] | None = None) -> list[Mapping[str, Any]]:
    """The desk's application with the shelf; ``changes`` replace properties of fields (``folder.code``)."""
    found = []
    for document in (*DOCUMENTS, *ENTITIES):
        if document.get("role") in RIGHTS:
            rights = {k: {**v, **RIGHTS[document["role"]].get(k, {})} for k, v in document["rights"].items()}
            document = {**document, "rights": {**rights, **{k: v for k, v in RIGHTS[document["role"]].items() if k not in rights}}}
        for path, change in (changes or {}).items():
            entity, _dot, key = path.partition(".")
            if document.get("entity") == entity:
                field = document["fields"][key]
                document = {**document, "fields": {**document["fields"], key: {**({"type": field} if isinstance(field, str) else field), **change}}}
        found.append(document)
    return found


@contextmanager
def make_shelf(settings: Settings, clock: Clock) -> Iterator[Desk]:
    """The installation."""
    with make_desk(settings, clock, documents()) as desk:
        yield desk


@contextmanager
def as_person(desk: Desk, login: str, channel: str = "test") -> Iterator[Ctx]:
    """A unit of work in somebody's name; committed when the block ends well."""
    with desk.ctx(channel) as ctx:
        identity = actors.identify(ctx.conn, ctx.release, desk.people[login], tenant=ctx.tenant, now=ctx.now)
        assert identity is not None
        yield ctx.acting(actor=identity.actor(ctx.tenant))
