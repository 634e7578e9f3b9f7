"""What a check looks at: the tree, its application, and where things were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from builder.checks.finding import Finding, Severity, source_of
from kernel.errors import Message
from kernel.model.application import Application
from kernel.model.elements import Element
from kernel.model.schema import AppSchema
from kernel.model.tree import Node, Tree, children


@dataclass(frozen=True)
class Place:
    """A tree whose structure is sound, and the application built from it."""

    tree: Tree
    application: Application

    @property
    def schema(self) -> AppSchema:
        return self.application.schema

    @cached_property
    def below(self) -> Mapping[str | None, list[Node]]:
        """Nodes by parent, in order."""
        return children(self.tree)

    def find(
        self,
        element: Element | str,
        code: str,
        path: str,
        message: Message,
        hint: Message | None = None,
        *,
        severity: Severity = "error",
        witness: Mapping[str, Any] | None = None,
    ) -> Finding:
        """A finding about an element."""
        uid = element if isinstance(element, str) else element.uid
        return Finding(code, severity, uid, path, source_of(self.tree.get(uid)), message, hint, witness or {})
