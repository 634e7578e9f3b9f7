"""The part of the road where a record that exists gets new values or another owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kernel.errors import Forbidden, NotFound, Problem, Stale
from kernel.permissions import EntityRights, rights_of
from kernel.platform.ctx import Ctx
from runtime.records import changelog, commit, events, store
from runtime.records.checking import check_all, refuse_if_wrong
from runtime.records.env import RecordEnv
from runtime.records.normalise import normalise, resolve
from runtime.records.placing import check_placed, team_of
from runtime.records.record import Input, Record
from runtime.records.rules import fill_defaults, settle
from runtime.records.shape import shape_of
from runtime.records.work import Work

_UNSET: Any = object()


def update(ctx: Ctx, entity: str, id: str, input: Input, *, version: int | None, merge: bool = False) -> Record:
    """Change the given fields. ``version`` is the one the change was made on; None: whatever there is.

    ``merge``: a change made on an older version goes through as long as nobody changed the same fields since.
    Raises NotFound, Forbidden, Stale, Invalid.
    """
    work, rights = existing(ctx, entity, id)
    old = work.old
    assert old is not None
    require(rights, "update", work)
    stale = version is not None and version != old.version
    if stale and (not merge or version is None or version > old.version):
        raise _overtaken(work, rights, version, input)
    apply_update(work, input, rights)
    # What follows from others may follow from both changes: only what people write can clash.
    if stale and {k for k in work.changed() if work.shape.fields[k].writable} & changelog.changed_since(ctx, entity, id, version or 0):
        raise _overtaken(work, rights, version, input)
    refuse_if_wrong([work])
    changed = work.changed()
    return commit.updated(work, changed) if changed else old


def _overtaken(work: Work, rights: EntityRights, version: int | None, given: Input) -> Stale:
    """Somebody was faster: which fields they changed, as far as the actor may read them, and which of these were to be changed now."""
    assert work.old is not None
    readable = rights.readable(before_of(work)) | {"owner", "team", "state"}
    theirs = changelog.changed_since(work.ctx, work.shape.key, work.old.id, version or 0) & readable
    mine = {resolve(work.shape, name) for name in given.fields}
    return Stale(work.old.version, changed=sorted(theirs), conflicts=sorted(k for k in theirs if k in mine))


def existing(ctx: Ctx, entity: str, id_: str, *, binned: bool | None = False, lock: bool = True) -> tuple[Work, EntityRights]:
    """The locked record, if the actor may see it and it is where it should be (None: in the bin or not). Raises NotFound."""
    shape = shape_of(ctx.release, entity)
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    found = store.load_with_head(ctx, shape, id_, lock=lock) if rights.any("read") else None
    if found is None:
        raise NotFound()
    record, seq, hash_ = found
    if binned is not None and (record.deleted_at is not None) is not binned:
        raise NotFound()
    work = Work(ctx, shape, record, record)
    work.head = (seq, hash_)
    before = RecordEnv(work.scene, shape, record)
    if not rights.may("read", before):
        raise NotFound()
    work.env.roots = {"old": before}
    return work, rights


def before_of(work: Work) -> RecordEnv:
    """The record as it was, for expressions."""
    found: RecordEnv = work.env.roots["old"]
    return found


def require(rights: EntityRights, action: Any, work: Work) -> None:
    """Raises Forbidden with the rule that decides."""
    decision = rights.may(action, before_of(work))
    if not decision:
        raise Forbidden(decision.reason, rule=decision.rule)


def apply_update(work: Work, given: Input, rights: EntityRights) -> None:
    """The new values of an existing record with everything that is wrong with them."""
    before = before_of(work)
    allowed = rights.writable(before)
    work.visible = rights.readable(before) | allowed
    normalise(work, given, allowed)
    fill_defaults(work)
    check_all(work)


def read_as(ctx: Ctx, entity: str, id: str, input: Input, base: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
    """What somebody sent as values, read as a change of the record as it was (``base``: its values of then), with what can't be read.

    Writes nothing and checks no rule: the values are merged and go down the road afterwards. Raises NotFound, Forbidden.
    """
    work, rights = existing(ctx, entity, id, lock=False)
    assert work.old is not None
    require(rights, "update", work)
    work.old = replace(work.old, values={**work.old.values, **base})
    work.values.update(base)
    before = before_of(work)
    allowed = rights.writable(before)
    work.visible = rights.readable(before) | allowed
    normalise(work, input, allowed)
    return {k: work.values[k] for k in work.given if k in work.shape.fields}, tuple(work.problems)


def assign(ctx: Ctx, entity: str, id: str, *, owner: str | None = _UNSET, team: str | None = _UNSET, version: int | None) -> Record:
    """Give a record to another owner, team or both; a new owner brings the own team along unless ``team`` is said.

    Raises NotFound, Forbidden, Stale, Invalid.
    """
    work, rights = existing(ctx, entity, id)
    old = work.old
    assert old is not None
    require(rights, "assign", work)
    if version is not None and version != old.version:
        raise Stale(old.version)
    check_placed(work, None if owner is _UNSET else owner, None if team is _UNSET else team)
    if owner is not _UNSET:
        work.env.owner = owner
        if team is _UNSET and owner is not None:
            work.env.team = team_of(work, owner) or old.team
    if team is not _UNSET:
        work.env.team = team
    if (work.env.owner, work.env.team) == (old.owner, old.team):
        return old
    settle(work)
    return commit.updated(work, work.changed(), kind="assign", event=events.ASSIGNED)
