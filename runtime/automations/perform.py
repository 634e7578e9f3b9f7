"""Carrying a run out: a stretch of steps up to the next wait in one transaction, together with the note that it was done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from kernel.errors import Busy, FangyuanError, Stale
from kernel.expr.findings import ExpressionError
from kernel.i18n import _
from kernel.jobs import Again, Done, Job, Outcome
from kernel.platform import releases
from kernel.platform.ctx import Ctx
from runtime.automations import matching, principal, rows, trouble
from runtime.automations.rows import CUT, DONE, FAILED, GONE, OFF, STOPPED, WAITING, Run
from runtime.automations.rules import Rule, rule_of
from runtime.automations.stretch import Ended, Stretch

TRIES = 5
MOST_LOG = 300
_log = structlog.get_logger("automations")


def carry_out(ctx: Ctx, job: Job) -> Outcome:
    """The handler of the job ``automation``, inside of one transaction."""
    run = rows.find(ctx, str(job.data["run"]), lock=True)
    if run is None or run.state != WAITING:
        return Done()
    known = principal.standing(ctx, run.uid)
    release = ctx.release if run.release_id == ctx.release.id else releases.load(ctx.conn, run.release_id)
    rule = rule_of(release.application, run.uid)
    if rule is None or run.uid not in ctx.app.by_uid or run.entity not in ctx.app.entities:
        return _end(ctx, run, OFF, trouble.error("removed", _("It was taken out of the application.")))
    if known.paused_at is not None:
        return _end(ctx, run, OFF, trouble.error("paused", _("It was switched off.")))
    if run.place is None and run.record is not None:
        often = rows.count_since(ctx, run.uid, run.entity, run.record, ctx.now - timedelta(hours=1))
        if often > matching.MOST_PER_HOUR:
            return _end(ctx, run, CUT, trouble.error("often", _("Cut: it ran more than {n} times within an hour for this record.", n=matching.MOST_PER_HOUR)))
    try:
        actor = principal.actor_of(ctx, rule.element, known)
    except principal.Lost as lost:
        return _end(ctx, run, STOPPED, trouble.error("publisher", lost.words))
    acting = ctx.acting(channel=principal.CHANNEL, actor=actor)
    return _stretch(ctx, acting, job, run, rule, Stretch(acting, release.application, rule, run))


def _stretch(ctx: Ctx, acting: Ctx, job: Job, run: Run, rule: Rule, stretch: Stretch) -> Outcome:
    try:
        with ctx.conn.begin_nested():
            stretch.go()
    except (Stale, Busy) as error:
        if job.attempts < TRIES:
            raise Busy() from error
        return _failed(ctx, run, stretch, trouble.refused(error))
    except Ended as ended:
        return _end(ctx, run.moved(log=_kept(run, stretch)), GONE, trouble.error("gone", ended.words))
    except ExpressionError as error:
        words = _("A newer version of the application no longer has what this step speaks of: {text}", text=error.text[:200])
        return _failed(ctx, run, stretch, trouble.error("formula", words))
    except FangyuanError as error:
        return _failed(ctx, run, stretch, trouble.refused(error))
    except Exception:
        # A fault of ours: tried again like every job, and in the end the run says that it failed instead of waiting for ever.
        if job.attempts < TRIES:
            raise
        _log.exception("automation_failed", tenant=ctx.tenant.slug, automation=run.uid, run=run.id)
        return _failed(ctx, run, stretch, trouble.error("fault", _("An unexpected fault; the log of the server says more.")))
    moved = run.moved(log=_kept(run, stretch), place=stretch.place())
    if stretch.until is None:
        return _end(ctx, moved, DONE, None)
    rows.store(ctx, moved.moved(due_at=stretch.until))
    return Done() if job.data.get("wake") and stretch.still else Again({"run": run.id}, at=stretch.until)


def _kept(run: Run, stretch: Stretch) -> tuple[Mapping[str, object], ...]:
    whole = (*run.log, *stretch.log)
    return whole if len(whole) <= MOST_LOG else (*whole[:MOST_LOG], {"more": len(whole) - MOST_LOG})


def _failed(ctx: Ctx, run: Run, stretch: Stretch, error: Mapping[str, object]) -> Outcome:
    """What the stretch did is undone; its steps are kept as such, with the one that was refused at the end."""
    log = tuple({**line, "undone": True} for line in stretch.log)
    at = stretch.now_at
    last = ({"step": at.uid, "at": ctx.now.isoformat(), "failed": True},) if at is not None else ()
    return _end(ctx, run.moved(log=(*run.log, *log, *last)[-MOST_LOG:]), FAILED, {**error, "step": at.uid if at is not None else None})


def _end(ctx: Ctx, run: Run, state: str, error: Mapping[str, object] | None) -> Outcome:
    rows.store(ctx, run.moved(state=state, error=error, due_at=None, ended_at=ctx.now))
    if state in rows.BAD:
        trouble.tell_admins(ctx, run)
    return Done({"state": state})
