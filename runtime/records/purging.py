"""Records in the bin for good: the row with its child rows and links, and whatever stands around it.

What stays is the history without its values: that there was a record, who did what to it and when, in a chain that still
holds (SAFETY D49), with a last entry that says it was purged. References elsewhere keep an id that leads nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, delete, update

from kernel.errors import Forbidden, NotFound
from kernel.i18n import _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.files import uploads
from runtime.records import changelog, events, search, store
from runtime.records.bundles import Key, decided
from runtime.records.removing import bundle_of
from runtime.records.shape import shape_of

AROUND: tuple[Table, ...] = (t.span, t.form_draft, t.comment, t.follow, t.notice, t.ask, t.approval_case, t.automation_run, t.behaviour, t.binned)
"""Tables whose rows about a record go with it; what hangs on these goes by itself."""


def purge_for(ctx: Ctx, keys: Sequence[Key]) -> int:
    """Purge these and what went to the bin with them: for who may administer and delete each of them. Says how many.

    Raises NotFound (not in the bin, or not to be seen), Forbidden.
    """
    if "administer" not in ctx.actor.rights:
        raise Forbidden(_("Only an admin may delete for good."))
    asked = set(keys)
    every = bundle_of(ctx, list(asked))
    by_entity: dict[str, list[str]] = {}
    for entity, id_ in sorted(every):
        if entity in ctx.app.entities:
            by_entity.setdefault(entity, []).append(id_)
    if any(entity not in ctx.app.entities for entity, _id in asked):
        raise NotFound()
    for entity, ids in by_entity.items():
        may = decided(ctx, entity, ids)
        if any((entity, i) in asked and not may.get(i, (False, False))[0] for i in ids):
            raise NotFound()
        closed = [i for i in ids if i in may and not may[i][1]]
        if closed:
            raise Forbidden(_("Something that went with it is not yours to delete."), rule=f"{shape_of(ctx.release, entity).uid}#rights")
    return purge(ctx, sorted(every), {"by": ctx.actor.person})


def purge(ctx: Ctx, keys: Sequence[Key], reason: Mapping[str, Any]) -> int:
    """Remove what lies in the bin of these records: a fixed number of statements per kind and 500 records. Says how many there were."""
    by_entity: dict[str, list[str]] = {}
    for entity, id_ in keys:
        by_entity.setdefault(entity, []).append(id_)
    done = 0
    for entity, ids in sorted(by_entity.items()):
        shape = shape_of(ctx.release, entity)
        records = store.load(ctx, shape, ids, parts=False, lock=True)
        gone = [i for i, r in records.items() if r.deleted_at is not None]
        if gone:
            changelog.erase(ctx, entity, gone)
            heads = changelog.heads(ctx, entity, gone)
            entries = [changelog.Entry(i, "purge", records[i].version + 1, (), reason, heads.get(i, (0, None))) for i in gone]
            changelog.write(ctx, shape, entries)
            uploads.forget(ctx, entity, gone)
            search.remove_all(ctx, gone)
            _around(ctx, entity, gone)
            store.purge(ctx, shape, gone)
            events.write(ctx, events.PURGED, entity, [(i, {}) for i in gone])
        done += len(gone)
    return done


def _around(ctx: Ctx, entity: str, ids: Sequence[str]) -> None:
    for chunk in store.chunks(ids):
        for table in AROUND:
            ctx.conn.execute(delete(table).where(table.c.entity == entity, table.c.record_id.in_(chunk)))
        # What a source sent stays known by its id and hash, so that it is not taken again; its content goes.
        ctx.conn.execute(update(t.event_received).where(t.event_received.c.entity == entity, t.event_received.c.record_id.in_(chunk)).values(body={}))
        # Numbers of events must not come back, so they stay; what they tell of the record goes.
        ctx.conn.execute(update(t.event).where(t.event.c.entity == entity, t.event.c.record_id.in_(chunk)).values(data=None))
