"""Reading one's inbox. Titles and names are those the reader may see now; the rest keeps silent about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update

from kernel.errors import Message
from kernel.i18n import Text, _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.notices import details
from runtime.notices.kinds import KINDS, Kind
from runtime.records import events
from runtime.records.labels import Wanted, resolve

MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """One entry as its owner reads it. ``title`` is None where the record is gone or no longer theirs to see."""

    id: str
    kind: Kind
    cause: str
    urgency: str
    entity: str | None
    record: str | None
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None
    done_at: datetime | None
    title: str | None
    who: str | None
    detail: Message = ""
    excerpt: str | None = None
    """The first words of the comment it is about."""

    @property
    def words(self) -> Text:
        """The sentence of the notice."""
        params = {
            "who": self.who or _("Somebody"), "title": self.title or _("a record that you can't see any more"), "detail": self.detail}
        return Text(self.kind.words.msgid, params)


def entries(ctx: Ctx, *, tasks: bool, limit: int = 50, before: str | None = None) -> list[Notice]:
    """Open tasks, or news, newest first; four statements at most, whatever their number (plus one per kind of record among them)."""
    c = t.notice.c
    kinds = [k.key for k in KINDS.values() if k.task is tasks]
    query = select(t.notice).where(c.person_id == ctx.actor.person, c.kind.in_(kinds)).order_by(c.id.desc()).limit(limit)
    if tasks:
        query = query.where(c.done_at.is_(None))
    if before:
        query = query.where(c.id < before)
    rows = ctx.conn.execute(query).all()
    wanted = Wanted()
    for row in rows:
        wanted.add("person", row.data.get("by"))
        if row.entity in ctx.app.entities:
            wanted.add(row.entity, row.record_id)
        details.want(wanted, row.data)
    names = resolve(ctx, wanted)
    first_words = details.excerpts(ctx, [r.data for r in rows if r.record_id in names])
    return [
        Notice(r.id, KINDS[r.kind], r.cause, r.urgency, r.entity, r.record_id, r.data, r.created_at, r.read_at, r.done_at,
               names.get(r.record_id or ""), names.get(r.data.get("by") or ""), details.words(ctx, r.entity, r.data, names),
               first_words.get(r.data.get("comment") or ""))
        for r in rows]


def unread(ctx: Ctx) -> int:
    """How many entries wait: open tasks, and news that were not read; beyond 100 it is no longer counted. One look into an index."""
    c = t.notice.c
    waiting = select(c.id).where(c.person_id == ctx.actor.person, c.done_at.is_(None)).limit(MOST_COUNTED).subquery()
    return int(ctx.conn.execute(select(func.count()).select_from(waiting)).scalar_one())


def mark_read(ctx: Ctx, ids: Collection[str] | None = None) -> None:
    """These entries of one's own, or all, are read. News are done with by that; a task stays until it is done."""
    c = t.notice.c
    news = [k.key for k in KINDS.values() if not k.task]
    done = case((c.done_at.is_(None) & c.kind.in_(news), ctx.now), else_=c.done_at)
    statement = update(t.notice).where(c.person_id == ctx.actor.person, c.read_at.is_(None)).values(read_at=ctx.now, done_at=done)
    if ids is not None:
        statement = statement.where(c.id.in_(list(ids)))
    if ctx.conn.execute(statement).rowcount:
        events.tell_people(ctx, [ctx.actor.person])
