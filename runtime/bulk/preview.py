"""What would come of it, before anything is written: the same decisions on the first records of the selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kernel.errors import Busy, FangyuanError, Forbidden, NotFound, Stale
from kernel.platform.ctx import Ctx
from runtime.bulk.apply import given, labels_of
from runtime.bulk.order import Order
from runtime.bulk.outcome import Group, Outcome, grouped, reasons_of, refusal
from runtime.bulk.work import Selection
from runtime.records import changelog, query, road, several
from runtime.records.bundles import InUse
from runtime.records.labels import Wanted, resolve
from runtime.records.removing import stands_against

LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """``total`` records are asked for (``at_least``: or more); of the first ``looked_at`` of them ``can`` would be done."""

    total: int
    at_least: bool
    looked_at: int
    can: int
    groups: Sequence[Group]
    titles: Mapping[str, str]

    @property
    def all_seen(self) -> bool:
        return self.looked_at == self.total and not self.at_least


def preview(ctx: Ctx, order: Order, selection: Selection) -> Preview:
    """Decide on the first records; nothing is written. Raises NotFound, Invalid."""
    if selection.chosen is not None:
        first = list(dict(selection.chosen).items())[:LOOKED_AT]
        total, at_least = len(dict(selection.chosen)), False
    else:
        asked = selection.asked(ctx, order.entity)
        first = [(id_, version) for id_, version in several.ids_of(ctx, order.entity, asked, None, LOOKED_AT)]
        counted = query.count(ctx, order.entity, asked)
        total, at_least = max(counted.total, len(first)), counted.at_least
    outcomes = _decided(ctx, order, first)
    groups = grouped(outcomes)
    wanted = Wanted()
    wanted.add(order.entity, tuple(id_ for g in groups for id_ in g.examples))
    return Preview(total, at_least, len(first), sum(o.state == "done" for _id, o in outcomes), groups, resolve(ctx, wanted))


def _decided(ctx: Ctx, order: Order, chosen: Sequence[tuple[str, int | None]]) -> list[tuple[str, Outcome]]:
    labels = labels_of(ctx, order.entity)
    ids = [id_ for id_, _version in chosen]
    found: list[tuple[str, Outcome]] = []
    if order.act in ("assign", "delete"):
        decided = several.decisions(ctx, order.entity, ids, "assign" if order.act == "assign" else "delete")
        held = _held(ctx, order.entity, [i for i, (_version, decision) in decided.items() if decision]) if order.act == "delete" else {}
        for id_, version in chosen:
            now, decision = decided.get(id_, (None, None))
            if now is None or decision is None:
                outcome = refusal(NotFound(), ctx.language, labels)
            elif not decision:
                outcome = refusal(Forbidden(decision.reason, rule=decision.rule), ctx.language, labels)
            elif id_ in held:
                outcome = refusal(held[id_], ctx.language, labels)
            else:
                outcome = refusal(Stale(now), ctx.language, labels) if version not in (None, now) else Outcome("done")
            found.append((id_, outcome))
        return found
    there = several.standing(ctx, order.entity, ids)
    for id_, version in chosen:
        try:
            at = there.get(id_)
            if at is None:
                raise NotFound()
            found.append((id_, _one(ctx, order, id_, version, at.version)))
        except Busy:
            raise
        except FangyuanError as error:
            found.append((id_, refusal(error, ctx.language, labels)))
    return found


def _held(ctx: Ctx, entity: str, ids: Sequence[str]) -> Mapping[str, InUse]:
    """Records that something else refers to and holds back. Together they may hold each other no longer; then none is."""
    try:
        stands_against(ctx, entity, ids)
    except InUse:
        found: dict[str, InUse] = {}
        for id_ in ids:
            try:
                stands_against(ctx, entity, [id_])
            except InUse as error:
                found[id_] = error
        return found
    return {}


def _one(ctx: Ctx, order: Order, id_: str, version: int | None, now: int) -> Outcome:
    labels = labels_of(ctx, order.entity)
    if version not in (None, now):
        touched = {*order.fields, *order.add, *order.remove}
        if order.act != "update" or touched & changelog.changed_since(ctx, order.entity, id_, version or 0):
            raise Stale(now)
    step = order.step if order.act == "transition" else None
    seen = road.preview(ctx, order.entity, id_, given(ctx, order, id_), transition=step, asks=order.asks)
    reasons = reasons_of(seen.missing, seen.problems, ctx.language, labels)
    return Outcome("refused", None, reasons) if reasons else Outcome("done")
