"""Text for people: lazy messages with their English source as id, translated where they are shown.

Pure code says ``_("{n} left", n=3)`` and gets a :class:`Text`; whoever shows it calls ``text.to("zh")``.
Catalogues are plain .po files under ``<package>/locale/<language>/``; all of them are merged at start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
DEFAULT_LANGUAGE = "zh"

_ROOT = Path(__file__).resolve().parent.parent
_MERGE = re.compile(r"\{(\w+)\}")


class Text:
    """A message not yet in any language: ``msgid`` in English with ``{name}`` slots, and what fills them."""

    __slots__ = ("msgid", "params")

    def __init__(self, msgid: str, params: Mapping[str, Any] | None = None) -> None:
        self.msgid = msgid
        self.params = dict(params or {})

    def to(self, language: str) -> str:
        """The message in ``language``; a message without translation stays English."""
        pattern = catalogue(language).get(self.msgid, self.msgid)
        if not self.params:
            return pattern
        # One pass by our own substitution: what fills a slot is never a pattern itself (SAFETY D17).
        return _MERGE.sub(lambda m: to_text(self.params.get(m[1], m[0]), language), pattern)

    def __str__(self) -> str:
        return self.to("en")

    def __repr__(self) -> str:
        return f"Text({self.to('en')!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.msgid, self.params) == (other.msgid, other.params)

    def __hash__(self) -> int:
        return hash(self.msgid)


@dataclass(frozen=True, slots=True)
class Labels:
    """What metadata call a thing, per language; may stand wherever a :class:`Text` may."""

    by_language: Mapping[str, str]
    fallback: str

    def to(self, language: str) -> str:
        return pick(self.by_language, language) or self.fallback

    def __str__(self) -> str:
        return self.to("en")


def _(msgid: str, /, **params: Any) -> Text:
    """A lazy message; ``params`` may hold texts, labels, numbers or strings."""
    return Text(msgid, params)


def to_text(value: Any, language: str) -> str:
    """``value`` as a person reads it: texts and labels translated, sequences joined."""
    if isinstance(value, (Text, Labels)):
        return value.to(language)
    if isinstance(value, (list, tuple)):
        return ("、" if language == "zh" else ", ").join(to_text(v, language) for v in value)
    return str(value)


def pick(labels: Mapping[str, str] | None, language: str) -> str | None:
    """The label for ``language``, else in the default language, else any."""
    if not labels:
        return None
    return labels.get(language) or labels.get(DEFAULT_LANGUAGE) or next(iter(labels.values()), None)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All messages of one language from every package's .po files. English is the source and has none."""
    found: dict[str, str] = {}
    for owner in ("kernel", "runtime", "builder", "templates"):
        for path in sorted((_ROOT / owner).glob(f"**/locale/{language}/*.po")):
            with path.open("rb") as file:
                for message in read_po(file, locale=language):
                    if message.id and message.string and isinstance(message.id, str):
                        found[message.id] = str(message.string)
    return found
