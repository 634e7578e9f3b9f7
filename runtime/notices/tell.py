"""Telling people: rows of the table ``notice``, written with what caused them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.notices import plan, recipients, wording
from runtime.notices.kinds import KINDS
from runtime.records import events

# Rows of one statement: SQLite binds 32,766 values.
_CHUNK = 1000


def tell(
    ctx: Ctx, people: Iterable[str], kind: str, cause: str, *, entity: str | None = None, record: str | None = None,
    data: Mapping[str, Any] | None = None, urgency: str = "normal", by: str | None = None,
) -> list[str]:
    """Tell each of ``people`` once per ``cause`` (at most 120 characters, for example ``mention:<comment id>``). Nobody is told what they did themselves.

    ``data`` holds ids and short words for {detail}, never values of records. ``urgency``: low, normal, high. ``by``: who did it, where
    that is told later by somebody else; the actor otherwise. Returns who was told now.
    """
    assert kind in KINDS, kind
    doer = by or ctx.actor.person
    wanted = [p for p in dict.fromkeys(people) if p and p != doer]
    if not wanted:
        return []
    insert = postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
    known = data or {}
    urgency = wording.urgency_of(ctx.app, kind, entity, known, urgency)
    spared = _spared(ctx, wanted, kind, entity, known)
    rows = [{
        "id": ctx.new_id(), "person_id": person, "cause": cause, "kind": kind, "urgency": urgency, "entity": entity, "record_id": record,
        "data": {"by": doer, **known, **({"spared": spared[person]} if person in spared else {})}, "created_at": ctx.now,
        "read_at": ctx.now if person in spared else None, "done_at": ctx.now if person in spared else None} for person in wanted]
    new: list[Any] = []
    for at in range(0, len(rows), _CHUNK):
        statement = insert(t.notice).values(rows[at : at + _CHUNK]).on_conflict_do_nothing().returning(t.notice.c.id, t.notice.c.person_id)
        new += ctx.conn.execute(statement).all()
    events.tell_people(ctx, [row.person_id for row in new if row.person_id not in spared], urgency=urgency)
    plan.later(ctx, [row.id for row in new])
    return [row.person_id for row in new]


def _spared(ctx: Ctx, people: list[str], kind: str, entity: str | None, data: Mapping[str, Any]) -> dict[str, str]:
    """Whom a quiet period spares this, by the rule: it stands in their inbox, but as read. A task always comes."""
    if not ctx.app.quiet_periods or KINDS[kind].task or wording.is_essential(ctx.app, kind, entity, data):
        return {}
    periods = recipients.periods_of(ctx, people)
    return {
        person: spared.uid for person, held in periods.items() for period, spared in reversed(held) if not period.kinds or kind in period.kinds}


def settle(ctx: Ctx, cause: str, people: Iterable[str] | None = None) -> None:
    """What the notice asked for is done (or no longer wanted): it leaves the list of tasks of everybody, or of these people."""
    statement = update(t.notice).where(t.notice.c.cause == cause, t.notice.c.done_at.is_(None)).values(done_at=ctx.now)
    if people is not None:
        statement = statement.where(t.notice.c.person_id.in_(list(people)))
    events.tell_people(ctx, ctx.conn.execute(statement.returning(t.notice.c.person_id)).scalars())
