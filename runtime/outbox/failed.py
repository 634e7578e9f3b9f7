"""Reading what failed, having it done again, discarding it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from kernel.errors import Message, NotFound
from kernel.jobs import outlets, queue
from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.connections import connection
from runtime.outbox import words
from runtime.records.labels import Wanted, resolve

_J = t.job.c
FAILED: ColumnElement[bool] = _J.state == queue.FAILED
# Under way: it failed before and will be tried again.
TRYING: ColumnElement[bool] = and_(_J.state == queue.WAITING, or_(_J.attempts > 0, _J.error.is_not(None)))
# At most so many are done again or discarded by one act.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of work. ``title`` and ``person`` are None where there is none, or where the reader may not see it."""

    id: int
    kind: str
    what: Message
    where: Message | None
    why: Message | None
    failed: bool
    attempts: int
    at: datetime | None
    next_at: datetime | None
    entity: str | None
    record: str | None
    title: str | None
    person: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is; ``places``: destinations that are left alone for now, with the moment when that ends."""

    failed: int
    trying: int
    waiting: int
    places: tuple[tuple[Message, Message | None, datetime], ...]


def read(ctx: Ctx, *, failed: bool = True, limit: int = 50, before: int | None = None) -> list[Item]:
    """What failed for good, or what is being tried again, newest first; a fixed number of statements (plus one per kind of record among them)."""
    query = select(_J.id, _J.kind, _J.data, _J.destination, _J.error, _J.state, _J.attempts, _J.finished_at, _J.due_at, _J.person_id)
    query = query.where(FAILED if failed else TRYING).order_by(_J.id.desc()).limit(limit)
    rows = ctx.conn.execute(query if before is None else query.where(_J.id < before)).all()
    people = _people(ctx, rows)
    names = {one.destination: one.name for one in connection.all_of(ctx)}
    wanted = Wanted()
    for row in rows:
        wanted.add("person", people.get(row.id))
        if row.data.get("entity") in ctx.app.entities:
            wanted.add(row.data["entity"], row.data.get("record"))
    found = resolve(ctx, wanted)
    return [
        Item(row.id, row.kind, words.what(row.kind, row.data), words.where(row.destination, names), words.why(row.error), row.state == queue.FAILED, row.attempts,
             row.finished_at, row.due_at if row.state == queue.WAITING else None, row.data.get("entity"), row.data.get("record"),
             found.get(row.data.get("record") or ""), found.get(people.get(row.id) or ""))
        for row in rows]


def _people(ctx: Ctx, rows: Sequence[Any]) -> dict[int, str]:
    """Whom each piece of work is for: whoever it names, who asked for it, or whose notice it carries."""
    carried = {row.data["delivery"] for row in rows if isinstance(row.data.get("delivery"), str)}
    d = t.delivery.c
    owners: dict[str, str] = {row[0]: row[1] for row in ctx.conn.execute(select(d.id, d.person_id).where(d.id.in_(carried)))} if carried else {}
    said = {row.id: row.data.get("person") or row.person_id or owners.get(row.data.get("delivery")) for row in rows}
    return {id_: person for id_, person in said.items() if isinstance(person, str)}


def counts(ctx: Ctx) -> Counts:
    """Three figures and the places in trouble."""
    failed = ctx.conn.execute(select(func.count()).where(FAILED)).scalar_one()
    trying = ctx.conn.execute(select(func.count()).where(TRYING)).scalar_one()
    waiting = ctx.conn.execute(select(func.count()).where(_J.state == queue.WAITING, _J.destination.is_not(None), _J.due_at <= ctx.now)).scalar_one()
    names = {one.destination: one.name for one in connection.all_of(ctx)}
    blocked = [o for o in outlets.troubled(ctx.conn).values() if o.blocked_until is not None and o.blocked_until > ctx.now]
    return Counts(failed, trying, waiting, tuple((words.where(o.key, names) or o.key, words.why(o.error), o.blocked_until) for o in blocked if o.blocked_until))


def again(ctx: Ctx, ids: Collection[int] | None = None) -> int:
    """Have these done once more with a full set of tries, or all; under the same ids. Returns how many. Raises NotFound when none had failed."""
    chosen = _failed(ctx, ids)
    for id_ in chosen:
        queue.again(ctx.conn, id_, ctx.now)
    # Whoever asks for it believes that the other side is well again.
    places = {d for d in ctx.conn.execute(select(_J.destination).where(_J.id.in_(chosen[:500])).distinct()).scalars() if d}
    for place in places:
        outlets.well(ctx.conn, place)
    audit.note(ctx, "work.replayed", str(chosen[0]) if len(chosen) == 1 else None, {"n": len(chosen)})
    return len(chosen)


def discard(ctx: Ctx, ids: Collection[int] | None = None) -> int:
    """It will not be done. Returns how many. Raises NotFound when none had failed."""
    chosen = _failed(ctx, ids)
    for start in range(0, len(chosen), 500):
        ctx.conn.execute(update(t.job).where(_J.id.in_(chosen[start:start + 500]), FAILED).values(state=queue.CANCELLED, finished_at=ctx.now))
    audit.note(ctx, "work.discarded", str(chosen[0]) if len(chosen) == 1 else None, {"n": len(chosen)})
    return len(chosen)


def _failed(ctx: Ctx, ids: Collection[int] | None) -> list[int]:
    query = select(_J.id).where(FAILED).order_by(_J.id).limit(MOST)
    chosen = list(ctx.conn.execute(query if ids is None else query.where(_J.id.in_([i for i in ids if 0 < i < 2**31]))).scalars())
    if not chosen:
        raise NotFound()
    return chosen
