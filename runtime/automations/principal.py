"""In whose rights an automation runs: a system principal of its own, with the rights that its publisher has at this moment (D36)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from kernel.errors import Message
from kernel.i18n import _
from kernel.model.elements import Automation
from kernel.platform import accounts, actors
from kernel.platform import tables as t
from kernel.platform.ctx import SYSTEM, Actor, Ctx, system_actor

CHANNEL = "automation"
PUBLISHING = "design"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an automation stands in this tenant."""

    uid: str
    publisher: str | None
    release_id: int
    vouched_at: datetime | None
    paused_at: datetime | None = None
    paused_by: str | None = None
    told_at: datetime | None = None
    through_at: datetime | None = None


class Lost(Exception):
    """Its publisher no longer has what it takes; ``words`` say why."""

    def __init__(self, words: Message) -> None:
        super().__init__(str(words))
        self.words = words


_A = t.automation.c
_COLUMNS = (_A.uid, _A.publisher_id, _A.release_id, _A.vouched_at, _A.paused_at, _A.paused_by, _A.told_at, _A.through_at)


def standing(ctx: Ctx, uid: str) -> Standing:
    """What is known of it. One that publishing has not noted (an older release) belongs to whoever published the release."""
    row = ctx.conn.execute(select(*_COLUMNS).where(_A.uid == uid)).first()
    if row is not None:
        return Standing(*tuple(row))
    by = ctx.conn.execute(select(t.release.c.published_by).where(t.release.c.id == ctx.release.id)).scalar()
    return Standing(uid, by, ctx.release.id, None)


def standings(ctx: Ctx) -> dict[str, Standing]:
    """Of every automation that publishing noted."""
    return {row[0]: Standing(*tuple(row)) for row in ctx.conn.execute(select(*_COLUMNS))}


def note(ctx: Ctx, uid: str, **values: Any) -> None:
    """Write down something about it (``paused_at``, ``told_at``, ``through_at`` ...)."""
    if ctx.conn.execute(update(t.automation).where(_A.uid == uid).values(**values)).rowcount == 0:
        known = standing(ctx, uid)
        ctx.conn.execute(t.automation.insert().values(**{
            "uid": uid, "publisher_id": known.publisher, "digest": "", "release_id": known.release_id, "vouched_at": ctx.now, **values}))


def actor_of(ctx: Ctx, automation: Automation, known: Standing) -> Actor:
    """Who acts. Raises Lost."""
    name = automation.label.to(ctx.tenant.language)
    if known.publisher is None:
        # The operator published it, who holds every role.
        return replace(system_actor(ctx.tenant, ctx.release), name=name)
    identity = actors.identify(ctx.conn, ctx.release, known.publisher, tenant=ctx.tenant, now=ctx.now)
    account = accounts.find(ctx.conn, known.publisher)
    if identity is None or account is None or account.disabled_at is not None:
        raise Lost(_("Whoever published it may no longer sign in."))
    if PUBLISHING not in identity.rights:
        raise Lost(_("Whoever published it may no longer change the application."))
    return replace(identity.actor(ctx.tenant), person=SYSTEM, name=name, kind="automation", rights=frozenset(), admin=False)
