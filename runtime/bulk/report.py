"""A job as whoever asked for it reads it: how far it is, what came of it and why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kernel.errors import NotFound
from kernel.jobs import Job, queue
from kernel.platform.ctx import Ctx
from runtime.bulk import items
from runtime.bulk.order import Order, order_of
from runtime.bulk.outcome import CHANGED, DONE, GONE, REFUSED, WAITING, Group, Outcome, grouped
from runtime.bulk.work import KIND, undo_key
from runtime.records.labels import Wanted, resolve

NOT_DONE = (REFUSED, CHANGED, GONE)
GROUPED = 2_000  # records whose reasons are put together


@dataclass(frozen=True, slots=True)
class Report:
    """``counts`` by outcome; ``undo`` is the job that took it back, if there is one."""

    job: Job
    order: Order
    original: Order | None
    counts: Mapping[str, int]
    undo: Job | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def handled(self) -> int:
        return self.total - self.counts.get(WAITING, 0)

    @property
    def refused(self) -> int:
        return sum(self.counts.get(state, 0) for state in NOT_DONE)

    @property
    def can_undo(self) -> bool:
        return self.order.undone and not self.job.open and self.counts.get(DONE, 0) > 0 and self.undo is None


def find(ctx: Ctx, id_: int) -> Job:
    """A job of one's own. Raises NotFound (D3)."""
    job = queue.find(ctx.conn, id_)
    if job is None or job.kind != KIND or job.person != ctx.actor.person:
        raise NotFound()
    return job


def reports(ctx: Ctx, jobs: Sequence[Job]) -> list[Report]:
    """Several jobs, in two statements."""
    counts = items.counts(ctx.conn, [j.id for j in jobs])
    undone = queue.by_keys(ctx.conn, [undo_key(j.id) for j in jobs])
    found = []
    for job in jobs:
        original = order_of(job.data["original"]) if "original" in job.data else None
        found.append(Report(job, order_of(job.data["order"]), original, counts[job.id], undone.get(undo_key(job.id))))
    return found


def report(ctx: Ctx, id_: int) -> Report:
    """Raises NotFound."""
    return reports(ctx, [find(ctx, id_)])[0]


def reasons(ctx: Ctx, job: Job) -> list[Group]:
    """Why not, the most frequent reason first, over the first records that were not done."""
    found = items.some(ctx.conn, job.id, states=NOT_DONE, limit=GROUPED)
    return grouped([(i.record, Outcome(i.state, i.after, i.reasons)) for i in found])  # type: ignore[arg-type]


def page(ctx: Ctx, made: Report, states: Collection[str] | None, after: int = -1, limit: int = 50) -> tuple[list[items.Item], Mapping[str, str]]:
    """Records of a job with their titles, as far as the reader still sees them."""
    found = items.some(ctx.conn, made.job.id, states=states, after=after, limit=limit)
    wanted = Wanted()
    wanted.add(made.order.entity, tuple(i.record for i in found))
    return found, resolve(ctx, wanted)
