"""Why a rule closes a field of a form that is being filled in: judged on what stands in it now, saved or not."""

from __future__ import annotations

from flask import Request

from kernel.errors import NotFound
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from runtime.asks.refused import by_rule, why_not
from runtime.forms import parse
from runtime.records import road
from runtime.records.record import Input
from runtime.web import asks
from runtime.web.edit import Form, to_create
from runtime.web.record import open_record
from runtime.web.sight import entity_of, over


def why(ctx: Ctx, request: Request, entity: str, key: str) -> Page:
    """The rule in words, which fields of the form would open it, and whom to ask where the saved record is closed too. Changes nothing."""
    id_ = request.args.get("id") or None
    shown = open_record(ctx, entity, id_) if id_ else None
    known = entity_of(ctx, entity) if shown else to_create(ctx, entity)
    form = Form(ctx, known, shown)
    field = known.by_key.get(key)
    if field is None or key not in form.readable:
        raise NotFound()
    found = road.preview(ctx, entity, id_, Input(parse.read(ctx, form.writable_fields, request.form).fields, "text"))
    assert found.env is not None
    reason = by_rule(ctx, entity, field, found.env, form.writable) if key in form.writable else None
    prefix = "d" if request.args.get("in") == "d" else "f"
    here = {f.key for f in form.layout.fields}
    context = {**over(request), "label": field.label, "why": reason, "key": key, "asked": None, "who": None, "in_form": True,
               "mine": [(known.by_key[k].label, f"#{prefix}-{k}") for k in reason.mine if k in here] if reason else []}
    stored = why_not(ctx, shown.seen, field) if shown else None
    if reason is not None and shown is not None and stored is not None and not context["mine"]:
        context |= asks.wish(ctx, shown, key, stored)
    return Page("runtime/asks/why.html", context)
