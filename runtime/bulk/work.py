"""Carrying an order out: at once where it is about few records, as a job in handfuls where it is about many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kernel.errors import BadRequest, Conflict, NotFound
from kernel.i18n import _
from kernel.jobs import Again, Done, GiveUp, Job, Outcome, queue
from kernel.platform.ctx import Ctx, system_actor
from runtime.bulk import items
from runtime.bulk.apply import delete_together, one
from runtime.bulk.order import Order, order_of
from runtime.bulk.outcome import DONE, WAITING
from runtime.bulk.words import told
from runtime.notices.tell import tell
from runtime.records import query, several
from runtime.talk import news

KIND = "bulk"
CHANNEL = "bulk"
AT_ONCE = 50  # done within the request
HANDFUL = 50  # records of one step of a job
GATHERED = 2_000  # ids of one step that looks for them
MOST_CHOSEN = 2_000
MOST = 100_000
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records: ``chosen`` as (id, version that was looked at), or all that a list holds (``where``, ``q``)."""

    chosen: Sequence[tuple[str, int | None]] | None = None
    where: str | None = None
    q: str = ""

    def asked(self, ctx: Ctx, entity: str) -> query.ListQuery:
        """The list, if it is one. Raises Invalid."""
        return query.ListQuery(where=query.read_where(ctx, entity, self.where) if self.where else None, q=self.q)


def ask(ctx: Ctx, order: Order, selection: Selection, key: str | None = None) -> Job:
    """Have it done. Few records are done when this returns. ``key``: asked twice under the same key it is done once.

    Raises NotFound, BadRequest, Invalid.
    """
    if order.entity not in ctx.app.entities:
        raise NotFound()
    name = f"{KIND}:{ctx.actor.person}:{key}" if key else None
    if selection.chosen is not None:
        found = list(dict(selection.chosen).items())
        if not found:
            raise BadRequest(_("Nothing is selected."), hint=_("Tick the rows first."))
        if len(found) > MOST_CHOSEN:
            raise BadRequest(_("At most {n} records at once.", n=MOST_CHOSEN))
        return _start(ctx, order, found, name)
    asked = selection.asked(ctx, order.entity)
    few: list[tuple[str, int | None]] = list(several.ids_of(ctx, order.entity, asked, None, AT_ONCE + 1))
    if len(few) <= AT_ONCE:
        if not few:
            raise BadRequest(_("No record fits."), hint=_("Loosen the condition."))
        return _start(ctx, order, few, name)
    data = {"order": order.to_json(), "select": {"where": selection.where, "q": selection.q, "after": None}, "total": 0, "at": 0}
    return _find(ctx, queue.add(ctx.conn, KIND, data, now=ctx.now, key=name, person=ctx.actor.person))


def take_back(ctx: Ctx, job: Job) -> Job:
    """Undo what a finished job of one's own did. Asked twice it is done once. Raises Conflict where that can't be."""
    order = order_of(job.data["order"])
    if not order.undone or job.open:
        raise Conflict(_("This can't be taken back."), hint=_("A step leads on; take the step that leads back, if there is one."))
    done = [(i.record, i.after) for i in items.some(ctx.conn, job.id, states={DONE}, limit=MOST) if i.after is not None]
    if not done:
        raise Conflict(_("Nothing was changed, so there is nothing to take back."))
    return _start(ctx, Order("undo", order.entity, of=job.id), done, undo_key(job.id), {"original": job.data["order"]})


def undo_key(job: int) -> str:
    """The name of the job that takes another one back."""
    return f"{KIND}:undo:{job}"


def _start(ctx: Ctx, order: Order, chosen: Sequence[tuple[str, int | None]], key: str | None, more: Mapping[str, Any] | None = None) -> Job:
    data = {"order": order.to_json(), "total": len(chosen), "at": 0, **(more or {})}
    if len(chosen) > AT_ONCE:
        id_ = queue.add(ctx.conn, KIND, data, now=ctx.now, key=key, person=ctx.actor.person)
        if not items.counts(ctx.conn, [id_])[id_]:
            items.put(ctx.conn, id_, chosen)
        return _find(ctx, id_)
    job, new = queue.begin(ctx.conn, KIND, data, now=ctx.now, lease=LEASE, key=key, person=ctx.actor.person)
    if new:
        items.put(ctx.conn, job.id, chosen)
        _handful(ctx.acting(channel=CHANNEL), job, AT_ONCE)
        queue.finish(ctx.conn, job, ctx.now, dict(items.counts(ctx.conn, [job.id])[job.id]))
    return _find(ctx, job.id)


def _find(ctx: Ctx, id_: int) -> Job:
    job = queue.find(ctx.conn, id_)
    assert job is not None
    return job


def carry_out(ctx: Ctx, job: Job) -> Outcome:
    """One step of a job: look for records, or do a handful of them. Raises GiveUp."""
    order = order_of(job.data["order"])
    if order.entity not in ctx.app.entities:
        raise GiveUp(_("What this was about does not exist any more."))
    if job.data.get("select") is not None:
        return _gather(ctx, job, order)
    acting = ctx.acting(channel=CHANNEL)
    n = _handful(acting, job, HANDFUL)
    total, at = job.data["total"], job.data["at"] + n
    if n == HANDFUL:
        return Again({**job.data, "at": at}, {"done": at, "total": total})
    result = dict(items.counts(ctx.conn, [job.id])[job.id])
    if ctx.actor.kind != "system":
        system = ctx.acting(actor=system_actor(ctx.tenant, ctx.release))
        tell(system, [ctx.actor.person], "job_done", f"job:{job.id}", data={"detail": told(ctx, order, result).to(ctx.language), "job": job.id})
    return Done(result)


def _gather(ctx: Ctx, job: Job, order: Order) -> Outcome:
    """Note which records it is about before the first of them changes."""
    select, total = job.data["select"], job.data["total"]
    asked = Selection(None, select["where"], select["q"]).asked(ctx, order.entity)
    found: list[tuple[str, int | None]] = list(several.ids_of(ctx, order.entity, asked, select["after"], GATHERED))
    total = items.put(ctx.conn, job.id, found, total)
    if total > MOST:
        raise GiveUp(_("These are more than {n} records. Nothing was done; narrow the list.", n=MOST))
    more = {**select, "after": found[-1][0]} if len(found) == GATHERED else None
    return Again({**job.data, "select": more, "total": total}, {"done": 0, "total": total})


def _handful(ctx: Ctx, job: Job, limit: int) -> int:
    order = order_of(job.data["order"])
    original = order_of(job.data["original"]) if "original" in job.data else None
    waiting = items.some(ctx.conn, job.id, states={WAITING}, limit=limit)
    together = delete_together(ctx, order.entity, {i.record: i.version for i in waiting}) if order.act == "delete" and len(waiting) > 1 else None
    with news.together(ctx) as told_later:
        outcomes = []
        for i in waiting:
            before = len(told_later)
            outcome = together[i.record] if together else one(ctx, order, i.record, i.version, original)
            if outcome.state != DONE:
                del told_later[before:]
            outcomes.append((i.n, outcome))
    items.note(ctx.conn, job.id, outcomes)
    return len(waiting)
