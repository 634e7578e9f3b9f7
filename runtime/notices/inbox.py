"""Reading one's inbox. Titles and names are those the reader may see now; the rest keeps silent about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, select, update

from kernel.errors import Message, NotFound
from kernel.i18n import Text, _, to_text
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals import sight
from runtime.notices import details, fields, wording
from runtime.notices.kinds import KINDS, Kind
from runtime.records import events
from runtime.records.labels import Wanted, resolve

MOST_COUNTED = 100
RISES_FOR = timedelta(days=1)


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
    own: tuple[str, str] = ("", "")
    """The application's own words for it: the line that is read first, and more."""

    @property
    def words(self) -> Text | str:
        """The sentence of the notice."""
        if self.own[0]:
            return self.own[0]
        return Text(self.kind.words.msgid, self.slots)

    @property
    def slots(self) -> dict[str, Any]:
        """What fills the words."""
        return {"who": self.who or _("Somebody"), "title": self.title or _("a record that you can't see any more"), "detail": self.detail}


    @property
    def more(self) -> str:
        """What stands below the sentence; may be empty."""
        return self.own[1] or self.excerpt or ""


def entries(ctx: Ctx, *, tasks: bool, limit: int = 50, before: str | None = None) -> list[Notice]:
    """Open tasks, or news, newest first; four statements at most, whatever their number (plus one per kind of record among them)."""
    c = t.notice.c
    kinds = [k.key for k in KINDS.values() if k.task is tasks]
    query = select(t.notice).where(c.person_id == ctx.actor.person, c.kind.in_(kinds)).order_by(c.id.desc()).limit(limit)
    if tasks:
        query = query.where(c.done_at.is_(None))
    if before:
        query = query.where(c.id < before)
    return of_rows(ctx, ctx.conn.execute(query).all())


def one(ctx: Ctx, id_: str) -> Notice:
    """An entry of one's own. Raises NotFound for those of others."""
    row = ctx.conn.execute(select(t.notice).where(t.notice.c.person_id == ctx.actor.person, t.notice.c.id == id_)).first()
    if row is None or row.kind not in KINDS:
        raise NotFound()
    return of_rows(ctx, [row])[0]


def urgent(ctx: Ctx) -> tuple[Notice, int] | None:
    """The newest entry that can't wait and was not looked at, and how many more of today there are."""
    c = t.notice.c
    rows = ctx.conn.execute(select(t.notice).where(*_urgent(ctx)).order_by(c.id.desc()).limit(MOST_COUNTED)).all()
    return (of_rows(ctx, rows[:1])[0], len(rows) - 1) if rows else None


def has_urgent(ctx: Ctx) -> bool:
    """Whether something can't wait; one look into an index."""
    return bool(ctx.conn.execute(select(exists().where(*_urgent(ctx)))).scalar_one())


def _urgent(ctx: Ctx) -> tuple[ColumnElement[bool], ...]:
    """After a day it no longer rises over the page; in the inbox it stays."""
    c = t.notice.c
    return (
        c.person_id == ctx.actor.person, c.done_at.is_(None), c.read_at.is_(None), c.urgency == "high", c.kind.in_(list(KINDS)),
        c.created_at > ctx.now - RISES_FOR)


def of_rows(ctx: Ctx, rows: Sequence[Any]) -> list[Notice]:
    """Rows of the inbox as their owner, who is the actor, may read them now."""
    wanted = Wanted()
    for row in rows:
        wanted.add("person", row.data.get("by"))
        if row.entity in ctx.app.entities:
            wanted.add(row.entity, row.record_id)
        details.want(wanted, row.data)
    names = resolve(ctx, wanted)
    # Whoever sits in an open approval knows what it is about.
    names |= {k: v for k, v in sight.open_titles(ctx, [r.data.get("case") for r in rows]).items() if k not in names}
    first_words = details.excerpts(ctx, [(r.kind, r.data) for r in rows if r.record_id in names])
    found = [
        Notice(r.id, KINDS[r.kind], r.cause, r.urgency, r.entity, r.record_id, r.data, r.created_at, r.read_at, r.done_at,
               names.get(r.record_id or ""), names.get(r.data.get("by") or ""), details.words(ctx, r.entity, r.data, names),
               first_words.get(details.excerpt_of(r.kind, r.data)))
        for r in rows]
    return _in_own_words(ctx, found) if ctx.app.notifications or ctx.app.automations else found


def _in_own_words(ctx: Ctx, notices: list[Notice]) -> list[Notice]:
    """As the application words them; only where the reader sees the record that the words are about."""
    worded = [(n, wording.element_of(ctx.app, n.kind.key, n.entity, n.data)) for n in notices]
    wanted: dict[str, tuple[dict[str, None], set[str]]] = {}
    for n, element in worded:
        paths = wording.paths_of(element, ctx.language) if element is not None and n.entity and n.title is not None else set()
        if n.entity and n.record and paths:
            ids, known = wanted.setdefault(n.entity, ({}, set()))
            ids[n.record] = None
            known |= paths
    values = fields.texts(ctx, wanted)
    found = []
    for n, element in worded:
        if element is not None and (n.title is not None or n.entity is None):
            slots = {path: text for (id_, path), text in values.items() if id_ == n.record} | {k: to_text(v, ctx.language) for k, v in n.slots.items()}
            n = replace(n, own=(wording.fill(wording.pick(element.title, ctx.language), slots), wording.fill(wording.pick(element.body, ctx.language), slots)))
        found.append(n)
    return found


def waiting(ctx: Ctx) -> tuple[int, int]:
    """Open tasks, and news that were not read; beyond 100 they are no longer counted."""
    c = t.notice.c
    rows = select(c.kind).where(c.person_id == ctx.actor.person, c.done_at.is_(None)).limit(MOST_COUNTED).subquery()
    found = ctx.conn.execute(select(rows.c.kind, func.count()).group_by(rows.c.kind)).all()
    tasks = sum(n for kind, n in found if kind in KINDS and KINDS[kind].task)
    return tasks, sum(n for _kind, n in found) - tasks


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
