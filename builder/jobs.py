"""What design time does later: one line per kind of job."""

from __future__ import annotations

from datetime import timedelta

from builder.publish import previews
from kernel.jobs import Done, Handler, Job, Outcome
from kernel.platform.ctx import Ctx


def drop_previews(ctx: Ctx, job: Job) -> Outcome:
    """Previews of drafts whose time is over."""
    return Done({"previews": previews.drop_expired(ctx.conn, ctx.now)})


HANDLERS = (Handler("drop_previews", inside=drop_previews, every=timedelta(hours=6)),)
