"""An order carried out on one record, by the record road and in a savepoint of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.errors import Busy, FangyuanError, Message
from kernel.i18n import _, to_text
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from runtime.bulk import undo
from runtime.bulk.order import Order
from runtime.bulk.outcome import Outcome, Reason, refusal
from runtime.records import road, several, store
from runtime.records.record import Input
from runtime.records.shape import shape_of
from runtime.records.work import is_blank


def one(ctx: Ctx, order: Order, id_: str, version: int | None, original: Order | None = None) -> Outcome:
    """Do it to one record: all of it or nothing. ``version`` is the one that was looked at; ``original`` what an undo takes back. Raises Busy."""
    try:
        with ctx.conn.begin_nested():
            if order.act == "undo":
                assert original is not None
                return undo.one(ctx, original, id_, version or 0)
            done = _act(ctx, order, id_, version)
            return done if isinstance(done, Outcome) else Outcome("done", done)
    except Busy:
        raise
    except FangyuanError as error:
        return refusal(error, ctx.language, labels_of(ctx, order.entity))


def delete_together(ctx: Ctx, entity: str, chosen: Mapping[str, int | None]) -> Mapping[str, Outcome] | None:
    """All of them at once, as records that refer to each other go together; None where one is refused: then each is tried by itself. Raises Busy."""
    now = several.standing(ctx, entity, list(chosen))
    try:
        with ctx.conn.begin_nested():
            road.delete_many(ctx, entity, list(chosen), versions={id_: version for id_, version in chosen.items() if version is not None})
    except Busy:
        raise
    except FangyuanError:
        return None
    return {id_: Outcome("done", now[id_].version + 1 if id_ in now else None) for id_ in chosen}


def labels_of(ctx: Ctx, entity: str) -> Mapping[str, Message]:
    """What the actor's fields are called."""
    access = rights_of(ctx.release, ctx.actor).entity(entity)
    return {f.key: f.label for f in ctx.app.entity(entity).fields if f.key in access.readable_ever() | access.writable_ever()}


def _act(ctx: Ctx, order: Order, id_: str, version: int | None) -> int | Outcome | None:
    """The version afterwards, None where nothing had to be written; an outcome of its own where it waits for approval."""
    entity = order.entity
    before = several.held(ctx, entity, id_)
    match order.act:
        case "update":
            record = road.update(ctx, entity, id_, given(ctx, order, id_), version=version, merge=True)
        case "transition":
            record = road.transition(ctx, entity, id_, order.step, input=given(ctx, order, id_), asks=order.asks, version=version)
            if record.waits is not None:
                return Outcome("done", None, (Reason(to_text(_("Sent for approval"), ctx.language)),))
        case "assign":
            record = road.assign(ctx, entity, id_, version=version, **order.to)
        case _:
            road.delete(ctx, entity, id_, version=version)
            return (before or 0) + 1
    return None if record.version == before else record.version


def given(ctx: Ctx, order: Order, id_: str) -> Input:
    """The input for this very record: what is filled in where it is blank, added and removed depends on what it holds."""
    fields = dict(order.fields)
    if order.fill or order.add or order.remove:
        found = store.load(ctx, shape_of(ctx.release, order.entity), [id_]).get(id_)
        values: Mapping[str, Any] = found.values if found is not None else {}
        fields |= {key: value for key, value in order.fill.items() if is_blank(values.get(key))}
        for key in (*order.add, *order.remove):
            fields[key] = _several(order, key, values.get(key))
    return Input(fields, order.style)


def _several(order: Order, key: str, now: Any) -> Any:
    """Several choices or references with some added and some removed, as the order's style writes them."""
    kept = [v for v in (now if isinstance(now, tuple) else ()) if v not in order.remove.get(key, ())]
    kept += [v for v in order.add.get(key, ()) if v not in kept]
    return ["", *kept] if order.style == "text" else kept or None
