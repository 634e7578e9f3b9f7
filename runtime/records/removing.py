"""To the bin and back, on the record road: with what belongs together, under the rights to each record of it.

The bundles are worked out first (bundles.py), then every record is locked, decided on and written with the others of its
entity, so that the number of statements follows the kinds of records, not their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import insert, select

from kernel.errors import Busy, Forbidden, Invalid, NotFound, Problem, Stale
from kernel.i18n import _
from kernel.permissions import rights_of
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.records import changelog, commit, store
from runtime.records.bundles import Bundles, InUse, Key, decided, gather
from runtime.records.changing import apply_update
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Input, Record
from runtime.records.rules import check_rules, settle
from runtime.records.shape import shape_of
from runtime.records.validate import check_held, check_unique, check_validations
from runtime.records.work import Work


@dataclass(frozen=True, slots=True)
class Removed:
    """``asked``: the records somebody deleted; ``also``: what went with them because it refers to them."""

    asked: tuple[str, ...]
    also: tuple[Key, ...]


# --- to the bin -------------------------------------------------------------------------------------------------------


def delete(ctx: Ctx, entity: str, id: str, *, version: int | None) -> Removed:
    """Into the bin, with what goes with it (``on_delete: with``). Any other reference stays and shows the record as removed.

    Raises NotFound, Forbidden, Stale, InUse.
    """
    return delete_many(ctx, entity, [id], versions={} if version is None else {id: version})


def delete_many(ctx: Ctx, entity: str, ids: Sequence[str], *, versions: Mapping[str, int] | None = None) -> Removed:
    """Several at once: all of them or none. Each is restored by itself unless one went with the other. Raises as :func:`delete`."""
    asked = list(dict.fromkeys(ids))
    works = _load(ctx, entity, asked, binned=False)
    for id_ in asked:
        _named(ctx, entity, works.get(id_))
    for id_, version in (versions or {}).items():
        work = works[id_]
        if work.old is not None and work.old.version != version:
            raise Stale(work.old.version)
    bundles = gather(ctx, entity, asked)
    found: dict[Key, Work] = {(entity, i): w for i, w in works.items()}
    for kind, members in bundles.by_entity().items():
        also = [i for i in members if (kind, i) not in found]
        if also:
            found |= {(kind, i): w for i, w in _load(ctx, kind, also, binned=False).items()}
    if len(found) != len(bundles.via):
        raise Busy()  # somebody moved one of them between the two looks; the same request finds it as it is now
    _may_go(ctx, bundles, entity)
    _write(ctx, bundles, found)
    return Removed(tuple(asked), tuple(k for k, via in bundles.via.items() if via is not None))


def stands_against(ctx: Ctx, entity: str, ids: Sequence[str]) -> None:
    """Whether something that refers to these records would hold them back. Raises InUse."""
    _may_go(ctx, gather(ctx, entity, ids), entity)


def _load(ctx: Ctx, entity: str, ids: Sequence[str], *, binned: bool) -> dict[str, Work]:
    """Locked records with the end of their history, those that are where they should be."""
    shape, scene = shape_of(ctx.release, entity), Scene(ctx)
    records = {i: r for i, r in store.load(ctx, shape, ids, lock=True).items() if (r.deleted_at is not None) is binned}
    heads = changelog.heads(ctx, entity, list(records)) if records else {}
    found = {}
    for id_, record in records.items():
        work = found[id_] = Work(ctx, shape, record, record, scene=scene)
        work.head = heads.get(id_, (0, None))
        work.env.roots = {"old": RecordEnv(scene, shape, record)}
    return found


def _named(ctx: Ctx, entity: str, work: Work | None) -> None:
    """A record somebody names must be theirs to see and to delete. Raises NotFound, Forbidden."""
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    if work is None or not rights.any("read"):
        raise NotFound()
    before = work.env.roots["old"]
    if not rights.may("read", before):
        raise NotFound()
    decision = rights.may("delete", before)
    if not decision:
        raise Forbidden(decision.reason, rule=decision.rule)


def _may_go(ctx: Ctx, bundles: Bundles, entity: str) -> None:
    """What goes along must be the actor's to delete as well; nothing is told of what they may not see. Raises InUse."""
    problems = []
    for kind, ids in bundles.by_entity().items():
        also = [i for i in ids if bundles.via[(kind, i)] is not None]
        if not also:
            continue
        may = decided(ctx, kind, also)
        closed = [i for i in also if not may.get(i, (False, False))[1]]
        if not closed:
            continue
        rule = f"{bundles.via[(kind, closed[0])]}#on_delete"
        seen = sum(may.get(i, (False, False))[0] for i in closed)
        if seen < len(closed):
            problems.append(Problem("not_yours", _("Something that you may not see would go to the bin with it."), "", _("Ask somebody with more rights."), rule))
        else:
            label = ctx.app.entities[kind].label
            message = _("{n} × {label} would go to the bin with it, and you may not delete them.", n=seen, label=label)
            problems.append(Problem("no_right", message, "", _("Ask somebody with more rights."), rule))
    if problems:
        raise InUse(problems)


def _write(ctx: Ctx, bundles: Bundles, works: Mapping[Key, Work]) -> None:
    names: dict[Key, str] = {}
    rows = []
    for key, via in bundles.via.items():
        head = bundles.head(key)
        if head not in names:
            names[head] = ctx.new_id()
        rows.append({
            "entity": key[0], "record_id": key[1], "bundle": names[head], "face": key == head, "via": via, "deleted_at": ctx.now,
            "deleted_by": ctx.actor.person})
    for kind, ids in bundles.by_entity().items():
        because = {
            i: {"because": {"entity": bundles.head((kind, i))[0], "id": bundles.head((kind, i))[1]}}
            for i in ids if bundles.via[(kind, i)] is not None
        }
        commit.binned(ctx, shape_of(ctx.release, kind), [works[(kind, i)] for i in ids], because)
    # Whatever an older release left of them.
    for kind, ids in bundles.by_entity().items():
        _forget(ctx, kind, ids)
    ctx.conn.execute(insert(t.binned), rows)


