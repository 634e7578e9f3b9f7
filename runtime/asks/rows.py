"""Rows of the table ``ask``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, select, update

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

SUPPLIED, WITHDRAWN, DECLINED, GONE = "supplied", "withdrawn", "declined", "gone"
MOST = 200


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody asked a person, or everybody with a role, for one missing fact of a record."""

    id: str
    entity: str
    record_id: str
    transition: str | None
    rule: str
    place: Mapping[str, Any]
    asked_by: str
    also: tuple[str, ...]
    person_id: str | None
    role: str | None
    note: str | None
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None
    answer: str | None

    @property
    def cause(self) -> str:
        """What its notices bear."""
        return f"ask:{self.id}"

    @property
    def askers(self) -> tuple[str, ...]:
        """Everybody who wants to know."""
        return (self.asked_by, *self.also)

    @property
    def path(self) -> str:
        """Which of several facts of its rule (see :class:`runtime.asks.fact.Fact`)."""
        if "fields" in self.place:
            return ""
        return ".".join(self.place.get("path") or ([self.place["field"]] if self.place.get("field") else []))

    def data(self) -> dict[str, Any]:
        """What a notice about it keeps: keys and ids."""
        return {"ask": self.id, "of": self.entity, "transition": self.transition, "rule": self.rule, "path": self.path}


_C = t.ask.c
COLUMNS = (
    _C.id, _C.entity, _C.record_id, _C.transition, _C.rule, _C.place, _C.asked_by, _C.also, _C.person_id, _C.role, _C.note, _C.created_at, _C.closed_at,
    _C.closed_by, _C.outcome, _C.answer,
)


def made(row: Any) -> Ask:
    values = list(row)
    values[7] = tuple(values[7] or ())
    return Ask(*values)


def query() -> Select[Any]:
    return select(*COLUMNS)


def find(ctx: Ctx, id_: str) -> Ask | None:
    row = ctx.conn.execute(query().where(_C.id == id_)).first()
    return None if row is None else made(row)


def open_of(ctx: Ctx, entity: str, record_id: str) -> list[Ask]:
    """What is open about a record, oldest first; one statement."""
    rows = ctx.conn.execute(query().where(_C.entity == entity, _C.record_id == record_id, _C.closed_at.is_(None)).order_by(_C.id).limit(MOST))
    return [made(row) for row in rows]


def opened(conditions: ColumnElement[bool], ctx: Ctx, limit: int = MOST) -> list[Ask]:
    """Open ones that fulfil a condition, oldest first."""
    return [made(row) for row in ctx.conn.execute(query().where(_C.closed_at.is_(None), conditions).order_by(_C.id).limit(limit))]


def listed(ctx: Ctx, *, of_me: bool, closed: bool = False, limit: int = 50, before: str | None = None) -> list[Ask]:
    """What one was asked for (by its notices), or asked others for, newest first."""
    if of_me:
        told = select(t.notice.c.cause).where(t.notice.c.person_id == ctx.actor.person, t.notice.c.kind == "ask")
        if not closed:
            told = told.where(t.notice.c.done_at.is_(None))
        mine: ColumnElement[bool] = (("ask:" + _C.id).in_(told))
    else:
        mine = _C.asked_by == ctx.actor.person
    statement = query().where(mine, _C.closed_at.is_not(None) if closed else _C.closed_at.is_(None)).order_by(_C.id.desc()).limit(limit)
    if before:
        statement = statement.where(_C.id < before)
    return [made(row) for row in ctx.conn.execute(statement)]


def add(ctx: Ctx, **values: Any) -> Ask:
    id_ = ctx.new_id()
    ctx.conn.execute(insert(t.ask).values(id=id_, created_at=ctx.now, asked_by=ctx.actor.person, **values))
    found = find(ctx, id_)
    assert found is not None
    return found


def change(ctx: Ctx, id_: str, **values: Any) -> None:
    ctx.conn.execute(update(t.ask).where(_C.id == id_).values(**values))


def close(ctx: Ctx, ids: Collection[str], outcome: str, answer: str | None = None) -> None:
    """They are open no longer."""
    values: dict[str, Any] = {"closed_at": ctx.now, "closed_by": ctx.actor.person, "outcome": outcome}
    if answer is not None:
        values["answer"] = answer
    ctx.conn.execute(update(t.ask).where(_C.id.in_(list(ids)), _C.closed_at.is_(None)).values(**values))


def excerpts(ctx: Ctx, ids: Collection[str]) -> dict[str, str]:
    """What people wrote with asks, by kind of notice and ask: the note of who asked, the answer of who was asked."""
    found: dict[str, str] = {}
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return found
    for id_, note, answer in ctx.conn.execute(select(_C.id, _C.note, _C.answer).where(_C.id.in_(wanted))):
        found |= {f"ask:{id_}": note} if note else {}
        found |= {f"{kind}:{id_}": answer for kind in ("ask_declined", "ask_word")} if answer else {}
    return found
