"""Whether what happened sets an automation off. Pure: it looks at the kind of the change, never at values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernel.model.elements import Automation

MOST_DEPTH = 10
"""Automations that set each other off (D36)."""
MOST_PER_ROOT = 500
"""Runs that may follow from one and the same beginning."""
MOST_PER_HOUR = 60
"""Runs of one automation for one record within an hour: what goes round by way of clocks or colleagues is cut, too."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the hook knows of a write. ``kind`` as in Happened; ``step``: the transition that was taken."""

    kind: str
    fields: frozenset[str] = frozenset()
    step: str | None = None


def matches(automation: Automation, change: Change) -> Mapping[str, Any] | None:
    """What set it off, for the run; None when it is not for this automation."""
    match automation.trigger:
        case "created" if change.kind == "created":
            return {"trigger": "created"}
        case "changed" if change.kind in ("updated", "derived"):
            moved = sorted(change.fields & set(automation.when["changed"]))
            return {"trigger": "changed", "fields": moved} if moved else None
        case "step" if change.kind == "updated" and change.step in automation.takes_steps:
            return {"trigger": "step", "step": change.step}
    return None


def cut(uid: str, chain: tuple[str, ...], runs: int) -> str | None:
    """Whether what follows from a run goes too far: the reason, or None. ``chain`` leads up to the one that would run now."""
    if len(chain) >= MOST_DEPTH:
        return "depth"
    return "budget" if runs >= MOST_PER_ROOT else None


def circle(uid: str, chain: tuple[str, ...]) -> tuple[str, ...]:
    """The shortest way from an automation back to itself at the end of a chain; the end of the chain where there is none."""
    whole = (*chain, uid)
    for at in range(len(whole) - 2, -1, -1):
        if whole[at] == uid:
            return whole[at:]
    return whole[-3:]
