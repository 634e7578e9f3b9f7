"""How a list stands: conditions, order, look, columns, grouping. The same value for application views, saved views and what one person chose."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_COLUMNS = 40
MOST_TEXT = 4096
WIDTHS = (60, 900)
HOWS = ("sum", "avg", "min", "max")
DENSITIES = ("comfortable", "compact")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}(\.[a-z][a-z0-9_]{0,49})?\Z")
_GROUP = re.compile(r"[a-z][a-z0-9_]{0,49}(:[a-z]{1,9})?\Z")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Filters as in the address, a typed condition, order and look; ``base``: the application view whose condition holds as well.

    ``base_where`` is that condition as it was when the view was saved: it counts when the application view is gone.
    ``look_settings`` belong to the look (the date of a calendar ...); lists only keep them.
    """

    filters: tuple[str, ...] = ()
    where: str = ""
    sort: str = ""
    look: str = "table"
    base: str | None = None
    base_where: str = ""
    group: str = ""
    columns: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, str] | None = None
    density: str = ""
    look_settings: Mapping[str, str] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "filters": list(self.filters), "where": self.where, "sort": self.sort, "look": self.look, "base": self.base, "base_where": self.base_where,
            "look_settings": dict(self.look_settings), **dump_layout(self.columns, self.widths, self.totals, self.group, self.density)}


def dump_layout(columns: Sequence[str], widths: Mapping[str, int], totals: Mapping[str, str] | None, group: str | None, density: str | None) -> dict[str, Any]:
    """The part that one person may keep for a view; None leaves a thing to the view."""
    found = {"columns": list(columns), "widths": dict(widths), "totals": None if totals is None else dict(totals), "group": group, "density": density}
    return {k: v for k, v in found.items() if v is not None}


def read(data: Any) -> Arrangement:
    """The arrangement of stored JSON; whatever doesn't fit is left out, as views outlive the code that saved them."""
    given = data if isinstance(data, Mapping) else {}
    base = given.get("base")
    return Arrangement(
        filters=tuple(f for f in _texts(given.get("filters"))[:20]), where=_text(given.get("where"), MOST_TEXT), sort=_text(given.get("sort"), 200),
        look=_text(given.get("look"), 30) or "table", base=base if isinstance(base, str) else None, base_where=_text(given.get("base_where"), MOST_TEXT),
        group=read_group(given.get("group")) or "", columns=read_columns(given.get("columns")), widths=read_widths(given.get("widths")),
        totals=read_totals(given.get("totals")), density=read_density(given.get("density")) or "",
        look_settings={str(k)[:50]: str(v)[:200] for k, v in list(_mapping(given.get("look_settings")).items())[:20]})


def read_columns(value: Any) -> tuple[str, ...]:
    """Names of columns, each once."""
    return tuple(dict.fromkeys(c for c in _texts(value) if _NAME.match(c)))[:MOST_COLUMNS]


def read_widths(value: Any) -> dict[str, int]:
    """Widths in pixels, within reason."""
    found = {}
    for name, width in list(_mapping(value).items())[: MOST_COLUMNS * 2]:
        if isinstance(name, str) and (_NAME.match(name) or name == "_title") and isinstance(width, int) and not isinstance(width, bool):
            found[name] = max(WIDTHS[0], min(WIDTHS[1], width))
    return found


def read_totals(value: Any) -> dict[str, str] | None:
    """What is worked out per column; None where nothing was chosen yet."""
    if not isinstance(value, Mapping):
        return None
    return {k: v for k, v in list(value.items())[:MOST_COLUMNS] if isinstance(k, str) and _NAME.match(k) and v in HOWS}


def read_group(value: Any) -> str | None:
    """What the list is grouped by; "" for nothing, None where nothing was chosen."""
    if not isinstance(value, str):
        return None
    return value if _GROUP.match(value) else ""


def read_density(value: Any) -> str | None:
    return value if value in DENSITIES else None


def _text(value: Any, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str)][:200] if isinstance(value, (list, tuple)) else []


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
