"""The people around a record: who follows it, who would be named first."""

from __future__ import annotations

from kernel.platform.ctx import Ctx
from runtime.records.readers import who_may_read
from runtime.records.record import Record
from runtime.talk import follow


def following(ctx: Ctx, record: Record) -> list[str]:
    """Followers who may see the record now, the owner first; whoever lost sight of it is left out without a word."""
    found = follow.of(ctx, [record])[record.id]
    seeing = who_may_read(ctx, record, sorted(found)) if found else frozenset()
    return sorted(seeing, key=lambda p: (p != record.owner, p))


def around(ctx: Ctx, record: Record) -> list[str]:
    """Owner, creator and followers: whom one is likely to mean."""
    found = follow.of(ctx, [record])[record.id]
    first = [p for p in (record.owner, record.created_by) if p]
    return list(dict.fromkeys([*first, *sorted(found)]))
