"""The queue: rows of the table ``job``, added by whoever causes them, claimed by workers (SAFETY D41)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kernel.platform import tables as t
from kernel.platform.database import wake_after_commit

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
OPEN = (WAITING, RUNNING)

_COLUMNS = (
    t.job.c.id, t.job.c.kind, t.job.c.key, t.job.c.state, t.job.c.due_at, t.job.c.data, t.job.c.person_id, t.job.c.created_at,
    t.job.c.finished_at, t.job.c.attempts, t.job.c.fence, t.job.c.lease_until, t.job.c.progress, t.job.c.result, t.job.c.error,
    t.job.c.destination, t.job.c.until,
)
# What leaves the house is tried for so long (SAFETY D44: 72 hours at least).
PATIENCE = timedelta(hours=73)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of deferred work. ``person`` is in whose name it runs (None: the system's)."""

    id: int
    kind: str
    key: str | None
    state: str
    due_at: datetime
    data: Mapping[str, Any]
    person: str | None
    created_at: datetime
    finished_at: datetime | None
    attempts: int
    fence: int
    lease_until: datetime | None
    progress: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    error: str | None
    destination: str | None = None
    until: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state in OPEN


def add(
    conn: Connection, kind: str, data: Mapping[str, Any], *, now: datetime, due: datetime | None = None, key: str | None = None, person: str | None = None,
    destination: str | None = None,
) -> int:
    """Have ``kind`` done with ``data`` at ``due`` (default: as soon as this transaction commits). Returns the job's id.

    ``key`` names the work: while a row with that key exists, adding it again changes nothing and returns the same id.
    ``destination`` names where it goes when it leaves the house: what goes to one place never holds up what goes to others.
    """
    moment = due or now
    values = {
        "kind": kind, "key": key, "state": WAITING, "due_at": moment, "data": dict(data), "person_id": person, "created_at": now, "attempts": 0, "fence": 0}
    if destination is not None:
        values |= {"destination": destination, "until": moment + PATIENCE}
    wake_after_commit(conn, moment)
    statement = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(t.job).values(**values)
    if key is not None:
        statement = statement.on_conflict_do_nothing(index_elements=[t.job.c.key])
    made = conn.execute(statement.returning(t.job.c.id)).scalar()
    return int(made if made is not None else conn.execute(select(t.job.c.id).where(t.job.c.key == key)).scalar_one())


def add_many(conn: Connection, kind: str, data: Sequence[Mapping[str, Any]], *, now: datetime, due: datetime | None = None) -> None:
    """Several nameless pieces of the same kind, in one statement."""
    if data:
        moment = due or now
        wake_after_commit(conn, moment)
        conn.execute(insert(t.job), [
            {"kind": kind, "state": WAITING, "due_at": moment, "data": dict(one), "created_at": now, "attempts": 0, "fence": 0} for one in data])


def ring(conn: Connection, key: str, due: datetime) -> None:
    """Have the work of this name done at ``due``, whether it waits for another moment or has ended."""
    wake_after_commit(conn, due)
    conn.execute(update(t.job).where(t.job.c.key == key, t.job.c.state != RUNNING).values(
        state=WAITING, due_at=due, attempts=0, finished_at=None, error=None, fence=t.job.c.fence + 1))


def begin(
    conn: Connection, kind: str, data: Mapping[str, Any], *, now: datetime, lease: timedelta, key: str | None = None, person: str | None = None
) -> tuple[Job, bool]:
    """A job that is carried out here, in this very transaction, by whoever calls: nobody else ever sees it running.

    False when there is a job with that ``key`` already: then it is that one.
    """
    id_ = add(conn, kind, data, now=now, due=now + lease, key=key, person=person)
    taken = conn.execute(
        update(t.job).where(t.job.c.id == id_, t.job.c.state == WAITING, t.job.c.attempts == 0, t.job.c.created_at == now, t.job.c.due_at == now + lease)
        .values(state=RUNNING, due_at=now, lease_until=now + lease, fence=1, attempts=1)).rowcount
    job = find(conn, id_)
    assert job is not None
    return job, taken > 0


def known_keys(conn: Connection, keys: Collection[str]) -> set[str]:
    """Those of ``keys`` under which there is a job, whatever its state."""
    return set(conn.execute(select(t.job.c.key).where(t.job.c.key.in_(keys))).scalars()) if keys else set()


def by_keys(conn: Connection, keys: Collection[str]) -> dict[str, Job]:
    """The jobs under these keys."""
    rows = conn.execute(select(*_COLUMNS).where(t.job.c.key.in_(keys))) if keys else ()
    return {job.key: job for job in (Job(*tuple(row)) for row in rows) if job.key is not None}


def find(conn: Connection, id: int) -> Job | None:
    row = conn.execute(select(*_COLUMNS).where(t.job.c.id == id)).first()
    return None if row is None else Job(*tuple(row))


