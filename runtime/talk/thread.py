"""The comments beside a record, read: with their files and reactions, people as ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.files import uploads
from runtime.records.labels import Wanted, of_people
from runtime.talk import reactions, words

Position = tuple[datetime, str]
"""Where an entry stands: its moment, and its id among those of one moment."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark. ``author`` is the name its reader may see, or None. Of a deleted one nothing is left but who and when."""

    id: str
    body: str
    at: datetime
    author_id: str | None
    author: str | None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    mentions: tuple[str, ...] = ()
    files: tuple[Any, ...] = ()
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def text(self, language: str) -> str:
        """What it says, with names."""
        return words.plain(self.body, self.names, language)


def rows(
    ctx: Ctx, entity: str, id_: str, limit: int, *, before: Position | None = None, since: Position | None = None, by: str | None = None,
    with_files: bool = False,
) -> Sequence[Any]:
    """Rows of comments, newest first; ``before`` excludes, ``since`` includes its position. For callers who have decided that the actor may see the record."""
    c = t.comment.c
    query: Select[Any] = select(t.comment).where(c.entity == entity, c.record_id == id_)
    if before is not None:
        query = query.where(or_(c.created_at < before[0], and_(c.created_at == before[0], c.id < before[1])))
    if since is not None:
        query = query.where(or_(c.created_at < since[0], and_(c.created_at == since[0], c.id <= since[1])))
    if by is not None:
        query = query.where(c.created_by == by)
    if with_files:
        query = query.where(c.files.is_not(None))
    return ctx.conn.execute(query.order_by(c.created_at.desc(), c.id.desc()).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Around:
    """What hangs on several comments."""

    reactions: Mapping[str, Mapping[str, tuple[str, ...]]]
    files: Mapping[str, Any]


def around(ctx: Ctx, found: Sequence[Any], wanted: Wanted) -> Around:
    """Reactions and files of these rows, in one statement each; whoever stands in them is added to ``wanted``."""
    given = reactions.of(ctx, [row.id for row in found if row.deleted_at is None])
    wanted.add("person", [row.created_by for row in found if row.created_by])
    wanted.add("person", words.ids_in(row.body for row in found))
    wanted.add("person", [p for kinds in given.values() for people in kinds.values() for p in people])
    return Around(given, uploads.rows(ctx, [f for row in found for f in row.files or ()]))


def made(row: Any, hung: Around, names: Mapping[str, str]) -> Comment:
    """A comment for its reader."""
    return Comment(
        row.id, row.body, row.created_at, row.created_by, names.get(row.created_by or ""), row.edited_at, row.deleted_at, tuple(row.mentions or ()),
        tuple(hung.files[f] for f in row.files or () if f in hung.files), hung.reactions.get(row.id, {}), names)


def comments(ctx: Ctx, found: Sequence[Any]) -> tuple[Comment, ...]:
    """These rows as their reader sees them."""
    wanted = Wanted()
    hung = around(ctx, found, wanted)
    names = of_people(ctx, wanted.ids.get("person", ()))
    return tuple(made(row, hung, names) for row in found)


def excerpts(ctx: Ctx, ids: Iterable[str]) -> dict[str, str]:
    """The first words of comments by id; deleted ones are left out. For callers who know that the reader sees their records."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    c = t.comment.c
    found = ctx.conn.execute(select(c.id, c.body).where(c.id.in_(wanted), c.deleted_at.is_(None))).all()
    people = words.ids_in(row.body for row in found)
    names = of_people(ctx, people) if people else {}
    return {row.id: words.excerpt(row.body, names, ctx.language) for row in found}
