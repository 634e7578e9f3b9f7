"""Asks in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from runtime.web.api.shapes import operation, reference, refs

_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_PERSON = {"type": ["object", "null"], "properties": {"id": _TEXT, "label": _MAYBE}}

SCHEMAS: dict[str, Any] = {
    "Ask": {
        "type": "object",
        "description": "Somebody asked for what is missing. It closes by itself when the fact is there.",
        "properties": {
            "id": _TEXT, "entity": _TEXT, "record": _TEXT, "transition": _MAYBE, "rule": _TEXT, "field": _MAYBE, "what": _TEXT, "asked_by": _PERSON,
            "also": {"type": "array", "items": _PERSON}, "person": _PERSON, "role": _MAYBE, "note": _MAYBE, "created_at": _TEXT, "closed_at": _MAYBE,
            "outcome": {"enum": ["supplied", "withdrawn", "declined", "gone", None]}, "answer": _MAYBE, "told": {"type": "integer"}, "again": {"type": "boolean"},
        },
        "required": ["id", "entity", "record", "rule", "what"],
    },
    "Asks": {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Ask"}}}, "required": ["items"]},
}

ASK_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": {
        "type": "object", "additionalProperties": False,
        "properties": {
            "transition": {**_TEXT, "description": "Of the closed step"}, "rule": {**_TEXT, "description": "Of the missing thing"},
            "field": {**_TEXT, "description": "Of the missing thing (its path with dots); alone: a field that somebody should change"},
            "role": {**_TEXT, "description": "Everybody with this role who could supply it"}, "person": {**_TEXT, "description": "One of those"},
            "note": {**_TEXT, "maxLength": 1000},
        }}}},
}


def paths(writes: bool) -> dict[str, Any]:
    """``/asks`` and what can be done with one."""
    query = [
        {"name": name, "in": "query", "schema": schema, "description": words}
        for name, schema, words in (
            ("of", {"const": "me"}, "What was asked of me (the default)"), ("by", {"const": "me"}, "What I asked of others"),
            ("closed", {"type": "boolean"}, "Those that are settled"), ("limit", {"type": "integer", "minimum": 1, "maximum": 500}, "At most so many"),
            ("before", _TEXT, "Id of the last one seen"))]
    found: dict[str, Any] = {"/asks": {"get": operation("list_asks", "What is asked for", reference("Asks"), query, errors=(422,))}}
    if writes:
        for verb, summary, key in (("decline", "Say no to an ask, and why", "reason"), ("answer", "A word to whoever asked", "text"), ("withdraw", "Take an ask back", None)):
            schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": {key: _TEXT} if key else {}} | ({"required": [key]} if key else {})
            body = {"required": key is not None, "content": {"application/json": {"schema": schema}}}
            found[f"/asks/{{id}}/{verb}"] = {
                "parameters": refs("id"),
                "post": operation(f"{verb}_ask", summary, reference("Ask"), refs("idempotency"), body, errors=(403, 404, 409, 422))}
    return found
