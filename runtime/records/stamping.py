"""What the platform alone says of a record, on the record road."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.platform.ctx import Ctx
from runtime.records import commit, store
from runtime.records.env import RecordEnv
from runtime.records.record import Record
from runtime.records.rules import settle
from runtime.records.shape import shape_of
from runtime.records.work import Work


def stamp(ctx: Ctx, entity: str, id: str, values: Mapping[str, Any], reason: Mapping[str, Any]) -> Record | None:
    """Write what the platform alone says of a record (a moment that follows from evidence); None when it is gone.

    Nobody typed it, so nobody is asked to mend the rest of the record first: only derived fields follow. ``reason`` stands in the history.
    """
    shape = shape_of(ctx.release, entity)
    found = store.load_with_head(ctx, shape, id)
    if found is None:
        return None
    old, seq, hash_ = found
    work = Work(ctx, shape, old, old, trusted=True)
    work.head = (seq, hash_)
    work.env.roots = {"old": RecordEnv(work.scene, shape, old)}
    work.values.update(values)
    settle(work)
    changed = work.changed()
    return commit.updated(work, changed, reason=reason) if changed else old
