"""Views of records: list, read, create, change, move to the bin, take a transition, assign, history."""

from __future__ import annotations

from typing import Any

from flask import Request, current_app
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.expr import Expression
from kernel.i18n import _, to_text
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.records import history, query, reading, road
from runtime.records.record import ForApproval, Input, Record
from runtime.web.api import approvals, views
from runtime.web.api.conditional import body_of, flag, limit_of, version_of
from runtime.web.api.idempotency import once
from runtime.web.api.wire import instant, reader_of, record_json


def known(ctx: Ctx, entity: str) -> str:
    """The entity, if the actor may know of it. Raises NotFound (D2)."""
    if entity not in ctx.app.entities or not reading.may_know(ctx, entity):
        raise NotFound()
    return entity


def _answer(ctx: Ctx, entity: str, id_: str, status: int = 200) -> Response:
    seen = reading.get(ctx, entity, id_)
    return _tagged(record_json(ctx, seen.record, seen.readable, seen.labels), seen.record.version, status)


def _tagged(body: dict[str, Any], version: int, status: int) -> Response:
    return json_response(body, status, {"ETag": f'"{version}"'})


def _after(ctx: Ctx, record: Record, status: int = 200) -> Response:
    """The changed record; when the change took it out of the actor's sight, only its id and version."""
    try:
        response = _answer(ctx, record.entity, record.id, status)
    except NotFound:
        response = _tagged({"id": record.id, "version": record.version}, record.version, status)
    if status == 201:
        response.headers["Location"] = f"/t/{ctx.tenant.slug}/api/v1/records/{record.entity}/{record.id}"
    return response


def list_records(ctx: Ctx, request: Request, entity: str) -> Response:
    """``view``, ``where``, ``sort``, ``fields``, ``q``, ``limit``, ``cursor``, ``total``."""
    known(ctx, entity)
    _closed(request, "view", "where", "sort", "fields", "q", "limit", "cursor", "total")
    wanted = _names(request, "fields")
    condition, order = _narrowed(ctx, request, entity)
    asked = query.ListQuery(
        where=condition,
        sort=_names(request, "sort") or order,
        q=request.args.get("q", ""),
        limit=limit_of(request),
        cursor=request.args.get("cursor") or None,
        fields=wanted,
    )
    if wanted is not None:
        query.require_readable(ctx, entity, wanted)
    found = query.list_records(ctx, entity, asked)
    reader = reader_of(ctx, found.labels)
    answer: dict[str, Any] = {
        "items": [record_json(ctx, seen.record, seen.readable, found.labels, wanted, reader) for seen in found.items],
        "next_cursor": found.next_cursor,
    }
    if flag(request, "total"):
        answer.update(_count(ctx, entity, asked))
    return json_response(answer)


def count_records(ctx: Ctx, request: Request, entity: str) -> Response:
    """The total of a list, apart from its rows."""
    known(ctx, entity)
    _closed(request, "view", "where", "q")
    where, _order = _narrowed(ctx, request, entity)
    return json_response(_count(ctx, entity, query.ListQuery(where=where, q=request.args.get("q", ""))))


def _narrowed(ctx: Ctx, request: Request, entity: str) -> tuple[Expression | None, tuple[str, ...]]:
    """``view`` and ``where`` as one condition, and the order of the view. Raises Invalid."""
    text = request.args.get("where", "")
    where = query.read_where(ctx, entity, text) if text else None
    if "view" not in request.args:
        return where, ()
    view = views.asked_by(ctx, entity, request.args["view"])
    held = views.condition_of(view)
    if held:
        where = query.read_where(ctx, entity, f"AND({held}, {text})" if text else held, "view")
    return where, view.order


def _count(ctx: Ctx, entity: str, asked: query.ListQuery) -> dict[str, Any]:
    count = query.count(ctx, entity, asked)
    return {"total": count.total, "at_least": True} if count.at_least else {"total": count.total}


def create(ctx: Ctx, request: Request, entity: str) -> Response:
    """Body ``{"fields": {...}}``; 201 with the record."""
    known(ctx, entity)
    body = body_of(request, "fields", required=("fields",))
    return once(ctx, request, lambda: _after(ctx, road.create(ctx, entity, Input(body["fields"])), 201))


