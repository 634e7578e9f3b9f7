"""The desk with talks about tasks: calls and messages, what counts of them, and how they come in from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from kernel.platform import actors
from kernel.platform.ctx import Ctx
from runtime.evidence.keep import FROM_SOURCE
from runtime.records import road
from runtime.records.record import Input, Record
from tests.factories.desk import DOCUMENTS, Desk

TALK: dict[str, Any] = {
    "entity": "talk",
    "title": "{kind} {occurred_at}",
    "labels": {"en": "Talk", "zh": "通话"},
    "fields": {
        "kind": {"type": "choice", "options": "talk_kinds", "required": True, "default": '"call"'},
        "direction": {"type": "choice", "options": "directions", "default": '"out"'},
        "occurred_at": {"type": "datetime", "required": True, "default": "NOW()"},
        "duration": {"type": "duration", "unit": "seconds"},
        "status": {"type": "text"},
        "text": {"type": "long_text"},
        "task": {"type": "reference", "to": "task"},
        "replies_to": {"type": "reference", "to": "talk", "read_only_when": "TRUE"},
        "party": {"type": "text"},
        "note": {"type": "text"},
        "recording": {"type": "file", "accept": [".mp3", ".wav"]},
        "verified": {"type": "boolean", "default": "FALSE", "read_only_when": "TRUE"},
        "source": {"type": "text", "read_only_when": "TRUE"},
        "received_at": {"type": "datetime", "default": "NOW()", "read_only_when": "TRUE"},
        "fingerprint": {"type": "text", "read_only_when": "TRUE"},
    },
}
STAMPS = {key: {"type": "datetime", "read_only_when": "TRUE"} for key in ("first_talk_at", "second_talk_at", "last_talk_at")}
TASK = next(d for d in DOCUMENTS if d.get("entity") == "task")
EVERYTHING = {"read": "all", "create": True, "update": "all", "delete": "all", "assign": "all"}
RIGHTS = {
    "worker": {"read": "OR(owner = me, task.owner = me)", "create": True, "update": "own", "delete": "own"},
    "keeper": {"read": "team_and_below", "create": True, "update": "team_and_below"},
    "chief": EVERYTHING,
}


def _with_rights(document: Any) -> Any:
    role = document.get("role")
    return {**document, "rights": {**document["rights"], "talk": RIGHTS[role]}} if role in RIGHTS else document


TALKS: tuple[Any, ...] = (
    *(_with_rights(d) for d in DOCUMENTS if d is not TASK),
    {**TASK, "fields": {**TASK["fields"], **STAMPS}},
    {"option_set": "talk_kinds", "options": ["call", "message"]},
    {"option_set": "directions", "options": ["out", "in"]},
    TALK,
    {"parameter": "level", "type": "number", "value": 2, "min": 1, "max": 2},
    {"parameter": "enough", "type": "duration", "value": 90},
    {"parameter": "at_sending", "type": "boolean", "value": False},
    {"parameter": "apart", "type": "duration", "value": 1800},
    {
        "intake": "talks", "on": "talk", "kinds": ["call", "message"],
        "fields": {"kind": "kind", "direction": "direction", "occurred_at": "occurred_at", "duration": "duration_s", "status": "status", "text": "data.text", "party": "from"},
        "occurred_at": "occurred_at", "verified": "verified", "source": "source", "received_at": "received_at", "hash": "fingerprint",
        "replies_to": "replies_to", "reply_kinds": ["message"], "waits_without": ["task"], "open_fields": ["note"], "recording": "recording", "recording_when": 'text <> "private"',
        "finds": {
            "whom": {"sets": "owner", "party": "ours", "by": "person.phone"},
            "which": {"sets": "task", "party": "theirs", "by": "task.phone", "when": 'state <> "closed"'},
            "by_code": {"sets": "task", "party": "theirs", "by": "task.code"},
        },
    },
    {
        "evidence": "answer", "on": "talk", "of": "task", "labels": {"en": "Answer", "zh": "回应"},
        "at": 'IF(AND(kind = "message", param.at_sending), replies_to.occurred_at, occurred_at)', "level": "param.level", "clicks": ["start"],
        "stamps": {"first_talk_at": {}, "second_talk_at": {"nth": 2, "apart": "param.apart"}, "last_talk_at": {"takes": "latest"}},
        "levels": {
            "by_hand": {"number": 1, "ways": {"marked": {"when": 'kind = "call"', "holds": "TRUE", "typed_in": True}}},
            "proven": {
                "number": 2,
                "ways": {
                    "call": {
                        "when": 'kind = "call"', "holds": "duration >= param.enough",
                        "labels": {"en": "a call lasts {param.enough}, this one {duration}", "zh": "通话要满 {param.enough}，这通 {duration}"}},
                    "message": {"when": 'kind = "message"', "holds": 'AND(direction = "in", NOT(ISBLANK(replies_to)))', "labels": {"en": "it must be answered", "zh": "要有回复"}},
                },
            },
        },
    },
)


@contextmanager
def as_person(desk: Desk, login: str) -> Iterator[Ctx]:
    with desk.ctx() as ctx:
        identity = actors.identify(ctx.conn, ctx.release, desk.people[login], tenant=ctx.tenant, now=ctx.now)
        assert identity is not None
        yield ctx.acting(actor=identity.actor(ctx.tenant))


def make_task(desk: Desk, login: str = "wen", **fields: Any) -> str:
    with as_person(desk, login) as ctx:
        return road.create(ctx, "task", Input({"title": "Fence", **fields})).id


def mark(desk: Desk, task: str, login: str = "wen", **fields: Any) -> str:
    """A talk that somebody types in."""
    with as_person(desk, login) as ctx:
        return road.create(ctx, "talk", Input({"task": task, **fields})).id


def received(desk: Desk, task: str | None, at: datetime | None = None, seconds: int | None = None, owner: str = "wen", **fields: Any) -> str:
    """A talk that a verified source sent."""
    with desk.ctx("events") as ctx:
        values = {"kind": "call", "direction": "out", **fields, "occurred_at": at or desk.clock.now(), "task": task, "verified": True, "source": "exchange"}
        if seconds is not None:
            values["duration"] = timedelta(seconds=seconds)
        return road.receive(ctx, "talk", Input(values, "value"), {FROM_SOURCE: "exchange"}, owner=desk.people[owner], team=desk.teams["east"]).id


def task_of(desk: Desk, id: str) -> Record:
    with desk.ctx() as ctx:
        return road.load(ctx, "task", id)
