"""A value that a list shows through a reference: which record it belongs to, with the way there."""

from __future__ import annotations

from contextlib import suppress

from flask import Request

from kernel.errors import NotFound
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.asks.refused import Why
from runtime.forms.prepare import prepared
from runtime.web.columns import column_of, full_label
from runtime.web.record import Open, open_record
from runtime.web.sight import over


def page(ctx: Ctx, request: Request, shown: Open, key: str) -> Page:
    """Why ``reference.field`` is not changed in the list of the records that refer. Raises NotFound, the same for what is hidden."""
    column = column_of(ctx, shown.entity, key, None, shown.seen.readable)
    if column is None or len(column.path) != 2:
        raise NotFound()
    head, inner = column.path
    holder = shown.entity.by_key[head]
    target, id_ = prepared(ctx, holder).refers_to, shown.seen.record.values.get(head)
    there = None
    if target and isinstance(id_, str):
        with suppress(NotFound):
            other = open_record(ctx, target, id_)
            there = (other.seen.title, f"{other.url}#v-{inner}")
    hint = None if there else _("Nothing is chosen there.") if id_ is None else _("You can’t see that record.")
    message = (
        _("This belongs to “{reference}”. It is changed there, and every list follows.", reference=holder.label) if column.prepared is not None and column.prepared.type.writable
        else _("This is worked out in “{reference}”.", reference=holder.label))
    return Page("runtime/asks/why.html", {
        **over(request), "label": full_label(shown.entity, column), "why": Why("belongs", message, f"{holder.uid}#belongs", hint), "record_url": shown.url,
        "key": key, "asked": None, "who": None, "mine": [], "there": there})