def of_person(conn: Connection, person: str, kinds: Collection[str] | None = None, limit: int = 20) -> list[Job]:
    """What a person asked for, newest first."""
    statement = select(*_COLUMNS).where(t.job.c.person_id == person).order_by(t.job.c.id.desc()).limit(limit)
    if kinds is not None:
        statement = statement.where(t.job.c.kind.in_(kinds))
    return [Job(*tuple(row)) for row in conn.execute(statement)]


def cancel(conn: Connection, id: int, now: datetime) -> bool:
    """Call it off; a running one stops at its next step. False when it had already ended."""
    changed = conn.execute(
        update(t.job).where(t.job.c.id == id, t.job.c.state.in_(OPEN)).values(
            state=CANCELLED, finished_at=now, lease_until=None, fence=t.job.c.fence + 1))
    return changed.rowcount > 0


def again(conn: Connection, id: int, now: datetime) -> bool:
    """Give a failed job another full set of tries (replay of the dead-letter list). False when it had not failed."""
    changed = conn.execute(
        update(t.job).where(t.job.c.id == id, t.job.c.state == FAILED).values(
            state=WAITING, due_at=now, attempts=0, finished_at=None, error=None, fence=t.job.c.fence + 1,
            until=case((t.job.c.destination.is_not(None), now + PATIENCE), else_=None)))
    if changed.rowcount:
        wake_after_commit(conn, now)
    return changed.rowcount > 0


# --- for workers ------------------------------------------------------------------------------------------------------


def claim(conn: Connection, kinds: Collection[str], now: datetime, lease: timedelta, most: int) -> list[Job]:
    """Take up to ``most`` due jobs: nobody else gets them before ``now + lease``. Needs a write transaction."""
    free = or_(
        and_(t.job.c.state == WAITING, t.job.c.due_at <= now, _open_places(now)),
        and_(t.job.c.state == RUNNING, t.job.c.lease_until <= now),
    )
    wanted = select(t.job.c.id).where(free, t.job.c.kind.in_(kinds)).order_by(t.job.c.due_at, t.job.c.id).limit(most)
    if conn.dialect.name == "postgresql":
        wanted = wanted.with_for_update(skip_locked=True)
    ids = list(conn.execute(wanted).scalars())
    if not ids:
        return []
    return _take(conn, ids, now, lease)


def _take(conn: Connection, ids: Collection[int], now: datetime, lease: timedelta) -> list[Job]:
    rows = conn.execute(
        update(t.job).where(t.job.c.id.in_(ids))
        .values(state=RUNNING, lease_until=now + lease, fence=t.job.c.fence + 1, attempts=t.job.c.attempts + 1)
        .returning(*_COLUMNS)).all()
    return sorted((Job(*tuple(row)) for row in rows), key=lambda job: (job.due_at, job.id))


def destinations(conn: Connection, kinds: Collection[str], now: datetime) -> list[str]:
    """Where what is due would go; ``""`` stands for work that names no place, or whose worker died. One look into the index per place."""
    j = t.job.c
    places = select(func.min(j.destination).label("place")).where(j.state == WAITING).cte("places", recursive=True)
    following = select(func.min(j.destination)).where(j.state == WAITING, j.destination > places.c.place).scalar_subquery()
    places = places.union_all(select(following).where(places.c.place.is_not(None)))
    due = exists().where(j.state == WAITING, j.destination == places.c.place, j.due_at <= now)
    found = list(conn.execute(select(places.c.place).where(places.c.place.is_not(None), due)).scalars())
    return [*found, ""] if conn.execute(_loose(kinds, now)).first() is not None else found


def claim_for(conn: Connection, kinds: Collection[str], place: str, now: datetime, lease: timedelta) -> Job | None:
    """The longest due job that goes to ``place`` (see :func:`destinations`), taken. Needs a write transaction."""
    j = t.job.c
    wanted = select(j.id).where(j.state == WAITING, j.destination == place, j.due_at <= now, j.kind.in_(kinds)).order_by(j.due_at, j.id).limit(1)
    if not place:
        wanted = _loose(kinds, now)
    if conn.dialect.name == "postgresql":
        wanted = wanted.with_for_update(skip_locked=True)
    id_ = conn.execute(wanted).scalar()
    return None if id_ is None else _take(conn, [id_], now, lease)[0]


def _loose(kinds: Collection[str], now: datetime) -> Select[tuple[int]]:
    j = t.job.c
    free = or_(and_(j.state == WAITING, j.due_at <= now, j.destination.is_(None)), and_(j.state == RUNNING, j.lease_until <= now))
    return select(j.id).where(free, j.kind.in_(kinds)).order_by(j.due_at, j.id).limit(1)


def _open_places(now: datetime) -> ColumnElement[bool]:
    """Not what goes to a place that is left alone for now."""
    return or_(t.job.c.destination.is_(None), t.job.c.destination.not_in(select(t.outlet.c.key).where(t.outlet.c.blocked_until > now)))


