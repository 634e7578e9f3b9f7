"""A checked expression: what it reads, what it gives, and its value for a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from kernel.expr import tree as t
from kernel.expr.core import Aggregate, Apply, Const, Core, Field, parts, walk
from kernel.expr.numbers import tidy
from kernel.expr.python import Compiled, Frame, compile_core
from kernel.expr.scope import Env
from kernel.expr.tree import Tree
from kernel.expr.types import Type, Value

_BY_CALENDAR = frozenset({"WORKDAY", "NETWORKDAYS"})


@dataclass(frozen=True, slots=True)
class Explained:
    """A part of an expression with its value, for "why" displays. ``parts`` is empty for fields and literals."""

    text: str
    type: Type
    value: Value
    parts: tuple[Explained, ...] = ()


@dataclass(frozen=True)
class Expression:
    """A typed expression.

    ``reads``: paths of keys (``("param", "x")``, ``("items", "amount")`` for a field of rows). ``read_uids``: every
    element on those paths. ``names``: what was written, to the uid it meant; names inside rows are prefixed with the
    path of the rows and a slash (``"items/amount"``).
    """

    text: str
    tree: Tree
    core: Core
    reads: frozenset[tuple[str, ...]]
    read_uids: frozenset[str]
    names: Mapping[str, str]

    @property
    def type(self) -> Type:
        """What the expression gives."""
        return self.core.type

    @cached_property
    def volatile(self) -> bool:
        """Whether the value changes with time alone (TODAY, NOW)."""
        return any(isinstance(core, Apply) and core.op.volatile for core in walk(self.core))

    @cached_property
    def sql_ok(self) -> bool:
        """Whether it may be used in filters."""
        return all(core.op.sql_ok for core in walk(self.core) if isinstance(core, Apply))

    @cached_property
    def by_calendar(self) -> bool:
        """Whether the value follows the working calendar (WORKDAY, NETWORKDAYS)."""
        return any(isinstance(core, Apply) and core.op.op in _BY_CALENDAR for core in walk(self.core))

    @cached_property
    def _compiled(self) -> Compiled:
        return compile_core(self.core)

    @cached_property
    def _counts(self) -> bool:
        return any(isinstance(core, Aggregate) for core in walk(self.core))

    def evaluate(self, env: Env) -> Value:
        """The value for one record. Mistakes in the data come back as an :class:`ErrorValue`, never as an exception."""
        value: Value = self._compiled(env, Frame() if self._counts else None)
        return tidy(value) if value.__class__ is Decimal else value

    def explain(self, env: Env) -> Explained:
        """The value with the values of all its parts. Parts inside of rows are not taken apart."""
        return self._explain(self.core, env)

    def _explain(self, core: Core, env: Env) -> Explained:
        value = compile_core(core)(env, Frame())
        if isinstance(value, Decimal):
            value = tidy(value)
        inner: tuple[Core, ...] = () if isinstance(core, (Aggregate, Const, Field)) else parts(core)
        return Explained(self.text[core.start : core.end], core.type, value, tuple(self._explain(p, env) for p in inner))

    def renamed(self, new_keys: Mapping[str, str]) -> str:
        """The text with new names for the uids in ``new_keys``; all else stays as written."""
        return rename(self.text, self.names, new_keys.get)


def rename(text: str, names: Mapping[str, str], key_of: Callable[[str], str | None]) -> str:
    """Re-prints stored ``text``: each name that ``names`` maps to a uid is written as ``key_of(uid)`` (None: unchanged).

    Needs no schema, so it works while the elements already bear their new keys.
    """
    from kernel.expr.parse import parse

    edits: list[tuple[int, int, str]] = []

    def walk_names(node: t.Node, prefixes: tuple[str, ...]) -> None:
        if isinstance(node, t.Name):
            for index, (start, end) in enumerate(node.spans):
                written = ".".join(node.path[: index + 1])
                uid = next((names[p + written] for p in reversed(prefixes) if p + written in names), None)
                new = key_of(uid) if uid is not None else None
                if new is not None and new != node.path[index]:
                    edits.append((start, end, t.name_text(new)))
        inside = prefixes
        for index, child in enumerate(t.children(node)):
            walk_names(child, inside)
            if isinstance(node, t.Call) and isinstance(child, t.Name) and index <= 1:
                inside = (*prefixes, *_row_prefixes(prefixes, child))

    def _row_prefixes(prefixes: tuple[str, ...], rows: t.Name) -> tuple[str, ...]:
        written = ".".join(rows.path)
        return tuple({f"{p}{written}/" for p in prefixes} & {name[: name.rindex("/") + 1] for name in names if "/" in name})

    walk_names(parse(text).root, ("",))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
