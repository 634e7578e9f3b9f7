"""The visible list of checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from builder.checks import (
    approvals,
    automations,
    calendars,
    clocks,
    defaults,
    deleting,
    derived,
    evidence,
    forms,
    formulas,
    keys,
    loops,
    machines,
    notices,
    options,
    proof,
    references,
    retention,
    rights,
    similarities,
    texts,
    views,
)
from builder.checks.finding import Finding
from builder.checks.place import Place
from kernel.registry import Registry


@dataclass(frozen=True)
class Check:
    """A check by key. ``run`` gets the place (tree, application) and yields what it finds."""

    key: str
    run: Callable[[Place], Iterable[Finding]]


CHECKS: Registry[Check] = Registry(
    "checks",
    [
        Check("keys", keys.check),
        Check("references", references.check),
        Check("formulas", formulas.check),
        Check("derived", derived.check),
        Check("deleting", deleting.check),
        Check("defaults", defaults.check),
        Check("texts", texts.check),
        Check("options", options.check),
        Check("views", views.check),
        Check("calendars", calendars.check),
        Check("clocks", clocks.check),
        Check("evidence", evidence.check),
        Check("similarities", similarities.check),
        Check("automations", automations.check),
        Check("loops", loops.check),
        Check("notices", notices.check),
        Check("retention", retention.check),
        Check("rights", rights.check),
        Check("forms", forms.check),
        Check("machines", machines.check),
        Check("approvals", approvals.check),
        Check("proof", proof.check),
    ],
)
"""Every check there is."""
