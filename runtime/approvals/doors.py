"""What the doors of a record say about approvals: who has to agree, or that somebody is being waited for."""

from __future__ import annotations

from collections.abc import Collection

from kernel.errors import Message, Missing
from kernel.i18n import _
from kernel.model.deciders import decider_words
from kernel.model.elements import Transition
from kernel.platform.ctx import Ctx
from runtime.approvals import case as store
from runtime.approvals import seating
from runtime.approvals.case import Case
from runtime.records.env import RecordEnv
from runtime.records.shape import EntityShape


def waiting(ctx: Ctx, shape: EntityShape, ids: Collection[str]) -> dict[str, dict[str, Case]]:
    """Open cases of these records, by record and transition; kinds of record without approvals cost nothing."""
    if not any(step.approvals for machine in shape.machines for step in machine.transitions):
        return {}
    found: dict[str, dict[str, Case]] = {}
    for case in store.of_records(ctx, shape.key, ids, (store.OPEN,)):
        found.setdefault(case.record_id, {})[case.transition] = case
    return found


def waits(case: Case) -> Missing:
    """What a door says while approval is under way."""
    names: list[Message] = [case.pinned[i].label for i in case.now_open]
    return Missing(_("Approval is under way"), _("{names}", names=names), {"kind": "approval", "case": case.id}, case.rule)


def asked(env: RecordEnv, step: Transition) -> tuple[Message, ...]:
    """Who has to agree, step by step, as things stand."""
    return tuple(decider_words(env.shape.app, env.shape.key, a) for a in step.approvals if seating.counts(env, a))
