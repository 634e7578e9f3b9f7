"""Strict JSON: what is written can be read by everybody, what is read means one thing (SAFETY D20)."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

MAX_DEPTH = 64
# Whole strings first, so that brackets inside them are not counted.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class JsonRefused(ValueError):
    """The text is no strict JSON: the message says why and where."""


def dumps(value: Any) -> str:
    """Compact JSON text. Raises ValueError for NaN and infinities."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def canonical(value: Any) -> str:
    """The same text for the same value, whatever the order of keys; for hashes."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def loads(source: str | bytes) -> Any:
    """What our own :func:`dumps` wrote; nothing is checked but the syntax."""
    return json.loads(source)


def read_strict(source: str | bytes, max_depth: int = MAX_DEPTH, exact: bool = False) -> Any:
    """Parse what somebody sent; ``exact`` gives Decimal instead of float for numbers with a fraction.

    Raises :class:`JsonRefused` for wrong syntax or encoding, NaN, doubled keys and nesting beyond ``max_depth``.
    """
    try:
        text = source.decode("utf-8") if isinstance(source, bytes) else source
    except UnicodeDecodeError as error:
        raise JsonRefused(f"not UTF-8 at byte {error.start}") from error
    # Counted before parsing, because the parser itself overflows the stack on deep nesting.
    if _depth(text) > max_depth:
        raise JsonRefused(f"nested deeper than {max_depth} levels")
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_doubles, parse_int=_integer, parse_float=_decimal if exact else _number)
    except json.JSONDecodeError as error:
        raise JsonRefused(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    _no_surrogates(value)
    return value


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _BRACKETS.finditer(text):
        char = token[0]
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> NoReturn:
    raise JsonRefused(f"{name} is no JSON value")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise JsonRefused(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return found


def _integer(digits: str) -> int:
    if len(digits) > 40:
        raise JsonRefused("a number with more than 40 digits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise JsonRefused("a number that is too large")
    return value


def _decimal(digits: str) -> Decimal:
    if len(digits) > 60:
        raise JsonRefused("a number with more than 60 characters")
    return Decimal(digits)


def _no_surrogates(value: Any) -> None:
    """A lone surrogate can't be stored as UTF-8; NUL can't be stored by PostgreSQL."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if _UNSTORABLE.search(item):
                raise JsonRefused("a text with a character that can't be stored")
        elif isinstance(item, dict):
            pending.extend(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
