"""The one road for a write (DESIGN section 7). Screens, API, samples, imports and actions all come through here.

Every function works in ``ctx.conn``'s transaction and never commits; an exception means that nothing may stay.

The road whole, and where each stretch of it stands:

1. **load and lock** the record, hidden and missing are one answer          ``changing.existing``; a new one: ``creating.new_work``
2. **allow**: the rights to the act, to the record, to each field           ``changing.require``, ``placing``
3. **normalise** what was sent, **default** what was not                    ``normalise``, ``rules.fill_defaults``
4. **decide** (steps only): guards on the new values, limits, approval      ``stepping.weigh``, ``runtime/workflow``
5. **settle** what follows from other fields, **check** everything at once  ``checking.check_all``
6. **write** record, history, spans, search and events, then the hooks      ``commit``
7. **follow**: records and comments that actions make                       ``actions.follow``

Callers use the names below, as ``road.<name>``; the modules behind them are its own.
"""

from __future__ import annotations

from sqlalchemy import select

from kernel.errors import NotFound
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import events, store
from runtime.records.changing import apply_update, assign, read_as, update
from runtime.records.creating import create, create_for_rule, create_many, receive
from runtime.records.previewing import Preview, preview
from runtime.records.record import Record
from runtime.records.removing import delete, delete_many, mend, restore, restore_many
from runtime.records.shape import shape_of
from runtime.records.stamping import stamp
from runtime.records.stepping import transition


def load(ctx: Ctx, entity: str, id: str) -> Record:
    """A record as it is stored, for the system's own work; people read through ``reading``. Raises NotFound."""
    shape = shape_of(ctx.release, entity)
    found = store.load(ctx, shape, [id]).get(id)
    if found is None:
        raise NotFound()
    return found


def last_created_by(ctx: Ctx, entity: str, source: str, source_id: str) -> str | None:
    """The last record of ``entity`` that an action of this source record made; None when there is none."""
    e = t.event.c
    query = select(e.record_id, e.data).where(e.kind == events.CREATED, e.entity == entity).order_by(e.id.desc()).limit(100)
    for id_, data in ctx.conn.execute(query):
        cause = (data or {}).get("caused_by") or {}
        if (cause.get("entity"), cause.get("id")) == (source, source_id):
            return str(id_)
    return None


__all__ = [
    "Preview", "apply_update", "assign", "create", "create_for_rule", "create_many", "delete", "delete_many", "last_created_by", "load", "mend", "preview",
    "read_as", "receive", "restore", "restore_many", "stamp", "transition", "update",
]