def read(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """One record with its ETag."""
    known(ctx, entity)
    return _answer(ctx, entity, id)


def change(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """PATCH with If-Match: the given fields change, absent ones stay."""
    known(ctx, entity)
    version = version_of(request)
    body = body_of(request, "fields", required=("fields",))
    return _after(ctx, road.update(ctx, entity, id, Input(body["fields"]), version=version))


def remove(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """DELETE with If-Match: into the bin."""
    known(ctx, entity)
    road.delete(ctx, entity, id, version=version_of(request))
    return current_app.response_class(status=204)


def restore(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Out of the bin, with everything that went with it."""
    known(ctx, entity)
    body_of(request)
    return once(ctx, request, lambda: _after(ctx, road.restore(ctx, entity, id)))


def transition(ctx: Ctx, request: Request, entity: str, id: str, key: str) -> Response:
    """Take a transition; ``fields`` are written with it, ``asks`` answer its questions. One that needs approval answers 202 with the case;
    ``note`` and ``files`` go to the approvers."""
    known(ctx, entity)
    version = version_of(request)
    body = body_of(request, "fields", "asks", "note", "files")
    note, files = body.get("note") or "", body.get("files") or []
    if not isinstance(note, str) or not isinstance(files, list) or not all(isinstance(f, str) for f in files):
        raise Invalid([Problem("bad_type", _("“{key}” can't be read.", key="note" if not isinstance(note, str) else "files"), "note")])
    words = ForApproval(note, tuple(files))

    def take() -> Response:
        given, answers = Input(body.get("fields", {})), body.get("asks", {})
        record = road.transition(ctx, entity, id, key, input=given, asks=answers, version=version, request=words)
        return _after(ctx, record) if record.waits is None else approvals.sent(ctx, record.waits)

    return once(ctx, request, take)


def assign(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Give a record to another owner or team: ``{"owner": id, "team": id}``."""
    known(ctx, entity)
    version = version_of(request)
    body = body_of(request, "owner", "team")
    wrong = [Problem("bad_type", _("This must be an id."), k) for k, v in body.items() if v is not None and not isinstance(v, str)]
    if wrong or not body:
        raise Invalid(wrong or [Problem("missing_key", _("Say who gets the record."), "owner", _("Send owner, team or both."))])
    return once(ctx, request, lambda: _after(ctx, road.assign(ctx, entity, id, version=version, **body)))


def read_history(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Who changed what, when and why, newest first; only what the reader may read."""
    known(ctx, entity)
    _closed(request, "limit", "before")
    reading.get(ctx, entity, id)
    entries = history.of(ctx, entity, id, limit_of(request), request.args.get("before") or None)
    return json_response(
        {
            "items": [
                {
                    "id": e.id,
                    "seq": e.seq,
                    "at": instant(e.at),
                    "actor": {"id": e.actor_id, "label": e.actor_name},
                    "channel": e.channel,
                    "kind": e.kind,
                    "changes": e.changes,
                    "reason": e.reason,
                }
                for e in entries
            ]
        }
    )


def doors(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """The transitions from here: open or what is missing, and from whom."""
    known(ctx, entity)
    seen = reading.get(ctx, entity, id)
    return json_response(
        {
            "items": [
                {
                    "key": door.key,
                    "label": to_text(door.label, ctx.language),
                    "to": door.to,
                    "open": door.open,
                    "primary": door.primary,
                    "needs": list(door.needs),
                    "asks": [field.key for field in door.asks],
                    "approval": [to_text(who, ctx.language) for who in door.approval],
                    "case": door.case,
                    "missing": [
                        {"what": to_text(m.what, ctx.language), "from": to_text(m.source, ctx.language), "ask": m.ask, "rule": m.rule} for m in door.missing
                    ],
                }
                for door in reading.doors(ctx, seen)
            ]
        }
    )


def _names(request: Request, name: str) -> tuple[str, ...] | None:
    raw = request.args.get(name)
    return None if raw is None else tuple(part.strip() for part in raw.split(",") if part.strip())


def _closed(request: Request, *known: str) -> None:
    unknown = [key for key in request.args if key not in known]
    if unknown:
        raise Invalid(
            [Problem("unknown_parameter", _("“{key}” is not known here.", key=key), key, _("Known: {keys}.", keys=", ".join(known))) for key in unknown]
        )
