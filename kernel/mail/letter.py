"""What a mail says, in the language of its reader, as plain text and as simple HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from kernel.errors import Message
from kernel.i18n import to_text


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject, paragraphs, at most one thing to do (words and address), and small words at the end."""

    to: str
    subject: Message
    lines: tuple[Message, ...]
    action: tuple[Message, str] | None = None
    small: tuple[Message, ...] = ()
    language: str = "zh"

    def text(self) -> str:
        """The letter as plain text."""
        parts = [to_text(line, self.language) for line in self.lines]
        if self.action is not None:
            parts.append(f"{to_text(self.action[0], self.language)}\n{self.action[1]}")
        if self.small:
            parts.append("\n".join(["-- ", *(to_text(line, self.language) for line in self.small)]))
        return "\n\n".join(parts) + "\n"

    def html(self) -> str:
        """The letter as HTML that every mail program shows: no pictures, nothing loaded from elsewhere."""
        lines = "".join(f"<p>{escape(to_text(line, self.language))}</p>" for line in self.lines)
        action = ""
        if self.action is not None:
            address, words = escape(self.action[1], quote=True), escape(to_text(self.action[0], self.language))
            action = f'<p><a href="{address}"><b>{words}</b></a></p><p><small>{address}</small></p>'
        small = "".join(f"<p><small>{escape(to_text(line, self.language))}</small></p>" for line in self.small)
        rule = "<hr>" if small else ""
        return f'<!doctype html><html lang="{escape(self.language, quote=True)}"><head><meta charset="utf-8"></head><body>{lines}{action}{rule}{small}</body></html>\n'
