"""What a change of the record does to its approvals: a signature is bound to what was signed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from kernel.platform.ctx import Ctx
from runtime.approvals import case as store
from runtime.approvals import decide, opening
from runtime.approvals.case import Case
from runtime.records import changelog
from runtime.records.happened import Happened
from runtime.records.shape import EntityShape, shape_of

_PLACES = frozenset({"owner", "team"})  # who has the record is not what was signed


def after(ctx: Ctx, written: Sequence[Happened]) -> None:
    """The hook behind every write (``runtime/hooks.py``); only kinds of record that know approvals are looked at."""
    wanted = [h for h in written if h.kind in ("updated", "deleted") and _knows(h.shape)]
    if not wanted:
        return
    for case in store.of_records(ctx, wanted[0].shape.key, [h.new.id for h in wanted]):
        happened = next(h for h in wanted if h.new.id == case.record_id)
        if happened.kind == "deleted":
            store.log(ctx, case, "void", why={"kind": "deleted"})
            opening.close(ctx, case, store.VOID, {"kind": "deleted", "by": ctx.actor.person}, "approval_ended")
        elif _moved_on(happened, case):
            store.log(ctx, case, "void", why={"kind": "moved"})
            opening.close(ctx, case, store.VOID, {"kind": "moved", "by": ctx.actor.person}, "approval_ended")
        elif case.state == store.OPEN:
            _touched(ctx, happened.shape, case, happened.fields, happened.new.version)


def check(ctx: Ctx, case: Case) -> Case | None:
    """Before a decision: whether the record is still what the case is about. Returns the case with its new round when it is not."""
    shape = shape_of(ctx.release, case.entity)
    version = ctx.conn.execute(select(shape.table.c.version).where(shape.table.c.id == case.record_id)).scalar()
    if version is None or version == case.record_version:
        return None
    return _touched(ctx, shape, case, changelog.changed_since(ctx, case.entity, case.record_id, case.record_version), version)


def _knows(shape: EntityShape) -> bool:
    return any(step.approvals for machine in shape.machines for step in machine.transitions)


def _moved_on(happened: Happened, case: Case) -> bool:
    """Whether the record now stands where the step that waits does not start from."""
    found = happened.shape.app.transition(case.entity, case.transition)
    if found is None:
        return False
    machine, step = found
    if machine.column not in happened.fields:
        return False
    here = happened.new.state if machine.first else happened.new.values.get(machine.key)
    return here not in step.from_


def _touched(ctx: Ctx, shape: EntityShape, case: Case, keys: frozenset[str] | set[str], version: int) -> Case | None:
    machines = {m.column for m in shape.machines}
    free = _PLACES | machines | set(case.definition.get("free_fields") or ())
    moved = {k for k in keys if k not in free and (k not in shape.fields or not shape.fields[k].derived)}
    if not moved or case.definition.get("on_change") == "allow":
        store.change(ctx, case, record_version=version)
        return None
    said = any(s.state in (decide.APPROVED, decide.DECLINED) for s in store.seats_of(ctx, [case.id])[case.id] if s.round == case.round)
    if not said and case.step == 0:
        # Nobody has signed yet: the same people look at the new content, or whoever has to decide about it now.
        from runtime.approvals import tend

        return tend.reseat(ctx, store.change(ctx, case, record_version=version), anew=True)
    store.log(ctx, case, "void", why={"kind": "changed", "fields": sorted(moved)})
    return opening.again(ctx, case, 0, record_version=version, outcome={"kind": "changed", "by": ctx.actor.person, "fields": sorted(moved)})
