"""Remarks beside a record: whoever may read the record may read and write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from kernel.errors import Invalid, Problem
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.texts import clean
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import events

MOST_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark. ``author`` is the name its reader may see, or None."""

    id: str
    body: str
    at: datetime
    author_id: str | None
    author: str | None


def add(ctx: Ctx, entity: str, id_: str, body: str) -> str:
    """A remark by the actor; returns its id. Raises NotFound for a record out of sight, Invalid for no or too much text."""
    from runtime.records import reading

    reading.require(ctx, entity, id_)
    try:
        text = clean(body, lines=True)
    except Unreadable as error:
        raise Invalid([error.problem("body", "comment#type")]) from error
    if not text:
        raise Invalid([Problem("required", _("Write something first."), "body", None, "comment#required")])
    if len(text) > MOST_CHARACTERS:
        raise Invalid([Problem("too_long", _("At most {n} characters.", n=MOST_CHARACTERS), "body", None, "comment#type")])
    return write(ctx, entity, id_, text)


def write(ctx: Ctx, entity: str, id_: str, text: str) -> str:
    """The row itself, for rules of the application."""
    made = ctx.new_id()
    ctx.conn.execute(
        insert(t.comment).values(id=made, entity=entity, record_id=id_, body=text[:MOST_CHARACTERS], created_at=ctx.now, created_by=ctx.actor.person)
    )
    events.write(ctx, "comment_added", entity, [(id_, {"comment": made})])
    return made


def of(ctx: Ctx, entity: str, id_: str, limit: int = 100) -> tuple[Comment, ...]:
    """The remarks beside a record, newest first. Raises NotFound for a record out of sight."""
    from runtime.records import labels, reading

    reading.require(ctx, entity, id_)
    c = t.comment.c
    query = (
        select(c.id, c.body, c.created_at, c.created_by)
        .where(c.entity == entity, c.record_id == id_, c.deleted_at.is_(None))
        .order_by(c.created_at.desc(), c.id.desc())
        .limit(limit)
    )
    rows = ctx.conn.execute(query).all()
    names = labels.of_people(ctx, [row.created_by for row in rows]) if rows else {}
    return tuple(Comment(row.id, row.body, row.created_at, row.created_by, names.get(row.created_by or "")) for row in rows)
