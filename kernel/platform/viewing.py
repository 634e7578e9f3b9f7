"""Looking through somebody's eyes: an administrator sees what a person sees, for an hour, reading only; it is noted and the person is told.

Nobody sees more by it than the person does, but possibly more than they themselves may: that is why it needs the right to
administer, and why whoever may administer or design can be looked through only by somebody who holds those rights, too (D30).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from kernel.errors import Forbidden, NotFound
from kernel.i18n import _
from kernel.platform import accounts, actors, audit
from kernel.platform import tables as t
from kernel.platform.actors import Identity
from kernel.platform.ctx import Actor, Ctx

LASTS = timedelta(hours=1)


def begin(ctx: Ctx, token_hash: str, person: str) -> None:
    """Let the actor's session look through ``person``'s eyes. Raises NotFound, Forbidden."""
    actor = ctx.actor
    if "administer" not in actor.rights or actor.viewer is not None:
        raise Forbidden()
    account = accounts.find(ctx.conn, person)
    identity = actors.identify(ctx.conn, ctx.release, person, tenant=ctx.tenant, now=ctx.now)
    if account is None or account.disabled_at is not None or identity is None:
        raise NotFound(_("This person does not sign in here."))
    if person == actor.person:
        raise Forbidden(_("You see with your own eyes already."))
    if not identity.rights <= actor.rights:
        raise Forbidden(_("This person may do more than you: {what}", what=sorted(identity.rights - actor.rights)))
    ctx.conn.execute(update(t.session).where(t.session.c.token_hash == token_hash).values(view_as=person, view_until=ctx.now + LASTS))
    audit.note(ctx, "session.viewing", person)


def may(ctx: Ctx, person: str) -> bool:
    """Whether :func:`begin` would let the actor look through this person's eyes."""
    if "administer" not in ctx.actor.rights or ctx.actor.viewer is not None or person == ctx.actor.person:
        return False
    identity = actors.identify(ctx.conn, ctx.release, person, tenant=ctx.tenant, now=ctx.now)
    return identity is not None and identity.rights <= ctx.actor.rights


def end(conn: Connection, token_hash: str) -> None:
    """Back to one's own eyes."""
    conn.execute(update(t.session).where(t.session.c.token_hash == token_hash).values(view_as=None, view_until=None))


def through(viewer: Identity, seen: Identity | None, actor: Actor, view_until: datetime | None, now: datetime) -> Actor | None:
    """The actor of a session that looks through ``seen``'s eyes; None when that is over: the time, the right, or the person."""
    if seen is None or view_until is None or now >= view_until or "administer" not in viewer.rights or not seen.rights <= viewer.rights:
        return None
    # In the viewer's own language and appearance: what is looked at is what the person may see and do.
    return replace(
        actor, person=seen.person_id, name=seen.name, team=seen.team, teams=seen.teams, roles=seen.roles, rights=seen.rights, admin="design" in seen.rights,
        viewer=viewer.person_id)
