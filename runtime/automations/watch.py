"""Behind every write: which automations it sets off. What matches becomes a row and a job in the same transaction; nothing is carried out here.

A write of a kind without automations costs nothing; one whose triggers don't match costs no statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.jobs import queue
from kernel.platform.ctx import Ctx
from runtime.automations import inputs, matching, rows, trouble
from runtime.automations.matching import Change
from runtime.automations.rows import CUT, NOT_MET, WAITING, Run
from runtime.automations.rules import Rule, rules_of
from runtime.records.env import RecordEnv, Scene
from runtime.records.happened import Happened
from runtime.records.record import Record
from runtime.records.shape import EntityShape
from runtime.talk.news import QUIET_CHANNELS

KIND = "automation"


def after_write(ctx: Ctx, written: Sequence[Happened]) -> None:
    """The hook."""
    if not ctx.app.automations or not written:
        return
    rules = rules_of(ctx.app).of(written[0].shape.key, "write")
    found: list[tuple[Rule, Mapping[str, Any], Happened]] = []
    for one in written if rules else ():
        change = Change(one.kind, one.fields, str((one.reason or {}).get("transition") or "") or None)
        for rule in rules:
            why = matching.matches(rule.element, change) if listens(ctx, rule) else None
            if why is not None:
                found.append((rule, why, one))
    if found:
        _set_off(ctx, written[0].shape, found)


def listens(ctx: Ctx, rule: Rule) -> bool:
    """Samples set nothing off, imports and hand-overs only what says so."""
    return ctx.channel not in QUIET_CHANNELS or ctx.channel in rule.element.also


def set_off(ctx: Ctx, shape: EntityShape, rule: Rule, record: Record, why: Mapping[str, Any], key: str | None = None) -> Run | None:
    """Set one automation off for a record as it stands, for whatever is not a write (a clock, a date, a button, an approval). The run, if there is one."""
    if not listens(ctx, rule):
        return None
    return _set_off(ctx, shape, [(rule, why, Happened("updated", shape, record, record))], key)[0]


def _set_off(ctx: Ctx, shape: EntityShape, found: Sequence[tuple[Rule, Mapping[str, Any], Happened]], key: str | None = None) -> list[Run]:
    scene = Scene(ctx)
    because = ctx.because
    chain = because.chain if because is not None else ()
    runs = rows.count_from(ctx, because.root) if because is not None else 0
    made: list[Run] = []
    for rule, why, one in found:
        env = RecordEnv(scene, shape, one.new)
        old = RecordEnv(scene, shape, one.old) if one.old is not None else None
        env.roots = {"old": old} if old is not None else {}
        scene.remember(env)
        met = rule.condition is None or rule.condition.evaluate(env) is True
        id_ = ctx.new_id()
        cause = {**why, "by": ctx.actor.person, "channel": ctx.channel, "version": one.new.version}
        too_far = matching.cut(rule.uid, chain, runs + len(made)) if met else None
        run = Run(
            id_, rule.uid, shape.key, one.new.id, ctx.release.id, NOT_MET if not met else CUT if too_far else WAITING, cause,
            inputs.read(rule.condition, env) if rule.condition is not None else (), because.root if because is not None else id_,
            because.run if because is not None else None, (*chain, rule.uid), key, None, (), None, ctx.now, None, None if met and not too_far else ctx.now)
        if too_far:
            run = run.moved(error=trouble.loop(ctx, too_far, matching.circle(rule.uid, chain)))
        made.append(run)
    rows.add(ctx, made)
    queue.add_many(ctx.conn, KIND, [{"run": run.id} for run in made if run.state == WAITING], now=ctx.now)
    for run in made:
        if run.state == CUT:
            trouble.tell_admins(ctx, run)
    return made
