"""What an entry of the function table is, and its signature language.

``LEFT(text: text, count?: number) -> text``: kinds joined by ``|``; ``?`` optional; ``*`` repeated at the end;
``T`` any one type shared by all that bear it; ``any`` anything; ``string`` a text or what can be shown as one;
``literal`` a text that must be written out. Several signatures of one name are overloads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kernel.expr.types import Kind
from kernel.i18n import Text

Run = Callable[..., Any]

_SIGNATURE = re.compile(r"^(?P<name>[A-Z]\w*|\S+?)\((?P<params>.*)\)\s*->\s*(?P<result>\w+)$")


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``kinds`` empty: anything goes."""

    name: str
    kinds: frozenset[Kind]
    generic: bool = False
    string: bool = False
    literal: bool = False
    optional: bool = False
    repeat: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Overload:
    """One way to call a function.

    ``run`` gets values; with ``lazy`` it gets compiled arguments and returns a compiled call; with ``env`` the Env
    comes first. ``blank`` says what a blank argument does: "blank" makes the result blank, "false" makes it FALSE,
    "raw" leaves it to ``run``. SQL forms stand in ``kernel.expr.sql`` under the same ``op``; ``sql_ok`` is False where
    none exists.
    """

    op: str
    params: tuple[Param, ...]
    result: Kind | None
    run: Run
    blank: str = "blank"
    lazy: bool = False
    env: bool = False
    volatile: bool = False
    sql_ok: bool = True

    @property
    def required(self) -> int:
        """How many arguments there must be."""
        return sum(not p.optional for p in self.params)

    def param(self, index: int) -> Param | None:
        """The parameter that argument ``index`` fills; None when there are too many."""
        if index < len(self.params):
            return self.params[index]
        return self.params[-1] if self.params and self.params[-1].repeat else None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """An entry of the table: what people read, and the ways to call it."""

    name: str
    signatures: tuple[str, ...]
    doc: Text
    overloads: tuple[Overload, ...]
    rule: str | None = None  # names a method of the checker for calls that no signature describes
    family: str = ""


def _param(text: str) -> Param:
    name, _sep, kinds = (part.strip() for part in text.partition(":"))
    repeat, optional = "*" in name, "?" in name
    words = [word.strip() for word in kinds.split("|")]
    special = words[0] if words[0] in ("T", "any", "string", "literal") else None
    return Param(
        name.rstrip("*?"),
        frozenset({Kind.TEXT} if special == "literal" else () if special else map(Kind, words)),
        generic=special == "T",
        string=special == "string",
        literal=special == "literal",
        optional=optional,
        repeat=repeat,
    )


def overload(signature: str, run: Run, *, op: str | None = None, **options: Any) -> Overload:
    """An overload from its signature."""
    match = _SIGNATURE.match(signature)
    assert match is not None, signature
    inner = match["params"].strip()
    params = tuple(_param(part) for part in inner.split(",")) if inner else ()
    result = None if match["result"] == "T" else Kind(match["result"])
    return Overload(op or match["name"], params, result, run, **options)


def function(signature: str, doc: Text, run: Run, *, rule: str | None = None, **options: Any) -> Function:
    """An entry with one signature."""
    made = overload(signature, run, **options)
    return Function(made.op, (signature,), doc, (made,), rule)


def overloaded(doc: Text, *ways: Overload, signatures: tuple[str, ...], rule: str | None = None) -> Function:
    """An entry with several signatures; the ops of its overloads bear a number."""
    name = signatures[0].partition("(")[0]
    return Function(name, signatures, doc, ways, rule)
