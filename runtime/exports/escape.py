"""Texts that a spreadsheet would run as a formula, kept from it by an apostrophe, and the way back (SAFETY D19). Pure.

A text is escaped when it begins with = + - @, tab or line break (also in their full-width forms), after any number of
apostrophes: so one apostrophe more or less always leads to exactly one text.
"""

from __future__ import annotations

import re

_DANGEROUS = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def escape(text: str) -> str:
    """The text as a cell of a CSV file."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unescape(text: str) -> str:
    """The text that :func:`escape` was given."""
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text
