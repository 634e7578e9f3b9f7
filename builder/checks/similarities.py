"""Comparisons of records: fields there are, compared in a way that suits them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.checks.finding import Finding
from builder.checks.place import Place
from builder.checks.references import broken_at, missing
from kernel.expr.types import Kind
from kernel.i18n import _
from kernel.model.elements import Comparison, Similarity

_FITS = {
    "near": frozenset({Kind.NUMBER, Kind.DATE, Kind.INSTANT, Kind.DURATION}), "text": frozenset({Kind.TEXT}), "shared": frozenset({Kind.LIST}),
    "equal": frozenset(Kind) - {Kind.ROWS, Kind.LIST}}


def check(place: Place) -> Iterable[Finding]:
    """Every one by itself."""
    for similarity in place.application.similarities:
        if place.schema.exists(similarity.entity):
            yield from _similarity(place, similarity)


def _similarity(place: Place, similarity: Similarity) -> Iterator[Finding]:
    if not similarity.compares:
        yield place.find(similarity, "no_comparison", "compares", _("“{label}” compares nothing.", label=similarity.label), _("Name at least one field under “compares”."))
    for one in similarity.compares:
        yield from _comparison(place, similarity, one)


def _comparison(place: Place, similarity: Similarity, one: Comparison) -> Iterator[Finding]:
    broken = broken_at(place, similarity.entity, one.field)
    if broken is not None:
        yield missing(place, one, "field", "field", *broken)
        return
    found = place.schema.type_at(similarity.entity, one.path)
    if len(one.path) > 2:
        yield place.find(one, "too_far", "field", _("“{name}” leads too far.", name=one.field), _("Compare own fields, or fields of what the record refers to."))
    elif found is not None and found.kind not in _FITS[one.how]:
        yield place.find(one, "unfit", "how", _("“{name}” can't be compared like this.", name=one.field), _("Numbers are near, options are shared, texts are text, the rest is equal."))
