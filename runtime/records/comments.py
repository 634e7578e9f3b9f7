"""Remarks beside a record: whoever may read the record may read and write them; only their writers change or delete them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from kernel.errors import Forbidden, Invalid, NotFound, Problem
from kernel.fieldtypes.base import Unreadable
from kernel.fieldtypes.ids import is_id
from kernel.fieldtypes.texts import clean
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.files import uploads
from runtime.notices.tell import tell
from runtime.records import events
from runtime.records.readers import who_may_read
from runtime.records.record import Record
from runtime.talk import follow, mentions, reactions, thread, words
from runtime.talk.thread import Comment

__all__ = ["Comment", "add", "edit", "get", "of", "own", "react", "remove", "row", "write"]

MOST_CHARACTERS = 10_000
MOST_FILES = 10
EDIT_WITHIN = timedelta(minutes=30)


def add(ctx: Ctx, entity: str, id_: str, body: str, files: Sequence[str] = ()) -> str:
    """A remark by the actor; returns its id. ``@{person id}`` in it names somebody; ``files`` are own uploads that nothing has yet.

    Whoever is named is told, and so are the record's followers; writer and named people follow from now on.
    Raises NotFound for a record out of sight, Invalid for no or too much text, people who can't see the record, files that can't be taken.
    """
    record = _record(ctx, entity, id_)
    text, named = _checked(ctx, record, body, files)
    made = _insert(ctx, entity, id_, text, named, files)
    follow.join(ctx, entity, id_, [ctx.actor.person, *named])
    _tell(ctx, record, made, named)
    return made


def write(ctx: Ctx, entity: str, id_: str, text: str) -> str:
    """The row itself, for rules of the application: what they say of a step comes with the news of the step."""
    return _insert(ctx, entity, id_, text[:MOST_CHARACTERS], (), ())


def edit(ctx: Ctx, entity: str, id_: str, comment: str, body: str, files: Sequence[str] | None = None) -> None:
    """Another text for an own remark, soon after it was written; who is named newly is told. ``files`` None leaves them.

    Raises NotFound, Forbidden (somebody else's, or too late), Invalid.
    """
    record = _record(ctx, entity, id_)
    old = own(ctx, entity, id_, comment)
    old_files = list(old.files or ())
    kept = old_files if files is None else list(files)
    text, named = _checked(ctx, record, body, kept, had=old_files)
    if (text, kept) == (old.body, old_files):
        return
    values = {"body": text, "mentions": list(named) or None, "files": kept or None, "edited_at": ctx.now}
    ctx.conn.execute(update(t.comment).where(t.comment.c.id == comment).values(values))
    uploads.release(ctx, [f for f in old_files if f not in kept])
    uploads.attach(ctx, entity, id_, uploads.COMMENT, [f for f in kept if f not in old_files])
    events.write(ctx, "comment_changed", entity, [(id_, {"comment": comment})])
    new = [p for p in named if p not in (old.mentions or ())]
    if new:
        follow.join(ctx, entity, id_, new)
        tell(ctx, new, "mention", f"mention:{comment}", entity=entity, record=id_, data={"comment": comment})


def remove(ctx: Ctx, entity: str, id_: str, comment: str) -> None:
    """Take an own remark back: what it said, its files and its reactions go; that there was one stays. Raises NotFound, Forbidden."""
    _record(ctx, entity, id_)
    old = _own(ctx, entity, id_, comment)
    ctx.conn.execute(update(t.comment).where(t.comment.c.id == comment).values(body="", mentions=None, files=None, deleted_at=ctx.now))
    ctx.conn.execute(delete(t.reaction).where(t.reaction.c.comment_id == comment))
    uploads.release(ctx, old.files or ())
    events.write(ctx, "comment_deleted", entity, [(id_, {"comment": comment})])


def react(ctx: Ctx, entity: str, id_: str, comment: str, key: str, on: bool) -> None:
    """Give a reaction or take it back. Raises NotFound, Invalid for one that does not exist."""
    reactions.require(key)
    get(ctx, entity, id_, comment)
    (reactions.give if on else reactions.take_back)(ctx, comment, key)
    events.write(ctx, "comment_changed", entity, [(id_, {"comment": comment})])


def get(ctx: Ctx, entity: str, id_: str, comment: str) -> Any:
    """The row of a remark that stands. Raises NotFound for a record out of sight, a deleted remark and one of another record alike."""
    from runtime.records import reading

    reading.require(ctx, entity, id_)
    return _row(ctx, entity, id_, comment)


def row(ctx: Ctx, entity: str, id_: str, comment: str) -> Any:
    """The row of a remark, deleted ones too. Raises NotFound for one that this record does not have. For who may see the record."""
    c = t.comment.c
    found = ctx.conn.execute(select(t.comment).where(c.id == comment, c.entity == entity, c.record_id == id_)).first()
    if found is None:
        raise NotFound()
    return found


def own(ctx: Ctx, entity: str, id_: str, comment: str) -> Any:
    """The row of an own remark that can still be changed. Raises NotFound, Forbidden."""
    found = _own(ctx, entity, id_, comment)
    if ctx.now - found.created_at > EDIT_WITHIN:
        raise Forbidden(
            _("A comment can be changed for {n} minutes after it was written.", n=int(EDIT_WITHIN.total_seconds() // 60)), rule="comment#time",
            hint=_("Write a new one instead."))
    return found


def of(ctx: Ctx, entity: str, id_: str, limit: int = 100, before: str | None = None) -> tuple[Comment, ...]:
    """The remarks beside a record, newest first, older than the one named by ``before``. Raises NotFound for a record out of sight."""
    from runtime.records import reading

    reading.require(ctx, entity, id_)
    position = None
    if before is not None:
        c = t.comment.c
        found = ctx.conn.execute(select(c.created_at, c.id).where(c.id == before, c.entity == entity, c.record_id == id_)).first()
        if found is None:
            return ()
        position = (found.created_at, found.id)
    return thread.comments(ctx, thread.rows(ctx, entity, id_, limit, before=position))


def _record(ctx: Ctx, entity: str, id_: str) -> Record:
    """The whole record, if the actor may see it. Raises NotFound."""
    from runtime.records import reading

    found: Record = reading.get(ctx, entity, id_).env.record
    return found


def _row(ctx: Ctx, entity: str, id_: str, comment: str) -> Any:
    c = t.comment.c
    found = ctx.conn.execute(select(t.comment).where(c.id == comment, c.entity == entity, c.record_id == id_, c.deleted_at.is_(None))).first()
    if found is None:
        raise NotFound()
    return found


def _own(ctx: Ctx, entity: str, id_: str, comment: str) -> Any:
    found = _row(ctx, entity, id_, comment)
    if found.created_by != ctx.actor.person:
        raise Forbidden(_("Only who wrote a comment may change or delete it."), rule="comment#own")
    return found


def _checked(ctx: Ctx, record: Record, body: str, files: Sequence[str], had: Sequence[str] = ()) -> tuple[str, tuple[str, ...]]:
    """The text as it is kept, and who is named in it."""
    try:
        text = clean(body, lines=True) or ""
    except Unreadable as error:
        raise Invalid([error.problem("body", "comment#type")]) from error
    if not text and not files:
        raise Invalid([Problem("required", _("Write something first."), "body", None, "comment#required")])
    if len(text) > MOST_CHARACTERS:
        raise Invalid([Problem("too_long", _("At most {n} characters.", n=MOST_CHARACTERS), "body", None, "comment#type")])
    named = words.mentioned(text)
    mentions.check(ctx, record, [p for p in named if p != ctx.actor.person])
    _check_files(ctx, files, had)
    return text, named


def _check_files(ctx: Ctx, files: Sequence[str], had: Sequence[str]) -> None:
    if len(files) > MOST_FILES:
        raise Invalid([Problem("too_many", _("At most {n} files with one comment.", n=MOST_FILES), "files", None, "comment#files")])
    new = [f for f in files if f not in had]
    known = uploads.rows(ctx, [f for f in new if is_id(f)])
    wrong = [f for f in new if f not in known or known[f].record_id is not None or known[f].created_by != ctx.actor.person]
    if wrong or len(set(files)) != len(files):
        raise Invalid([
            Problem("unknown_file", _("This file does not exist any more."), "files", _("Upload it again."), "comment#files") for _file in wrong or files[:1]])


def _insert(ctx: Ctx, entity: str, id_: str, text: str, named: Sequence[str], files: Sequence[str]) -> str:
    made = ctx.new_id()
    ctx.conn.execute(insert(t.comment).values(
        id=made, entity=entity, record_id=id_, body=text, created_at=ctx.now, created_by=ctx.actor.person, mentions=list(named) or None,
        files=list(files) or None))
    uploads.attach(ctx, entity, id_, uploads.COMMENT, files)
    events.write(ctx, "comment_added", entity, [(id_, {"comment": made})])
    return made


def _tell(ctx: Ctx, record: Record, comment: str, named: Sequence[str]) -> None:
    """Who is named is told that; who follows the record, that there is a comment. People who can't see it any more are left out."""
    where: dict[str, Any] = {"entity": record.entity, "record": record.id, "data": {"comment": comment}}
    tell(ctx, named, "mention", f"mention:{comment}", **where)
    others = follow.of(ctx, [record])[record.id] - {ctx.actor.person, *named}
    if others:
        seeing = who_may_read(ctx, record, sorted(others))
        tell(ctx, sorted(seeing), "commented", f"commented:{comment}", **where)
