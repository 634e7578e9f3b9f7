"""Patterns written by tenants: only on a linear-time engine, short, whole text (SAFETY D21)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from kernel.errors import Problem
from kernel.i18n import _

MAX_LENGTH = 200
_MEMORY = 1 << 20  # bytes: keeps what is compiled small, so that a match stays far below 50 ms on any stored text


def compile_pattern(pattern: str) -> Any:
    """The compiled pattern. Raises ValueError on one that is too long, unsupported or too large."""
    if len(pattern) > MAX_LENGTH:
        raise ValueError("too long")
    return _compiled(pattern)


@lru_cache(maxsize=2000)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(str(error)) from error


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits the pattern. A pattern that can't be used fits nothing."""
    try:
        return compile_pattern(pattern).fullmatch(text) is not None
    except ValueError:
        return False


def pattern_problem(pattern: str, path: str = "") -> Problem | None:
    """Why a pattern can't be used, for checks of metadata; None if it can."""
    try:
        compile_pattern(pattern)
    except ValueError as error:
        reason = str(error)
        if reason == "too long":
            return Problem("pattern", _("The pattern is longer than {n} characters.", n=MAX_LENGTH), path, _("Write a shorter one."))
        return Problem(
            "pattern",
            _("The pattern can't be used: {reason}", reason=reason),
            path,
            _("Look-around and back references are not available; use classes, groups and repetitions."),
        )
    return None
