"""The records of a job and what came of each: rows of ``bulk_item``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select, update

from kernel.platform import tables as t
from runtime.bulk.outcome import WAITING, Outcome, Reason, reason_of

_c = t.bulk_item.c


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a job."""

    n: int
    record: str
    version: int | None
    state: str
    after: int | None
    reasons: tuple[Reason, ...]


def put(conn: Connection, job: int, records: Iterable[tuple[str, int | None]], first: int = 0) -> int:
    """Add (id, version) to a job, from number ``first`` on; returns the next number."""
    rows = [
        {"job_id": job, "n": n, "record_id": id_, "version": version, "outcome": WAITING, "after": None, "reasons": None}
        for n, (id_, version) in enumerate(records, first)]
    if rows:
        conn.execute(insert(t.bulk_item), rows)
    return first + len(rows)


def some(conn: Connection, job: int, *, states: Collection[str] | None = None, after: int = -1, limit: int = 50) -> list[Item]:
    """Items in their order, those of ``states`` only if given, behind number ``after``."""
    query = select(_c.n, _c.record_id, _c.version, _c.outcome, _c.after, _c.reasons).where(_c.job_id == job, _c.n > after).order_by(_c.n).limit(limit)
    if states is not None:
        query = query.where(_c.outcome.in_(list(states)))
    return [Item(n, id_, version, state, later, tuple(reason_of(r) for r in reasons or ())) for n, id_, version, state, later, reasons in conn.execute(query)]


def note(conn: Connection, job: int, outcomes: Sequence[tuple[int, Outcome]]) -> None:
    """Keep what came of these numbers."""
    if outcomes:
        conn.execute(
            update(t.bulk_item).where(_c.job_id == bindparam("of"), _c.n == bindparam("at")).values(
                outcome=bindparam("state"), after=bindparam("later"), reasons=bindparam("why", type_=_c.reasons.type)),
            [{"of": job, "at": n, "state": o.state, "later": o.after, "why": [r.to_json() for r in o.reasons] or None} for n, o in outcomes])


def counts(conn: Connection, jobs: Collection[int]) -> Mapping[int, Mapping[str, int]]:
    """How many records of each job came to what, in one statement."""
    found: dict[int, dict[str, int]] = {job: {} for job in jobs}
    query = select(_c.job_id, _c.outcome, func.count()).where(_c.job_id.in_(list(jobs))).group_by(_c.job_id, _c.outcome)
    for job, state, n in conn.execute(query) if jobs else ():
        found[job][state] = n
    return found
