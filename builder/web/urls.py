"""The Design screens. What a POST here asks (``reads``) is a plan; only ``/design/publish`` changes anything, in transactions of its own."""

from __future__ import annotations

from builder.web import add, entity, fields, options, overview, parameters, releases, review
from kernel.web.routes import Need, Route

_DESIGN = Need.DESIGN

ROUTES: tuple[Route, ...] = (
    Route("/design/", overview.overview, needs=_DESIGN, name="design"),
    Route("/design/entities/<key>", entity.entity, needs=_DESIGN, name="design.entity"),
    Route("/design/entities/<key>/fields/new", fields.new, needs=_DESIGN, name="design.field.new"),
    Route("/design/entities/<key>/fields/new", fields.create, ("POST",), _DESIGN, "design.field.create", reads=True),
    Route("/design/entities/<key>/fields/<field>", fields.edit, needs=_DESIGN, name="design.field"),
    Route("/design/entities/<key>/fields/<field>", fields.change, ("POST",), _DESIGN, "design.field.change", reads=True),
    Route("/design/parameters", parameters.parameters, needs=_DESIGN, name="design.parameters"),
    Route("/design/parameters", parameters.change, ("POST",), _DESIGN, "design.parameters.change", reads=True),
    Route("/design/options/<key>", options.options, needs=_DESIGN, name="design.options"),
    Route("/design/options/<key>", options.change, ("POST",), _DESIGN, "design.options.change", reads=True),
    Route("/design/add", add.start, needs=_DESIGN, name="design.add"),
    Route("/design/add", add.check, ("POST",), _DESIGN, "design.add.check", reads=True),
    Route("/design/releases", releases.history, needs=_DESIGN, name="design.releases"),
    Route("/design/releases/<int:id>", releases.one, needs=_DESIGN, name="design.release"),
    Route("/design/releases/<int:id>/back", releases.back, ("POST",), _DESIGN, "design.release.back", reads=True),
    Route("/design/review", review.again, ("POST",), _DESIGN, "design.review", reads=True),
    Route("/design/publish", review.publish, ("POST",), _DESIGN, "design.publish", reads=True),
)
