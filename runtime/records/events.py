"""What happened, for everybody who acts on it later: rows written in the transaction that caused them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

CREATED, UPDATED, DELETED, RESTORED = "record_created", "record_updated", "record_deleted", "record_restored"
PURGED = "record_purged"
TRANSITIONED, ASSIGNED, DERIVED = "record_transitioned", "record_assigned", "record_derived"
# For one person (``record_id``), without an entity: something in their inbox is new or done; a job of theirs has moved (``data.job``).
NOTICE, JOB = "notice", "job"


def write(ctx: Ctx, kind: str, entity: str, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """One event per record."""
    ctx.conn.execute(
        insert(t.event),
        [
            {"at": ctx.now, "kind": kind, "entity": entity, "record_id": id_, "data": {"actor": ctx.actor.person, "channel": ctx.channel, **data}}
            for id_, data in entries
        ],
    )


def tell_people(ctx: Ctx, people: Iterable[str], **data: Any) -> None:
    """Their inboxes are others now: open pages count anew."""
    rows = [{"at": ctx.now, "kind": NOTICE, "record_id": person, "data": data or None} for person in dict.fromkeys(people)]
    if rows:
        ctx.conn.execute(insert(t.event), rows)
