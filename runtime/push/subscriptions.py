"""The devices that ring: one row per browser that was allowed to, owned by its session."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from kernel.egress import Blocked, Egress
from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.ids import digest
from runtime.push.encrypt import encrypt
from runtime.push.hosts import SERVICES
from runtime.push.keys import unb64

# Per person; the oldest makes room.
MOST = 20
_C = t.push_subscription.c


@dataclass(frozen=True, slots=True)
class Subscription:
    """One device."""

    id: str
    person: str
    endpoint: str
    p256dh: bytes
    auth: bytes
    session_hash: str
    created_at: datetime
    taken_at: datetime | None


def add(ctx: Ctx, egress: Egress, session_hash: str, said: Any) -> None:
    """Let this device ring. ``said`` is what the browser gave (``PushSubscription.toJSON()``). Raises Invalid for anything else.

    The same device again, also under another name, replaces what was there: who signs in last hears it ring.
    """
    keys = said.get("keys") if isinstance(said, dict) else None
    endpoint = said.get("endpoint") if isinstance(said, dict) else None
    if not isinstance(endpoint, str) or not isinstance(keys, dict) or not all(isinstance(keys.get(k), str) and len(keys[k]) <= 200 for k in ("p256dh", "auth")):
        raise Invalid([Problem("push_subscription", _("The browser gave no address for notifications."), "endpoint")])
    try:
        egress.check(ctx.tenant.slug, endpoint, hosts=SERVICES)
        # Keys that would fail later are refused now.
        encrypt(b"", unb64(keys["p256dh"]), unb64(keys["auth"]))
    except Blocked as error:
        raise Invalid([Problem("push_service", _("The push service of this browser is not known here."), "endpoint", _("An operator can add it (FANGYUAN_PUSH_HOSTS)."))]) from error
    except ValueError as error:
        raise Invalid([Problem("push_subscription", _("The browser gave no address for notifications."), "keys")]) from error
    hashed = digest(endpoint)
    c, mine = _C, ctx.actor.person
    known = ctx.conn.execute(select(c.person_id).where(c.endpoint_hash == hashed)).scalar()
    ctx.conn.execute(delete(t.push_subscription).where((c.endpoint_hash == hashed) | (c.session_hash == session_hash)))
    keep = select(c.id).where(c.person_id == mine).order_by(c.id.desc()).limit(MOST - 1)
    ctx.conn.execute(delete(t.push_subscription).where(c.person_id == mine, c.id.not_in(list(ctx.conn.execute(keep).scalars()))))
    ctx.conn.execute(insert(t.push_subscription).values(
        id=ctx.new_id(), person_id=mine, session_hash=session_hash, endpoint=endpoint, endpoint_hash=hashed, p256dh=keys["p256dh"], auth=keys["auth"], created_at=ctx.now))
    if known != mine:
        audit.note(ctx, "device.rings", mine)


def remove(ctx: Ctx, person: str, session_hashes: Collection[str]) -> bool:
    """These devices no longer ring. Whether one did."""
    gone = ctx.conn.execute(delete(t.push_subscription).where(_C.person_id == person, _C.session_hash.in_(session_hashes))).rowcount > 0
    if gone:
        audit.note(ctx, "device.quiet", person)
    return gone


def drop(ctx: Ctx, id: str) -> None:
    """The push service says it is gone."""
    ctx.conn.execute(delete(t.push_subscription).where(_C.id == id))


def taken(ctx: Ctx, id: str) -> None:
    """The push service took a message for it."""
    ctx.conn.execute(update(t.push_subscription).where(_C.id == id).values(taken_at=ctx.now))


def of_person(ctx: Ctx, person: str) -> list[Subscription]:
    """A person's devices whose session is still good."""
    rows = ctx.conn.execute(
        select(_C.id, _C.person_id, _C.endpoint, _C.p256dh, _C.auth, _C.session_hash, _C.created_at, _C.taken_at)
        .join(t.session, t.session.c.token_hash == _C.session_hash).where(_C.person_id == person, t.session.c.expires_at > ctx.now).order_by(_C.id))
    return [Subscription(r.id, r.person_id, r.endpoint, unb64(r.p256dh), unb64(r.auth), r.session_hash, r.created_at, r.taken_at) for r in rows]


def ringing(ctx: Ctx, person: str) -> frozenset[str]:
    """Hashes of the sessions whose device rings."""
    return frozenset(ctx.conn.execute(select(_C.session_hash).where(_C.person_id == person)).scalars())


def reachable(ctx: Ctx, people: Collection[str]) -> frozenset[str]:
    """Who has a device that rings."""
    query = select(_C.person_id).join(t.session, t.session.c.token_hash == _C.session_hash)
    return frozenset(ctx.conn.execute(query.where(_C.person_id.in_(list(people)), t.session.c.expires_at > ctx.now).distinct()).scalars())
