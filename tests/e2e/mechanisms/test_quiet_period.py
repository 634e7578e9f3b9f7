"""X8: in their first month new reps get no notices that are not essential; essential ones still arrive. And the words of the clock on the demo stage (M1.5)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from kernel.platform import actors
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.notices import inbox
from runtime.notices.tell import tell
from runtime.records import road
from runtime.records.record import Input
from tests.e2e.mechanisms import keys
from tests.factories.work import work

REP = "linxiaoman"


def acting(ctx: Ctx, person: str, language: str = "zh") -> Ctx:
    identity = actors.identify(ctx.conn, ctx.release, person, tenant=ctx.tenant, now=ctx.now)
    assert identity is not None
    return ctx.acting(actor=identity.actor(ctx.tenant, language=language))


def hired(demo, days_ago: int) -> None:
    with demo.ctx() as ctx:
        day = (ctx.now - timedelta(days=days_ago)).date()
        road.update(ctx, "person", demo.person(REP), Input({"hired_on": day.isoformat()}), version=None)


def say(demo, kind: str, cause: str) -> list[str]:
    """The supervisor tells the rep something; which of it is new in the inbox, and what became of it outside."""
    rep = demo.person(REP)
    with demo.ctx() as ctx:
        before = inbox.unread(acting(ctx, rep))
        tell(acting(ctx, demo.person("zhou")), [rep], kind, cause, urgency="high")
        new = inbox.unread(acting(ctx, rep)) - before
    work(demo.app, demo.slug)
    with demo.ctx() as ctx:
        rows = ctx.conn.execute(select(t.delivery.c.why).where(t.delivery.c.cause == cause)).scalars().all()
    return ["new"] * new + sorted({str((why or {}).get("code")) for why in rows} & {"spared"})


def test_a_new_rep_is_spared_comments_but_not_what_is_essential(demo):
    assert keys.parameter(demo, "quiet_months") == 1
    hired(demo, 10)
    assert say(demo, "commented", "x8:1") == ["spared"]
    assert say(demo, "mention", "x8:2") == ["new"]
    hired(demo, 40)
    assert say(demo, "commented", "x8:3") == ["new"]


def test_the_clock_on_the_demo_stage_speaks_of_the_customer(demo):
    with demo.ctx() as ctx:
        clock = next(c for c in ctx.app.clocks if c.key == "demo_stay")
        step = next(s for s in clock.steps if s.key == "stuck")
        id_, owner = ctx.conn.execute(select(ctx.tables.of("opportunity").table.c.id, ctx.tables.of("opportunity").table.c.owner_id).where(
            ctx.tables.of("opportunity").table.c.deleted_at.is_(None)).limit(1)).one()
        record = road.load(ctx, "opportunity", id_)
        customer = road.load(ctx, "customer", str(record.values["customer"])).values["name"]
        tell(ctx, [owner], "clock", "m15:1", entity="opportunity", record=id_, data={"policy": clock.uid, "step": step.uid})
        (entry,) = [n for n in inbox.entries(acting(ctx, owner), tasks=False) if n.cause == "m15:1"]
        assert str(entry.words).endswith("在方案演示停太久了") and customer in entry.more
        (entry,) = [n for n in inbox.entries(acting(ctx, owner, "en"), tasks=False) if n.cause == "m15:1"]
        assert str(entry.words).endswith("is stuck in the demo stage")
