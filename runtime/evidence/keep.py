"""After every write: events are judged, what counts is stamped on its subject, and clicks are noted beside the evidence there was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from kernel.errors import Forbidden
from kernel.i18n import _
from kernel.model.elements import Intake
from kernel.platform.ctx import Ctx, system_actor
from kernel.platform.jsonvalues import canonical
from runtime.evidence import rows
from runtime.evidence.judge import Verdict, judge, stamp_of, typed_in
from runtime.evidence.policy import Policies, Policy, policies_of
from runtime.evidence.rows import CLICK, EVENT, Noted
from runtime.records import store
from runtime.records.changelog import items_of
from runtime.records.env import RecordEnv, Scene
from runtime.records.happened import Happened
from runtime.records.shape import EntityShape, shape_of
from runtime.records.work import reader_of

FROM_SOURCE = "event_source"
"""In the reason of a write: it is the platform's own, made of what a verified source sent."""

Subjects = dict[tuple[str, str], dict[str, None]]
"""Per subject entity and field the records whose moment may have moved."""


def after_write(ctx: Ctx, written: Sequence[Happened]) -> None:
    """The hook. An application without policies pays nothing for it, a record that no policy looks at a look into two dictionaries."""
    app = ctx.app
    if not written or not (app.evidence or app.intakes):
        return
    policies = policies_of(app)
    shape = written[0].shape
    intake = policies.intakes.get(shape.key)
    if intake is not None:
        for one in written:
            guard(intake, one)
    own = policies.by_entity.get(shape.key, ())
    if own:
        _judge_all(ctx, policies, shape, own, written)
    steps = policies.clicks.get(shape.key)
    if steps:
        _note_clicks(ctx, steps, written)


def guard(intake: Intake, one: Happened) -> None:
    """What was received, and what somebody typed in as evidence, stays as it was (D38): only references that nobody knew yet, and what
    the intake leaves open, may be filled in. Raises Forbidden."""
    if one.kind == "derived" or (one.reason or {}).get(FROM_SOURCE):
        return
    if one.kind == "deleted":
        raise Forbidden(_("Evidence is not deleted."), hint=_("It can be told from other records of its kind in the behaviour log."), rule=f"{intake.uid}#append_only")
    if one.kind == "created" and one.new.values.get(intake.verified) is True:
        raise Forbidden(_("Only a verified source may say that it is one."), rule=f"{intake.uid}#append_only")
    if one.kind != "updated" or one.old is None:
        return
    free = set(intake.open_fields) | {"owner", "team", "state"} | {k for k in intake.waits_without if one.old.values.get(k) is None}
    held = sorted(k for k in one.fields - free if k in one.shape.fields and one.shape.fields[k].writable)
    if held:
        label = one.shape.fields[held[0]].field.label
        raise Forbidden(
            _("“{label}” is evidence and stays as it was received.", label=label), hint=_("If it is wrong, add a new one that is right."), rule=f"{intake.uid}#append_only")


# --- events -----------------------------------------------------------------------------------------------------------


def _judge_all(ctx: Ctx, policies: Policies, shape: EntityShape, own: Sequence[Policy], written: Sequence[Happened]) -> None:
    looked = [one for one in written if one.kind in ("created", "deleted", "restored") or any(p.keys & one.fields for p in own)]
    if not looked:
        return
    fresh = all(one.kind == "created" for one in looked)
    before = {} if fresh else rows.noted(ctx, shape.key, [one.new.id for one in looked])
    scene = Scene(ctx)
    levels = {policy.key: policy.level_now(scene) for policy in own}
    moved: Subjects = {}
    added: list[Mapping[str, Any]] = []
    for one in looked:
        env = RecordEnv(scene, shape, one.new)
        scene.remember(env)
        for policy in own:
            made = _one(ctx, policy, env, levels[policy.key], before.get((policy.key, one.new.id)), moved)
            if made is not None:
                added.append(made)
    rows.add(ctx, added)
    _stamp_all(ctx, policies, scene, moved)


def _one(ctx: Ctx, policy: Policy, env: RecordEnv, level: int, was: Noted | None, moved: Subjects) -> Mapping[str, Any] | None:
    subject = env.get(policy.element.path)
    subject = subject if isinstance(subject, str) else None
    if subject is None and was is None:
        return None
    verdict = judge(policy, env, level, ctx.tenant.languages)
    if was is not None and was.counts and not verdict.counts and was.level < level:
        # What counted stays counted as long as it fulfils what was asked for then: a stricter level is for what comes later.
        verdict = judge(policy, env, was.level, ctx.tenant.languages)
    if subject is None:
        verdict = Verdict(False, verdict.level, None, ({"why": "gone"},))
    if verdict.counts or (was is not None and was.counts):
        for field in policy.stamps:
            moved.setdefault((policy.subject, field), {}).update(dict.fromkeys(r for r in (subject, was.record if was else None) if r))
    values = _values(ctx, policy, env, verdict)
    if was is None:
        assert subject is not None
        return {"id": ctx.new_id(), "kind": EVENT, "entity": policy.subject, "record_id": subject, "noted_at": ctx.now, **values}
    rows.change(ctx, was.id, {**values, **({"record_id": subject} if subject is not None else {})})
    return None


