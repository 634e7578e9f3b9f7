"""The road without the write: what a change, a new record or a step would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.errors import Forbidden, Missing, NotFound, Problem
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.records.changing import apply_update, existing, require
from runtime.records.creating import new_work, run_create
from runtime.records.env import RecordEnv
from runtime.records.record import Input
from runtime.records.rules import FieldRule, check_rules, rules_of
from runtime.records.shape import shape_of
from runtime.records.stepping import weigh
from runtime.records.validate import check_validations
from runtime.records.work import Work


@dataclass(frozen=True, slots=True)
class Preview:
    """What a write would give. ``values`` holds the fields the actor may read; ``rules`` what the form rules say, by path
    (``phone``, ``items[2].amount``); ``missing`` what keeps a transition closed."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...]
    rules: Mapping[str, FieldRule] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()
    env: RecordEnv | None = field(default=None, repr=False, compare=False)
    """The record as it would be, for expressions."""


def preview(ctx: Ctx, entity: str, id: str | None, input: Input, *, transition: str | None = None, asks: Mapping[str, Any] | None = None) -> Preview:
    """The same road without the write: for live forms, and with ``transition`` for its confirmation form. Raises NotFound, Forbidden."""
    if id is None:
        shape = shape_of(ctx.release, entity)
        rights = rights_of(ctx.release, ctx.actor).entity(entity)
        decision = rights.may("create")
        if not decision:
            raise NotFound() if not rights.any("read") else Forbidden(decision.reason, rule=decision.rule)
        work = new_work(ctx, shape, None, None, None)
        run_create(work, input, rights.creatable)
        return _previewed(work, rights.readable_ever() | rights.creatable, ())
    work, rights = existing(ctx, entity, id, binned=None if transition is None else False, lock=False)
    missing: tuple[Missing, ...] = ()
    if transition is None:
        require(rights, "update", work)
        apply_update(work, input, rights)
    else:
        found = ctx.app.transition(entity, transition)
        if found is None:
            raise NotFound()
        _answers, missing = weigh(work, rights, *found, input, asks or {})
        check_rules(work)
        check_validations(work)
    return _previewed(work, work.visible, missing)


def _previewed(work: Work, readable: frozenset[str], missing: tuple[Missing, ...]) -> Preview:
    from runtime.records.reading import shown

    values = shown(work.shape, {**work.values, **_virtual(work)}, readable)
    rules = {k: v for k, v in rules_of(work).items() if k.split("[")[0] in readable}
    return Preview(values, tuple(work.problems), rules, missing, work.env)


def _virtual(work: Work) -> dict[str, Any]:
    from runtime.records.derive import value_of

    reader = work.reader
    return {s.key: value_of(s, work.env, reader) for s in work.shape.virtual}
