"""Naming people with @: whoever may read the record can be named; others are shown with the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from kernel.errors import Invalid, Message, Problem
from kernel.i18n import _
from kernel.platform import accounts
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import labels, query
from runtime.records.readers import who_may_read
from runtime.records.record import Record

MOST = 8
MOST_MENTIONS = 50
RULE = "comment#mention"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might be meant. ``refused``: why they can't be named here, or None."""

    id: str
    name: str
    login: str
    refused: Message | None


def search(ctx: Ctx, record: Record, q: str, first: Sequence[str] = ()) -> list[Candidate]:
    """People whose name or log-in begins like ``q``, as far as the actor may know them; without ``q`` those around the record come
    first (``first``). Who may not see the record stands last, with the reason. A fixed number of statements."""
    q = q.strip()[:80]
    ids: list[str] = [p for p in first if p and p != ctx.actor.person] if not q else []
    a = t.account.c
    if q:
        like = accounts.normal_login(q).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        by_login = select(a.person_id).where(a.login.like(f"{like}%", escape="\\"), a.disabled_at.is_(None)).order_by(a.login).limit(MOST)
        ids += ctx.conn.execute(by_login).scalars()
    if len(ids) < MOST and "person" in ctx.app.entities:
        listing = query.list_records(ctx, "person", query.ListQuery(fields=(), q=q, limit=MOST * 2))
        ids += [item.record.id for item in listing.items if item.record.id != ctx.actor.person]
    ids = list(dict.fromkeys(ids))[: MOST * 2]
    names = labels.of_people(ctx, ids) if ids else {}
    known = [i for i in ids if i in names]
    logins = {row.person_id: row.login for row in ctx.conn.execute(select(a.person_id, a.login).where(a.person_id.in_(known), a.disabled_at.is_(None)))}
    seeing = who_may_read(ctx, record, known)
    found = [
        Candidate(i, names[i], logins.get(i, ""), None if i in seeing else _("can't see this record") if i in logins else _("has no sign-in"))
        for i in known]
    return sorted(found, key=lambda c: c.refused is not None)[:MOST]


def check(ctx: Ctx, record: Record, people: Sequence[str]) -> None:
    """Raises Invalid for people who can't be named beside this record, all of them at once."""
    if len(people) > MOST_MENTIONS:
        raise Invalid([Problem("too_many", _("At most {n} people can be named in one comment.", n=MOST_MENTIONS), "body", None, RULE)])
    if not people:
        return
    seeing = who_may_read(ctx, record, people)
    missing = [p for p in people if p not in seeing]
    if missing:
        names = labels.of_people(ctx, missing)
        raise Invalid([
            Problem(
                "not_a_reader", _("{who} can't see this record, so they can't be named here.", who=names.get(p) or _("Somebody")), "body",
                _("Take the name out, or write it without @."), RULE)
            for p in missing])
