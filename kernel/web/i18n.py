"""The reader's language while a page is made: templates, macros and lazy texts all see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import Request

from kernel.i18n import DEFAULT_LANGUAGE, LANGUAGES, Labels, Text, to_text
from kernel.i18n import _ as lazy

LANGUAGE_COOKIE = "fy-language"

# A context variable, because macros imported without context still have to speak the reader's language.
_reader: ContextVar[str] = ContextVar("reader_language", default=DEFAULT_LANGUAGE)


def reader_language() -> str:
    """The language of whoever will read what is being made now."""
    return _reader.get()


@contextmanager
def reading_in(language: str) -> Iterator[None]:
    """Within the block texts come out in ``language``."""
    mark = _reader.set(language)
    try:
        yield
    finally:
        _reader.reset(mark)


def gettext(msgid: str, /, **params: Any) -> str:
    """``_`` of the templates: the message in the reader's language."""
    return lazy(msgid, **params).to(_reader.get())


def shown(value: Any) -> Any:
    """A text or label in the reader's language; everything else unchanged. Applied to whatever a template prints."""
    return value.to(_reader.get()) if isinstance(value, (Text, Labels)) else value


def as_text(value: Any) -> str:
    """The filter ``t``: any value as the reader reads it."""
    return to_text(value, _reader.get())


def wanted_language(request: Request, offered: Sequence[str] = LANGUAGES, default: str = DEFAULT_LANGUAGE) -> str:
    """The language for somebody who is not signed in: their choice, else their browser's, else ``default``."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in offered:
        return str(chosen)
    for tag, _quality in request.accept_languages:
        short = tag.replace("_", "-").split("-")[0].lower()
        if short in offered:
            return short
    return default
