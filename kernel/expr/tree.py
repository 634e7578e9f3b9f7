"""The tree as written: names not yet resolved, nothing typed. Every node knows its place in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from kernel.expr.numbers import canonical


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the tree between two offsets of the text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number; ``percent`` when it was written with a percent sign (``value`` is already divided)."""

    value: Decimal
    percent: bool = False


@dataclass(frozen=True, slots=True)
class String(Node):
    """A text literal."""

    value: str


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Blank(Node):
    """BLANK, or a left-out argument."""


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A path of names; ``spans`` holds the place of each."""

    path: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function call; ``name`` in upper case."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """Minus or plus before a value."""

    op: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two values and an operator between them."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed expression."""

    text: str
    root: Node


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node."""
    if isinstance(node, Call):
        return node.args
    if isinstance(node, Unary):
        return (node.operand,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """All nodes, outer before inner, without recursion."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


# Excel's order: a sign binds tighter than a power, powers group from the left.
PRECEDENCE = {"=": 1, "<>": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}


def name_text(name: str) -> str:
    """A name as it must be written: bare when it is an identifier, otherwise in brackets."""
    return name if name.isidentifier() and name.upper() not in ("TRUE", "FALSE", "BLANK") else f"[{name}]"


def print_tree(tree: Tree, names: Mapping[str, str] | None = None) -> str:
    """The expression in one spelling. ``names`` maps a written path (``"a.b"``) to what its last name shall be now."""
    names = names or {}

    def renamed(path: tuple[str, ...]) -> str:
        parts = [names.get(".".join(path[: i + 1]), part) for i, part in enumerate(path)]
        return ".".join(name_text(part) for part in parts)

    def show(node: Node, outer: int) -> str:
        match node:
            case Number():
                return canonical(node.value * 100) + "%" if node.percent else canonical(node.value)
            case String():
                return '"' + node.value.replace('"', '""') + '"'
            case Boolean():
                return "TRUE" if node.value else "FALSE"
            case Name():
                return renamed(node.path)
            case Call():
                return f"{node.name}({', '.join(show(arg, 0) for arg in node.args)})"
            case Unary():
                return node.op + show(node.operand, 6)
            case Binary():
                level = PRECEDENCE[node.op]
                text = f"{show(node.left, level)} {node.op} {show(node.right, level + 1)}"
                return f"({text})" if level < outer else text
        return "BLANK"

    return show(tree.root, 0)
