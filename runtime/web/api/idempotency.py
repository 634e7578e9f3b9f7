"""A POST with an Idempotency-Key is done once; repeating it gives the first answer (D45)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Request, Response
from sqlalchemy import insert, select

from kernel.errors import Conflict, Invalid, Problem
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

LONGEST_KEY = 200


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
    c = t.idempotency.c
    known = ctx.conn.execute(select(c.request_hash, c.status, c.headers, c.body).where(c.actor_id == ctx.actor.person, c.key == key)).first()
    if known is not None:
        if known.request_hash != digest:
            raise Conflict(_("This Idempotency-Key was used for another request."), hint=_("Use a new key for a new request."))
        return Response(known.body, known.status, headers=known.headers | {"Idempotency-Replayed": "true"}, mimetype="application/json")
    answer = do()
    headers: dict[str, Any] = {name: answer.headers[name] for name in ("ETag", "Location") if name in answer.headers}
    ctx.conn.execute(insert(t.idempotency).values(
        actor_id=ctx.actor.person, key=key, route=request.path[:500], request_hash=digest, status=answer.status_code,
        headers=headers, body=answer.get_data(as_text=True), at=ctx.now,
    ))
    return answer
