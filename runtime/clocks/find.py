"""Looking for clocks over all records that a person may read: what runs, what is overdue, what was kept and how late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from kernel.errors import Invalid, Problem
from kernel.fieldtypes.ids import is_id
from kernel.i18n import _
from kernel.permissions import rights_of
from kernel.platform import tables as t
from kernel.platform.columns import Instant
from kernel.platform.ctx import Ctx
from runtime.clocks import reading, rows
from runtime.clocks.reading import SeenClock
from runtime.clocks.sql import FAR, condition, open_to
from runtime.records import labels as naming
from runtime.records.shape import shape_of
from runtime.records.sqlscope import RecordScope

_C = t.clock.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is left out does not narrow. ``states`` as :data:`runtime.clocks.sql.STATES`. ``owner``: of the record;
    ``teams``: records of these; ``not_owner``: of others. ``cursor``: the id of the last clock of the page before."""

    policies: Sequence[str] = ()
    entity: str | None = None
    record: str | None = None
    states: Sequence[str] = ()
    due_before: datetime | None = None
    due_after: datetime | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None
    owner: str | None = None
    limit: int = 50
    cursor: str | None = None
    teams: Sequence[str] | None = None
    not_owner: str | None = None


def find(ctx: Ctx, wanted: Wanted) -> tuple[list[tuple[SeenClock, str | None]], str | None]:
    """Clocks with the labels of their records, what is due first in front, and the cursor of the next page. One statement per entity
    with promises, one more per entity that has some here. Raises Invalid."""
    page, cursor = _page(ctx, wanted)
    names = naming.Wanted()
    for one in page:
        names.add(one.row.entity, one.row.record)
    labels = naming.resolve(ctx, names) if page else {}
    return [(one, labels.get(one.row.record)) for one in page], cursor


def clocks(ctx: Ctx, wanted: Wanted) -> list[SeenClock]:
    """The same without labels and further pages. Raises Invalid."""
    return _page(ctx, wanted)[0]


def _page(ctx: Ctx, wanted: Wanted) -> tuple[list[SeenClock], str | None]:
    rights = rights_of(ctx.release, ctx.actor)
    order = func.coalesce(_C.due_at, literal(FAR, Instant()), type_=Instant())
    beyond = _beyond(ctx, wanted.cursor, order)
    found: list[tuple[datetime, rows.ClockRow]] = []
    for key in dict.fromkeys(c.entity for c in ctx.app.clocks):
        known = [p.key for p in open_to(ctx, rights, key) if not wanted.policies or p.key in wanted.policies]
        if not known or not rights.entity(key).any("read") or wanted.entity not in (None, key):
            continue
        shape = shape_of(ctx.release, key)
        scope = RecordScope(ctx, shape, shape.table, rights)
        query = rows.query().select_from(t.clock.join(shape.table, shape.table.c.id == _C.record_id)).where(
            _C.entity == key, _C.policy.in_(known), scope.seen(), *_narrow(ctx, wanted, shape.table), *beyond)
        found += [(row.due_at or FAR, row) for row in rows.read_all(ctx, query.order_by(order, _C.id).limit(wanted.limit + 1))]
    found.sort(key=lambda pair: (pair[0], pair[1].id))
    page = [row for _due, row in found[: wanted.limit]]
    seen = [one for row in page if (one := reading.seen(ctx, row, rights.queryable(row.entity))) is not None]
    return seen, page[-1].id if len(found) > wanted.limit else None


def _narrow(ctx: Ctx, wanted: Wanted, table: Any) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(condition(wanted.states, ctx.now))
    for column, edge, before in (
        (_C.due_at, wanted.due_before, True), (_C.due_at, wanted.due_after, False), (_C.ended_at, wanted.ended_before, True), (_C.ended_at, wanted.ended_after, False)):
        if edge is not None:
            conditions.append(column < edge if before else column >= edge)
    if wanted.record is not None:
        conditions.append(_C.record_id == wanted.record)
    if wanted.owner is not None:
        conditions.append(table.c.owner_id == wanted.owner)
    if wanted.not_owner is not None:
        conditions.append(or_(table.c.owner_id.is_(None), table.c.owner_id != wanted.not_owner))
    if wanted.teams is not None:
        conditions.append(table.c.team_id.in_(list(wanted.teams)))
    return conditions


def _beyond(ctx: Ctx, cursor: str | None, order: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """What comes after a clock; the cursor holds nothing but its id."""
    if cursor is None:
        return []
    last = ctx.conn.execute(select(_C.due_at).where(_C.id == cursor)).first() if is_id(cursor) else None
    if last is None:
        raise Invalid([Problem("bad_cursor", _("This page marker does not belong to this list."), "cursor", _("Start again from the first page."))])
    edge = literal(last.due_at or FAR, Instant())
    return [or_(order > edge, and_(order == edge, _C.id > cursor))]
