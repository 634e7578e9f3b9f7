"""A POST with an Idempotency-Key is done once; repeating it gives the first answer (D45)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Request, current_app
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.wrappers import Response

from kernel.errors import Conflict, Invalid, Problem
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

LONGEST_KEY = 200
KEPT_FOR = timedelta(days=7)
_KEPT_HEADERS = ("ETag", "Location")


def once(ctx: Ctx, request: Request, do: Callable[[], Response]) -> Response:
    """The answer of ``do``, kept in the same transaction when the request bears a key.

    A refused request changes nothing and is not kept: it may be corrected and sent again under the same key.
    Raises Conflict when the key was used for another request.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return do()
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise Invalid([Problem("bad_key", _("An Idempotency-Key has 1 to {n} printable characters.", n=LONGEST_KEY), "Idempotency-Key")])
    digest = hashlib.sha256(b"\n".join([request.method.encode(), request.full_path.encode(), request.get_data(cache=True)])).hexdigest()
    if not _claim(ctx, request, key, digest):
        return _kept(ctx, key, digest)
    answer = do()
    c = t.idempotency.c
    headers: dict[str, Any] = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    ctx.conn.execute(
        update(t.idempotency)
        .where(c.actor_id == ctx.actor.person, c.key == key)
        .values(status=answer.status_code, headers=headers, body=answer.get_data(as_text=True))
    )
    return answer


def _claim(ctx: Ctx, request: Request, key: str, digest: str) -> bool:
    """Take the key before anything is done: of two requests at the same moment the second waits here for the first."""
    insert = postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(t.idempotency).values(actor_id=ctx.actor.person, key=key, route=request.path[:500], request_hash=digest, at=ctx.now)
    return ctx.conn.execute(statement.on_conflict_do_nothing().returning(t.idempotency.c.key)).first() is not None


def _kept(ctx: Ctx, key: str, digest: str) -> Response:
    c = t.idempotency.c
    known = ctx.conn.execute(select(c.request_hash, c.status, c.headers, c.body).where(c.actor_id == ctx.actor.person, c.key == key)).one()
    if known.request_hash != digest:
        raise Conflict(_("This Idempotency-Key was used for another request."), hint=_("Use a new key for a new request."))
    headers = {**known.headers, "Idempotency-Replayed": "true"}
    return current_app.response_class(known.body, status=known.status, headers=headers, mimetype="application/json")


def sweep(conn: Connection, now: datetime) -> int:
    """Forget answers older than a week; returns how many."""
    return conn.execute(delete(t.idempotency).where(t.idempotency.c.at < now - KEPT_FOR)).rowcount