def _values(ctx: Ctx, policy: Policy, env: RecordEnv, verdict: Verdict) -> dict[str, Any]:
    record, intake = env.record, policy.intake
    happened = record.values.get(intake.occurred_at) if intake is not None else verdict.at
    return {
        "policy": policy.key, "uid": policy.element.uid, "event_entity": record.entity, "event_id": record.id, "what": None,
        "at": happened if isinstance(happened, datetime) else record.created_at, "person_id": record.owner, "team_id": record.team,
        "verified": not typed_in(policy, env), "level": verdict.level, "counts": verdict.counts, "counted_at": verdict.at, "because": [dict(b) for b in verdict.because],
        "hash": _hash(ctx, env, intake), "release_id": ctx.release.id}


def _hash(ctx: Ctx, env: RecordEnv, intake: Intake | None) -> str:
    """Of what was received, else of the values that were judged (as the history has them)."""
    known = env.record.values.get(intake.hash) if intake is not None and intake.hash is not None else None
    if isinstance(known, str) and known:
        return known
    keys = [k for k in env.record.values if k in env.shape.fields and env.shape.fields[k].writable]
    items = items_of(env.shape, None, env.record, keys, reader_of(ctx))
    return hashlib.sha256(canonical([[i["field"], i.get("to"), i.get("rows")] for i in items]).encode()).hexdigest()


# --- the field of the subject -----------------------------------------------------------------------------------------


def _stamp_all(ctx: Ctx, policies: Policies, scene: Scene, moved: Subjects) -> None:
    by_entity: dict[str, dict[str, set[str]]] = {}
    for (entity, stamp), ids in moved.items():
        for id_ in ids:
            by_entity.setdefault(entity, {}).setdefault(id_, set()).add(stamp)
    for entity, records in by_entity.items():
        stamp_records(ctx, policies, scene, entity, records)


def stamp_records(ctx: Ctx, policies: Policies, scene: Scene, entity: str, records: Mapping[str, Iterable[str]]) -> None:
    """Write the moments of some fields (per record) into the subjects, where they are others now."""
    from runtime.records import road

    shape = shape_of(ctx.release, entity)
    wanted = {p.key for stamps in records.values() for stamp in stamps for p in policies.of_stamp[(entity, stamp)]}
    known = rows.moments(ctx, entity, list(records), wanted)
    loaded = store.load(ctx, shape, list(records), parts=False)
    # Nobody's right to the field stands against it, and nobody else may write it: the platform does.
    writing = ctx.acting(actor=system_actor(ctx.tenant, ctx.release))
    for id_, stamps in records.items():
        record = loaded.get(id_)
        if record is None:
            continue
        values: dict[str, Any] = {}
        because: list[dict[str, Any]] = []
        for stamp in sorted(stamps):
            group = policies.of_stamp[(entity, stamp)]
            found = sorted(((at, event, p) for p in group for at, event in known.get((id_, p.key), ())), key=lambda one: one[0])
            first, how = group[0], group[0].stamps[stamp]
            value = stamp_of([at for at, _event, _p in found], how.element.takes, how.element.nth, how.gap(scene))
            if stamp in shape.fields and record.values.get(stamp) != value:
                values[stamp] = value
                by = next(((event, p) for at, event, p in found if at == value), None)
                because.append({
                    "field": stamp, "policy": (by[1] if by else first).element.uid, "level": (by[1] if by else first).level_now(scene),
                    "event": by[0] if by else None, "event_entity": by[1].element.entity if by else None})
        if values:
            road.stamp(writing, entity, id_, values, {"evidence": because})


# --- clicks -----------------------------------------------------------------------------------------------------------


def _note_clicks(ctx: Ctx, steps: Mapping[str, tuple[Policy, ...]], written: Sequence[Happened]) -> None:
    clicked = [(one, steps[step]) for one in written if (step := str((one.reason or {}).get("transition"))) in steps and one.kind == "updated"]
    if not clicked:
        return
    tallies = rows.tallies(ctx, clicked[0][0].shape.key, [one.new.id for one, _p in clicked])
    scene = Scene(ctx)
    made = []
    for one, policies in clicked:
        for policy in policies:
            attempts, counted = tallies.get((one.new.id, policy.key), (0, 0))
            made.append({
                "id": ctx.new_id(), "kind": CLICK, "policy": policy.key, "uid": policy.element.uid, "entity": one.new.entity, "record_id": one.new.id,
                "event_entity": None, "event_id": None, "what": (one.reason or {})["transition"], "at": ctx.now, "noted_at": ctx.now,
                "person_id": ctx.actor.person, "team_id": one.new.team, "verified": False, "level": policy.level_now(scene),
                "counts": any(one.new.values.get(field) is not None for field in list(policy.stamps)[:1]), "counted_at": None, "because": [{"why": "click", "attempts": attempts, "counted": counted}],
                "hash": None, "release_id": ctx.release.id})
    rows.add(ctx, made)


__all__ = ["FROM_SOURCE", "after_write", "guard", "stamp_records"]
