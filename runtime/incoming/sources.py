"""Who may send events: the sources of a workspace, their keys, and what an adapter remembers."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from kernel import secrets
from kernel.errors import Invalid, NotFound, Problem
from kernel.i18n import _
from kernel.platform import audit
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.ids import uuid7
from runtime.incoming.signing import secret_of

JSON, WECOM = "json", "wecom"
ADAPTERS = (JSON, WECOM)
MOST = 50
OLD_FOR = timedelta(hours=24)  # how long the key before the last one still counts
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Source:
    """A system that may send events. ``settings``: what an admin said; ``state``: what its adapter remembers."""

    id: str
    adapter: str
    name: str
    settings: Mapping[str, Any]
    state: Mapping[str, Any]
    created_at: datetime
    revoked_at: datetime | None
    last_at: datetime | None

    @property
    def open(self) -> bool:
        return self.revoked_at is None


SAMPLE = Source("sample", JSON, "Sample", {}, {}, datetime.fromisoformat("2000-01-01T00:00:00+00:00"), None, None)
"""In whose name sample scripts send events."""

_T = t.event_source.c
_COLUMNS = (_T.id, _T.adapter, _T.name, _T.settings, _T.state, _T.created_at, _T.revoked_at, _T.last_at)


def _read(row: Any) -> Source:
    return Source(row[0], row[1], row[2], row[3] or {}, row[4] or {}, row[5], row[6], row[7])


def everyone(ctx: Ctx) -> list[Source]:
    """All sources, those in use first."""
    found = [_read(row) for row in ctx.conn.execute(select(*_COLUMNS).order_by(_T.created_at, _T.id))]
    return sorted(found, key=lambda s: not s.open)


def find(ctx: Ctx, id_: str) -> Source | None:
    row = ctx.conn.execute(select(*_COLUMNS).where(_T.id == id_)).first()
    return None if row is None else _read(row)


def get(ctx: Ctx, id_: str, adapter: str | None = None) -> Source:
    """Raises NotFound, also for one that is no longer in use."""
    found = find(ctx, id_)
    if found is None or not found.open or (adapter is not None and found.adapter != adapter):
        raise NotFound()
    return found


def any_open(ctx: Ctx) -> bool:
    return ctx.conn.execute(select(_T.id).where(_T.revoked_at.is_(None)).limit(1)).first() is not None


def add(ctx: Ctx, adapter: str, name: str, settings: Mapping[str, Any] | None = None) -> Source:
    """A new source, still without a key. Raises Invalid."""
    name = name.strip()
    problems = []
    if not name or len(name) > 80:
        problems.append(Problem("source_name", _("Give the source a name of at most {n} characters.", n=80), "name"))
    if adapter not in ADAPTERS:
        problems.append(Problem("source_adapter", _("Choose the kind of source from the list."), "adapter"))
    if not problems and len([s for s in everyone(ctx) if s.open]) >= MOST:
        problems.append(Problem("source_many", _("There are {n} sources already.", n=MOST), "name", _("Switch one off that is no longer needed.")))
    if problems:
        raise Invalid(problems)
    source = Source(uuid7(ctx.now), adapter, name, dict(settings or {}), {}, ctx.now, None, None)
    ctx.conn.execute(insert(t.event_source).values(
        id=source.id, adapter=adapter, name=name, settings=dict(source.settings), state={}, created_at=ctx.now, created_by=ctx.actor.person or None))
    audit.note(ctx, "source.added", source.id, {"name": name, "adapter": adapter})
    return source


def new_key(ctx: Ctx, source: Source) -> str:
    """A new signing key, to be shown once; the one before still counts for a day, so that the sender can change over."""
    before = secrets.read(ctx, _name(source, "key"))
    if before is not None:
        secrets.put(ctx, _name(source, "old"), before, label=source.name, noted=False)
        remember(ctx, source, {"old_until": (ctx.now + OLD_FOR).isoformat()})
    value = secret_of(randomness.token_bytes(32))
    secrets.put(ctx, _name(source, "key"), value, label=source.name, noted=False)
    audit.note(ctx, "source.key", source.id, {"name": source.name})
    return value


def keys(ctx: Ctx, source: Source) -> list[str]:
    """The signing keys that count now."""
    found = [secrets.read(ctx, _name(source, "key"))]
    until = source.state.get("old_until")
    if until and ctx.now < datetime.fromisoformat(until):
        found.append(secrets.read(ctx, _name(source, "old")))
    return [k for k in found if k]


def put(ctx: Ctx, source: Source, what: str, value: str, origin: str | None = None, *, noted: bool = True) -> None:
    """A secret of an adapter (a token, a key), bound to the origin it is sent to."""
    secrets.put(ctx, _name(source, what), value, origin, label=source.name, noted=noted)


def secret(ctx: Ctx, source: Source, what: str, origin: str | None = None) -> str | None:
    return secrets.read(ctx, _name(source, what), origin)


def revoke(ctx: Ctx, source: Source) -> None:
    """Switch it off at once; what it sent stays."""
    ctx.conn.execute(update(t.event_source).where(_T.id == source.id, _T.revoked_at.is_(None)).values(revoked_at=ctx.now))
    for name in secrets.known(ctx, _name(source, "")):
        secrets.forget(ctx, name, label=source.name)
    audit.note(ctx, "source.revoked", source.id, {"name": source.name})


def remember(ctx: Ctx, source: Source, values: Mapping[str, Any]) -> None:
    """Add to what the adapter remembers."""
    row = ctx.conn.execute(select(_T.state).where(_T.id == source.id).with_for_update()).first()
    ctx.conn.execute(update(t.event_source).where(_T.id == source.id).values(state={**((row and row[0]) or {}), **values}))


def touch(ctx: Ctx, source: Source) -> None:
    """Note that it sent something; once a minute is enough."""
    if source.id != SAMPLE.id and (source.last_at is None or ctx.now - source.last_at >= _TOUCH_EVERY):
        ctx.conn.execute(update(t.event_source).where(_T.id == source.id).values(last_at=ctx.now))


def _name(source: Source, what: str) -> str:
    return f"event_source:{source.id}:{what}"
