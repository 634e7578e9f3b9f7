"""The job ``delivery``: one delivery sent, or one digest. It goes out under the same id on each try; what came of it stands in its row.

A process that dies between sending and noting leaves the job to the next one, which sends again under that id: the receiver can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from kernel.errors import Busy, FangyuanError
from kernel.i18n import _, to_text
from kernel.jobs import Again, Desk, Done, GiveUp, Job, Later, Outcome, queue
from kernel.jobs.handler import Lost
from kernel.platform import actors
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.settings import Settings
from runtime.notices import inbox, plan, recipients
from runtime.notices.channels import CHANNELS, Message
from runtime.notices.decide import FAILED, HELD, OPEN, SENT, SKIPPED, WAITING
from runtime.notices.plan import DIGEST, judge, put_off, was_seen
from runtime.notices.recipients import Recipient

MOST_LINES = 40
# Quiet hours between two tries begin the three days anew: there is an end to it all the same.
MOST_TRIES = 60
MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Ready:
    """What is handed to the channel, and the rows that it settles."""

    channel: str
    message: Message
    rows: Sequence[str]
    tries: int


def carry_out(desk: Desk, job: Job) -> Outcome:
    """The job; tried over three days, then it has failed and can be replayed."""
    id_ = str(job.data["delivery"])
    with desk.write() as ctx:
        ready = _prepare(ctx, id_, desk.settings)
    if not isinstance(ready, Ready):
        return Done() if ready is None else Again(job.data, at=ready)
    try:
        result = CHANNELS[ready.channel].send(desk, ready.message)
    except (Busy, Lost):
        raise
    except GiveUp as error:
        _note(desk, ready, FAILED, {"code": "gave_up", "words": to_text(error.message, ready.message.language)}, error.result)
        return Done({"failed": True})
    except Exception as error:
        words = to_text(error.message, ready.message.language) if isinstance(error, (FangyuanError, Later)) else f"{type(error).__name__}: {error}"
        with desk.read() as ctx:
            last = (job.until is not None and ctx.now >= job.until) or ready.tries >= MOST_TRIES
        _note(desk, ready, FAILED if last else WAITING, {"code": "no_answer" if last else "again", "words": words[:300]}, None)
        if ready.tries >= MOST_TRIES:
            raise GiveUp(words) from error
        raise
    _note(desk, ready, SENT, {}, result)
    return Done()


def _prepare(ctx: Ctx, id_: str, settings: Settings) -> Ready | datetime | None:
    """What to send now; a moment when it is to be looked at again; None when there is nothing (more) to send."""
    c = t.delivery.c
    # Counted first: from here on nobody joins a digest.
    row = ctx.conn.execute(
        update(t.delivery).where(c.id == id_, c.state.in_((*OPEN, FAILED))).values(attempts=c.attempts + 1).returning(*c)).first()
    if row is None or row.channel not in CHANNELS or (row.kind != DIGEST and row.digest_id is not None):
        return None
    person = recipients.load(ctx, [row.person_id]).get(row.person_id)
    if person is None or not person.usable:
        _skip(ctx, row, "left")
        return None
    if row.channel == MAIL and not settings.mails:
        _skip(ctx, row, "no_server")
        return None
    return _digest(ctx, row, person, settings) if row.kind == DIGEST else _single(ctx, row, person, settings)


def _single(ctx: Ctx, row: Any, person: Recipient, settings: Settings) -> Ready | datetime | None:
    notice = ctx.conn.execute(select(t.notice).where(t.notice.c.id == row.notice_id)).first()
    if notice is None:
        _skip(ctx, row, "gone")
        return None
    decision = judge(ctx, notice, person, row.channel, person.id in CHANNELS[row.channel].reachable(ctx, [person.id]))
    if decision.state != WAITING:
        return put_off(ctx, row.id, decision)
    told = _told(ctx, person, [notice])
    if not told:
        _skip(ctx, row, "gone")
        return None
    ctx.conn.execute(update(t.delivery).where(t.delivery.c.id == row.id).values(state=WAITING, why=dict(decision.why), due_at=None))
    one = told[0]
    return Ready(
        row.channel, Message(row.id, person.id, person.language, to_text(one.words, person.language), one.more, f"{_base(ctx, settings)}/inbox/{one.id}",
                row.urgency, row.kind, row.cause), (row.id,), row.attempts)


def _digest(ctx: Ctx, row: Any, person: Recipient, settings: Settings) -> Ready | datetime | None:
    end = person.wishes.quiet_until(ctx.now)
    c = t.delivery.c
    if end is not None:
        ctx.conn.execute(update(t.delivery).where((c.id == row.id) | ((c.digest_id == row.id) & (c.state == HELD))).values(due_at=end))
        ctx.conn.execute(update(t.delivery).where(c.id == row.id).values(attempts=0))
        return end
    if person.id not in CHANNELS[row.channel].reachable(ctx, [person.id]):
        _skip(ctx, row, "no_way")
        return None
    members = ctx.conn.execute(select(c.id, c.notice_id).where(c.digest_id == row.id, c.state.in_((*OPEN, FAILED))).order_by(c.id)).all()
    notices = {n.id: n for n in ctx.conn.execute(select(t.notice).where(t.notice.c.id.in_([m.notice_id for m in members])))} if members else {}
    fresh = [notices[m.notice_id] for m in members if m.notice_id in notices and not was_seen(notices[m.notice_id])]
    told = {one.id: one for one in _told(ctx, person, fresh)}
    for code, ids in (
        ("seen", [m.id for m in members if m.notice_id in notices and was_seen(notices[m.notice_id])]),
        ("gone", [m.id for m in members if m.notice_id not in notices or (not was_seen(notices[m.notice_id]) and m.notice_id not in told)]),
    ):
        if ids:
            ctx.conn.execute(update(t.delivery).where(c.id.in_(ids)).values(state=SKIPPED, why={"code": code}, due_at=None))
    if not told:
        _skip(ctx, row, "nothing_left")
        return None
    ctx.conn.execute(update(t.delivery).where(c.id == row.id).values(state=WAITING, due_at=None))
    lines = [to_text(one.words, person.language) for one in told.values()]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], _("and {n} more", n=len(lines) - MOST_LINES).to(person.language)]
    title = _("{n} notices for you in {workspace}", n=len(told), workspace=ctx.tenant.name).to(person.language)
    message = Message(row.id, person.id, person.language, title, "\n".join(lines), f"{_base(ctx, settings)}/inbox?tab=news", row.urgency, DIGEST, row.cause)
    return Ready(row.channel, message, (row.id, *(m.id for m in members if m.notice_id in told)), row.attempts)


def _told(ctx: Ctx, person: Recipient, rows: Sequence[Any]) -> list[inbox.Notice]:
    """The notices in the words of their reader, with the rights of this moment; without those whose record is out of sight."""
    identity = actors.identify(ctx.conn, ctx.release, person.id, tenant=ctx.tenant, now=ctx.now)
    if identity is None or not rows:
        return []
    reading = ctx.acting(actor=identity.actor(ctx.tenant, language=person.language, zone=person.zone.key))
    return [one for one in inbox.of_rows(reading, rows) if one.entity is None or one.title is not None]


def _skip(ctx: Ctx, row: Any, code: str) -> None:
    """It is not sent, and neither is what still waits in it."""
    c = t.delivery.c
    ctx.conn.execute(
        update(t.delivery).where((c.id == row.id) | ((c.digest_id == row.id) & c.state.in_((*OPEN, FAILED)))).values(state=SKIPPED, why={"code": code}, due_at=None))


def _note(desk: Desk, ready: Ready, state: str, why: Mapping[str, Any], result: Mapping[str, Any] | None) -> None:
    with desk.write() as ctx:
        values: dict[str, Any] = {"state": state, "why": dict(why), "result": dict(result) if result else None, "due_at": None}
        if state == SENT:
            values["sent_at"] = ctx.now
        ctx.conn.execute(update(t.delivery).where(t.delivery.c.id.in_(ready.rows)).values(**values))


def _base(ctx: Ctx, settings: Settings) -> str:
    return f"{settings.base_url}/t/{ctx.tenant.slug}"


def replan(ctx: Ctx, person: str) -> None:
    """Somebody chose otherwise: what is held for them is looked at again now."""
    c = t.delivery.c
    for id_, channel in ctx.conn.execute(select(c.id, c.channel).where(c.person_id == person, c.state == HELD, c.digest_id.is_(None), c.kind != DIGEST)).all():
        plan.send_at(ctx, id_, channel, ctx.now)


def note_lost(ctx: Ctx, since: datetime) -> int:
    """Jobs that failed without another try (their destination did not answer for days): the rows say so. Returns how many."""
    j, c = t.job.c, t.delivery.c
    failed = ctx.conn.execute(select(j.data, j.error).where(j.state == queue.FAILED, j.kind == plan.SEND, j.finished_at >= since).limit(1000)).all()
    found = 0
    for job in failed:
        row = str(job.data.get("delivery"))
        values = {"state": FAILED, "why": {"code": "no_answer", "words": (job.error or "")[:300]}, "due_at": None}
        found += ctx.conn.execute(update(t.delivery).where((c.id == row) | (c.digest_id == row), c.state.in_(OPEN)).values(**values)).rowcount
    return found


def sweep(ctx: Ctx, before: datetime) -> int:
    """Forget deliveries of long ago. Returns how many."""
    c = t.delivery.c
    return ctx.conn.execute(delete(t.delivery).where(c.created_at < before, c.state.not_in(OPEN))).rowcount
