"""A record that was written, for whatever follows from it in the same transaction (``runtime/hooks.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runtime.records.record import Record
from runtime.records.shape import EntityShape


@dataclass(frozen=True, slots=True)
class Happened:
    """``kind``: how the road wrote it; ``derived``: only worked-out values moved, because another record did. ``fields``: keys of an update whose value is another now, with ``owner``, ``team``,
    ``state`` and the keys of further machines. ``reason``: the transition, or the rule it follows from."""

    kind: Literal["created", "updated", "deleted", "restored", "derived"]
    shape: EntityShape
    old: Record | None
    new: Record
    fields: frozenset[str] = frozenset()
    reason: Mapping[str, Any] | None = None