def _forget(ctx: Ctx, entity: str, ids: Sequence[str]) -> None:
    for chunk in store.chunks(ids):
        ctx.conn.execute(sql_delete(t.binned).where(t.binned.c.entity == entity, t.binned.c.record_id.in_(chunk)))


# --- and back ---------------------------------------------------------------------------------------------------------


def restore(ctx: Ctx, entity: str, id: str) -> Record:
    """Out of the bin with everything that went with it, by whoever may put it there; today's rules must hold for each of them.

    Raises NotFound, Forbidden, and Invalid whose problems bear ``data["entity"]`` and ``data["record"]``: see :func:`mend`.
    """
    return next(r for r in restore_many(ctx, [(entity, id)]) if (r.entity, r.id) == (entity, id))


def restore_many(ctx: Ctx, keys: Sequence[Key]) -> list[Record]:
    """Several at once: all of them or none. Returns everything that came back. Raises as :func:`restore`."""
    asked = list(dict.fromkeys(keys))
    wanted: dict[str, list[str]] = {}
    for entity, id_ in sorted(bundle_of(ctx, asked)):
        if entity in ctx.app.entities:
            wanted.setdefault(entity, []).append(id_)
    works = {(kind, i): w for kind, ids in wanted.items() for i, w in _load(ctx, kind, ids, binned=True).items()}
    for key in asked:
        if key[0] not in ctx.app.entities:
            raise NotFound()
        _named(ctx, key[0], works.get(key))
    problems = []
    for kind, ids in wanted.items():
        may = decided(ctx, kind, [i for i in ids if (kind, i) in works])
        if not all(allowed for _read, allowed in may.values()):
            rule = f"{shape_of(ctx.release, kind).uid}#rights"
            problems.append(Problem("not_yours", _("Something that went with it is not yours to bring back."), "", _("Ask somebody with more rights."), rule))
    for key, work in works.items():
        problems += [replace(p, data={**p.data, "entity": key[0], "record": key[1]}) for p in wrong_with(work, works)]
    if problems:
        raise Invalid(problems)
    found = []
    for kind, ids in wanted.items():
        here = [works[(kind, i)] for i in ids if (kind, i) in works]
        if here:
            found += commit.binned(ctx, shape_of(ctx.release, kind), here, restore=True)
            _forget(ctx, kind, ids)
    _work_out_again(ctx, wanted)
    return found


def bundle_of(ctx: Ctx, keys: Sequence[Key]) -> set[Key]:
    """These records and whatever went to the bin with them."""
    found = set(keys)
    by_entity: dict[str, list[str]] = {}
    for entity, id_ in keys:
        by_entity.setdefault(entity, []).append(id_)
    c = t.binned.c
    for entity, ids in by_entity.items():
        for chunk in store.chunks(ids):
            bundles = select(c.bundle).where(c.entity == entity, c.record_id.in_(chunk))
            found |= {(row[0], row[1]) for row in ctx.conn.execute(select(c.entity, c.record_id).where(c.bundle.in_(bundles)))}
    return found


def wrong_with(work: Work, coming: Mapping[Key, Any]) -> list[Problem]:
    """What stands against the record by today's rules. ``coming``: records that come back with it."""
    rights = rights_of(work.ctx.release, work.ctx.actor).entity(work.shape.key)
    before = work.env.roots["old"]
    work.visible = rights.readable(before) | rights.writable(before)
    kept = dict(work.values)
    settle(work)
    check_rules(work)
    check_validations(work)
    check_held(work, coming)
    # In the bin a value was free for others.
    old, work.old = work.old, None
    check_unique(work)
    work.old = old
    # What follows from others is worked out when all of them are back.
    work.values.clear()
    work.values.update(kept)
    return work.problems


def _work_out_again(ctx: Ctx, wanted: Mapping[str, Sequence[str]]) -> None:
    """Derived values may have moved with what happened while the record lay in the bin beside others of its kind."""
    from runtime.records.dependents import recalculate

    for kind, ids in wanted.items():
        shape = shape_of(ctx.release, kind)
        if shape.order:
            recalculate(ctx, shape, ids, {"because": {"entity": kind, "id": ids[0]}})


def mend(ctx: Ctx, entity: str, id: str, input: Input) -> Record:
    """Change a record in the bin so that today's rules hold; it stays there. Raises NotFound, Forbidden, Invalid."""
    work = _load(ctx, entity, [id], binned=True).get(id) if entity in ctx.app.entities else None
    _named(ctx, entity, work)
    assert work is not None and work.old is not None
    rights = rights_of(ctx.release, ctx.actor).entity(entity)
    decision = rights.may("update", work.env.roots["old"])
    if not decision:
        raise Forbidden(decision.reason, rule=decision.rule)
    apply_update(work, input, rights)
    old, work.old = work.old, None
    check_unique(work)
    work.old = old
    check_held(work, dict.fromkeys(bundle_of(ctx, [(entity, id)])))
    if work.problems:
        raise Invalid(list({(p.path, p.rule, p.code): p for p in work.problems}.values()))
    changed = work.changed()
    return commit.updated(work, changed) if changed else work.old
