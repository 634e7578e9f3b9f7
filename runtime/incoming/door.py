"""The whole way of a message: limit, signature, once, take; whatever is refused is refused aloud and written down."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from kernel.errors import Busy, Conflict, FangyuanError, TooMany
from kernel.i18n import _
from kernel.platform import rates
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.database import Home
from kernel.platform.jsonvalues import dumps, loads
from kernel.platform.rates import Limit
from runtime.incoming import refused, signing, sources
from runtime.incoming.event import parse, read
from runtime.incoming.signing import Signed
from runtime.incoming.sources import Source
from runtime.incoming.taking import Taken, intake_of, take, writer

# Of one source; refusals of one address, after which it is not even listened to.
MESSAGES = Limit(1200, timedelta(minutes=1))
REFUSALS = Limit(120, timedelta(minutes=15))
Say = Callable[[FangyuanError], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a message is answered. ``replayed``: it was answered before, with the same."""

    status: int
    body: Mapping[str, Any]
    replayed: bool = False


def receive(ctx: Ctx, home: Home, source_id: str, kind: str, signed: Signed, listen: Callable[[], bytes], say: Say) -> Answer:
    """A signed message of events of one kind. ``ctx`` only reads; ``listen`` reads the body, ``say`` words a problem for the sender.
    Raises what is refused."""
    with turned_away(ctx, home, source_id, kind, signed.id):
        body = listen()
        source = sources.find(ctx, source_id)
        if source is None or not source.open or source.adapter != sources.JSON:
            source = None
        signing.verify(sources.keys(ctx, source) if source is not None else [], signed, body, ctx.now)
        assert source is not None
        with home.write() as conn:
            inner = writer(replace(ctx, conn=conn), source)
            rates.take(conn, f"events:{source.id}", MESSAGES, ctx.now)
            digest = hashlib.sha256(kind.encode() + b"\n" + body).hexdigest()
            known = _claim(inner, source, signed.id, kind, digest)
            if known is not None:
                return known
            answer = _take_all(inner, source, kind, body, say, signed.id)
            _keep(inner, source, signed.id, answer)
            sources.touch(inner, source)
            return answer


class turned_away:
    """Around what a stranger sends: an address that was refused too often is not listened to, and each refusal is written down."""

    def __init__(self, ctx: Ctx, home: Home, source_id: str, kind: str, message_id: str | None) -> None:
        self.ctx, self.home, self.source_id, self.kind, self.message_id = ctx, home, source_id, kind, message_id
        self.key = f"events_refused:{ctx.address}"

    def __enter__(self) -> None:
        until = rates.locked(self.ctx.conn, [self.key], REFUSALS, self.ctx.now).get(self.key)
        if until is not None:
            raise TooMany(max(1, int((until - self.ctx.now).total_seconds())))

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, FangyuanError) or isinstance(error, (Busy, TooMany)):
            return
        with suppress(Busy, TooMany), self.home.write() as conn:
            inner = replace(self.ctx, conn=conn)
            rates.take(conn, self.key, REFUSALS, self.ctx.now)
            known = sources.find(inner, self.source_id) if len(self.source_id) == 36 else None
            refused.note(inner, error, source=known.id if known else None, kind=self.kind, message_id=self.message_id)


def _take_all(ctx: Ctx, source: Source, kind: str, body: bytes, say: Say, message_id: str) -> Answer:
    intake_of(ctx, kind)
    raws, batch = parse(body)
    if not batch:
        one = take(ctx, source, read(raws[0], kind, ctx.now))
        return Answer(200 if one.outcome == "known" else 201, said(one))
    results = []
    for raw in raws:
        try:
            with ctx.conn.begin_nested():
                results.append(dict(said(take(ctx, source, read(raw, kind, ctx.now)))))
        except Busy:
            raise
        except FangyuanError as error:
            # One bad event does not hold up the others of its message.
            name = raw.get("id") if isinstance(raw, dict) else None
            event_id = name if isinstance(name, str) else None
            refused.note(ctx, error, source=source.id, kind=kind, message_id=message_id, event_id=event_id)
            results.append({"id": event_id, "outcome": "refused", **say(error)})
    return Answer(200, {"items": results, "refused": sum(r["outcome"] == "refused" for r in results)})


def said(one: Taken) -> Mapping[str, Any]:
    """An event as it is answered."""
    return {"id": one.id, "outcome": one.outcome, "entity": one.entity, "record": one.record}


# --- once -------------------------------------------------------------------------------------------------------------

_I = t.idempotency.c


def _claim(ctx: Ctx, source: Source, key: str, kind: str, digest: str) -> Answer | None:
    """Take the message's id; the answer of before where it came already. Raises Conflict for another content under the same id."""
    insert = postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(t.idempotency).values(actor_id=source.id, key=key, route=f"events/{kind}", request_hash=digest, at=ctx.now)
    if ctx.conn.execute(statement.on_conflict_do_nothing().returning(_I.key)).first() is not None:
        return None
    row = ctx.conn.execute(select(_I.request_hash, _I.status, _I.body).where(_I.actor_id == source.id, _I.key == key)).one()
    if row.request_hash != digest:
        raise Conflict(_("A message with this id was sent before, with another content."), hint=_("Give every message an id of its own."))
    return Answer(row.status, loads(row.body), True)


def _keep(ctx: Ctx, source: Source, key: str, answer: Answer) -> None:
    ctx.conn.execute(update(t.idempotency).where(_I.actor_id == source.id, _I.key == key).values(status=answer.status, headers={}, body=dumps(answer.body)))
