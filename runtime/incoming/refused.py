"""What was turned away at the door: a list that an administrator sees. Never the body: only what was wrong, from where, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from kernel.errors import FangyuanError, Problem
from kernel.i18n import to_text
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.ids import uuid7

KEPT_FOR = timedelta(days=30)
MOST = 2_000
_T = t.event_refused.c


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused message or event; ``problems`` in the workspace's language."""

    id: str
    at: datetime
    source: str | None
    kind: str | None
    code: str
    message_id: str | None
    address: str | None
    problems: Sequence[Any]


def note(ctx: Ctx, error: FangyuanError, *, source: str | None, kind: str, message_id: str | None, event_id: str | None = None) -> None:
    """Write it down, in a transaction that is committed although the message is refused."""
    problems: Sequence[Problem] = tuple(getattr(error, "problems", ()))[:20]
    language = ctx.tenant.language
    said = [{"code": p.code, "path": p.path[:200], "message": to_text(p.message, language)[:500]} for p in problems]
    if not said:
        said = [{"code": error.code, "path": "", "message": to_text(error.message, language)[:500]}]
    if event_id is not None:
        said = [{**one, "event": event_id[:200]} for one in said]
    ctx.conn.execute(insert(t.event_refused).values(
        id=uuid7(ctx.now), at=ctx.now, source_id=source, kind=kind[:50], code=error.code, message_id=(message_id or "")[:200] or None, address=ctx.address[:100] or None, problems=said))


def latest(ctx: Ctx, limit: int = 50, before: str | None = None) -> list[Refusal]:
    """The refusals, newest first."""
    query = select(_T.id, _T.at, _T.source_id, _T.kind, _T.code, _T.message_id, _T.address, _T.problems).order_by(_T.id.desc()).limit(limit)
    return [Refusal(*row) for row in ctx.conn.execute(query.where(_T.id < before) if before else query)]


def sweep(conn: Connection, now: datetime) -> int:
    """Forget what is a month old, and all but the newest; returns how many."""
    gone = conn.execute(delete(t.event_refused).where(_T.at < now - KEPT_FOR)).rowcount
    edge = conn.execute(select(_T.id).order_by(_T.id.desc()).offset(MOST).limit(1)).scalar()
    return gone + (conn.execute(delete(t.event_refused).where(_T.id <= edge)).rowcount if edge else 0)
