"""The job ``robot``: says what waits for one robot, everything that has come meanwhile in one message, at most twenty times a minute."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from kernel.egress import Blocked, Egress, Unreachable
from kernel.i18n import _
from kernel.jobs import Desk, Done, GiveUp, Job, Later, Outcome
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.connections import connection
from runtime.connections.connection import Connection
from runtime.robots import dialects

KIND = "robot"
# The services ban a robot for minutes when it speaks more often; one in hand for an administrator's test.
PER_MINUTE = 19
# So many things are said in one message, the rest is counted.
MOST = 15
_P = t.robot_post.c


def carry_out(desk: Desk, job: Job) -> Outcome:
    """The handler."""
    with desk.write() as ctx:
        one = connection.find(ctx, id=str(job.data.get("connection")))
        if one is None:
            raise GiveUp(_("The connection is no longer there."))
        if not one.active:
            raise GiveUp(_("The connection “{name}” is switched off.", name=one.name))
        waiting = ctx.conn.execute(
            select(_P.id, _P.title, _P.body, _P.url).where(_P.connection_id == one.id, _P.sent_at.is_(None)).order_by(_P.id).limit(500)).all()
        if not waiting:
            # Said along with another one.
            return Done({"said": 0})
        wait = _rest(ctx, one)
        if wait is not None:
            raise Later(_("Too many messages at once for this group."), after=wait, blame=False, counted=False)
        address, keys, now, slug, language = connection.address(ctx, one), connection.keys(ctx, one), ctx.now, ctx.tenant.slug, ctx.tenant.language
    if address is None:
        raise GiveUp(_("Address or key of “{name}” is not known any more: enter the address again.", name=one.name))
    said = [f"{row.title}\n{row.body}\n{row.url}" if row.body else f"{row.title}\n{row.url}" for row in waiting[:MOST]]
    if len(waiting) > MOST:
        said.append(_("and {n} more", n=len(waiting) - MOST).to(language))
    verdict = say(Egress.of(desk.settings), slug, one, address, keys[0] if keys else None, "\n\n".join(said), now)
    if verdict.outcome == "later":
        raise Later(verdict.why, after=timedelta(minutes=1) if verdict.fast else None, blame=not verdict.fast)
    if verdict.outcome == "refused":
        raise GiveUp(verdict.why)
    with desk.write() as ctx:
        ctx.conn.execute(update(t.robot_post).where(_P.id.in_([row.id for row in waiting])).values(sent_at=ctx.now))
    return Done({"said": len(waiting)})


def say(egress: Egress, tenant: str, one: Connection, address: str, key: str | None, text: str, now: object) -> dialects.Verdict:
    """One message to one group, and what came of it."""
    from datetime import datetime

    assert isinstance(now, datetime)
    url, body = dialects.message(one.kind.key, address, key, text, now)
    try:
        answer = egress.send(tenant, "POST", url, headers={"Content-Type": "application/json; charset=utf-8"}, body=body, hosts=one.kind.hosts)
    except Blocked as error:
        return dialects.Verdict("refused", error.message)
    except Unreachable as error:
        return dialects.Verdict("later", error.message)
    return dialects.judge(one.kind.key, answer)


def _rest(ctx: Ctx, one: Connection) -> timedelta | None:
    """How long the robot keeps silent, when it spoke often in the last minute. What is said together was said at one moment."""
    since = ctx.now - timedelta(minutes=1)
    moments = select(_P.sent_at).where(_P.connection_id == one.id, _P.sent_at > since).distinct().subquery()
    n, first = ctx.conn.execute(select(func.count(), func.min(moments.c.sent_at)).select_from(moments)).one()
    return first + timedelta(minutes=1) - ctx.now if n >= PER_MINUTE and first is not None else None
