"""Work that failed, over the API: for programs that watch over a workspace in an administrator's name."""

from __future__ import annotations

from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Invalid, Problem
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.outbox import failed
from runtime.web.api.shapes import operation, reference, refs
from runtime.web.api.wire import instant

Json = dict[str, Any]
SHOWN = ("failed", "trying")


def list_work(ctx: Ctx, request: Request) -> Response:
    """What failed for good, or what will be tried again; with the figures."""
    args = request.args
    problems = [Problem("unknown_parameter", _("There is no parameter {name}.", name=name[:50]), name[:50]) for name in sorted(set(args) - {"show", "limit", "before"})]
    show, limit, before = args.get("show", SHOWN[0]), args.get("limit", "50"), args.get("before", "")
    if show not in SHOWN:
        problems.append(Problem("unknown_choice", _("Choose from: {names}", names=list(SHOWN)), "show"))
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:9]) <= 500):
        problems.append(Problem("bad_limit", _("A limit is a number from 1 to {n}.", n=500), "limit"))
    if before and not (before.isascii() and before.isdigit() and len(before) < 10):
        problems.append(Problem("bad_before", _("Give the id of the last one seen."), "before"))
    if problems:
        raise Invalid(problems)
    counts = failed.counts(ctx)
    items = failed.read(ctx, failed=show == SHOWN[0], limit=int(limit), before=int(before) if before else None)
    return json_response({"failed": counts.failed, "trying": counts.trying, "waiting": counts.waiting, "items": [_json(ctx, item) for item in items]})


def again(ctx: Ctx, request: Request, id: int | None = None) -> Response:
    """One of them, or all, done again under the same ids."""
    return json_response({"n": failed.again(ctx, None if id is None else [id])}, 202)


def drop(ctx: Ctx, request: Request, id: int | None = None) -> Response:
    """One of them, or all, will not be done."""
    return json_response({"n": failed.discard(ctx, None if id is None else [id])})


def _json(ctx: Ctx, item: failed.Item) -> Json:
    def words(message: Any) -> str | None:
        return None if message is None else to_text(message, ctx.language)

    record = {"entity": item.entity, "id": item.record, "label": item.title} if item.entity and item.record else None
    return {
        "id": item.id, "kind": item.kind, "what": words(item.what), "where": words(item.where), "why": words(item.why), "state": "failed" if item.failed else "trying",
        "attempts": item.attempts, "failed_at": instant(item.at), "next_at": instant(item.next_at), "record": record, "person": item.person}


_TEXT: Json = {"type": ["string", "null"]}
_ITEM: Json = {
    "id": {"type": "integer"}, "kind": {"type": "string"}, "what": {"type": "string"}, "where": {**_TEXT, "description": "Where it goes, when it leaves the house"},
    "why": {**_TEXT, "description": "What it said last; of an answer from outside its status only"}, "state": {"enum": list(SHOWN)}, "attempts": {"type": "integer"},
    "failed_at": _TEXT, "next_at": _TEXT, "record": {"type": ["object", "null"]}, "person": _TEXT}
SCHEMAS: Json = {
    "Work": {
        "type": "object", "required": ["failed", "trying", "waiting", "items"],
        "properties": {
            **{name: {"type": "integer"} for name in ("failed", "trying", "waiting")}, "items": {"type": "array", "items": {"type": "object", "properties": _ITEM, "required": list(_ITEM)}}}},
    "WorkCount": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
}


def paths(administers: bool, writes: bool) -> Json:
    """``/work`` for who may administer."""
    if not administers:
        return {}
    named: Json = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    which: Json = {"name": "show", "in": "query", "schema": {"enum": list(SHOWN)}}
    number: Json = {"name": "before", "in": "query", "schema": {"type": "integer"}}
    found: Json = {"/work": {"get": operation("list_work", "Work that failed, or will be tried again", reference("Work"), [which, number, *refs("limit")], errors=(403, 422))}}
    if writes:
        count = reference("WorkCount")
        for verb, words, status in (("again", "Do it again", 202), ("drop", "It will not be done", 200)):
            found[f"/work/{verb}"] = {"post": operation(f"{verb}_all_work", f"{words}: all that failed", count, refs("idempotency"), status=status, errors=(403, 404))}
            found[f"/work/{{id}}/{verb}"] = {"parameters": [named], "post": operation(f"{verb}_work", words, count, refs("idempotency"), status=status, errors=(403, 404))}
    return found
