"""The log of deliveries: one's own, with the words of each notice, and everybody's for administrators, who read no more than they may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.notices import inbox
from runtime.notices.decide import FAILED, HELD
from runtime.notices.inbox import Notice
from runtime.notices.kinds import KINDS
from runtime.notices.plan import DIGEST

PAGE = 30


@dataclass(frozen=True, slots=True)
class Way:
    """One delivery of a notice. ``digest``: the mail it went out in."""

    id: str
    channel: str
    state: str
    why: dict[str, Any] | None
    due_at: datetime | None
    sent_at: datetime | None
    attempts: int
    digest: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A notice with everything that became of it outside of the inbox."""

    notice: Notice
    ways: Sequence[Way]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of everybody's log."""

    person: str
    way: Way
    kind: str
    urgency: str
    created_at: datetime
    notice: Notice | None


def mine(ctx: Ctx, before: str | None, limit: int = PAGE) -> list[Told]:
    """One's own notices, newest first, with their deliveries; a fixed number of statements."""
    c = t.notice.c
    query = select(t.notice).where(c.person_id == ctx.actor.person, c.kind.in_(list(KINDS))).order_by(c.id.desc()).limit(limit)
    notices = inbox.of_rows(ctx, ctx.conn.execute(query if before is None else query.where(c.id < before)).all())
    d = t.delivery.c
    ways: dict[str, list[Way]] = {}
    if notices:
        for row in ctx.conn.execute(select(t.delivery).where(d.notice_id.in_([n.id for n in notices])).order_by(d.id)):
            ways.setdefault(row.notice_id, []).append(_way(row))
    return [Told(n, ways.get(n.id, ())) for n in notices]


def everybodys(ctx: Ctx, *, state: str = "", channel: str = "", person: str = "", before: str | None = None, limit: int = PAGE) -> list[Entry]:
    """All deliveries that fit, newest first. Titles are those the administrator may see."""
    d = t.delivery.c
    query = select(t.delivery).order_by(d.id.desc()).limit(limit)
    for column, value in ((d.state, state), (d.channel, channel), (d.person_id, person)):
        if value:
            query = query.where(column == value)
    rows = ctx.conn.execute(query if before is None else query.where(d.id < before)).all()
    ids = [row.notice_id for row in rows if row.notice_id]
    told = inbox.of_rows(ctx, ctx.conn.execute(select(t.notice).where(t.notice.c.id.in_(ids), t.notice.c.kind.in_(list(KINDS)))).all()) if ids else []
    by_id = {n.id: n for n in told}
    return [Entry(row.person_id, _way(row), row.kind, row.urgency, row.created_at, by_id.get(row.notice_id or "")) for row in rows]


def troubles(ctx: Ctx, limit: int = 1000) -> dict[str, int]:
    """How many deliveries failed and are held back, up to a limit."""
    d = t.delivery.c
    found = {}
    for state in (FAILED, HELD):
        some = select(d.id).where(d.state == state, d.kind != DIGEST).limit(limit).subquery()
        found[state] = int(ctx.conn.execute(select(func.count()).select_from(some)).scalar_one())
    return found


def _way(row: Any) -> Way:
    return Way(row.id, row.channel, row.state, row.why, row.due_at, row.sent_at, row.attempts, row.digest_id is not None)
