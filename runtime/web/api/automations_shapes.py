"""Automations in the API document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.web.api.shapes import reference

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_INSTANT: Json = {"type": "string", "format": "date-time"}
_MOMENT: Json = {"type": ["string", "null"], "format": "date-time"}

SCHEMAS: Json = {
    "AutomationRun": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "automation": {"type": "string", "description": "Key of the automation"},
            "label": _TEXT,
            "state": {"enum": ["waiting", "done", "failed", "stopped", "cut", "not_met", "off", "gone"], "description": "not_met: its condition did not hold, nothing was done"},
            "cause": {"type": "object", "description": "What set it off: trigger, by whom, on which channel, how late"},
            "release": {"type": "integer", "description": "The release whose definition counts"},
            "inputs": {
                "type": "array", "description": "What its condition read, with the values of then",
                "items": {"type": "object", "properties": {"path": _TEXT, "value": {}, "withheld": {"type": "boolean", "description": "Not the caller's to see"}}, "required": ["path"]}},
            "steps": {"type": "array", "items": {"type": "object"}, "description": "What was done; undone: taken back, because a later step was refused"},
            "error": {"type": ["object", "null"], "properties": {"kind": _TEXT, "words": {"type": "array", "items": _TEXT}, "rule": {"type": ["string", "null"]}}},
            "created_at": _INSTANT,
            "due_at": {**_MOMENT, "description": "When it goes on after a wait"},
            "ended_at": _MOMENT,
            "root": {"type": "string", "description": "The run with which it all began"},
            "parent": {"type": ["string", "null"], "description": "The run that set this one off"},
        },
        "required": ["id", "automation", "state", "cause", "inputs", "steps"],
    },
    "Automations": {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": reference("AutomationRun")},
            "automations": {"type": "array", "items": {"type": "object"}, "description": "Every automation that looks at this kind of record"},
            "actions": {"type": "array", "items": {"type": "object"}, "description": "What may be pressed now, and what that asks"},
        },
        "required": ["items", "automations", "actions"],
    },
}


def paths(base: str, operation: Callable[..., Json], refs: Callable[..., list[Json]], body: Callable[..., Json], writes: bool) -> Json:
    """The addresses below one entity's records; ``operation``, ``refs`` and ``body`` are the document's own makers."""
    found: Json = {
        f"{base}/{{id}}/automations": {
            "parameters": refs("id"),
            "get": operation("automations", "Read what happened to a record by itself, and why not", reference("Automations"), errors=(404,)),
        }}
    if writes:
        key = {"name": "key", "in": "path", "required": True, "schema": _TEXT, "description": "Key of the button"}
        found[f"{base}/{{id}}/actions/{{key}}"] = {
            "parameters": [*refs("id"), key],
            "post": operation(
                "act", "Press a button", reference("AutomationRun"), refs("idempotency"), body({"asks": {"type": "object"}}, []), 202, (403, 404, 409, 422)),
        }
    return found
