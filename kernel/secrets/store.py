"""The store: names and origins can be seen, values only by what sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, delete, insert, select, update

from kernel.egress.address import origin as origin_of
from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform import audit, ids
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.database import home_key, keyring
from kernel.secrets import seal

MOST = 8_000
_log = structlog.get_logger("secrets")


@dataclass(frozen=True, slots=True)
class Known:
    """What may be shown of a secret."""

    name: str
    origin: str | None
    set_at: datetime
    set_by: str | None


def put(ctx: Ctx, name: str, value: str, origin: str | None = None, *, label: str = "", noted: bool = True) -> None:
    """Set or replace the secret ``name`` (at most 120 characters, for example ``connection:<id>:key``).

    ``origin`` is an address, or scheme, host and port: then it is read for that origin only. ``label`` is what the audit log
    calls it; what a program renews by itself every few hours is not ``noted`` there. Raises :class:`Invalid` for an empty or over-long value, Blocked for an origin that is none.
    """
    if not value or len(value) > MOST:
        raise Invalid([Problem("secret_length", _("A secret has 1 to {n} characters.", n=MOST), "secret")])
    bound = origin_of(origin) if origin else None
    sealed, key_id = seal.seal(keyring(ctx.conn), _about(ctx.conn, name, bound), value)
    values = {"origin": bound, "sealed": sealed, "key_id": key_id, "set_at": ctx.now, "set_by": ctx.actor.person or None}
    c = t.secret.c
    if not ctx.conn.execute(update(t.secret).where(c.name == name).values(**values)).rowcount:
        ctx.conn.execute(insert(t.secret).values(name=name, **values))
    if noted:
        audit.note(ctx, "secret.set", name, {"name": label or name, "origin": bound})


def fresh(ctx: Ctx, name: str, origin: str | None = None, *, label: str = "") -> str:
    """A new random secret of 256 bits, set under ``name`` and returned once, to be shown to whoever asked for it."""
    value = ids.secret()
    put(ctx, name, value, origin, label=label)
    return value


def read(ctx: Ctx, name: str, origin: str | None = None) -> str | None:
    """The value, for sending it to ``origin``; None when there is none for there, or no key opens it any more."""
    row = ctx.conn.execute(select(t.secret.c.origin, t.secret.c.sealed, t.secret.c.key_id).where(t.secret.c.name == name)).first()
    if row is None or row.origin != (origin_of(origin) if origin else None):
        return None
    try:
        return seal.open_(keyring(ctx.conn), _about(ctx.conn, name, row.origin), row.sealed, row.key_id)
    except seal.Unreadable:
        _log.warning("secret_unreadable", tenant=ctx.tenant.slug, name=name)
        return None


def hold(ctx: Ctx, name: str, origin: str, *, label: str = "") -> bool:
    """What it belongs to is now at ``origin``: the secret stays if it was set for there, else it is cleared. Whether it is (still) there."""
    bound = ctx.conn.execute(select(t.secret.c.origin).where(t.secret.c.name == name)).first()
    if bound is not None and bound.origin == origin_of(origin):
        return True
    forget(ctx, name, label=label)
    return False


def forget(ctx: Ctx, name: str, *, label: str = "") -> bool:
    """Remove it. Whether there was one."""
    if not ctx.conn.execute(delete(t.secret).where(t.secret.c.name == name)).rowcount:
        return False
    audit.note(ctx, "secret.cleared", name, {"name": label or name})
    return True


def known(ctx: Ctx, prefix: str = "") -> Mapping[str, Known]:
    """The secrets whose name begins with ``prefix``, by name, without their values."""
    c = t.secret.c
    query = select(c.name, c.origin, c.set_at, c.set_by).where(c.name.startswith(prefix, autoescape=True)).order_by(c.name)
    return {row.name: Known(row.name, row.origin, row.set_at, row.set_by) for row in ctx.conn.execute(query)}


def rewrap(conn: Connection, most: int = 500) -> int:
    """Close under the present key what an older one closed; what no key opens stays as it is. Returns how many."""
    keys, c, done = keyring(conn), t.secret.c, 0
    rows = conn.execute(select(c.name, c.origin, c.sealed, c.key_id).where(c.key_id != seal.present(keys)).order_by(c.name).limit(most)).all()
    for row in rows:
        about = _about(conn, row.name, row.origin)
        try:
            sealed, key_id = seal.seal(keys, about, seal.open_(keys, about, row.sealed, row.key_id))
        except seal.Unreadable:
            continue
        conn.execute(update(t.secret).where(c.name == row.name).values(sealed=sealed, key_id=key_id))
        done += 1
    return done


def _about(conn: Connection, name: str, origin: str | None) -> tuple[str, str, str]:
    # The home's key is the tenant's id: no caller can name another one.
    return home_key(conn), name, origin or ""
