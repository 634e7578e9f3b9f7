"""Behind every write: which automations it sets off. What matches becomes a row and a job in the same transaction; nothing is carried out here.

A write of a kind without automations costs nothing; one whose triggers don't match costs no statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.jobs import queue
from kernel.platform.ctx import Ctx
from runtime.automations import inputs, matching, nearer, rows, trouble
from runtime.automations.matching import Change
from runtime.automations.rows import CUT, NOT_MET, WAITING, Run
from runtime.automations.rules import Rule, rules_of
from runtime.records.env import RecordEnv, Scene
from runtime.records.happened import Happened
from runtime.records.record import Record
from runtime.records.shape import EntityShape
from runtime.talk.news import QUIET_CHANNELS

KIND = "automation"


@dataclass(frozen=True, slots=True)
class Match:
    """An automation that was set off: why, for which record, and what that was before. ``key`` names the moment where it must count once."""

    rule: Rule
    why: Mapping[str, Any]
    new: Record
    old: Record | None = None
    key: str | None = None


def after_write(ctx: Ctx, written: Sequence[Happened]) -> None:
    """The hook."""
    if not ctx.app.automations or not written:
        return
    rules = rules_of(ctx.app).of(written[0].shape.key, "write")
    found: list[Match] = []
    for one in written if rules else ():
        change = Change(one.kind, one.fields, str((one.reason or {}).get("transition") or "") or None)
        for rule in rules:
            why = matching.matches(rule.element, change) if listens(ctx, rule) else None
            if why is not None:
                found.append(Match(rule, why, one.new, one.old))
    if found:
        set_off(ctx, written[0].shape, found)
    for rule in rules_of(ctx.app).waiting_for(written[0].shape.key) if rules_of(ctx.app).waits else ():
        _wake(ctx, rule, [one.new.id for one in written if one.fields & rule.waits_for])
    nearer.after_write(ctx, written)


def listens(ctx: Ctx, rule: Rule) -> bool:
    """Samples set nothing off, imports and hand-overs only what says so."""
    return ctx.channel not in QUIET_CHANNELS or ctx.channel in rule.element.also


def set_off(ctx: Ctx, shape: EntityShape, found: Sequence[Match]) -> list[Run]:
    """Note that automations were set off for records of one entity: two or three statements, whatever their number."""
    scene = Scene(ctx)
    because = ctx.because
    chain = because.chain if because is not None else ()
    runs = rows.count_from(ctx, because.root) if because is not None else 0
    made: list[Run] = []
    for match in found:
        rule = match.rule
        env = RecordEnv(scene, shape, match.new)
        old = RecordEnv(scene, shape, match.old) if match.old is not None else None
        env.roots = {"old": old} if old is not None else {}
        scene.remember(env)
        met = rule.condition is None or rule.condition.evaluate(env) is True
        id_ = ctx.new_id()
        cause = {**match.why, "by": ctx.actor.person, "channel": ctx.channel, "version": match.new.version}
        too_far = matching.cut(rule.uid, chain, runs + len(made)) if met else None
        run = Run(
            id_, rule.uid, shape.key, match.new.id, ctx.release.id, NOT_MET if not met else CUT if too_far else WAITING, cause,
            inputs.read(rule.condition, env) if rule.condition is not None else (), because.root if because is not None else id_,
            because.run if because is not None else None, (*chain, rule.uid), match.key, None, (), None, ctx.now, None, None if met and not too_far else ctx.now)
        if too_far:
            run = run.moved(error=trouble.loop(ctx, too_far, matching.circle(rule.uid, chain)))
        made.append(run)
    rows.add(ctx, made)
    queue.add_many(ctx.conn, KIND, [{"run": run.id} for run in made if run.state == WAITING], now=ctx.now)
    for run in made:
        if run.state == CUT:
            trouble.tell_admins(ctx, run)
    return made


def _wake(ctx: Ctx, rule: Rule, records: Sequence[str]) -> None:
    """What a waiting run looks at has moved: it looks again at once."""
    if records:
        waiting = rows.waiting(ctx, rule.uid, rule.element.entity, records)
        queue.add_many(ctx.conn, KIND, [{"run": id_, "wake": True} for id_ in waiting], now=ctx.now)
