"""An e-mail address."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from kernel.expr.types import TEXT, Type
from kernel.fieldtypes.base import BadExample, Column, Example, FieldType, Finder, Reader, Unreadable
from kernel.fieldtypes.texts import clean
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.sqltypes import CText

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class EmailType(FieldType):
    """An e-mail address; its domain is kept in small letters, and as ASCII where it is international."""

    key = "email"
    label = _("E-mail")
    icon = "mail"
    group = "text"
    searchable = True
    operators = ("=", "<>", "contains", "blank", "not_blank")
    widget = "email"
    examples = (
        Example("ada@example.com", "ada@example.com", "ada@example.com", "ada@example.com"),
        Example(" Ada.L+x@Example.COM ", "Ada.L+x@example.com", "Ada.L+x@example.com", "Ada.L+x@example.com"),
        Example("li@例子.公司", "li@xn--fsqu00a.xn--55qx5d", "li@例子.公司", "li@例子.公司"),
    )
    bad_examples = (
        BadExample("ada", "bad_email", schema=False),
        BadExample("ada@localhost", "bad_email", schema=False),
        BadExample("ada@@example.com", "bad_email", schema=False),
        BadExample("a b@example.com", "bad_email", schema=False),
        BadExample("a" * 255 + "@example.com", "bad_email"),
        BadExample(False, "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText),)

    def value_type(self, field: Field, schema: Any) -> Type:
        return TEXT

    def parse(self, field: Field, raw: Any) -> str | None:
        text = clean(raw)
        if text is None:
            return None
        local, at, domain = text.rpartition("@")
        if not at or len(text) > 254 or len(local.encode()) > 64 or not _LOCAL.fullmatch(local):
            raise _bad()
        return f"{local}@{_domain(domain)}"

    def parse_text(self, field: Field, text: str, reader: Reader, finder: Finder | None = None) -> str | None:
        return self.parse(field, unicodedata.normalize("NFKC", text).strip().removeprefix("mailto:"))

    def text(self, field: Field, value: Any, reader: Reader) -> str:
        if not value or "xn--" not in value:
            return value or ""
        local, _at, domain = value.rpartition("@")
        try:
            return f"{local}@{domain.encode().decode('idna')}"
        except UnicodeError:
            return str(value)

    def from_expr(self, field: Field, value: Any) -> str | None:
        return None if value is None else self.parse(field, str(value))

    def json_schema(self, field: Field, schema: Any) -> dict[str, Any]:
        return {"type": "string", "maxLength": 254}

    def form_attributes(self, field: Field, reader: Reader) -> dict[str, Any]:
        return {"type": "email", "inputmode": "email", "autocomplete": "email", "maxlength": 254}


def _bad() -> Unreadable:
    return Unreadable("bad_email", _("This is no e-mail address."), _("Write it like name@example.com."))


def _domain(domain: str) -> str:
    try:
        ascii_ = (domain.encode("idna").decode() if not domain.isascii() else domain).lower()
    except UnicodeError as error:
        raise _bad() from error
    labels = ascii_.split(".")
    if len(ascii_) > 253 or len(labels) < 2 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise _bad()
    return ascii_
