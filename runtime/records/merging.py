"""Two changes of one record, put together field by field and row by row (pure).

``before`` is what both started from. What only one of them changed goes through; what both changed to different values is
a clash, and ``take`` says whose value stands: by field key, or ``rows#<row id>``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from runtime.records.record import Row

MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True, slots=True)
class Clash:
    """Both changed it. ``key``: the field, ``row``: the row of it (None: the field itself). Rows that are gone are None."""

    key: str
    row: str | None
    before: Any
    theirs: Any
    mine: Any

    @property
    def name(self) -> str:
        return self.key if self.row is None else f"{self.key}#{self.row}"


@dataclass(slots=True)
class Merged:
    """``values``: what is to be written on top of theirs; ``clashes``: what has to be chosen, chosen or not; ``own``: fields I changed."""

    values: dict[str, Any] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    open: bool = False
    """Whether something is still to be chosen."""


def merge(before: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any], take: Mapping[str, str], writable: Callable[[str, str], bool]) -> Merged:
    """Put ``mine`` on top of ``theirs``. ``writable(rows, cell)``: cells that may be sent; only these are compared."""
    found = Merged()
    for key, value in mine.items():
        was, now = before.get(key), theirs.get(key)
        if _same(value, was):
            continue
        if isinstance(value, tuple) and any(isinstance(r, Row) for r in (*value, *(was or ()), *(now or ()))):
            _rows(found, key, was or (), now or (), value, take, partial(writable, key))
            continue
        found.own.append(key)
        if _same(value, now):
            continue
        if not _same(now, was):
            found.clashes.append(Clash(key, None, was, now, value))
            if take.get(key) not in (MINE, THEIRS):
                found.open = True
            if take.get(key) == THEIRS:
                continue
        found.values[key] = value
    return found


def _same(a: Any, b: Any) -> bool:
    return a == b or (a in (None, (), "") and b in (None, (), ""))


def _rows(
    found: Merged, key: str, before: Sequence[Row], theirs: Sequence[Row], mine: Sequence[Row], take: Mapping[str, str], writable: Callable[[str], bool]
) -> None:
    """Row by row, matched by id: theirs in their order, then the new ones of mine."""

    def cells(row: Row | None) -> dict[str, Any] | None:
        return None if row is None else {k: v for k, v in row.values.items() if writable(k)}

    was = {r.id: r for r in before}
    now = {r.id: r for r in theirs}
    own = {r.id: r for r in mine}
    result: list[Row] = []
    changed = False
    for id_ in [*now, *(i for i in was if i not in now)]:
        b, t, m = was.get(id_), now.get(id_), own.get(id_)
        old, other, self_ = cells(b), cells(t), cells(m)
        if b is None or self_ == old:  # theirs alone, or untouched by me
            if t is not None:
                result.append(t)
            continue
        changed = True
        if other in (old, self_):  # mine alone, or the same
            if m is not None:
                result.append(replace(t or m, values={**(t or m).values, **(self_ or {})}))
            continue
        together = _cells(old, other, self_)
        if together is not None and t is not None:
            result.append(replace(t, values={**t.values, **together}))
            continue
        clash = Clash(key, id_, b, t, m)
        found.clashes.append(clash)
        chosen = take.get(clash.name)
        if chosen not in (MINE, THEIRS):
            found.open = True
        kept = t if chosen == THEIRS else m
        if kept is not None:
            result.append(kept if t is None or kept is t else replace(t, values={**t.values, **(self_ or {})}))
    new = [r for r in mine if r.id not in was and r.id not in now]
    if new or changed or [i for i in own if i in was] != [i for i in was if i in own]:
        found.own.append(key)
        found.values[key] = tuple(replace(r, rank=n) for n, r in enumerate([*result, *new]))


def _cells(old: Mapping[str, Any] | None, other: Mapping[str, Any] | None, own: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Both changed different cells of a row: both changes; None when they meet in a cell, or one of them removed it."""
    if old is None or other is None or own is None:
        return None
    made = dict(other)
    for k, value in own.items():
        if value != old.get(k):
            if other.get(k) != old.get(k) and other.get(k) != value:
                return None
            made[k] = value
    return made
