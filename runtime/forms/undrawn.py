"""Rows of a sub-form beyond the first hundred: all that they send, and a line of words to find them by.

A row of controls is fifty elements; a thousand such rows keep a browser busy for ten seconds. These rows come as hidden inputs, so
that whatever is sent is complete with and without scripts; ``child-rows.js`` makes the controls when a row comes near.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kernel.platform.jsonvalues import dumps
from runtime.forms.prepare import Prepared

DRAWN = 100
"""So many rows are printed with their controls."""

Cell = tuple[Prepared, Sequence[str], str | None]
"""A column, the texts of its cell, and its words where it is only read (else None)."""


@dataclass(frozen=True, slots=True)
class UndrawnRow:
    """``inputs`` are (name, value, label or None) in the order in which controls would send them; ``held`` is JSON of what a blank
    row can't be filled with: words of cells that are only read, mark-up of those that hold files."""

    prefix: str
    number: str
    id: str | None
    inputs: Sequence[tuple[str, str, str | None]]
    line: str
    held: str | None
    undrawn: bool = True


class Undrawn:
    """Makes rows of one sub-form. ``labels`` name the records that values point at."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels
        self._options: dict[str, Mapping[str, str]] = {}

    def row(self, prefix: str, number: str, id_: str | None, cells: Sequence[Cell], markup: Mapping[str, str]) -> UndrawnRow:
        """``markup`` is by column key, of cells with files."""
        inputs: list[tuple[str, str, str | None]] = []
        line: list[str] = []
        held = {key: {"markup": text} for key, text in markup.items()}
        for column, texts, words in cells:
            if words is not None:
                if words:
                    line.append(words)
                    held[column.key] = {"words": words}
                continue
            found = [(prefix + column.key, text, self._label(column, text) if text else None) for text in sent(column, texts)]
            inputs += found
            if column.widget not in _WORDLESS:
                line += [label or text for _name, text, label in found[: 1 if column.widget == "address" else None] if text]
        return UndrawnRow(prefix, number, id_, inputs, " · ".join(line), dumps(held) if held else None)

    def _label(self, column: Prepared, text: str) -> str | None:
        if column.widget in ("choice", "choices"):
            known = self._options.get(column.key)
            if known is None:
                known = self._options[column.key] = {o["value"]: o["label"] for o in column.attrs.get("choices", ())}
            return known.get(text)
        return self.labels.get(text) if column.refers_to else None


def sent(column: Prepared, texts: Sequence[str]) -> Iterator[str]:
    """What the controls of a cell with these texts would send, one after the other. A test compares it with what widgets print."""
    first = texts[0] if texts else ""
    if column.widget == "boolean":
        yield ""
        if first == "1" or (first == "0" and column.attrs.get("data-look") == "buttons"):
            yield first
    elif column.widget in _TWINNED or (column.refers_to and column.type.multiple) or (column.widget == "choice" and column.attrs.get("data-look") == "radio"):
        yield ""
        yield from (text for text in texts if text)
    elif column.widget == "address":
        yield from (*texts, *[""] * (5 - len(texts)))
    elif column.widget == "money":
        yield first
        if len(column.attrs.get("currencies", ())) > 1:
            yield texts[1] if len(texts) > 1 else str(column.attrs.get("data-currency") or "")
    else:
        yield first[:23] if column.widget == "datetime" and "." in first else first


_TWINNED = frozenset({"choices", "references", "files", "images", "signature"})
_WORDLESS = frozenset({"files", "images", "signature", "boolean"})
