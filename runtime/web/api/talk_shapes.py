"""What the OpenAPI document says of comments, reactions and following: the same for every entity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.records.comments import MOST_CHARACTERS, MOST_FILES
from runtime.talk.reactions import REACTIONS
from runtime.web.api.shapes import _INSTANT, _NAMED, _TEXT, Json, reference

_LATER: Json = {"type": ["string", "null"], "format": "date-time"}
_PEOPLE: Json = {"type": "array", "items": _NAMED}

SCHEMAS: Json = {
    "Comment": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "at": _INSTANT,
            "by": _NAMED,
            "body": {"type": "string", "description": "As it was written; @{person id} names somebody"},
            "text": {"type": "string", "description": "As people read it"},
            "mentions": _PEOPLE,
            "files": {"type": "array", "items": reference("File")},
            "reactions": {"type": "array", "items": {"type": "object", "properties": {"key": {"enum": list(REACTIONS)}, "sign": _TEXT, "people": _PEOPLE}}},
            "edited_at": _LATER,
            "deleted_at": {**_LATER, "description": "Then nothing but who and when is left"},
            "editable_until": {**_LATER, "description": "Until when the caller may change it"},
        },
        "required": ["id", "at", "body", "text"],
    },
    "Comments": {"type": "object", "properties": {"items": {"type": "array", "items": reference("Comment")}}, "required": ["items"]},
    "Following": {"type": "object", "properties": {"following": {"type": "boolean"}, "followers": _PEOPLE}, "required": ["following", "followers"]},
}
_COMMENT_ID: Json = {"name": "comment", "in": "path", "required": True, "schema": _TEXT}
_KEY: Json = {"name": "key", "in": "path", "required": True, "schema": {"enum": list(REACTIONS)}}


def paths(base: str, operation: Callable[..., Json], refs: Callable[..., list[Json]], body: Callable[..., Json], writes: bool) -> Json:
    """The addresses below one entity's records; ``operation``, ``refs`` and ``body`` are the document's own makers."""
    one, comment = f"{base}/{{id}}", f"{base}/{{id}}/comments/{{comment}}"
    fields: dict[str, Any] = {
        "body": {"type": "string", "maxLength": MOST_CHARACTERS}, "files": {"type": "array", "items": _TEXT, "maxItems": MOST_FILES}}
    found: Json = {
        f"{one}/comments": {
            "parameters": refs("id"),
            "get": operation("comments", "Read the comments beside a record", reference("Comments"), refs("limit", "before"), errors=(404, 422)),
        },
        f"{one}/follow": {"parameters": refs("id"), "get": operation("followers", "Read who follows a record", reference("Following"), errors=(404,))},
    }
    if not writes:
        return found
    answer = reference("Comment")
    found[f"{one}/comments"]["post"] = operation(
        "comment", "Write a comment", answer, refs("idempotency"), body(fields, []), 201, (404, 409, 422))
    found[comment] = {
        "parameters": [*refs("id"), _COMMENT_ID],
        "patch": operation("change_comment", "Change an own comment", answer, (), body(fields, []), 200, (404, 422)),
        "delete": operation("delete_comment", "Delete an own comment", None, (), None, 204, (404,)),
    }
    found[f"{comment}/reactions/{{key}}"] = {
        "parameters": [*refs("id"), _COMMENT_ID, _KEY],
        "put": operation("react", "React to a comment", answer, errors=(404, 422)),
        "delete": operation("take_back_reaction", "Take a reaction back", answer, errors=(404, 422)),
    }
    found[f"{one}/follow"] |= {
        "put": operation("follow", "Follow a record", reference("Following"), errors=(404,)),
        "delete": operation("leave", "Don't follow a record any more", reference("Following"), errors=(404,)),
    }
    return found
