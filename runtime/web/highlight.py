"""What was searched for, marked wherever it stands: in plain text and in finished mark-up, never inside a tag."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from markupsafe import Markup, escape

from runtime.records.search import pieces_of

MOST_PIECES = 8
_TAG = re.compile(r"(<[^>]*>)")
_SILENT = re.compile(r'<[^>]*(class="avatar|aria-hidden|class="sr-only)')


@lru_cache(maxsize=256)
def _pattern(q: str) -> re.Pattern[str] | None:
    """Letter words count from their beginning, as the search itself counts them; what has no blanks between words counts anywhere."""
    found = []
    for text, is_word in pieces_of(q)[:MOST_PIECES]:
        found.append(rf"(?<![^\W_]){re.escape(text)}" if is_word else re.escape(text))
    return re.compile("|".join(sorted(found, key=len, reverse=True))) if found else None


def marked(text: str, q: str) -> Markup | str:
    """Plain text with what was searched for marked."""
    pattern = _pattern(q) if q.strip() else None
    if pattern is None or not text:
        return text
    return _marked(text, pattern)


def marked_markup(markup: str, q: str) -> str:
    """Finished mark-up with the same marks in its words; what is read out but not seen, and initials, stay as they are."""
    pattern = _pattern(q) if q.strip() else None
    if pattern is None:
        return markup
    parts, silent = [], False
    for part in _TAG.split(markup):
        if part.startswith("<"):
            silent = bool(_SILENT.match(part))
            parts.append(part)
        elif silent or not part:
            parts.append(part)
        else:
            parts.append(str(_marked(html.unescape(part), pattern)))
    return "".join(parts)


def _marked(text: str, pattern: re.Pattern[str]) -> Markup:
    folded = "".join(_folded(c) for c in text)
    pieces, at = [], 0
    for match in pattern.finditer(folded):
        pieces.append(escape(text[at : match.start()]))
        pieces.append(Markup("<mark>{}</mark>").format(text[match.start() : match.end()]))
        at = match.end()
    pieces.append(escape(text[at:]))
    return Markup("").join(pieces)


def _folded(character: str) -> str:
    """The character as the search compares it, one for one, so that places stay the same."""
    if character.isascii():
        return character.lower()
    found = unicodedata.normalize("NFKC", character).casefold()
    return found if len(found) == 1 else character
