"""What follows a write, in the transaction of the write: one line per hook, done in this order.

The record road calls them when the record, its history and its events are written (``runtime/records/commit.py``); an
exception undoes the write. What takes long or leaves the house is a job instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kernel.platform.ctx import Ctx
from runtime.approvals import watch
from runtime.asks import watch as asking
from runtime.automations import watch as automations
from runtime.clocks import keep
from runtime.evidence import keep as evidence
from runtime.people import guard
from runtime.records.happened import Happened
from runtime.talk import news

Hook = Callable[[Ctx, Sequence[Happened]], None]

HOOKS: tuple[Hook, ...] = (
    guard.watch,
    news.note,
    watch.after,
    evidence.after_write,
    keep.after_write,
    asking.after_write,
    automations.after_write,
)


def run(ctx: Ctx, written: Sequence[Happened]) -> None:
    """Let every hook know of records of one entity that were written by one act."""
    for hook in HOOKS:
        hook(ctx, written)
