"""What names a record: the entity's title text with its slots filled by our own substitution (D17)."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

from kernel.fieldtypes.base import Reader
from runtime.records.shape import EntityShape

_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
MOST = 200


@dataclass(frozen=True)
class Title:
    """A title text. ``keys`` are the fields it shows, in their order."""

    text: str
    keys: tuple[str, ...]
    shape: EntityShape

    def of(self, values: Mapping[str, Any], reader: Reader, readable: Container[str]) -> str:
        """The title of a record with these values; slots the reader may not see stay empty."""

        def slot(match: re.Match[str]) -> str:
            field = self.shape.fields.get(match[1])
            if field is None or match[1] not in readable:
                return ""
            return field.type.text(field.field, values.get(match[1]), reader)

        return tidy(_SLOT.sub(slot, self.text))[:MOST]


def tidy(text: str) -> str:
    """Without what empty slots left behind: separators at the ends and blanks in a row."""
    return re.sub(r"\s+", " ", text).strip().strip("·-–—/|,，、 ").strip()


def title_of(shape: EntityShape) -> Title:
    """The title of an entity; one without a title text is named by its first text field."""
    found: Title | None = shape.__dict__.get("_title")
    if found is None:
        text = shape.entity.title
        if not _SLOT.search(text):
            first = next((k for k, s in shape.fields.items() if s.stored_as.type in ("text", "auto_number")), None)
            text = f"{{{first}}}" if first else text
        keys = tuple(k for k in dict.fromkeys(_SLOT.findall(text)) if k in shape.fields)
        found = shape.__dict__["_title"] = Title(text, keys, shape)
    return found


def merge(text: str, value_of: Callable[[str], str]) -> str:
    """``text`` with each ``{key}`` replaced once; what fills a slot is never read again."""
    return _SLOT.sub(lambda m: value_of(m[1]), text)
