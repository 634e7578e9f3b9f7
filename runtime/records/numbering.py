"""Running numbers: counted up in the transaction of the record, so that none is given twice and a refused record leaves no gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

if TYPE_CHECKING:
    from runtime.records.work import Work


def give_numbers(work: Work) -> set[str]:
    """Fill the running numbers of a new record; says which fields."""
    given: set[str] = set()
    today = work.ctx.now.astimezone(work.scene.zone).date()
    for field in work.shape.numbered:
        if work.values.get(field.key) is None:
            given.add(field.key)
            count = following(work.ctx, field.type.counter(field.field, today))  # type: ignore[attr-defined]
            work.values[field.key] = field.type.number(field.field, count, today)  # type: ignore[attr-defined]
    return given


def following(ctx: Ctx, key: str) -> int:
    """The next number of a sequence, starting with 1."""
    s = t.sequence
    for _try in range(2):
        found = ctx.conn.execute(update(s).where(s.c.key == key).values(next=s.c.next + 1).returning(s.c.next)).scalar()
        if found is not None:
            return int(found) - 1
        try:
            with ctx.conn.begin_nested():
                ctx.conn.execute(insert(s).values(key=key, next=2))
            return 1
        except IntegrityError:
            continue  # somebody else began the sequence at this moment
    return int(ctx.conn.execute(select(s.c.next).where(s.c.key == key)).scalar_one())
