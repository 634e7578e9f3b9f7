"""How the text of a comment reads: people named with @ stand in it as ``@{id}``, links are recognised, nothing else means anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from markupsafe import Markup, escape

from kernel.i18n import _

TOKEN = re.compile(r"@\{([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}")
# Only the web's own schemes; an address ends at blanks, quotes and the marks that close a sentence, Chinese ones included.
_LINK = re.compile(r"(?i:https?)://[^\s<>\"'`，。；！？、（）【】《》“”‘’]+")
_TRAILING = ".,;:!?)]}"
_PARTS = re.compile(f"{TOKEN.pattern}|({_LINK.pattern})")
_WORD = re.compile(r"[0-9A-Za-z_]")


def mentioned(body: str) -> tuple[str, ...]:
    """The ids of the people named in a text, each once, in order."""
    return tuple(dict.fromkeys(TOKEN.findall(body)))


def plain(body: str, names: Mapping[str, str], language: str) -> str:
    """The text with names; of whom the reader may not know the name: somebody."""
    return TOKEN.sub(lambda m: f"@{names.get(m[1]) or _('somebody').to(language)}", body)


def excerpt(body: str, names: Mapping[str, str], language: str, most: int = 120) -> str:
    """The first words on one line."""
    text = " ".join(plain(body, names, language).split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def rich(body: str, names: Mapping[str, str], language: str, me: str | None = None) -> Markup:
    """The text as mark-up: everything escaped; names, links and quoted lines (they begin with ``>``) marked."""
    found = []
    for quoted, lines in groupby(body.split("\n"), key=lambda line: line.startswith("> ")):
        text = "\n".join(line.removeprefix("> ") if quoted else line for line in lines)
        made = _inline(text, names, language, me)
        found.append(Markup('<span class="quote">{}</span>').format(made) if quoted else made)
    # A quote stands in a block of its own: the line break beside it is not shown twice.
    return Markup("").join(found)


def _inline(body: str, names: Mapping[str, str], language: str, me: str | None) -> Markup:
    parts: list[Markup] = []
    at = 0
    for found in _PARTS.finditer(body):
        parts.append(escape(body[at : found.start()]))
        at = found.end()
        if found[1]:
            cls = "mention mention-me" if found[1] == me else "mention"
            parts.append(Markup('<span class="{}">@{}</span>').format(cls, names.get(found[1]) or _("somebody").to(language)))
        else:
            address = found[2].rstrip(_TRAILING)
            at -= len(found[2]) - len(address)
            parts.append(Markup('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>').format(address))
    parts.append(escape(body[at:]))
    return Markup("").join(parts)


def from_names(text: str, people: Sequence[tuple[str, str]]) -> str:
    """``@name`` of the people somebody chose while typing, turned into ``@{id}``. ``people``: (id, name) in the order of choosing.

    Two people of one name take turns; a name that was deleted again names nobody.
    """
    by_name: dict[str, list[str]] = {}
    for id_, name in people:
        if name:
            by_name.setdefault(name, []).append(id_)
    if not by_name:
        return text
    # The longest name first: @Anna is not @Ann and an a.
    pattern = re.compile("@(" + "|".join(re.escape(n) for n in sorted(by_name, key=len, reverse=True)) + ")")

    def turn(found: re.Match[str]) -> str:
        after = text[found.end() : found.end() + 1]
        if _WORD.match(found[1][-1]) and _WORD.match(after):
            return found[0]
        ids = by_name[found[1]]
        return f"@{{{ids.pop(0) if len(ids) > 1 else ids[0]}}}"

    return pattern.sub(turn, text)


def with_names(body: str, names: Mapping[str, str], language: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands in the box when a comment is edited: the text with names, and whom they are."""
    return plain(body, names, language), [(id_, names[id_]) for id_ in TOKEN.findall(body) if id_ in names]


def ids_in(bodies: Iterable[str]) -> list[str]:
    """Everybody named in several texts."""
    return list(dict.fromkeys(id_ for body in bodies for id_ in TOKEN.findall(body)))
