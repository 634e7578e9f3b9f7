"""An address on the web."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from kernel.expr.types import TEXT, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Unreadable
from kernel.fieldtypes.texts import clean
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.sqltypes import CText

SCHEMES = ("http", "https", "mailto", "tel")
MAX = 2000
_SPACE = re.compile(r"\s")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)


class UrlType(FieldType):
    """An address that a click opens: http, https, mailto or tel, nothing else (D18)."""

    key = "url"
    label = _("Web address")
    icon = "link"
    group = "text"
    operators = ("=", "<>", "contains", "blank", "not_blank")
    widget = "url"
    wide = True
    sortable = False
    examples = (
        Example("https://example.com/a?b=1#c", "https://example.com/a?b=1#c", "https://example.com/a?b=1#c", "https://example.com/a?b=1#c"),
        Example("HTTP://Example.COM", "http://example.com", "http://example.com", "http://example.com"),
        Example("mailto:ada@example.com", "mailto:ada@example.com", "mailto:ada@example.com", "mailto:ada@example.com"),
        Example("https://例子.公司/路", "https://例子.公司/路", "https://例子.公司/路", "https://例子.公司/路"),
    )
    bad_examples = (
        BadExample("javascript:alert(1)", "bad_scheme", schema=False),
        BadExample("data:text/html,x", "bad_scheme", schema=False),
        BadExample("example.com", "bad_url", schema=False),
        BadExample("https://", "bad_url", schema=False),
        BadExample("https://a b.example", "bad_url", schema=False),
        BadExample("https://user@example.com", "bad_url", schema=False),
        BadExample("https://example.com/" + "x" * 2000, "too_long"),
        BadExample(80, "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return TEXT

    def parse(self, field: Field, raw: Any) -> str | None:
        text = clean(raw)
        if text is None:
            return None
        if len(text) > MAX:
            raise Unreadable("too_long", _("At most {n} characters.", n=MAX), _("Use a shorter address."))
        match = _SCHEME.fullmatch(text)
        if match is None or _SPACE.search(text):
            raise _bad()
        scheme = match[1].lower()
        if scheme not in SCHEMES:
            raise Unreadable("bad_scheme", _("Only web, mail and phone addresses are allowed."), _("Start it with https://."))
        return _web(text) if scheme in ("http", "https") else _other(scheme, match[2])

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> str | None:
        """People leave out https://."""
        written = unicodedata.normalize("NFC", text).strip()
        if written and not _SCHEME.fullmatch(written) and "." in written.split("/")[0]:
            written = f"https://{written}"
        return self.parse(field, written)

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        return value or ""

    def from_expr(self, field: Field, value: Any) -> str | None:
        return None if value is None else self.parse(field, str(value))

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {"type": "text", "inputmode": "url", "autocomplete": "url", "maxlength": MAX}


def _bad() -> Unreadable:
    return Unreadable("bad_url", _("This is no web address."), _("Write it like https://example.com."))


def _web(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad() from error
    # Names before an @ make a foreign host look like a known one.
    if not host or "@" in parts.netloc or "\\" in text:
        raise _bad()
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}" + text.split("://", 1)[1][len(parts.netloc) :]


def _other(scheme: str, rest: str) -> str:
    fits = "@" in rest if scheme == "mailto" else re.fullmatch(r"\+?[0-9().-]{2,40}", rest) is not None
    if not fits or rest.startswith("/"):
        raise _bad()
    return f"{scheme}:{rest}"