def expire(conn: Connection, place: str, now: datetime, error: str) -> int:
    """What waited for a place longer than is tried has failed. Returns how many."""
    j = t.job.c
    return conn.execute(
        update(t.job).where(j.state == WAITING, j.destination == place, j.until <= now).values(state=FAILED, finished_at=now, error=error[:2000])).rowcount


def keep(conn: Connection, job: Job, now: datetime, lease: timedelta, progress: Mapping[str, Any] | None = None) -> bool:
    """Prolong the lease and note the progress. False when the job is no longer ours."""
    values: dict[str, Any] = {"lease_until": now + lease}
    if progress is not None:
        values["progress"] = dict(progress)
    return _ours(conn, job, values)


def finish(conn: Connection, job: Job, now: datetime, result: Mapping[str, Any]) -> bool:
    """Done. False when the job is no longer ours: then what this transaction did must not stay."""
    return _ours(conn, job, {"state": DONE, "finished_at": now, "lease_until": None, "result": dict(result), "error": None})


def put_back(conn: Connection, job: Job, due: datetime, data: Mapping[str, Any], progress: Mapping[str, Any] | None) -> bool:
    """One part is done, the rest is due at ``due``. The tries start anew."""
    wake_after_commit(conn, due)
    values: dict[str, Any] = {"state": WAITING, "due_at": due, "lease_until": None, "data": dict(data), "attempts": 0, "error": None}
    if progress is not None:
        values["progress"] = dict(progress)
    if job.destination is not None:
        values["until"] = due + PATIENCE
    return _ours(conn, job, values)


def retry(conn: Connection, job: Job, due: datetime, error: str, *, counted: bool = True) -> bool:
    """It failed; try again at ``due``. ``counted=False`` where the fault was not the job's (a busy database)."""
    wake_after_commit(conn, due)
    return _ours(conn, job, {
        "state": WAITING, "due_at": due, "lease_until": None, "error": error[:2000], "attempts": job.attempts if counted else max(job.attempts - 1, 0)})


def fail(conn: Connection, job: Job, now: datetime, error: str, result: Mapping[str, Any] | None = None) -> bool:
    """No further tries."""
    return _ours(conn, job, {"state": FAILED, "finished_at": now, "lease_until": None, "error": error[:2000], "result": dict(result or {})})


def next_due(conn: Connection, kinds: Collection[str], now: datetime | None = None) -> datetime | None:
    """When the next job of these kinds is due, or its lease over; None when nothing waits. With ``now``, what goes to a place
    that is left alone counts from the moment when that ends."""
    waiting = [t.job.c.state == WAITING, t.job.c.kind.in_(kinds)]
    moments = [conn.execute(select(t.job.c.lease_until).where(t.job.c.state == RUNNING, t.job.c.kind.in_(kinds)).order_by(t.job.c.lease_until).limit(1)).scalar()]
    if now is not None:
        until = t.outlet.c.blocked_until
        moments.append(conn.execute(
            select(func.min(until)).where(until > now, exists().where(t.job.c.state == WAITING, t.job.c.destination == t.outlet.c.key))).scalar())
        waiting.append(_open_places(now))
    moments.append(conn.execute(select(t.job.c.due_at).where(*waiting).order_by(t.job.c.due_at).limit(1)).scalar())
    return min((at for at in moments if at is not None), default=None)


# --- without a worker: a past that is played, with a clock of its own --------------------------------------------------


def first_due(conn: Connection, kind: str, until: datetime) -> Job | None:
    """The first waiting job of a kind that is due by ``until``, for somebody who holds the transaction alone."""
    row = conn.execute(
        select(*_COLUMNS).where(t.job.c.kind == kind, t.job.c.state == WAITING, t.job.c.due_at <= until).order_by(t.job.c.due_at, t.job.c.id).limit(1)).first()
    return None if row is None else Job(*tuple(row))


def settle(conn: Connection, job: Job, again_at: datetime | None, now: datetime) -> None:
    """Note that it was done; ``again_at`` is when its next part is due."""
    values = {"state": DONE, "finished_at": now} if again_at is None else {"due_at": again_at}
    conn.execute(update(t.job).where(t.job.c.id == job.id).values(**values))


def sweep(conn: Connection, before: datetime) -> int:
    """Remove jobs that ended well or were cancelled before this moment; failed ones stay for somebody to look at. Returns how many."""
    return conn.execute(delete(t.job).where(t.job.c.state.in_((DONE, CANCELLED)), t.job.c.finished_at < before)).rowcount


def _ours(conn: Connection, job: Job, values: Mapping[str, Any]) -> bool:
    return conn.execute(
        update(t.job).where(t.job.c.id == job.id, t.job.c.fence == job.fence, t.job.c.state == RUNNING).values(**values)).rowcount > 0
