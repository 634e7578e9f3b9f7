"""One finding of a check: what is wrong, where, how to mend it, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kernel.errors import Message, Problem
from kernel.i18n import to_text
from kernel.model.tree import Node

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """``uid`` and ``path`` name the element and the property, ``source`` file and line where there are any.

    ``witness``: values that show the mistake (a record, a path of states, a circle), readable by programs.
    An error forbids publishing, a warning does not, an info says what could not be proved.
    """

    code: str
    severity: Severity
    uid: str
    path: str
    source: str
    message: Message
    hint: Message | None = None
    witness: Mapping[str, Any] = field(default_factory=dict)

    def problem(self) -> Problem:
        """The same in the error family."""
        return Problem(
            self.code,
            self.message,
            self.source or f"{self.uid}.{self.path}".rstrip("."),
            self.hint,
            self.uid or None,
            {"path": self.path, "severity": self.severity, "witness": dict(self.witness)},
        )

    def to_json(self, language: str = "en") -> dict[str, Any]:
        """For programs."""
        return {
            "code": self.code,
            "severity": self.severity,
            "uid": self.uid,
            "path": self.path,
            "source": self.source,
            "message": to_text(self.message, language),
            "hint": None if self.hint is None else to_text(self.hint, language),
            "witness": dict(self.witness),
        }

    def line(self, language: str = "en") -> str:
        """One line for a terminal."""
        hint = f" {to_text(self.hint, language)}" if self.hint is not None else ""
        return f"{self.source or self.uid or '-'}: {self.severity}: {to_text(self.message, language)}{hint} [{self.code}]"


def of_problem(problem: Problem, severity: Severity = "error") -> Finding:
    """A problem found while reading or by the schemas."""
    package = problem.data.get("package")
    source = f"{package}/{problem.path}" if package and problem.path else problem.path
    return Finding(problem.code, severity, problem.rule or "", str(problem.data.get("path", "")), source, problem.message, problem.hint)


def at(
    node: Node | None,
    code: str,
    path: str,
    message: Message,
    hint: Message | None = None,
    *,
    severity: Severity = "error",
    witness: Mapping[str, Any] | None = None,
) -> Finding:
    """A finding about a node of a tree."""
    return Finding(code, severity, node.uid if node else "", path, source_of(node), message, hint, witness or {})


def source_of(node: Node | None) -> str:
    """File and line, with the package in front: several packages have files of the same name."""
    if node is None or node.source is None:
        return ""
    if ":" in node.source.file:
        # Changed by another package than its own: that one's overlay says which.
        return str(node.source).replace(":", "/", 1)
    return f"{node.origin}/{node.source}" if node.origin else str(node.source)
