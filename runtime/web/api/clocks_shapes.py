"""Clocks in the API document."""

from __future__ import annotations

from typing import Any

from runtime.clocks.sql import STATES
from runtime.web.api.shapes import operation, reference, refs

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_INSTANT: Json = {"type": "string", "format": "date-time"}
_MOMENT: Json = {"type": ["string", "null"], "format": "date-time"}

_CLOCK: Json = {
    "id": _TEXT,
    "clock": {"type": "string", "description": "Key of the promise"},
    "label": _TEXT,
    "state": {"enum": ["running", "paused", "met", "cancelled", "refused"], "description": "refused: it would run, but can't be worked out"},
    "tone": {"enum": ["ontime", "warning", "breach", "done", "late", "paused", "cancelled", "refused"]},
    "started_at": _INSTANT,
    "due_at": _MOMENT,
    "breached_at": _MOMENT,
    "ended_at": _MOMENT,
    "target": {"type": "integer", "description": "Counted seconds that are promised"},
    "late": {"type": ["integer", "null"], "description": "Counted seconds beyond the target when it ended"},
    "paused": {"type": "integer", "description": "Seconds it was paused so far"},
    "calendar": {"type": ["string", "null"], "description": "Key of the working calendar; null: every second counts"},
    "release": {"type": "integer", "description": "The release whose calendar and steps count"},
    "provisional": {"type": "boolean", "description": "The due time may still move: holidays of that year are not published"},
}
_WHOLE: Json = {
    **_CLOCK,
    "counted": {"type": "integer"},
    "left": {"type": ["integer", "null"]},
    "segments": {"type": "array", "items": {"type": "object"}, "description": "The ledger: what counted and what did not, without gaps"},
    "steps": {"type": "array", "items": {"type": "object"}},
    "plans": {"type": "array", "items": {"type": "object"}},
    "refusal": {"type": "string", "description": "Why it can't be worked out"},
}
_FOUND: Json = {
    **_CLOCK,
    "entity": _TEXT,
    "record": {"type": "object", "properties": {"id": _TEXT, "label": {"type": ["string", "null"]}}, "required": ["id", "label"]},
    "warns_at": _MOMENT,
}


def _list(properties: Json, *more: str) -> Json:
    items = {"type": "object", "properties": properties, "required": ["id", "clock", "state", "target", *more]}
    return {"type": "array", "items": items}


_ALIKE: Json = {
    "type": "object",
    "properties": {
        "id": {"type": ["string", "null"], "description": "null: it is like this one, but not yours to read"},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "because": {"type": "array", "items": {"type": "object", "properties": {"field": _TEXT, "how": {"enum": ["equal", "near", "shared", "text"]}, "likeness": {"type": "number"}}}},
        "way": {"type": "array", "items": {"type": "object", "properties": {"state": {"type": ["string", "null"]}, "seconds": {"type": "integer"}}}},
    },
    "required": ["id", "score", "because", "way"],
}
_COMPARED: Json = {
    "type": "object", "properties": {"similarity": _TEXT, "label": _TEXT, "records": {"type": "array", "items": _ALIKE}}, "required": ["similarity", "label", "records"]}

SCHEMAS: Json = {
    "Alike": {"type": "object", "properties": {"items": {"type": "array", "items": _COMPARED}}, "required": ["items"]},
    "Clocks": {"type": "object", "properties": {"items": _list(_WHOLE, "segments")}, "required": ["items"]},
    "ClockList": {
        "type": "object", "properties": {"items": _list(_FOUND, "entity", "record"), "next_cursor": {"type": ["string", "null"]}}, "required": ["items", "next_cursor"]},
}


def paths() -> Json:
    """``GET clocks``."""
    def one(name: str, schema: Json, description: str) -> Json:
        return {"name": name, "in": "query", "schema": schema, "description": description}

    parameters = [
        one("policy", _TEXT, "Keys of promises, joined by commas"),
        one("entity", _TEXT, "Only clocks of records of this entity"),
        one("record", _TEXT, "Only clocks of this record"),
        one("state", _TEXT, f"Any of {', '.join(STATES)}, joined by commas"),
        *(one(name, _INSTANT, words) for name, words in (
            ("due_before", "Due earlier"), ("due_after", "Due then or later"), ("ended_after", "Ended then or later"), ("ended_before", "Ended earlier"))),
        one("owner", _TEXT, "Id of who owns the record, or me"),
        *refs("limit", "cursor"),
    ]
    return {"/clocks": {"get": operation("find_clocks", "Find clocks over all records the caller may read", reference("ClockList"), parameters, errors=(422,))}}
