"""What somebody typed and did not send: one draft per person and form, never seen by anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update
from werkzeug.datastructures import MultiDict

from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

KEPT_FOR = timedelta(days=30)
MOST_NAMES = 5000
MOST_CHARACTERS = 500_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed: ``texts`` by input name; ``version`` of the record it was typed on."""

    id: str
    texts: Mapping[str, Any]
    version: int | None
    updated_at: datetime

    @property
    def posted(self) -> MultiDict[str, str]:
        """As if the form had sent it."""
        found: MultiDict[str, str] = MultiDict()
        for name, value in self.texts.items():
            found.setlist(name, value if isinstance(value, list) else [value])
        return found


def find(ctx: Ctx, entity: str, record_id: str | None, form: str) -> Draft | None:
    """The actor's draft of this form, unless it is too old."""
    row = ctx.conn.execute(
        select(t.form_draft.c.id, t.form_draft.c.data, t.form_draft.c.version, t.form_draft.c.updated_at).where(_mine(ctx, entity, record_id, form))
    ).first()
    if row is None or row.updated_at < ctx.now - KEPT_FOR:
        return None
    return Draft(row.id, row.data, row.version, row.updated_at)


def save(ctx: Ctx, entity: str, record_id: str | None, form: str, values: Any, version: int | None) -> datetime:
    """Keep what was typed; says when. Raises Invalid for what no form of ours sends."""
    texts = _checked(values)
    values_of = {"data": texts, "version": version, "updated_at": ctx.now}
    done = ctx.conn.execute(update(t.form_draft).where(_mine(ctx, entity, record_id, form)).values(**values_of))
    if not done.rowcount:
        ctx.conn.execute(insert(t.form_draft).values(
            id=ctx.new_id(), person_id=ctx.actor.person, entity=entity, record_id=record_id, form=form, **values_of))
        # Old drafts of the same person go whenever a new one comes: nothing else has to sweep.
        ctx.conn.execute(delete(t.form_draft).where(t.form_draft.c.person_id == ctx.actor.person, t.form_draft.c.updated_at < ctx.now - KEPT_FOR))
    return ctx.now


def discard(ctx: Ctx, entity: str, record_id: str | None, form: str) -> None:
    """Throw the actor's draft of this form away."""
    ctx.conn.execute(delete(t.form_draft).where(_mine(ctx, entity, record_id, form)))


def sweep(conn: Connection, before: datetime) -> int:
    """Forget drafts that nobody touched since ``before``; returns how many."""
    return conn.execute(delete(t.form_draft).where(t.form_draft.c.updated_at < before)).rowcount


def _mine(ctx: Ctx, entity: str, record_id: str | None, form: str) -> ColumnElement[bool]:
    c = t.form_draft.c
    return and_(
        c.person_id == ctx.actor.person, c.entity == entity, c.form == form, c.record_id.is_(None) if record_id is None else c.record_id == record_id)


def _checked(values: Any) -> dict[str, str | list[str]]:
    if not isinstance(values, Mapping) or len(values) > MOST_NAMES:
        raise Invalid([Problem("bad_draft", _("A draft is an object of texts by name."), "values")])
    size = 0
    for name, value in values.items():
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise Invalid([Problem("bad_draft", _("A draft holds texts only."), f"values.{name}")])
        size += len(name) + sum(len(text) for text in texts)
    if size > MOST_CHARACTERS:
        raise Invalid([Problem("draft_too_large", _("This draft is too large to be kept."), "values")])
    return dict(values)
