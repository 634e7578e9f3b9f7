"""How long records lie in the bin: the retention rule of their kind, else what the tenant has set, else 90 days.

What went together goes together: the shortest term of its kinds counts for a whole bundle.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import and_, insert, literal, or_, select

from kernel.jobs import Again, Done, Job, Outcome
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import purging
from runtime.records.shape import shape_of

EMPTY_BIN = "empty_bin"
USUAL_DAYS = 90
SETTING = "bin_days"
PER_STEP = 100
"""Bundles purged in one transaction."""


def days_of(ctx: Ctx, entity: str) -> int:
    """How many days a record of this kind can be restored."""
    rule = ctx.app.retentions.get(entity)
    return rule.days if rule is not None else default_days(ctx)


def default_days(ctx: Ctx) -> int:
    """The tenant's setting for kinds without a rule."""
    found = ctx.tenant.settings.get(SETTING)
    return found if isinstance(found, int) and found > 0 else USUAL_DAYS


def term(ctx: Ctx, entities: Iterable[str]) -> timedelta:
    """How long a bundle of these kinds lies in the bin."""
    return timedelta(days=min((days_of(ctx, e) for e in entities), default=default_days(ctx)))


def empty_bin(ctx: Ctx, job: Job) -> Outcome:
    """Purge what has lain in the bin for its time, a handful of bundles at a time."""
    if not job.data.get("adopted"):
        _adopt(ctx)
    due = _due(ctx)
    if not due:
        return Done({})
    purging.purge(ctx, due, {"retention": True})
    return Again({"adopted": True})


def _due(ctx: Ctx) -> list[tuple[str, str]]:
    """The next bundles whose time is over, with all their records."""
    b = t.binned.c
    by_days: dict[int, list[str]] = {}
    for entity in ctx.app.entities:
        by_days.setdefault(days_of(ctx, entity), []).append(entity)
    over = or_(*(and_(b.entity.in_(keys), b.deleted_at <= ctx.now - timedelta(days=days)) for days, keys in by_days.items()))
    bundles = list(ctx.conn.execute(select(b.bundle).where(over).distinct().limit(PER_STEP)).scalars())
    if not bundles:
        return []
    rows = ctx.conn.execute(select(b.entity, b.record_id).where(b.bundle.in_(bundles)))
    return [(row[0], row[1]) for row in rows if row[0] in ctx.app.entities]


def _adopt(ctx: Ctx) -> None:
    """Records that went to the bin before it was kept: each by itself, deleted by whoever touched it last."""
    b = t.binned.c
    for entity in ctx.app.entities:
        table = shape_of(ctx.release, entity).table
        known = select(b.record_id).where(b.entity == entity, b.record_id == table.c.id).exists()
        lost = select(
            literal(entity), table.c.id, table.c.id, literal(True), table.c.deleted_at, table.c.updated_by
        ).where(table.c.deleted_at.is_not(None), ~known)
        names = ("entity", "record_id", "bundle", "face", "deleted_at", "deleted_by")
        ctx.conn.execute(insert(t.binned).from_select(names, lost))
