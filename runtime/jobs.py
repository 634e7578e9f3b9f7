"""What run time can do later: one line per kind of job."""

from __future__ import annotations

from datetime import timedelta

from kernel import mail, secrets
from kernel.jobs import Done, Handler, Job, Outcome, queue
from kernel.mail import letters
from kernel.platform import links, rates, sessions
from kernel.platform.ctx import Ctx
from runtime import webhooks
from runtime.approvals import tend
from runtime.approvals.opening import DUE
from runtime.asks import watch as asking
from runtime.automations import perform, timed
from runtime.automations import rows as automation_runs
from runtime.automations import watch as automations
from runtime.bulk import work as bulk
from runtime.clocks import replan
from runtime.clocks.alarm import ring
from runtime.clocks.keep import ALARM
from runtime.exports import work as exports
from runtime.files import uploads
from runtime.forms import drafts
from runtime.incoming import recordings, refused, taking
from runtime.incoming.wecom import callback, pull
from runtime.notices import plan, send
from runtime.people import leaving, teams
from runtime.records.dependents import RECALCULATE, recalculate_later
from runtime.records.retention import EMPTY_BIN, empty_bin
from runtime.robots import posts as robot_posts
from runtime.robots import speak
from runtime.talk import news
from runtime.web.api import idempotency

# How long things are kept that nobody asks for any more.
JOBS_FOR = timedelta(days=30)
DRAFTS_FOR = timedelta(days=90)
RATES_FOR = timedelta(days=2)
DELIVERIES_FOR = timedelta(days=180)
LOST_WITHIN = timedelta(days=2)


def clean_up(ctx: Ctx, job: Job) -> Outcome:
    """Remove what has outlived its use: expired sessions, answered keys, uploads nobody took, old drafts, finished jobs."""
    conn, now = ctx.conn, ctx.now
    return Done({
        "sessions": sessions.sweep(conn, now), "answers": idempotency.sweep(conn, now), "uploads": uploads.sweep(ctx),
        "drafts": drafts.sweep(conn, now - DRAFTS_FOR), "secrets": secrets.rewrap(conn),
        "posts": robot_posts.sweep(ctx, now - JOBS_FOR), "jobs": queue.sweep(conn, now - JOBS_FOR), "rates": rates.sweep(conn, now - RATES_FOR),
        "links": links.sweep(conn, now),
        "deliveries": send.sweep(ctx, now - DELIVERIES_FOR), "lost_deliveries": send.note_lost(ctx, now - LOST_WITHIN), "refused_events": refused.sweep(conn, now),
        "automations": automation_runs.sweep(ctx, now - timedelta(days=30), now - timedelta(days=180))})


# Everything that is mailed.
LETTERS = (*letters.TEMPLATES,)

HANDLERS = (
    Handler(ALARM, inside=ring),
    Handler(replan.KIND, inside=replan.carry_out, lane="long"),
    Handler(replan.YEARS, inside=replan.years, every=replan.DAY, lane="long"),
    Handler(automations.KIND, inside=perform.carry_out),
    Handler(timed.ALARM, inside=timed.tick),
    Handler(timed.PLAN, inside=timed.plan, every=timedelta(hours=1)),
    Handler("clean_up", inside=clean_up, every=timedelta(hours=6)),
    Handler(DUE, inside=tend.due),
    Handler(news.KIND, inside=news.carry_out),
    Handler(plan.PLAN, inside=plan.carry_out),
    Handler(plan.SEND, outside=send.carry_out, lane="out"),
    Handler("approval_tend", inside=tend.tend, every=timedelta(hours=1)),
    Handler(EMPTY_BIN, inside=empty_bin, every=timedelta(hours=6), lane="long"),
    Handler(uploads.DROP_BYTES, outside=uploads.drop_bytes, lane="long"),
    Handler(bulk.KIND, inside=bulk.carry_out, lane="long"),
    Handler(leaving.KIND, inside=leaving.carry_out, lane="long"),
    Handler(teams.KIND, inside=teams.carry_out, lane="long"),
    Handler(mail.KIND, outside=mail.Sender(LETTERS), lane="out"),
    Handler(webhooks.KIND, outside=webhooks.carry_out, lane="out"),
    Handler(speak.KIND, outside=speak.carry_out, lane="out"),
    Handler(exports.KIND, outside=exports.carry_out, lane="long", most=3),
    Handler(exports.SWEEP, outside=exports.sweep, lane="long", every=timedelta(hours=6)),
    Handler(RECALCULATE, inside=recalculate_later, lane="long"),
    Handler(taking.RECORDING, outside=recordings.fetch, lane="long"),
    Handler(callback.PULL, outside=pull.carry_out, lane="long"),
    Handler(asking.RECHECK, inside=asking.recheck_job),
    Handler("asks", inside=asking.recheck_all, every=timedelta(hours=1)),
)
