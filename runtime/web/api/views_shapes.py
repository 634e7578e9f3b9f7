"""What the OpenAPI document says of views: the same for every entity."""

from __future__ import annotations

from collections.abc import Callable

from runtime.lists.arrangement import DENSITIES, HOWS, MOST_COLUMNS, MOST_TEXT, WIDTHS
from runtime.lists.saved import AUDIENCES, MOST_NAME
from runtime.web.api.shapes import _NAMED, _TEXT, Json, reference
from runtime.web.filters import MOST_FILTERS, MOST_VALUES
from runtime.web.looks import LOOKS

_FLAG: Json = {"type": "boolean"}
_NAME: Json = {"type": "string", "minLength": 1, "maxLength": MOST_NAME}
_AUDIENCE: Json = {"enum": list(AUDIENCES), "description": "Who sees it; everybody: by administrators only"}

SCHEMAS: Json = {
    "Arrangement": {
        "type": "object",
        "description": "How a list stands",
        "properties": {
            "filters": {
                "type": "array",
                "maxItems": MOST_FILTERS,
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {**_TEXT, "description": "A field; reference:field of what it refers to, rows:field of child rows"},
                        "op": _TEXT,
                        "values": {"type": "array", "maxItems": MOST_VALUES, "items": _TEXT, "description": "As people write them; me is the reader"},
                    },
                    "required": ["field", "op"],
                    "additionalProperties": False,
                },
            },
            "where": {"type": "string", "maxLength": MOST_TEXT, "description": "A condition in the expression language, beside the filters"},
            "base": {"type": ["string", "null"], "description": "The application's view whose condition holds as well"},
            "sort": {**_TEXT, "description": "Fields in order, minus for descending: -budget,name"},
            "columns": {"type": "array", "maxItems": MOST_COLUMNS, "items": _TEXT, "description": "Fields; reference.field of what it refers to"},
            "widths": {"type": "object", "additionalProperties": {"type": "integer", "minimum": WIDTHS[0], "maximum": WIDTHS[1]}},
            "totals": {"type": ["object", "null"], "additionalProperties": {"enum": list(HOWS)}, "description": "Null: the sums of amounts"},
            "group": {**_TEXT, "description": "A field; field:month and the like for days"},
            "density": {"enum": ["", *DENSITIES]},
            "look": {"enum": list(LOOKS)},
            "look_settings": {"type": "object", "properties": {"by": _TEXT, "scale": _TEXT}, "additionalProperties": False},
        },
        "additionalProperties": False,
    },
    "View": {
        "type": "object",
        "properties": {
            "id": {**_TEXT, "description": "The key of an application's view, the id of a saved one"},
            "kind": {"enum": ["application", "saved"]},
            "name": _TEXT,
            "audience": _AUDIENCE,
            "owner": _NAMED,
            "team": _NAMED,
            "version": {"type": ["integer", "null"]},
            "editable": _FLAG,
            "pinned": _FLAG,
            "closed": {**_FLAG, "description": "It uses a condition that the caller may not use, and shows nothing"},
            "condition": {"type": ["string", "null"], "description": "Everything it narrows by, as one condition"},
            "arrangement": {"anyOf": [reference("Arrangement"), {"type": "null"}]},
            "notes": {"type": "array", "items": _TEXT, "description": "What had to be left out"},
        },
        "required": ["id", "kind", "name", "audience", "version", "closed", "arrangement"],
    },
    "Views": {"type": "object", "properties": {"items": {"type": "array", "items": reference("View")}}, "required": ["items"]},
}
_VIEW: Json = {"name": "view", "in": "path", "required": True, "schema": _TEXT}


def paths(entity: str, operation: Callable[..., Json], refs: Callable[..., list[Json]], body: Callable[..., Json], writes: bool) -> Json:
    """The addresses of one entity's views; ``operation``, ``refs`` and ``body`` are the document's own makers."""
    base, one = f"/views/{entity}", reference("View")
    fields: Json = {"name": _NAME, "audience": _AUDIENCE, "arrangement": reference("Arrangement")}
    found: Json = {
        base: {"get": operation("views", "List the views of a list", reference("Views"), errors=(404,))},
        f"{base}/{{view}}": {"parameters": [_VIEW], "get": operation("view", "Read a view", one, errors=(404,), etag=True)},
    }
    if writes:
        found[base]["post"] = operation("save_view", "Save a view", one, refs("idempotency"), body(fields, ["name"]), 201, (403, 404, 409, 422), True)
        found[f"{base}/{{view}}"] |= {
            "patch": operation("change_view", "Change a saved view", one, refs("if_match"), body(fields, []), 200, (403, 404, 412, 422, 428), True),
            "delete": operation("remove_view", "Remove a saved view", None, refs("if_match"), None, 204, (403, 404, 412, 428)),
        }
        found[f"{base}/{{view}}/restore"] = {
            "parameters": [_VIEW],
            "post": operation("restore_view", "Bring a removed view back", one, refs("idempotency"), None, 200, (404, 409, 422), True),
        }
    return found
