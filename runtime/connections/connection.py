"""Connections: made, changed, switched, removed. What they are bound to is kept by kernel/secrets."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from kernel import secrets
from kernel.egress import Blocked, Egress, Target
from kernel.errors import Invalid, Message, NotFound, Problem
from kernel.i18n import _
from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.connections.kinds import KINDS, WEBHOOK, Kind
from runtime.notices.tell import tell
from runtime.people.roles import administrators

LONGEST_NAME = 60
MOST = 200
# The key before the present one goes on signing so long: time for the other side to take the new one.
OVERLAP = timedelta(hours=24)
# Who does not answer for so long is switched off.
PATIENCE = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection as it may be shown."""

    id: str
    name: str
    kind: Kind
    origin: str
    shown: str
    active: bool
    off_why: str | None
    rules: Mapping[str, Any]
    key_until: datetime | None
    created_at: datetime

    @property
    def destination(self) -> str:
        """Its name among the places that calls go to."""
        return f"hook:{self.id}" if self.kind.key == WEBHOOK else f"robot:{self.id}"


_C = t.connection.c
_COLUMNS = (_C.id, _C.name, _C.kind, _C.origin, _C.shown, _C.active, _C.off_why, _C.rules, _C.key_until, _C.created_at)


def _read(row: Any) -> Connection:
    return Connection(row.id, row.name, KINDS[row.kind], row.origin, row.shown, row.active, row.off_why, row.rules, row.key_until, row.created_at)


def all_of(ctx: Ctx) -> list[Connection]:
    """Every connection, by name."""
    return [_read(row) for row in ctx.conn.execute(select(*_COLUMNS).where(_C.kind.in_(list(KINDS))).order_by(_C.name))]


def robots(ctx: Ctx) -> list[Connection]:
    """The robots that are switched on."""
    kinds = [kind.key for kind in KINDS.values() if kind.robot]
    return [_read(row) for row in ctx.conn.execute(select(*_COLUMNS).where(_C.active, _C.kind.in_(kinds)).order_by(_C.id))]


def find(ctx: Ctx, *, id: str | None = None, name: str | None = None) -> Connection | None:
    """By id or by name."""
    row = ctx.conn.execute(select(*_COLUMNS).where(_C.id == id if id is not None else _C.name == name)).first()
    return None if row is None or row.kind not in KINDS else _read(row)


def get(ctx: Ctx, id: str) -> Connection:
    """By id. Raises NotFound."""
    found = find(ctx, id=id)
    if found is None:
        raise NotFound()
    return found


def address(ctx: Ctx, one: Connection) -> str | None:
    """The address to call; None when it is not known any more (another key of the installation, a copied workspace)."""
    return secrets.read(ctx, f"connection:{one.id}:address", one.origin)


def keys(ctx: Ctx, one: Connection) -> list[str]:
    """The keys that sign, the present one first."""
    names = [f"connection:{one.id}:key", *([f"connection:{one.id}:key_before"] if one.key_until is not None and one.key_until > ctx.now else [])]
    return [key for name in names if (key := secrets.read(ctx, name, one.origin)) is not None]


def create(ctx: Ctx, egress: Egress, kind: str, name: str, url: str, key: str = "", rules: Mapping[str, Any] | None = None) -> tuple[Connection, str | None]:
    """A new connection, switched on; with it the key that we made for a web hook, to be shown once. Raises Invalid."""
    if kind not in KINDS:
        raise Invalid([Problem("kind", _("Choose what it is."), "kind")])
    problems = _name_problems(ctx, name, None)
    target, wrong = _target(ctx, egress, KINDS[kind], url)
    problems += wrong
    if ctx.conn.execute(select(func.count()).select_from(t.connection)).scalar_one() >= MOST:
        problems.append(Problem("too_many", _("There are {n} connections already.", n=MOST), "name"))
    if problems or target is None:
        raise Invalid(problems)
    id_ = ctx.new_id()
    ctx.conn.execute(insert(t.connection).values(
        id=id_, name=name.strip(), kind=kind, origin=target.origin, shown=_shown(target), active=True, rules=dict(rules or {}), created_at=ctx.now,
        created_by=ctx.actor.person, updated_at=ctx.now))
    secrets.put(ctx, f"connection:{id_}:address", url.strip(), target.origin, label=name)
    made = _fresh_key() if kind == WEBHOOK else None
    if made or key:
        secrets.put(ctx, f"connection:{id_}:key", made or key.strip(), target.origin, label=name)
    audit.note(ctx, "connection.added", id_, {"name": name.strip(), "origin": target.origin})
    return get(ctx, id_), made


