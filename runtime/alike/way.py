"""The way records took through their states, by days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

Stay = tuple[str, timedelta]


def ways_of(ctx: Ctx, entity: str, ids: Sequence[str]) -> Mapping[str, list[Stay]]:
    """Per record its states in order with the time spent there, the last one without (it lasts); one statement."""
    if not ids:
        return {}
    c = t.span.c
    query = select(c.record_id, c.value, c.from_at, c.to_at).where(c.entity == entity, c.record_id.in_(list(ids)), c.facet == "state")
    found: dict[str, list[Stay]] = {}
    for id_, state, since, until in ctx.conn.execute(query.order_by(c.record_id, c.from_at, c.id)):
        way = found.setdefault(id_, [])
        spent = until - since if until is not None else timedelta(0)
        if way and way[-1][0] == state:
            way[-1] = (state, way[-1][1] + spent)
        else:
            way.append((state, spent))
    return found
