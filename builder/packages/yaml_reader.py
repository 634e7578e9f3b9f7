"""YAML as data only: null, true/false, whole numbers, exact decimals as text, text, lists and mappings (SAFETY D22).

Built on the events of PyYAML's parser, before its composer and constructors come in: aliases, anchors, tags, doubled
keys, merge keys, depth and size are refused here; dates, octal numbers, ``yes``/``no`` and ``on``/``off`` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import events as ev

from kernel.errors import Problem
from kernel.i18n import Text, _
from kernel.model.document import Lines

MAX_BYTES = 4_000_000
MAX_DEPTH = 24
MAX_NODES = 400_000
MAX_DOCUMENTS = 2_000

# libyaml gives the same events twenty times as fast where it was built.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")


class _Refused(Exception):
    def __init__(self, code: str, line: int, message: Text, hint: Text | None = None) -> None:
        super().__init__(code)
        self.code, self.line, self.message, self.hint = code, line, message, hint


@dataclass
class Read:
    """The documents of one file, where each mapping and list began, and what was wrong."""

    documents: list[Any] = field(default_factory=list)
    lines: Lines = field(default_factory=Lines)
    problems: list[Problem] = field(default_factory=list)


def read_yaml(source: bytes | str, file: str) -> Read:
    """All documents of a file. The first mistake of syntax ends the file; what came before it is returned."""
    by_id: dict[int, int] = {}
    found = Read()
    try:
        for document in _documents(_text(source), by_id):
            found.documents.append(document)
            if len(found.documents) > MAX_DOCUMENTS:
                raise _Refused("too_large", 1, _("The file has more than {n} documents.", n=MAX_DOCUMENTS))
    except _Refused as refused:
        found.problems.append(Problem(refused.code, refused.message, f"{file}:{refused.line}", refused.hint))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "syntax")
        hint = _("Indent with spaces, and put texts with : or # in quotation marks.")
        found.problems.append(Problem("yaml", _("This is not valid YAML: {said}.", said=said), f"{file}:{mark.line + 1 if mark else 1}", hint))
    found.lines = Lines(file, by_id)
    return found


def _text(source: bytes | str) -> str:
    if len(source) > MAX_BYTES:
        raise _Refused("too_large", 1, _("The file is larger than {n} MB.", n=MAX_BYTES // 1_000_000), _("Split it into several files."))
    if isinstance(source, str):
        return source
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise _Refused("encoding", line, _("The file is not UTF-8."), _("Save it as UTF-8.")) from error


def _documents(text: str, by_id: dict[int, int]) -> Iterator[Any]:
    """One pass over the events with a stack of our own: depth can't overflow anything."""
    stack: list[_Open] = []
    nodes = 0
    root: Any = None
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, (ev.StreamStartEvent, ev.StreamEndEvent)):
            continue
        if isinstance(event, ev.DocumentStartEvent):
            root = None
            continue
        if isinstance(event, ev.DocumentEndEvent):
            if root is not None:
                yield root
            continue
        assert event.start_mark is not None
        line = event.start_mark.line + 1
        nodes += 1
        if nodes > MAX_NODES:
            raise _Refused("too_large", line, _("The file has too many entries."), _("Split it into several files."))
        if isinstance(event, (ev.MappingEndEvent, ev.SequenceEndEvent)):
            stack.pop()
            continue
        value = _value(event, line, key=bool(stack) and stack[-1].wants_key)
        if isinstance(value, (dict, list)):
            by_id[id(value)] = line
            if len(stack) >= MAX_DEPTH:
                raise _Refused("too_deep", line, _("This is nested deeper than {n} levels.", n=MAX_DEPTH))
        if stack:
            stack[-1].put(value, line)
        else:
            root = value
        if isinstance(value, (dict, list)):
            stack.append(_Open(value))


class _Open:
    """A mapping or list being filled."""

    __slots__ = ("items", "key")

    def __init__(self, items: dict[str, Any] | list[Any]) -> None:
        self.items = items
        self.key: str | None = None

    @property
    def wants_key(self) -> bool:
        return isinstance(self.items, dict) and self.key is None

    def put(self, value: Any, line: int) -> None:
        if isinstance(self.items, list):
            self.items.append(value)
        elif self.key is None:
            if not isinstance(value, str):
                raise _Refused("bad_key", line, _("A key must be plain text."))
            if value in self.items:
                raise _Refused("doubled_key", line, _("The key “{key}” stands here twice.", key=value), _("Keep one of the two."))
            self.key = value
        else:
            self.items[self.key] = value
            self.key = None


def _value(event: Any, line: int, *, key: bool) -> Any:
    if isinstance(event, ev.AliasEvent):
        raise _Refused("alias", line, _("References to other places (*name) are not allowed."), _("Write it out."))
    if event.anchor is not None:
        raise _Refused("anchor", line, _("Anchors (&name) are not allowed."), _("Write it out."))
    if event.tag is not None:
        raise _Refused("tag", line, _("Tags (!name) are not allowed."), _("Write plain values."))
    if isinstance(event, ev.MappingStartEvent):
        return {}
    if isinstance(event, ev.SequenceStartEvent):
        return []
    text: str = event.value
    if "\0" in text:
        raise _Refused("control_character", line, _("A text holds a character that can't be stored."))
    if key:
        if text == "<<":
            raise _Refused("merge_key", line, _("Merging mappings (<<) is not allowed."), _("Write it out."))
        return text
    if event.style is not None and event.style != "":
        return text
    return _plain(text)


def _plain(text: str) -> Any:
    """What an unquoted word means. A decimal stays as it is written: it is exact and everybody reads it as text."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return int(text) if _INTEGER.match(text) else text
