"""From events to messages for one reader: which record changed, how many notices wait, which job moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, tuple_

from kernel.permissions import rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.live.watch import Watches
from runtime.notices import inbox
from runtime.records.events import JOB, NOTICE, UPDATED
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope

# More than this at once is not told one by one: the page hears that everything it watches may have changed.
MOST = 500
# On PostgreSQL an earlier id may be committed after a later one: a reader without memory looks a little further back, and the
# page leaves out what it was told before (``n``).
OVERLAP, OVERLAP_FOR = 200, timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Happened:
    """A row of ``event``, as far as readers need it."""

    id: int
    kind: str
    entity: str | None
    record: str | None
    data: Any
    # Committed after a later one (PostgreSQL).
    late: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What a page is told. ``kind``: record, lost, inbox, job, hello, poll, end. ``n`` in its data is the last event behind it."""

    kind: str
    data: dict[str, Any]


_COLUMNS = (t.event.c.id, t.event.c.kind, t.event.c.entity, t.event.c.record_id, t.event.c.data)


def newest(conn: Connection) -> int:
    """The id of the last event."""
    return int(conn.execute(select(func.max(t.event.c.id))).scalar() or 0)


def events_after(conn: Connection, after: int, gaps: Iterable[int] = (), limit: int = MOST) -> list[Happened]:
    """Events that were not seen yet, in order; ``gaps`` are ids left out so far."""
    missed = list(gaps)
    condition = t.event.c.id > after
    if missed:
        condition = or_(condition, t.event.c.id.in_(missed))
    return [Happened(*row) for row in conn.execute(select(*_COLUMNS).where(condition).order_by(t.event.c.id).limit(limit))]


def mine(ctx: Ctx, after: int, watches: Watches) -> tuple[list[Happened], bool]:
    """Events after ``after`` that this reader waits for, and whether there were too many to name."""
    c = t.event.c
    wanted = [and_(c.kind.in_((NOTICE, JOB)), c.record_id == ctx.actor.person)]
    if watches.records:
        wanted.append(tuple_(c.entity, c.record_id).in_(sorted(watches.records)))
    if watches.entities:
        wanted.append(c.entity.in_(sorted(watches.entities)))
    new = c.id > after
    if ctx.conn.dialect.name == "postgresql":
        new = or_(new, and_(c.id > after - OVERLAP, c.at > ctx.now - OVERLAP_FOR))
    rows = ctx.conn.execute(select(*_COLUMNS).where(new, or_(*wanted)).order_by(c.id).limit(MOST + 1)).all()
    return [Happened(*row) for row in rows[:MOST]], len(rows) > MOST


def messages(ctx: Ctx, happened: Sequence[Happened], watches: Watches, *, everything: bool = False) -> list[Message]:
    """What the reader is told about ``happened``: each record once, and only if they may read it now."""
    records: dict[tuple[str, str], dict[str, Any]] = {}
    jobs: dict[Any, int] = {}
    notices: dict[str, Any] | None = {"high": inbox.has_urgent(ctx), "n": 0} if everything else None
    for event in happened:
        data = event.data or {}
        if event.kind == NOTICE and event.record == ctx.actor.person:
            notices = {"high": data.get("urgency") == "high" or (notices or {}).get("high", False), "n": event.id}
        elif event.kind == JOB and event.record == ctx.actor.person:
            jobs[data.get("job")] = event.id
        elif event.entity is not None and event.record is not None and watches.hit(event.entity, event.record):
            known = records.setdefault((event.entity, event.record), {"kinds": []})
            known["n"] = event.id
            if event.kind not in known["kinds"]:
                known["kinds"].append(event.kind)
    if everything:
        for pair in watches.records:
            records.setdefault(pair, {"kinds": [UPDATED], "n": 0})
    found = _records(ctx, records, watches)
    if notices is not None:
        found.append(Message("inbox", {"count": inbox.unread(ctx), **notices}))
    return found + [Message("job", {"id": id_, "n": n}) for id_, n in jobs.items() if id_ is not None]


def lost(ctx: Ctx, watches: Watches) -> list[Message]:
    """Watched records that the reader may not see any more."""
    return [m for m in _records(ctx, {pair: {} for pair in watches.records}, watches) if m.kind == "lost"]


def _records(ctx: Ctx, wanted: Mapping[tuple[str, str], Mapping[str, Any]], watches: Watches) -> list[Message]:
    by_entity: dict[str, list[str]] = {}
    for entity, id_ in wanted:
        by_entity.setdefault(entity, []).append(id_)
    found = []
    for entity, ids in by_entity.items():
        versions = _versions(ctx, entity, ids)
        for id_ in ids:
            if id_ in versions:
                found.append(Message("record", {"entity": entity, "id": id_, "version": versions[id_], **wanted[entity, id_]}))
            elif (entity, id_) in watches.records:
                found.append(Message("lost", {"entity": entity, "id": id_}))
    return found


def _versions(ctx: Ctx, entity: str, ids: Sequence[str]) -> dict[str, int]:
    """Of the records the reader may see now, the version."""
    rights = rights_of(ctx.release, ctx.actor)
    if entity not in ctx.app.entities or not rights.entity(entity).any("read"):
        return {}
    shape = shape_of(ctx.release, entity)
    scope = RecordScope(ctx, shape, shape.table, rights)
    rows = ctx.conn.execute(select(shape.table.c.id, shape.table.c.version).where(shape.table.c.id.in_(list(ids)), scope.seen()))
    return {row[0]: int(row[1]) for row in rows}
