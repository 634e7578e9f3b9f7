"""What is wrong with an expression: every finding says what, where, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kernel.errors import Problem
from kernel.i18n import Text, _


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake; ``start`` and ``end`` are offsets in code points into the written text."""

    code: str
    message: Text
    start: int = 0
    end: int = 0
    hint: Text | None = None

    def problem(self, path: str = "") -> Problem:
        """The finding in the family's own form; ``path`` names the element that holds the expression."""
        return Problem(self.code, self.message, path, self.hint, data={"start": self.start, "end": self.end})


class ExpressionError(Exception):
    """The expression can't be used; ``findings`` says why, all at once."""

    def __init__(self, findings: Sequence[Finding], text: str = "") -> None:
        self.findings = tuple(findings)
        self.text = text
        super().__init__("; ".join(f"{f.start}: {f.message}" for f in self.findings))

    def problems(self, path: str = "") -> list[Problem]:
        """All findings as problems."""
        return [finding.problem(path) for finding in self.findings]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` was most likely meant to be."""
    folded = {k.casefold(): k for k in known}
    found = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    return folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> Text | None:
    """The hint with the nearest known name, if there is one."""
    found = nearest(name, known)
    return _("Did you mean {name}?", name=found) if found else None
