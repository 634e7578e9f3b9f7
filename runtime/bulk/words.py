"""What a job is, and what came of it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.i18n import Text, _
from kernel.platform.ctx import Ctx
from runtime.bulk.order import Order
from runtime.bulk.outcome import CHANGED, DONE, GONE, REFUSED


def heading(ctx: Ctx, order: Order, original: Order | None = None) -> Text:
    """The job as a headline: “Tasks: reassign”."""
    label = ctx.app.entity(order.entity).label if order.entity in ctx.app.entities else "—"
    return _("{what}: {act}", what=label, act=act_words(ctx, order, original))


def act_words(ctx: Ctx, order: Order, original: Order | None = None) -> Any:
    """What is done."""
    match order.act:
        case "update":
            return _("change fields")
        case "transition":
            found = ctx.app.transition(order.entity, order.step) if order.entity in ctx.app.entities else None
            return found[1].label if found else order.step
        case "assign":
            return _("reassign")
        case "delete":
            return _("delete")
        case _:
            return _("take back “{act}”", act=act_words(ctx, original)) if original else _("take back")


def told(ctx: Ctx, order: Order, counts: Mapping[str, int]) -> Text:
    """The headline and what came of it, for a notice."""
    return _("{what} ({result})", what=heading(ctx, order), result=summary(counts))


def summary(counts: Mapping[str, int]) -> Text | list[Text]:
    """“38 done, 4 refused”."""
    parts = [(DONE, _("{n} done", n=counts.get(DONE, 0)))]
    parts += [(REFUSED, _("{n} refused", n=counts.get(REFUSED, 0))), (CHANGED, _("{n} changed meanwhile", n=counts.get(CHANGED, 0)))]
    parts += [(GONE, _("{n} gone", n=counts.get(GONE, 0)))]
    found = [text for key, text in parts if counts.get(key) or key == DONE]
    return found[0] if len(found) == 1 else found
