"""From text to tokens. Full-width punctuation is read as its plain form outside of texts; offsets stay those of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kernel.expr.findings import Finding
from kernel.i18n import Text, _

_WIDE = {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}  # ！ to ～
_PLAIN = str.maketrans({**_WIDE, "，": ",", "；": ",", ";": ",", "×": "*", "÷": "/", "−": "-", "\u3000": " ", "\u00a0": " ", "＂": '"'})

_TOKEN = re.compile(
    r"""(?P<SPACE>\s+)
      | (?P<NUMBER>(?:\d+(?:\.\d*)?|\.\d+)%?)
      | (?P<NAME>[^\W\d]\w*)
      | (?P<BRACKET>\[[^\[\]\n]{1,100}\])
      | (?P<WRONG>&&|\|\||!=|==|=>|=<)
      | (?P<COMPARE><=|>=|<>|[=<>≤≥≠])
      | (?P<AND>&)
      | (?P<PLUSMINUS>[+-])
      | (?P<TIMES>[*/])
      | (?P<POWER>\^)
      | (?P<OPEN>\()
      | (?P<CLOSE>\))
      | (?P<COMMA>,)
      | (?P<DOT>\.)
    """,
    re.VERBOSE,
)
_CLOSING = {'"': '"', "“": "”", "”": "”", "＂": "＂"}
_COMPARE = {"≤": "<=", "≥": ">=", "≠": "<>"}
_WRONG = {
    "&&": _("Write AND(a, b)."),
    "||": _("Write OR(a, b)."),
    "!=": _("Write <> for “is not”."),
    "==": _("Write a single = for “is”."),
    "=>": _("Write >=."),
    "=<": _("Write <=."),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the language: its kind, what it means, and where it stands."""

    kind: str
    value: str
    start: int
    end: int


class BadText(Exception):
    """The text can't be cut into tokens."""

    def __init__(self, code: str, message: Text, start: int, end: int, hint: Text | None = None) -> None:
        self.finding = Finding(code, message, start, end, hint)
        super().__init__(str(message))


def tokenize(text: str) -> Iterator[Token]:
    """The tokens of ``text``. Raises :class:`BadText` at the first character that can't belong to an expression."""
    plain = text.translate(_PLAIN)
    at = 0
    while at < len(text):
        closing = _CLOSING.get(text[at])
        if closing is not None:
            value, end = _literal(text, at, closing)
            yield Token("STRING", value, at, end)
            at = end
            continue
        match = _TOKEN.match(plain, at)
        if match is None:
            raise _stranger(text, at)
        kind, end = str(match.lastgroup), match.end()
        if kind == "WRONG":
            raise BadText("syntax", _("“{sign}” is no sign of this language.", sign=text[at:end]), at, end, _WRONG[match[0]])
        if kind == "BRACKET":
            yield Token("NAME", text[at + 1 : end - 1].strip(), at, end)
        elif kind == "NAME":
            yield Token(kind, text[at:end], at, end)
        elif kind != "SPACE":
            yield Token(kind, _COMPARE.get(match[0], match[0]), at, end)
        at = end


def _literal(text: str, at: int, closing: str) -> tuple[str, int]:
    parts: list[str] = []
    start = at + 1
    while True:
        end = text.find(closing, start)
        if end < 0:
            raise BadText(
                "unclosed_text",
                _("The text that begins here has no closing quotation mark."),
                at,
                len(text),
                _("Put a quotation mark at its end."),
            )
        parts.append(text[start:end])
        # A doubled mark stands for one mark inside the text.
        if closing in '"＂' and text[end + 1 : end + 2] == closing:
            parts.append(closing)
            start = end + 2
            continue
        value = "".join(parts)
        if "\x00" in value:
            raise BadText("syntax", _("A text can't hold the zero character."), at, end + 1)
        return value, end + 1


def _stranger(text: str, at: int) -> BadText:
    sign = text[at]
    hint = None
    if sign in "'‘’`":
        hint = _('Put texts in double quotation marks: "text".')
    elif sign in "{}[]":
        hint = _("Use round brackets; square brackets only around a whole name: [name with spaces].")
    elif sign == "!":
        hint = _("Write NOT(...) or <>.")
    return BadText("syntax", _("“{sign}” is no sign of this language.", sign=sign), at, at + 1, hint)
