"""The fixed parts of the OpenAPI document: shapes, parameters and errors that no tenant changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_MOMENT: Json = {"type": ["string", "null"], "format": "date-time"}
_INSTANT: Json = {"type": "string", "format": "date-time"}
_NAMED: Json = {"type": ["object", "null"], "properties": {"id": _TEXT, "label": {"type": ["string", "null"]}}}


def reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def array_of(name: str) -> Json:
    """A page of a list."""
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": reference(name)},
            "next_cursor": {"type": ["string", "null"], "description": "Give it as cursor for the next page; null at the end"},
            "total": {"type": "integer"},
            "at_least": {"type": "boolean", "description": "Counting stopped: there are at least this many"},
        },
        "required": ["items", "next_cursor"],
    }


_PROBLEM_ITEM: Json = {
    "type": "object",
    "properties": {
        "code": _TEXT,
        "path": _TEXT,
        "message": _TEXT,
        "hint": {"type": ["string", "null"]},
        "rule": {"type": ["string", "null"], "description": "uid of the element that refused"},
    },
    "required": ["code", "path", "message"],
}
_MISSING: Json = {
    "type": "object",
    "properties": {"what": _TEXT, "from": _TEXT, "ask": {"type": "object"}, "rule": {"type": ["string", "null"]}},
    "required": ["what", "from"],
}

SCHEMAS: Json = {
    "Record": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "version": {"type": "integer"},
            "state": {"type": ["string", "null"]},
            "state_since": {"type": ["string", "null"], "format": "date-time"},
            "owner": _NAMED,
            "team": _NAMED,
            "created_at": _INSTANT,
            "updated_at": _INSTANT,
            "fields": {"type": "object"},
        },
        "required": ["id", "version"],
    },
    "Count": {"type": "object", "properties": {"total": {"type": "integer"}, "at_least": {"type": "boolean"}}, "required": ["total"]},
    "History": {
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "id": _TEXT,
                        "seq": {"type": "integer"},
                        "at": _INSTANT,
                        "actor": _NAMED,
                        "channel": _TEXT,
                        "kind": _TEXT,
                        "changes": {"description": "Per field its value before and after"},
                        "reason": {},
                    },
                },
            }
        },
        "required": ["items"],
    },
    "Doors": {
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "key": _TEXT,
                        "label": _TEXT,
                        "to": _TEXT,
                        "open": {"type": "boolean"},
                        "primary": {"type": "boolean"},
                        "needs": {"type": "array", "items": _TEXT},
                        "asks": {"type": "array", "items": _TEXT},
                        "approval": {"type": "array", "items": _TEXT, "description": "Who has to agree first"},
                        "case": {"type": ["string", "null"], "description": "The approval that is under way"},
                        "missing": {"type": "array", "items": _MISSING},
                    },
                    "required": ["key", "open", "missing"],
                },
            }
        },
        "required": ["items"],
    },
    "Approval": {
        "type": "object",
        "description": "A transition that waits until the right people agree",
        "properties": {
            "id": _TEXT,
            "entity": _TEXT,
            "record": _NAMED,
            "transition": _TEXT,
            "label": _TEXT,
            "state": {"enum": ["open", "returned", "approved", "declined", "withdrawn", "void"]},
            "round": {"type": "integer"},
            "record_version": {"type": "integer", "description": "Send it as seen, so that nothing is decided that nobody looked at"},
            "requested_by": _NAMED,
            "requested_at": _INSTANT,
            "closed_at": {"type": ["string", "null"], "format": "date-time"},
            "note": {"type": ["string", "null"]},
            "why": {"type": ["string", "null"]},
            "problems": {"type": "array", "items": {"type": "object"}},
            "files": {"type": "array", "items": _NAMED},
            "may": {"type": "array", "items": {"enum": ["approve", "decline", "return", "pass_on", "add", "withdraw"]}},
            "steps": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "key": _TEXT,
                        "label": _TEXT,
                        "status": {"enum": ["done", "current", "todo", "skipped", "declined", "returned"]},
                        "who": _TEXT,
                        "seats": {"type": "array", "items": {"type": "object"}},
                    },
                },
            },
        },
        "required": ["id", "state", "steps", "may"],
    },
    "File": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "label": _TEXT,
            "name": _TEXT,
            "size": {"type": "integer"},
            "media_type": _TEXT,
            "sha256": _TEXT,
            "width": {"type": ["integer", "null"]},
            "height": {"type": ["integer", "null"]},
            "created_at": _INSTANT,
        },
        "required": ["id", "name", "size", "media_type"],
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "code": _TEXT,
            "problems": {"type": "array", "items": _PROBLEM_ITEM},
            "missing": {"type": "array", "items": _MISSING},
        },
        "required": ["title", "status"],
    },
}


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


PARAMETERS: Json = {
    "id": {"name": "id", "in": "path", "required": True, "schema": _TEXT},
    "view": _query("view", "The conditions and the order of a view: its key or id", _TEXT),
    "where": _query("where", "A condition in the expression language", {"type": "string", "maxLength": 4096}),
    "sort": _query("sort", "Fields in order, minus for descending: -budget,name", _TEXT),
    "fields": _query("fields", "Only these fields", _TEXT),
    "q": _query("q", "Quick search", {"type": "string", "maxLength": 200}),
    "limit": _query("limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
    "cursor": _query("cursor", "next_cursor of the page before", _TEXT),
    "before": _query("before", "Only entries before this one", _TEXT),
    "total": _query("total", "Count the whole list too", {"type": "boolean"}),
    "if_match": {"name": "If-Match", "in": "header", "required": True, "description": "ETag of the version the change was made on", "schema": _TEXT},
    "idempotency": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Repeating a request under its key gives the first answer",
        "schema": {"type": "string", "maxLength": 200},
    },
}

_WORDS = {
    400: "The request could not be read",
    401: "Not signed in",
    403: "Not allowed",
    404: "Missing, foreign or hidden",
    409: "Refused, or in conflict",
    412: "The record has a newer version",
    413: "Too large",
    422: "Some values need attention",
    428: "If-Match is missing",
    429: "Too many requests",
    503: "Busy: the same request may be sent again after a moment",
}
COMMON_ERRORS = (400, 401, 403, 429, 503)
"""Answers that every operation may give: unreadable, no or too narrow a token, too many, busy."""

RESPONSES: Json = {
    str(status): {"description": words, "content": {"application/problem+json": {"schema": reference("Problem")}}} for status, words in _WORDS.items()
}


def refusals(*errors: int) -> Json:
    """The answers of an operation that goes wrong: those every one may give, and ``errors``."""
    return {str(e): {"$ref": f"#/components/responses/{e}"} for e in sorted({*COMMON_ERRORS, *errors})}


def refs(*names: str) -> list[Json]:
    """Parameters that are described once for all operations."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def operation(
    key: str, summary: str, shape: Json | None, parameters: Iterable[Json] = (), body: Json | None = None, status: int = 200, errors: Iterable[int] = (), *,
    etag: bool = False, tags: Sequence[str] = (),
) -> Json:
    """One thing that can be done: what it takes, what it answers (``shape``; None: nothing), how it is refused."""
    answer: Json = {"description": summary}
    if shape is not None:
        answer["content"] = {"application/json": {"schema": shape}}
    if etag:
        answer["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The record's version"}}
    return {
        "operationId": key,
        "summary": summary,
        **({"tags": list(tags)} if tags else {}),
        **({"parameters": found} if (found := list(parameters)) else {}),
        **({"requestBody": body} if body else {}),
        "responses": {str(status): answer, **refusals(*errors, *((413,) if body else ()))},
    }
