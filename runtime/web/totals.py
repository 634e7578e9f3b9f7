"""Figures at the foot of a list and in the heads of its groups: chosen per column, loaded apart from the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from flask import Request

from kernel.errors import Invalid, Message
from kernel.fieldtypes import numbers
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import Text, _
from kernel.permissions import rights_of
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.forms.shown import short
from runtime.records import figures
from runtime.records.shape import shape_of
from runtime.web import lists
from runtime.web.columns import Column, column_of, full_label
from runtime.web.list_state import Asked, read
from runtime.web.sight import entity_of, surroundings

HOWS: Mapping[str, Text] = {"sum": _("Sum"), "avg": _("Average"), "min": _("Smallest"), "max": _("Largest")}


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure in words; ``title`` says what it is."""

    label: Message
    text: str
    how: Text


def able(ctx: Ctx, asked: Asked, columns: Sequence[Column]) -> list[Column]:
    """The columns that can be added up."""
    shape = shape_of(ctx.release, asked.entity.key)
    return [c for c in columns if c.prepared is not None and figures.number_at(ctx, shape, c.key) is not None]


def chosen(asked: Asked, columns: Sequence[Column]) -> dict[str, str]:
    """What is worked out: as the person or the view chose, and the sums of the records' own amounts where nobody chose."""
    possible = {c.key: c for c in able(asked.ctx, asked, columns)}
    if asked.totals is not None:
        return {k: asked.totals[k] for k in possible if k in asked.totals}
    return {k: "sum" for k, c in possible.items() if len(c.path) == 1 and c.prepared is not None and c.prepared.shape.type == "money"}


def words(ctx: Ctx, asked: Asked, figure: figures.Figure | None) -> Shown | None:
    """A figure as people read it."""
    if figure is None:
        return None
    column = column_of(ctx, asked.entity, figure.key, asked.machine, rights_of(ctx.release, ctx.actor).entity(asked.entity.key).readable_ever())
    if column is None or column.prepared is None:
        return None
    p = column.prepared
    field = p.field
    if figure.mixed:
        text = _("several currencies").to(ctx.language)
    elif figure.value is None:
        text = "—"
    elif p.shape.type in ("integer", "rating") and isinstance(figure.value, (Decimal, int)):
        text = numbers.show_number(Decimal(figure.value))
    elif isinstance(figure.value, timedelta):
        text = p.type.text(field, figure.value, surroundings(ctx, {}).reader)
    else:
        text = short(p, figure.value, surroundings(ctx, {}))
    return Shown(full_label(asked.entity, column), text, HOWS[figure.how])


def show(ctx: Ctx, request: Request, entity: str) -> Page:
    """The figures of the whole list, never longer than a moment."""
    asked = read(ctx, entity_of(ctx, entity), request.args)
    wanted = chosen(asked, lists.columns(ctx, asked))
    shown: list[Shown | None] = []
    slow = False
    if wanted:
        try:
            found = figures.of_list(ctx, entity, asked.list_query(()), wanted)
            shown = [words(ctx, asked, found.get(key)) for key in wanted]
        except figures.TooSlow:
            slow = True
        except (Invalid, Unreadable):
            pass
    return Page("runtime/list/figures.html", {"figures": [s for s in shown if s], "slow": slow, "url": asked.url("/figures", cursor=None)})
