"""Text as it is kept: NFC, no control characters, no blanks around it; an empty text is blank (None)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from kernel.errors import Problem
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _

_BREAKS = re.compile(r"\r\n|\r|\u2028|\u2029|\x85")
_BREAK_RUN = re.compile(r"[\n\t\v\f]+")
# Controls but tab and line break can't be seen, lone surrogates can't be stored, noncharacters are no text.
_ASTRAL = "".join(chr(plane << 16 | end) for plane in range(1, 17) for end in (0xFFFE, 0xFFFF))
_FORBIDDEN = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff{_ASTRAL}]")
HARD_LIMIT = 200_000


def clean(raw: Any, *, lines: bool = False) -> str | None:
    """The text that ``raw`` is, or None if it is empty. ``lines``: keep line breaks and tabs. Raises Unreadable."""
    if not isinstance(raw, str):
        raise Unreadable("type", _("A text is expected."), _("Send it in quotation marks."))
    if len(raw) > HARD_LIMIT:
        raise Unreadable("too_long", _("This text is far too long."), _("Put long material into a file."))
    text = unicodedata.normalize("NFC", raw) if not raw.isascii() else raw
    text = _BREAKS.sub("\n", text)
    if not lines:
        # Pasting from a sheet or a mail often brings a line break along; in one line it is a blank.
        text = _BREAK_RUN.sub(" ", text.strip())
    found = _FORBIDDEN.search(text)
    if found:
        code = f"U+{ord(found[0]):04X}"
        raise Unreadable(
            "control_character",
            _("The text holds an invisible control character ({code}).", code=code),
            _("Remove it, or type the text again."),
        )
    return text.strip() or None


def length_problems(value: str, least: int | None, most: int | None) -> Iterable[Problem]:
    """Breaches of the lengths, counted in code points; says how many are missing or too many."""
    size = len(value)
    if least and size < least:
        yield Problem(
            "too_short",
            _("{n} more characters are needed ({size} of {least}).", n=least - size, size=size, least=least),
            data={"missing": least - size, "least": least},
        )
    if most is not None and size > most:
        yield Problem(
            "too_long",
            _("{n} characters too many (at most {most}).", n=size - most, most=most),
            data={"over": size - most, "most": most},
        )
