"""The cells of a list's rows as mark-up: what stands around a value is made once per column, a value once however often it comes.

The same mark-up as the macros ``cell`` and ``row`` of ``components/lists.html`` (a test keeps them equal), without a macro call per cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from kernel.i18n import _, to_text
from kernel.model.elements import Machine
from kernel.platform.ctx import Ctx
from runtime.forms.shown import Surroundings
from runtime.web.columns import Column, cell
from runtime.web.highlight import marked_markup

EMPTY = Markup('<span class="empty-value">—</span>')


def opening(head: Mapping[str, Any], language: str) -> str:
    """The tag that opens the cells of a column."""
    align = "col-end " if head["align"] == "end" else ""
    edit = f' data-edit="{escape(head["key"])}"' if head.get("edit") else ""
    if head.get("closed"):
        edit = f' data-closed="{escape(head["key"])}" title="{escape(to_text(head["closed"], language))}"'
    return f'<td class="{align}phone-{escape(head["phone"])}" data-label="{escape(to_text(head["label"], language))}"{edit}>'


class Cells:
    """Draws the rows of one answer."""

    def __init__(
        self, ctx: Ctx, columns: Sequence[Column], heads: Sequence[Mapping[str, Any]], machine: Machine | None, around: Surroundings, q: str = ""
    ) -> None:
        self._ctx, self._machine, self._around, self._q = ctx, machine, around, q.strip()
        self._columns = [(column, opening(head, ctx.language)) for column, head in zip(columns, heads, strict=True)]
        self._known: dict[Any, str] = {}

    def of(self, record: Any, readable: frozenset[str], extra: Mapping[str, Any] | None = None) -> Markup:
        """All cells of one record behind its title."""
        return Markup("".join([self._cell(column, tag, record, readable, extra) for column, tag in self._columns]))  # noqa: S704 - parts escaped below

    def _cell(self, column: Column, tag: str, record: Any, readable: frozenset[str], extra: Mapping[str, Any] | None) -> str:
        mark = (column.path, _value(column, record, readable, extra))
        try:
            found = self._known.get(mark)
        except TypeError:  # not every value can be a key
            return self._draw(column, tag, record, readable, extra)
        if found is None:
            found = self._known[mark] = self._draw(column, tag, record, readable, extra)
        return found

    def _draw(self, column: Column, tag: str, record: Any, readable: frozenset[str], extra: Any) -> str:
        shown = cell(self._ctx, column, record, readable, self._machine, self._around, extra)
        if shown and self._q:
            return f"{tag}{marked_markup(str(escape(shown)), self._q)}</td>"
        return f"{tag}{escape(shown) if shown else EMPTY}</td>"


def _value(column: Column, record: Any, readable: frozenset[str], extra: Mapping[str, Any] | None) -> Any:
    """What the cell depends on."""
    if column.prepared is None:
        return getattr(record, column.key)
    if len(column.path) > 1:
        return (extra or {}).get(column.key)
    return record.values.get(column.key) if column.key in readable else None


def selecting(language: str) -> tuple[str, str]:
    """The words of a row's tick box for screen readers, before and after the row's name."""
    before, _name, after = _("Select {label}", label="\0").to(language).partition("\0")
    return before, after
