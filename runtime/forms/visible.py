"""What the rules hide right now: fields for the record page, parts for forms and pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.expr.types import ErrorValue
from kernel.platform.ctx import Ctx
from runtime.forms.layout import Layout
from runtime.records.env import RecordEnv, Scene
from runtime.records.record import Record
from runtime.records.shape import shape_of


def _env(ctx: Ctx, layout: Layout, record: Record | None, values: Mapping[str, Any]) -> RecordEnv:
    shape = shape_of(ctx.release, layout.entity.key)
    if record is None:
        first = shape.machines[0] if shape.machines else None
        record = Record(
            "", layout.entity.key, 1, first.start if first else None, ctx.now, ctx.actor.person, ctx.actor.team, ctx.now, ctx.actor.person, ctx.now,
            ctx.actor.person, ctx.release.id, None, values)
    return RecordEnv(Scene(ctx), shape, record, dict(values))


def _holds(value: Any) -> bool:
    # A formula that fails hides nothing: nobody may lose sight of data by a mistake in a rule.
    return value is True or isinstance(value, ErrorValue)


def hidden_parts(ctx: Ctx, layout: Layout, record: Record | None, values: Mapping[str, Any]) -> frozenset[str]:
    """Keys of the parts whose condition does not hold."""
    guarded = [p for p in layout.parts if p.element is not None and p.element.show_when]
    if not guarded:
        return frozenset()
    env = _env(ctx, layout, record, values)
    found = []
    for part in guarded:
        assert part.element is not None
        expression = ctx.app.schema.expression(part.element, "show_when")
        if expression is not None and not _holds(expression.evaluate(env)):
            found.append(part.key)
    return frozenset(found)


def hidden_fields(ctx: Ctx, layout: Layout, record: Record, values: Mapping[str, Any]) -> frozenset[str]:
    """Keys of the fields whose condition does not hold."""
    guarded = [f for f in layout.fields if f.show_when]
    if not guarded:
        return frozenset()
    env = _env(ctx, layout, record, values)
    found = []
    for field in guarded:
        expression = ctx.app.schema.expression(field, "show_when")
        if expression is not None and not _holds(expression.evaluate(env)):
            found.append(field.key)
    return frozenset(found)
