"""The conversation around a record over the API: comments, reactions, following."""

from __future__ import annotations

from typing import Any

from flask import Request, current_app
from werkzeug.wrappers import Response

from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.routes import json_response
from runtime.records import comments, reading
from runtime.records.comments import Comment
from runtime.records.labels import of_people
from runtime.talk import follow, people, thread
from runtime.talk.reactions import REACTIONS
from runtime.web.api.conditional import body_of, limit_of
from runtime.web.api.files import file_json
from runtime.web.api.idempotency import once
from runtime.web.api.records import _closed, known
from runtime.web.api.wire import instant, named

_KEYS = ("body", "files")


def list_comments(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Newest first: ``limit``, ``before=<id of the last comment seen>``."""
    known(ctx, entity)
    _closed(request, "limit", "before")
    found = comments.of(ctx, entity, id, limit_of(request), request.args.get("before") or None)
    return json_response({"items": [comment_json(ctx, c) for c in found]})


def add(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Body ``{"body": "...", "files": [id, ...]}``; ``@{person id}`` in the text names somebody. 201 with the comment."""
    known(ctx, entity)
    body = _body(request)

    def do() -> Response:
        made = comments.add(ctx, entity, id, body.get("body", ""), body.get("files", []))
        response = _one(ctx, entity, id, made, 201)
        response.headers["Location"] = f"/t/{ctx.tenant.slug}/api/v1/records/{entity}/{id}/comments/{made}"
        return response

    return once(ctx, request, do)


def change(ctx: Ctx, request: Request, entity: str, id: str, comment: str) -> Response:
    """PATCH of an own comment, soon after it was written: another text, other files or both."""
    known(ctx, entity)
    body = _body(request)
    if "body" not in body:
        body["body"] = comments.get(ctx, entity, id, comment).body
    comments.edit(ctx, entity, id, comment, body["body"], body.get("files"))
    return _one(ctx, entity, id, comment)


def remove(ctx: Ctx, request: Request, entity: str, id: str, comment: str) -> Response:
    """DELETE of an own comment: that there was one stays."""
    known(ctx, entity)
    comments.remove(ctx, entity, id, comment)
    return current_app.response_class(status=204)


def react(ctx: Ctx, request: Request, entity: str, id: str, comment: str, key: str) -> Response:
    """PUT gives a reaction, DELETE takes one's own back; the comment comes back either way."""
    known(ctx, entity)
    comments.react(ctx, entity, id, comment, key, request.method == "PUT")
    return _one(ctx, entity, id, comment)


def read_following(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """Whether the caller follows the record, and who else does."""
    known(ctx, entity)
    found = people.following(ctx, reading.get(ctx, entity, id).env.record)
    names = of_people(ctx, found)
    return json_response({"following": ctx.actor.person in found, "followers": [named(p, names) for p in found]})


def choose_following(ctx: Ctx, request: Request, entity: str, id: str) -> Response:
    """PUT follows, DELETE no longer does."""
    known(ctx, entity)
    follow.choose(ctx, entity, id, request.method == "PUT")
    return read_following(ctx, request, entity, id)


def comment_json(ctx: Ctx, comment: Comment) -> dict[str, Any]:
    """A comment as the API shows it; ``body`` is what PATCH takes, ``text`` what people read."""
    until = comment.at + comments.EDIT_WITHIN
    return {
        "id": comment.id,
        "at": instant(comment.at),
        "by": named(comment.author_id, comment.names),
        "body": comment.body,
        "text": comment.text(ctx.language),
        "mentions": [named(p, comment.names) for p in comment.mentions],
        "files": [file_json(f) for f in comment.files],
        "reactions": [
            {"key": key, "sign": REACTIONS[key].sign, "people": [named(p, comment.names) for p in given]} for key, given in comment.reactions.items()
        ],
        "edited_at": instant(comment.edited_at),
        "deleted_at": instant(comment.deleted_at),
        "editable_until": instant(until) if comment.author_id == ctx.actor.person and comment.deleted_at is None and ctx.now <= until else None,
    }


def _one(ctx: Ctx, entity: str, id_: str, comment: str, status: int = 200) -> Response:
    (found,) = thread.comments(ctx, [comments.get(ctx, entity, id_, comment)])
    return json_response(comment_json(ctx, found), status)


def _body(request: Request) -> dict[str, Any]:
    body = body_of(request, *_KEYS)
    wrong = []
    if "body" in body and not isinstance(body["body"], str):
        wrong.append(Problem("bad_type", _("A text is expected."), "body"))
    files = body.get("files", [])
    if not isinstance(files, list) or not all(isinstance(f, str) for f in files):
        wrong.append(Problem("bad_type", _("“files” is a list of file ids."), "files"))
    if wrong:
        raise Invalid(wrong)
    return body
