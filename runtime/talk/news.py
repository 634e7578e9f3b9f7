"""What followers are told of a record's own course: a step was taken, it changed hands.

The write notes what moved, as one job for all records of one act: keys and ids, never values. A worker tells it, with the rights of
that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import exists, select

from kernel.jobs import Again, Done, Job, Outcome, queue
from kernel.platform import tables as t
from kernel.platform.ctx import SYSTEM, Ctx
from runtime.notices.tell import tell
from runtime.records import store
from runtime.records.happened import Happened
from runtime.records.readers import Readers
from runtime.records.record import Record
from runtime.records.shape import shape_of
from runtime.talk import follow

KIND = "news"
# Half a year of samples, or a thousand imported rows, is nobody's news; of a hand-over its receivers are told once.
QUIET_CHANNELS = frozenset({"sample", "import", "hand_over"})
# Records told of in one step of the job.
HANDFUL = 100

_gathered: ContextVar[list[dict[str, Any]] | None] = ContextVar("gathered_news", default=None)


def note(ctx: Ctx, written: Sequence[Happened]) -> None:
    """Have it told to whoever gets a record (``handed_over``) and to its followers (``moved``): steps and new owners.

    One statement where the record has another owner or creator than the actor, else one that looks for followers.
    """
    if ctx.channel in QUIET_CHANNELS:
        return
    news = [found for one in written if (found := _news(ctx, one)) is not None]
    if not news:
        return
    gathered = _gathered.get()
    if gathered is not None:
        gathered += news
    elif any(one.get("to") or _others(ctx, written) for one in news) or _has_followers(ctx, news):
        queue.add(ctx.conn, KIND, {"by": ctx.actor.person, "news": news}, now=ctx.now)


@contextmanager
def together(ctx: Ctx) -> Iterator[list[dict[str, Any]]]:
    """One job for everything inside. Whoever undoes a part of it shortens the list to what it was before that part."""
    news: list[dict[str, Any]] = []
    token = _gathered.set(news)
    try:
        yield news
    finally:
        _gathered.reset(token)
    if news:
        queue.add(ctx.conn, KIND, {"by": ctx.actor.person, "news": news}, now=ctx.now)


def carry_out(ctx: Ctx, job: Job) -> Outcome:
    """The job: tell what was noted, a handful of records at a time, to whoever may see them now."""
    news: list[dict[str, Any]] = job.data["news"]
    here, rest = news[:HANDFUL], news[HANDFUL:]
    by: str = job.data["by"]
    for entity in dict.fromkeys(one["entity"] for one in here):
        if entity in ctx.app.entities:
            _tell_of(ctx, by, entity, [one for one in here if one["entity"] == entity])
    return Again({**job.data, "news": rest}) if rest else Done()


def _news(ctx: Ctx, one: Happened) -> dict[str, Any] | None:
    new, actor = one.new, ctx.actor.person
    what: dict[str, Any] = {"entity": new.entity, "id": new.id, "version": new.version}
    if one.kind == "created":
        return {**what, "to": new.owner} if new.owner and new.owner != actor else None
    step = _step(one) if one.kind == "updated" else None
    if one.kind != "updated" or (step is None and "owner" not in one.fields):
        return None
    if "owner" in one.fields:
        what |= {"owner": new.owner, "to": new.owner if new.owner != actor else None}
    return {**what, "step": list(step)} if step else what


def _others(ctx: Ctx, written: Sequence[Happened]) -> bool:
    return any(person not in (None, SYSTEM, ctx.actor.person) for one in written for person in (one.new.owner, one.new.created_by))


def _has_followers(ctx: Ctx, news: Sequence[Mapping[str, Any]]) -> bool:
    c = t.follow.c
    ids = [one["id"] for one in news]
    query = exists().where(c.entity == news[0]["entity"], c.record_id.in_(ids), c.active.is_(True), c.person_id != ctx.actor.person)
    return bool(ctx.conn.execute(select(query)).scalar_one())


def _tell_of(ctx: Ctx, by: str, entity: str, news: Sequence[Mapping[str, Any]]) -> None:
    """Records of one entity: what they are now and who follows them are one statement each, however many there are."""
    records = store.load(ctx, shape_of(ctx.release, entity), list({one["id"] for one in news}))
    here = [one for one in news if one["id"] in records and records[one["id"]].deleted_at is None]
    moved = [records[one["id"]] for one in here if "step" in one or "owner" in one]
    followers = follow.of(ctx, list({r.id: r for r in moved}.values())) if moved else {}
    concerned = {p for people in followers.values() for p in people} | {one["to"] for one in here if one.get("to")}
    readers = Readers(ctx, concerned - {by})
    for one in here:
        _tell(ctx, by, one, records[one["id"]], followers.get(one["id"], frozenset()), readers)


def _tell(ctx: Ctx, by: str, one: Mapping[str, Any], record: Record, followers: frozenset[str], readers: Readers) -> None:
    where: dict[str, Any] = {"entity": record.entity, "record": record.id, "by": by}
    to, step = one.get("to"), one.get("step")
    if to and readers.who(record, [to]):
        tell(ctx, [to], "handed_over", f"handed_over:{record.id}:{one['version']}", **where)
    if step is None and "owner" not in one:
        return
    # The state of a further machine is a field, and who may not read it hears nothing of it.
    shape = shape_of(ctx.release, record.entity)
    hidden = step[0] if step and "owner" not in one and step[0] in shape.fields and any(m.key == step[0] and not m.first for m in shape.machines) else None
    data = {"machine": step[0], "from": step[1], "to": step[2]} if step else {"owner": one["owner"]}
    people = sorted(readers.who(record, followers - {by, to}, hidden))
    tell(ctx, people, "moved", f"change:{record.id}:{one['version']}", **where, data=data)


def _step(one: Happened) -> tuple[str, str | None, str | None] | None:
    """The machine that moved, from which state to which."""
    assert one.old is not None
    for machine in one.shape.machines:
        if machine.first and "state" in one.fields:
            return machine.key, one.old.state, one.new.state
        if not machine.first and machine.key in one.fields:
            return machine.key, one.old.values.get(machine.key), one.new.values.get(machine.key)
    return None
