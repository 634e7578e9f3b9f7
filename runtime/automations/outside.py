"""What sets automations off besides writes: a step of a clock, the outcome of an approval, a button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from kernel.i18n import _
from kernel.model.elements import Automation
from kernel.platform.ctx import Ctx
from runtime.automations import principal, watch
from runtime.automations.rows import NOT_MET, Run
from runtime.automations.rules import Rule, rules_of
from runtime.automations.watch import Match
from runtime.records import asks as questions
from runtime.records import reading, store
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Record, Style
from runtime.records.shape import shape_of
from runtime.records.work import Work


def of_clock(ctx: Ctx, record: Record, clock: str, step: str, breach: bool, late_s: int) -> None:
    """A step of a clock was carried out."""
    if not ctx.app.automations:
        return
    found = []
    for rule in rules_of(ctx.app).of(record.entity, "clock"):
        when = rule.element.when
        if when["clock"] == clock and (when.get("at") == step or ("at" not in when and breach)) and watch.listens(ctx, rule):
            found.append(Match(rule, {"trigger": "clock", "clock": clock, "at": step, "late_s": late_s}, record))
    if found:
        watch.set_off(ctx, shape_of(ctx.release, record.entity), found)


def of_approval(ctx: Ctx, entity: str, record: str, outcome: str, transition: str) -> None:
    """An approval came to an end: approved, declined, returned or withdrawn."""
    rules = rules_of(ctx.app).of(entity, "approval") if ctx.app.automations else ()
    wanted = [rule for rule in rules if rule.element.when["approval"] == outcome and watch.listens(ctx, rule)]
    if wanted:
        shape = shape_of(ctx.release, entity)
        found = store.load(ctx, shape, [record]).get(record)
        if found is not None and found.deleted_at is None:
            watch.set_off(ctx, shape, [Match(rule, {"trigger": "approval", "outcome": outcome, "transition": transition}, found) for rule in wanted])


# --- buttons ----------------------------------------------------------------------------------------------------------


def buttons(ctx: Ctx, seen: reading.Seen) -> tuple[Automation, ...]:
    """The buttons that the actor may press on a record as it stands: by role, by state, by condition."""
    rules = rules_of(ctx.app).of(seen.record.entity, "button") if ctx.app.automations else ()
    offered = [rule for rule in rules if _offered(ctx, rule, seen)]
    if not offered:
        return ()
    off = {uid for uid, known in principal.standings(ctx).items() if known.paused_at is not None}
    offered = [rule for rule in offered if rule.uid not in off]
    shape = shape_of(ctx.release, seen.record.entity)
    record = store.load(ctx, shape, [seen.record.id])[seen.record.id]
    env = RecordEnv(Scene(ctx), shape, record)
    return tuple(rule.element for rule in offered if rule.condition is None or rule.condition.evaluate(env) is True)


def button(ctx: Ctx, entity: str, key: str) -> Rule:
    """The button with this key. Raises NotFound."""
    rules = rules_of(ctx.app).of(entity, "button") if ctx.app.automations else ()
    found = next((rule for rule in rules if rule.element.key == key), None)
    if found is None:
        raise NotFound()
    return found


def _offered(ctx: Ctx, rule: Rule, seen: reading.Seen) -> bool:
    when = rule.element.when
    roles = when.get("roles")
    allowed = bool(set(roles) & ctx.actor.roles) if roles else bool(seen.may["update"])
    return allowed and ("states" not in when or seen.record.state in when["states"])


def press(ctx: Ctx, entity: str, id_: str, key: str, given: Mapping[str, Any], style: Style = "json") -> Run:
    """Set a button's automation off. Raises NotFound, Forbidden, Conflict (not now), Invalid (the answers)."""
    rule = button(ctx, entity, key)
    seen = reading.get(ctx, entity, id_)
    if not _offered(ctx, rule, seen):
        raise Forbidden(_("This is not for you, or not for a record in this state."), rule=rule.uid)
    if principal.standing(ctx, rule.uid).paused_at is not None:
        raise Conflict(_("An admin has switched this off."))
    shape = shape_of(ctx.release, entity)
    record = store.load(ctx, shape, [id_])[id_]
    work = Work(ctx, shape, record, record)
    answers = questions.read(work, rule.element, given, style)
    questions.require(work, rule.element, answers)
    if work.problems:
        raise Invalid([Problem(p.code, p.message, p.path, p.hint, p.rule, p.data) for p in work.problems])
    asked = questions.dumped(work, answers)
    (run,) = watch.set_off(ctx, shape, [Match(rule, {"trigger": "button", "asks": asked}, record)])
    if run.state == NOT_MET:
        raise Conflict(_("This can't be done now: its condition does not hold."))
    return run
