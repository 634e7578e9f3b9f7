"""Promises that can't be worked out for a record: kept as rows in the state "refused", logged and told to administrators once per cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import select

from kernel.i18n import Text
from kernel.model.elements import Clock
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.approvals.seating import holders_of_right
from runtime.clocks import rows
from runtime.clocks.decide import REFUSED, Fault
from runtime.clocks.policy import Policy
from runtime.clocks.rows import ClockRow
from runtime.clocks.trouble import NOBODY_WORKS, words
from runtime.notices.tell import tell
from runtime.records.env import RecordEnv

KIND = "clock_fault"
MOST = 2000
_log = structlog.get_logger("clocks")

def keep(ctx: Ctx, policy: Policy, env: RecordEnv, known: ClockRow | None, fault: Fault | None) -> None:
    """Note the trouble of a promise on a record, or that it is over."""
    if fault is None:
        if known is not None:
            rows.remove(ctx, known.id)
        return
    held = {"fault": {"at": fault.at, "code": fault.code}}
    if known is not None:
        if known.definition != held:
            rows.store(ctx, known.moved(definition=held, started_at=ctx.now, release_id=ctx.release.id))
            _say(ctx, policy, env, fault)
        return
    rows.add(ctx, [ClockRow(
        ctx.new_id(), policy.key, policy.element.uid, env.shape.key, env.id, REFUSED, 0, ctx.release.id, held, ctx.now, timedelta(0), None, (), None, None)])
    _say(ctx, policy, env, fault)


def _say(ctx: Ctx, policy: Policy, env: RecordEnv, fault: Fault) -> None:
    """Once per cause and release: whoever administers hears of it, and the log has it."""
    mark = sha256(f"{policy.element.uid}|{fault.at}|{fault.code}".encode()).hexdigest()[:16]
    cause = f"{KIND}:{mark}:{ctx.release.id}"
    if ctx.conn.execute(select(t.notice.c.id).where(t.notice.c.cause == cause).limit(1)).first() is not None:
        return
    _log.warning("clock_refused", tenant=ctx.tenant.slug, policy=policy.element.uid, entity=env.shape.key, record=env.id, at=fault.at, code=fault.code)
    told = sorted(holders_of_right(ctx, "administer"))
    tell(ctx, told, KIND, cause, data={"policy": policy.element.uid, "fault": {"at": fault.at, "code": fault.code}})


@dataclass(frozen=True, slots=True)
class Trouble:
    """A cause, with the records it concerns (at most a few ids) and their number."""

    policy: Clock | None
    key: str
    entity: str
    at: str
    code: str
    count: int
    records: tuple[str, ...]
    since: datetime

    @property
    def words(self) -> Text:
        return words(self.at, self.code)


def listed(ctx: Ctx) -> list[Trouble]:
    """Every cause there is, the one with most records first; one statement, at most the newest 2000 records are looked at."""
    c = t.clock.c
    query = select(c.policy, c.uid, c.entity, c.record_id, c.definition, c.started_at).where(c.state == REFUSED).order_by(c.id.desc()).limit(MOST)
    found: dict[tuple[str, str, str, str], list[Any]] = {}
    for row in ctx.conn.execute(query):
        fault = row.definition.get("fault", {})
        found.setdefault((row.uid, row.entity, fault.get("at", ""), fault.get("code", "")), []).append(row)
    made = [
        Trouble(element if isinstance(element := ctx.app.by_uid.get(uid), Clock) else None, cases[0].policy, entity, at, code, len(cases),
                tuple(r.record_id for r in cases[:5]), min(r.started_at for r in cases))
        for (uid, entity, at, code), cases in found.items()]
    return sorted(made, key=lambda trouble: -trouble.count)


def count(ctx: Ctx) -> int:
    """How many records have no promise because it can't be worked out."""
    return len(ctx.conn.execute(select(t.clock.c.id).where(t.clock.c.state == REFUSED).limit(MOST)).all())


__all__ = ["KIND", "NOBODY_WORKS", "Trouble", "count", "keep", "listed", "words"]
