"""Events from outside and the behaviour log in the API document."""

from __future__ import annotations

from typing import Any

from runtime.web.api.shapes import operation, reference, refs

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_MAYBE: Json = {"type": ["string", "null"]}
_INSTANT: Json = {"type": "string", "format": "date-time"}

_LINE: Json = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "kind": {"enum": ["event", "click"]},
        "policy": _MAYBE,
        "entity": _TEXT,
        "record": _TEXT,
        "event_entity": _MAYBE,
        "event": _MAYBE,
        "step": _MAYBE,
        "at": _INSTANT,
        "noted_at": _INSTANT,
        "person": _MAYBE,
        "verified": {"type": ["boolean", "null"], "description": "false: typed in by hand"},
        "level": {"type": ["string", "number", "null"], "description": "The level that was in force"},
        "counts": {"type": ["boolean", "null"]},
        "counted_at": {**_MAYBE, "format": "date-time"},
        "why": {"type": "array", "items": _TEXT, "description": "Why it does not count, in words"},
    },
    "required": ["id", "kind", "entity", "record", "at"],
}
SCHEMAS: Json = {
    "BehaviourLog": {
        "type": "object",
        "properties": {"items": {"type": "array", "items": _LINE}, "next": {**_MAYBE, "description": "Give it as before for what is older; null at the end"}},
        "required": ["items", "next"],
    },
}


def _log_parameters() -> list[Json]:
    def one(name: str, schema: Json, description: str) -> Json:
        return {"name": name, "in": "query", "schema": schema, "description": description}

    return [
        one("person", _TEXT, "Only what this person did"), one("policy", _TEXT, "Only what this evidence policy judged"),
        one("kind", {"enum": ["event", "click"]}, "Only events, or only clicks"), one("counts", {"type": "boolean"}, "Only what counts, or what does not"),
        *refs("limit", "before")]


def of_record(base: str, make: Any) -> Json:
    """``GET records/<entity>/<id>/behaviour``."""
    return {f"{base}/{{id}}/behaviour": {
        "parameters": refs("id"), "get": make("behaviour", "Read what counts as evidence on a record, what does not and why", reference("BehaviourLog"), _log_parameters(), errors=(404, 422))}}


def paths(administers: bool) -> Json:
    """``GET behaviour``; for whoever may make sources also the doors that these knock at, signed by their keys instead of a token."""
    found: Json = {"/behaviour": {"get": operation("behaviour_log", "Read what counts as evidence and what was only clicked", reference("BehaviourLog"), _log_parameters(), errors=(422,))}}
    if not administers:
        return found

    def path(name: str, description: str) -> Json:
        return {"name": name, "in": "path", "required": True, "schema": _TEXT, "description": description}

    def query(name: str, description: str, required: bool = True) -> Json:
        return {"name": name, "in": "query", "required": required, "schema": _TEXT, "description": description}

    signed = [
        {"name": name, "in": "header", "required": True, "schema": _TEXT, "description": words} for name, words in (
            ("webhook-id", "The same for the same message: sent twice, it is taken once"), ("webhook-timestamp", "Seconds since 1970, at most five minutes off"),
            ("webhook-signature", "v1, and the base64 HMAC-SHA-256 of id.timestamp.body under the source's key"))]
    body: Json = {"required": True, "content": {"application/json": {"schema": {
        "type": "object", "description": "One event as the intake maps it, or {events: [...]}"}}}}
    take = operation("take_event", "Take events of a telephony or messaging system", {"type": "object"}, [query("source", "Which source signed it"), *signed], body, 201, (404, 409, 422))
    signs = [query(name, words) for name, words in (("msg_signature", "WeCom's signature"), ("timestamp", "As WeCom sends it"), ("nonce", "As WeCom sends it"))]
    xml: Json = {"required": True, "content": {"text/xml": {"schema": _TEXT}}}
    for one in (take, echo := operation("wecom_echo", "Answer WeCom's check of the address", None, [*signs, query("echostr", "What it wants back, encrypted")], errors=(404,)),
                news := operation("wecom_news", "Hear from WeCom that there are messages", None, signs, xml, errors=(404,))):
        one["security"] = []
    return found | {
        "/events/{kind}": {"parameters": [path("kind", "Key of the intake")], "post": take},
        "/events/wecom/{source}": {"parameters": [path("source", "Name of the source")], "get": echo, "post": news},
    }
