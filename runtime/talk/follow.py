"""Following: who hears of a record.

Its owner and its creator follow it as long as they don't say otherwise; writers of comments and people named in them get a row
when that happens; a row also keeps what somebody chose, for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from kernel.platform import tables as t
from kernel.platform.ctx import SYSTEM, Ctx
from runtime.records.record import Record


def of(ctx: Ctx, records: Sequence[Record]) -> Mapping[str, frozenset[str]]:
    """The followers of records of one entity, in one statement. Whether they may (still) see them is asked elsewhere."""
    found = {r.id: {p for p in (r.owner, r.created_by) if p and p != SYSTEM} for r in records}
    if found:
        c = t.follow.c
        query = select(c.record_id, c.person_id, c.active).where(c.entity == records[0].entity, c.record_id.in_(list(found)))
        for record, person, active in ctx.conn.execute(query):
            (found[record].add if active else found[record].discard)(person)
    return {id_: frozenset(people) for id_, people in found.items()}


def join(ctx: Ctx, entity: str, id_: str, people: Iterable[str]) -> None:
    """They follow because of what they did or what was said of them, unless they once said no."""
    wanted = [p for p in dict.fromkeys(people) if p and p != SYSTEM]
    if wanted:
        rows = [_row(ctx, entity, id_, person, True) for person in wanted]
        ctx.conn.execute(_insert(ctx)(t.follow).values(rows).on_conflict_do_nothing())


def choose(ctx: Ctx, entity: str, id_: str, follows: bool) -> None:
    """The actor follows the record, or no longer does; it stays so. Raises NotFound for a record out of sight."""
    from runtime.records import reading

    reading.require(ctx, entity, id_)
    c = t.follow.c
    statement = _insert(ctx)(t.follow).values(_row(ctx, entity, id_, ctx.actor.person, follows))
    ctx.conn.execute(statement.on_conflict_do_update(index_elements=[c.entity, c.record_id, c.person_id], set_={"active": follows, "at": ctx.now}))


def _row(ctx: Ctx, entity: str, id_: str, person: str, active: bool) -> dict[str, Any]:
    return {"entity": entity, "record_id": id_, "person_id": person, "active": active, "at": ctx.now}


def _insert(ctx: Ctx) -> Any:
    return postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
