"""What happened, for everybody who acts on it later: rows written in the transaction that caused them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

CREATED, UPDATED, DELETED, RESTORED = "record_created", "record_updated", "record_deleted", "record_restored"
TRANSITIONED, ASSIGNED = "record_transitioned", "record_assigned"


def write(ctx: Ctx, kind: str, entity: str, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """One event per record."""
    ctx.conn.execute(
        insert(t.event),
        [
            {"at": ctx.now, "kind": kind, "entity": entity, "record_id": id_, "data": {"actor": ctx.actor.person, "channel": ctx.channel, **data}}
            for id_, data in entries
        ],
    )
