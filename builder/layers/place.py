"""Where an item goes among its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.model.tree import Node, rank_between


def rank_at(siblings: Sequence[Node], after: object = None, before: object = None) -> tuple[str, str | None]:
    """A rank right after or before the sibling with that key, else the last; and the key that was not found, if any."""
    ordered = sorted(siblings, key=lambda n: (n.rank, n.uid))
    ranks = [n.rank for n in ordered]
    for wanted, offset in ((after, 1), (before, 0)):
        if wanted is None:
            continue
        at = next((i for i, n in enumerate(ordered) if n.key == wanted), None)
        if at is None:
            return _last(ranks), str(wanted)
        if offset:
            # Neighbours of equal rank stand in order of uid: nothing fits between them, so it goes behind all of them.
            higher = next((r for r in ranks[at + 1 :] if r > ranks[at]), None)
            return rank_between(ranks[at], higher), None
        lower = next((r for r in reversed(ranks[:at]) if r < ranks[at]), None)
        return rank_between(lower, ranks[at]), None
    return _last(ranks), None


def _last(ranks: Sequence[str]) -> str:
    return rank_between(ranks[-1] if ranks else None, None)
