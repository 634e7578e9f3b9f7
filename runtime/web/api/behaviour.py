"""The behaviour log over the API."""

from __future__ import annotations

from typing import Any

from flask import Request
from werkzeug.wrappers import Response

from kernel.errors import Invalid, Problem
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.evidence import reading as log
from runtime.evidence.reading import Asked, Line
from runtime.records import reading
from runtime.web.api.conditional import limit_of
from runtime.web.api.records import known
from runtime.web.api.wire import instant
from runtime.web.behaviour import because

PARAMETERS = ("person", "policy", "kind", "counts", "limit", "before")


def of_record(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """What was noted about one record, newest first."""
    known(ctx, entity)
    reading.get(ctx, entity, id)
    return _answer(ctx, request, (entity, id))


def everything(ctx: Ctx, request: Request) -> Response:
    """What was noted about every record the caller may read."""
    return _answer(ctx, request, None)


def _answer(ctx: Ctx, request: Request, record: tuple[str, str] | None) -> Response:
    args = request.args
    problems = [Problem("unknown_parameter", _("“{key}” is not known here.", key=key[:50]), key[:50], _("Known: {keys}.", keys=", ".join(PARAMETERS))) for key in args if key not in PARAMETERS]
    for key, good in (("kind", ("event", "click")), ("counts", ("true", "false"))):
        if key in args and args[key] not in good:
            problems.append(Problem("invalid", _("“{key}” can't be read.", key=key), key, _("Known: {keys}.", keys=", ".join(good))))
    problems += [Problem("invalid", _("“{key}” can't be read.", key=key), key) for key in ("person", "before") if key in args and not is_id(args[key])]
    if problems:
        raise Invalid(problems)
    limit = limit_of(request)
    found = log.read(ctx, Asked(record, args.get("person"), None, args.get("policy"), args.get("kind"), {"true": True, "false": False}.get(args.get("counts", "")), args.get("before")), limit + 1)
    return json_response({"items": [_json(ctx, line) for line in found[:limit]], "next": found[limit - 1].id if len(found) > limit else None})


def _json(ctx: Ctx, line: Line) -> dict[str, Any]:
    return {
        "id": line.id, "kind": line.kind, "policy": line.policy, "entity": line.entity, "record": line.record, "event_entity": line.event_entity, "event": line.event, "step": line.what,
        "at": instant(line.at), "noted_at": instant(line.noted_at), "person": line.person, "verified": line.verified, "level": line.level, "counts": line.counts,
        "counted_at": instant(line.counted_at) if line.counted_at else None, "why": [] if line.counts else because(ctx, line)}
