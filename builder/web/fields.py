"""A simple field, added or altered through a dialog."""

from __future__ import annotations

from flask import Request

from builder.web import simple, words
from builder.web.frame import page
from builder.web.proposal import LAYER, Proposal
from builder.web.review import review
from builder.web.simple import Draft
from builder.web.uses import uses_of_parts
from kernel import fieldtypes
from kernel.errors import NotFound
from kernel.i18n import _
from kernel.model.elements import Entity, Field
from kernel.platform.ctx import Ctx
from kernel.web.rendering import Page
from kernel.web.request import is_htmx


def new(ctx: Ctx, request: Request, key: str) -> Page:
    """``GET /design/entities/<key>/fields/new``"""
    return _dialog(ctx, request, _entity(ctx, key), None, Draft())


def create(ctx: Ctx, request: Request, key: str) -> Page:
    """``POST /design/entities/<key>/fields/new``"""
    entity, draft = _entity(ctx, key), simple.read(request.form)
    simple.check(ctx.app, entity, draft, None)
    if draft.errors:
        return _dialog(ctx, request, entity, None, draft, 422)
    proposal = Proposal("changes", f"entities/{key}", tuple(simple.adding(ctx.app, entity, draft, LAYER)))
    return review(ctx, request, proposal, _("Add a field to “{name}”", name=entity.label), request.form.get("base", ""))


def edit(ctx: Ctx, request: Request, key: str, field: str) -> Page:
    """``GET /design/entities/<key>/fields/<field>``"""
    entity = _entity(ctx, key)
    found = _field(entity, field)
    return _dialog(ctx, request, entity, found, simple.draft_of(found))


def change(ctx: Ctx, request: Request, key: str, field: str) -> Page:
    """``POST /design/entities/<key>/fields/<field>``"""
    entity = _entity(ctx, key)
    found = _field(entity, field)
    draft = simple.read({**request.form.to_dict(), "type": found.type, "key": found.key})
    simple.check(ctx.app, entity, draft, found)
    if draft.errors:
        return _dialog(ctx, request, entity, found, draft, 422)
    changes = simple.altering(found, draft)
    if not changes:
        return _dialog(ctx, request, entity, found, draft, nothing=True)
    proposal = Proposal("changes", f"entities/{key}", tuple(changes))
    return review(ctx, request, proposal, _("Change the field “{name}”", name=found.label), request.form.get("base", ""))


def _entity(ctx: Ctx, key: str) -> Entity:
    found = ctx.app.entities.get(key)
    if found is None:
        raise NotFound()
    return found


def _field(entity: Entity, key: str) -> Field:
    found = entity.by_key.get(key)
    # A further workflow is a field, too, but not one that can be altered here.
    if found is None or found.type == "state":
        raise NotFound()
    return found


def _dialog(ctx: Ctx, request: Request, entity: Entity, field: Field | None, draft: Draft, status: int = 200, nothing: bool = False) -> Page:
    language = ctx.language
    type_ = fieldtypes.find(draft.type)
    context = {
        "entity": entity, "field": field, "draft": draft, "base_hash": ctx.release.hash, "nothing": nothing, "in_dialog": is_htmx(request),
        "types": [(k, fieldtypes.get(k).label.to(language)) for k in simple.CREATABLE],
        "sets": sorted(((s.key, s.label.to(language)) for s in ctx.app.option_sets.values()), key=lambda pair: pair[1]),
        "targets": [(e.key, e.label.to(language)) for e in ctx.app.entities.values()],
        "derived": bool(type_ and type_.derived), "may_unique": draft.type not in simple.NEVER_UNIQUE and not (type_ and type_.derived),
        "with_options": simple.WITH_OPTIONS, "type_words": words.type_words(field) if field else "",
        "uses": uses_of_parts(ctx.app, entity)[field.key] if field else [],
    }
    return page(ctx, "field.html", context, fragment="dialog" if is_htmx(request) else None, status=status)