def change(ctx: Ctx, egress: Egress, one: Connection, name: str, url: str = "", key: str = "", rules: Mapping[str, Any] | None = None) -> str | None:
    """Another name, another address or key (blank: as it is), other rules. A new host takes the keys away; a web hook gets a new one then, which
    is returned to be shown once. Raises Invalid."""
    problems = _name_problems(ctx, name, one.id)
    target: Target | None = None
    if url.strip():
        target, wrong = _target(ctx, egress, one.kind, url)
        problems += wrong
    if problems:
        raise Invalid(problems)
    values: dict[str, Any] = {"name": name.strip(), "updated_at": ctx.now}
    if rules is not None:
        values["rules"] = dict(rules)
    made = None
    if target is not None:
        values |= {"origin": target.origin, "shown": _shown(target)}
        secrets.put(ctx, f"connection:{one.id}:address", url.strip(), target.origin, label=name)
        secrets.hold(ctx, f"connection:{one.id}:key_before", target.origin, label=name)
        if not secrets.hold(ctx, f"connection:{one.id}:key", target.origin, label=name) and one.kind.key == WEBHOOK:
            made = _fresh_key()
            secrets.put(ctx, f"connection:{one.id}:key", made, target.origin, label=name)
    if key.strip() and one.kind.takes_key:
        secrets.put(ctx, f"connection:{one.id}:key", key.strip(), target.origin if target else one.origin, label=name)
    ctx.conn.execute(update(t.connection).where(_C.id == one.id).values(**values))
    audit.note(ctx, "connection.changed", one.id, {"name": name.strip(), "origin": values.get("origin", one.origin)})
    return made


def new_key(ctx: Ctx, one: Connection) -> str:
    """A new key of a web hook, to be shown once; the old one signs beside it for a day."""
    before = secrets.read(ctx, f"connection:{one.id}:key", one.origin)
    if before is not None:
        secrets.put(ctx, f"connection:{one.id}:key_before", before, one.origin, label=one.name)
    made = _fresh_key()
    secrets.put(ctx, f"connection:{one.id}:key", made, one.origin, label=one.name)
    ctx.conn.execute(update(t.connection).where(_C.id == one.id).values(key_until=ctx.now + OVERLAP, updated_at=ctx.now))
    return made


def switch(ctx: Ctx, one: Connection, on: bool) -> None:
    """On or off, by hand."""
    ctx.conn.execute(update(t.connection).where(_C.id == one.id).values(active=on, off_why=None, updated_at=ctx.now))
    audit.note(ctx, "connection.switched_on" if on else "connection.switched_off", one.id, {"name": one.name})


def give_up(ctx: Ctx, one: Connection, why: Message) -> None:
    """It does not answer: switched off, and administrators are told. Nothing happens when it is off already."""
    words = str(why) if isinstance(why, str) else why.to(ctx.tenant.language)
    if ctx.conn.execute(update(t.connection).where(_C.id == one.id, _C.active).values(active=False, off_why=words[:500], updated_at=ctx.now)).rowcount:
        audit.note(ctx, "connection.switched_off", one.id, {"name": one.name})
        tell(ctx, sorted(administrators(ctx)), "connection_off", f"connection_off:{one.id}:{ctx.now:%Y%m%d%H%M}", data={"detail": one.name}, urgency="high")


def remove(ctx: Ctx, one: Connection) -> None:
    """For good, with its secrets; what still waits for it fails when its turn comes."""
    for part in ("address", "key", "key_before"):
        secrets.forget(ctx, f"connection:{one.id}:{part}", label=one.name)
    ctx.conn.execute(delete(t.connection).where(_C.id == one.id))
    audit.note(ctx, "connection.removed", one.id, {"name": one.name})


def _name_problems(ctx: Ctx, name: str, id: str | None) -> list[Problem]:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or any(not c.isprintable() for c in name):
        return [Problem("connection_name", _("Give it a name of at most {n} characters.", n=LONGEST_NAME), "name")]
    taken = find(ctx, name=name)
    if taken is not None and taken.id != id:
        return [Problem("connection_taken", _("There already is a connection with this name."), "name")]
    return []


def _target(ctx: Ctx, egress: Egress, kind: Kind, url: str) -> tuple[Target | None, list[Problem]]:
    try:
        return egress.check(ctx.tenant.slug, url.strip(), hosts=kind.hosts), []
    except Blocked as error:
        return None, [Problem(error.code, error.message, "address", error.hint)]


def _shown(target: Target) -> str:
    """Origin, and the last four characters: paths and queries hold keys."""
    return target.origin if target.path == "/" else f"{target.origin}/…{target.path[-4:]}"


def _fresh_key() -> str:
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()
