"""The job ``deliver``: what goes out of a batch of notices, to whom and by which channel. One row of ``delivery`` each, and a job for what is to be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from kernel.jobs import Done, Job, Outcome, queue
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.notices import recipients, wording
from runtime.notices.channels import CHANNELS
from runtime.notices.decide import HELD, OPEN, SKIPPED, WAITING, Asked, Decision, decide
from runtime.notices.kinds import KINDS
from runtime.notices.recipients import Recipient

PLAN, SEND = "deliver", "delivery"
TEST = "test"
# Rows of one statement: SQLite binds 32,766 values.
_CHUNK = 500
DIGEST = "digest"


def later(ctx: Ctx, notices: Sequence[str]) -> None:
    """Have these notices sent on their ways. Of a past that is played for samples nothing leaves the house."""
    if notices and ctx.channel != "sample":
        queue.add(ctx.conn, PLAN, {"notices": list(notices)}, now=ctx.now)


def carry_out(ctx: Ctx, job: Job) -> Outcome:
    """The job. Planned twice it changes nothing: there is one row per cause, person and channel."""
    rows = ctx.conn.execute(select(t.notice).where(t.notice.c.id.in_(job.data["notices"]))).all()
    notices = [row for row in rows if row.kind in KINDS]
    people = recipients.load(ctx, {row.person_id for row in notices})
    reachable = {key: channel.reachable(ctx, people.keys()) for key, channel in CHANNELS.items()} if people else {}
    wanted = []
    for row in notices:
        person = people.get(row.person_id)
        if person is not None:
            wanted += [_row(ctx, row, key, judge(ctx, row, person, key, person.id in reachable[key])) for key in CHANNELS]
    _put(ctx, wanted)
    return Done()


def judge(ctx: Ctx, notice: Any, person: Recipient, channel: str, reachable: bool) -> Decision:
    """What becomes of a notice (a row of the inbox) on one way."""
    if not person.usable:
        return Decision(SKIPPED, {"code": "left"})
    if was_seen(notice):
        return Decision(SKIPPED, {"code": "seen"})
    element = wording.element_of(ctx.app, notice.kind, notice.entity, notice.data)
    asked = Asked(
        channel, notice.urgency, wording.is_essential(ctx.app, notice.kind, notice.entity, notice.data), reachable,
        element is None or element.channels is None or channel in element.channels)
    # Who asks for a test wants to see it now.
    chosen = replace(person.wishes, quiet=None) if notice.kind == TEST else person.wishes
    return decide(asked, chosen, person.hours, person.spared(notice.kind), ctx.now)


def was_seen(notice: Any) -> bool:
    """Whether it was read or is done with. What came without a sound in a quiet period counts as new."""
    return any(at is not None and at > notice.created_at for at in (notice.read_at, notice.done_at)) or (
        "spared" not in notice.data and (notice.read_at is not None or notice.done_at is not None))


def _row(ctx: Ctx, notice: Any, channel: str, decision: Decision) -> dict[str, Any]:
    essential = wording.is_essential(ctx.app, notice.kind, notice.entity, notice.data)
    return {
        "id": ctx.new_id(), "person_id": notice.person_id, "cause": notice.cause, "channel": channel, "notice_id": notice.id, "kind": notice.kind,
        "urgency": notice.urgency, "essential": essential, "state": decision.state, "why": dict(decision.why), "due_at": decision.due, "digest_id": None,
        "created_at": ctx.now, "sent_at": None, "attempts": 0, "result": None, "digest": decision.digest}


def _put(ctx: Ctx, wanted: Sequence[dict[str, Any]]) -> None:
    digests = {(row["person_id"], row["channel"], row["due_at"]) for row in wanted if row["digest"]}
    joined = {key: join_digest(ctx, *key) for key in sorted(digests)}
    rows = []
    for row in wanted:
        digest = joined.get((row["person_id"], row["channel"], row["due_at"])) if row.pop("digest") else None
        rows.append({**row, "digest_id": digest})
    if not rows:
        return
    new: set[str] = set()
    for at in range(0, len(rows), _CHUNK):
        statement = insert(ctx)(t.delivery).values(rows[at : at + _CHUNK]).on_conflict_do_nothing().returning(t.delivery.c.id)
        new.update(ctx.conn.execute(statement).scalars())
    for row in rows:
        if row["id"] in new and row["state"] in OPEN and row["digest_id"] is None:
            send_at(ctx, row["id"], row["channel"], row["due_at"])


def join_digest(ctx: Ctx, person: str, channel: str, due: datetime) -> str | None:
    """The digest that goes to a person then, made if there is none; None when it is already on its way. Its row stays locked, so that
    it does not leave before who joins it is in."""
    row: dict[str, Any] = {
        "id": ctx.new_id(), "person_id": person, "cause": f"{DIGEST}:{due.isoformat()}", "channel": channel, "kind": DIGEST, "urgency": "normal",
        "essential": False, "state": HELD, "why": {"code": "collected"}, "due_at": due, "created_at": ctx.now, "attempts": 0}
    c = t.delivery.c
    statement = insert(ctx)(t.delivery).values(row)
    found = ctx.conn.execute(statement.on_conflict_do_update(
        index_elements=[c.person_id, c.cause, c.channel], set_={"due_at": due}, where=(c.state == HELD) & (c.attempts == 0)).returning(c.id)).scalar()
    if found == row["id"]:
        send_at(ctx, row["id"], channel, due)
    return found


def send_at(ctx: Ctx, delivery: str, channel: str, due: datetime | None) -> None:
    """A job for one delivery."""
    queue.add(ctx.conn, SEND, {"delivery": delivery}, now=ctx.now, due=due, destination=channel)


def put_off(ctx: Ctx, id_: str, decision: Decision) -> datetime | None:
    """What was due is decided anew. Returns when it is due again; None when it is not to be sent by itself (any more)."""
    digest = join_digest(ctx, *_where(ctx, id_), decision.due) if decision.digest and decision.due else None
    values: Mapping[str, Any] = {"state": decision.state, "why": dict(decision.why), "due_at": decision.due, "digest_id": digest, "attempts": t.delivery.c.attempts - 1}
    ctx.conn.execute(update(t.delivery).where(t.delivery.c.id == id_).values(**values))
    return decision.due if decision.state in (WAITING, HELD) and digest is None else None


def _where(ctx: Ctx, id_: str) -> tuple[str, str]:
    row = ctx.conn.execute(select(t.delivery.c.person_id, t.delivery.c.channel).where(t.delivery.c.id == id_)).one()
    return row.person_id, row.channel


def insert(ctx: Ctx) -> Any:
    """The insert of this database, which knows what to do about conflicts."""
    return postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
