"""Rules for the bin: one per kind of record."""

from __future__ import annotations

from collections.abc import Iterable

from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.i18n import _
from kernel.model.elements import Retention


def check(place: Place) -> Iterable[Finding]:
    """Two rules for one entity contradict each other."""
    seen: dict[str, Retention] = {}
    rules = sorted((e for e in place.application.by_uid.values() if isinstance(e, Retention)), key=lambda r: (r.rank, r.uid))
    for rule in rules:
        first = seen.setdefault(rule.entity, rule)
        if first is not rule:
            yield place.find(
                rule, "doubled_retention", "entity", _("“{entity}” has two rules for the bin.", entity=rule.entity), _("Remove one of them."),
                witness={"first": first.uid})
