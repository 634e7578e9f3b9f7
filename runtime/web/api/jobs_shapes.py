"""The fixed parts of the OpenAPI document about acts on many records and the jobs that do them."""

from __future__ import annotations

from typing import Any

from runtime.web.api.shapes import operation, reference, refs

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer"}
_INSTANT: Json = {"type": ["string", "null"], "format": "date-time"}
_LISTS: Json = {"type": "object", "additionalProperties": {"type": "array", "items": _TEXT}}
_OUTCOME: Json = {"enum": ["waiting", "done", "refused", "changed", "gone"]}
_REASON: Json = {"words": _TEXT, "rule": {"type": "string", "description": "uid of the element that refused"}, "from": _TEXT, "path": _TEXT}
_ONE_ID: Json = {
    "anyOf": [_TEXT, {"type": "object", "properties": {"id": _TEXT, "version": {"type": ["integer", "null"]}}, "required": ["id"], "additionalProperties": False}]}

SCHEMAS: Json = {
    "Job": {
        "type": "object",
        "properties": {
            "id": _NUMBER, "act": _TEXT, "entity": _TEXT, "state": {"enum": ["waiting", "running", "done", "failed", "cancelled"]},
            "created_at": _INSTANT, "finished_at": _INSTANT, "error": {"type": ["string", "null"]}, "total": _NUMBER,
            **dict.fromkeys(_OUTCOME["enum"], _NUMBER),
            "reasons": {"type": "array", "items": {"type": "object", "properties": {**_REASON, "outcome": _TEXT, "n": _NUMBER}}},
            "can_undo": {"type": "boolean"}, "undone_by": {"type": ["integer", "null"], "description": "The job that took it back"},
        },
        "required": ["id", "act", "entity", "state", "total"],
    },
    "JobItems": {
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "id": _TEXT, "label": {"type": ["string", "null"]}, "outcome": _OUTCOME, "version": {"type": ["integer", "null"]},
                        "reasons": {"type": "array", "items": {"type": "object", "properties": _REASON}},
                    },
                    "required": ["id", "outcome"],
                },
            },
            "next_cursor": {"type": ["string", "null"]},
        },
        "required": ["items", "next_cursor"],
    },
}


def body(acts: list[str], fields: Json) -> Json:
    """What may be asked for many records of an entity whose input is ``fields``."""
    shape = {
        "type": "object",
        "properties": {
            "act": {"enum": acts},
            "ids": {"type": "array", "items": _ONE_ID, "maxItems": 2000, "description": "Which records; with the version that was looked at, a changed one is left alone"},
            "where": {**_TEXT, "description": "Instead of ids: all records that fulfil this condition"},
            "q": {**_TEXT, "description": "With where: quick search"},
            "fields": fields, "add": {**_LISTS, "description": "Added to multiple choices and references"}, "remove": _LISTS,
            "transition": _TEXT, "asks": {"type": "object"},
            "owner": {"type": ["string", "null"]}, "team": {"type": ["string", "null"]},
        },
        "required": ["act"],
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/json": {"schema": shape}}}


def paths(writes: bool) -> Json:
    """Jobs: how far, what came of each record, take back, call off."""
    named = {"name": "id", "in": "path", "required": True, "schema": _NUMBER}
    job, parameters = reference("Job"), [{"name": "outcome", "in": "query", "schema": _OUTCOME}, *refs("limit", "cursor")]
    found: Json = {
        "/jobs/{id}": {"parameters": [named], "get": operation("read_job", "How far a job is and what came of it", job, errors=(404,))},
        "/jobs/{id}/items": {
            "parameters": [named], "get": operation("read_job_items", "What came of each record", reference("JobItems"), parameters, errors=(404, 422))},
    }
    if writes:
        found["/jobs/{id}/undo"] = {
            "parameters": [named], "post": operation("undo_job", "Take it back", job, refs("idempotency"), status=202, errors=(404, 409))}
        found["/jobs/{id}/cancel"] = {"parameters": [named], "post": operation("cancel_job", "Call it off: what is done stays", job, errors=(404, 409))}
    return found
