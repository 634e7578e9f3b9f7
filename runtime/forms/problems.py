"""Refusals beside their fields, and summed up on top."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kernel.errors import Problem
from kernel.i18n import to_text

_ROW = re.compile(r"^(?:fields\.)?([a-z][a-z0-9_]*)\[(\d+)\](?:\.(?:fields\.)?([a-z][a-z0-9_]*))?$")


def key_of(path: str) -> str:
    """The name under which a control looks for its errors: ``phone``, ``items[2].amount``."""
    found = _ROW.match(path)
    if found:
        return f"{found[1]}[{found[2]}].{found[3]}" if found[3] else found[1]
    return path.removeprefix("fields.").removeprefix("asks.").split(".")[0]


def by_field(problems: Iterable[Problem], language: str) -> dict[str, str]:
    """Message and hint per control; the first problem of a control speaks."""
    found: dict[str, str] = {}
    for problem in problems:
        for key in _keys(problem):
            found.setdefault(key, words(problem, language))
    return found


def words(problem: Problem, language: str) -> str:
    """What is wrong and how to mend it, in one or two sentences."""
    text = to_text(problem.message, language)
    if problem.hint is None:
        return text
    space = "" if language == "zh" else " "
    return f"{text}{space}{to_text(problem.hint, language)}"


def _keys(problem: Problem) -> list[str]:
    at = problem.data.get("at") if problem.data else None
    keys = [key_of(problem.path)] if problem.path else []
    return keys + [k for k in at or () if k not in keys]


def summary(problems: Iterable[Problem], labels: Mapping[str, str], on_page: Iterable[str], prefix: str, language: str) -> list[tuple[str | None, Any, Any]]:
    """Lines for the summary: (id of the control or None, label, message)."""
    shown = set(on_page)
    found: list[tuple[str | None, Any, Any]] = []
    for problem in problems:
        key = key_of(problem.path) if problem.path else ""
        head = key.split("[")[0]
        label = labels.get(head, "")
        row = _ROW.match(problem.path)
        if row and row[3]:
            label = f"{label} {int(row[2]) + 1}"
            target = f"{prefix}-{row[1]}-{row[2]}-{row[3]}"
        else:
            target = f"{prefix}-{head}"
        found.append((target if head in shown else None, label, words(problem, language)))
    return found
