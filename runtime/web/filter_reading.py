"""A typed condition read as filters: whatever says the same as a chip becomes one, the rest stays typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kernel.expr import ExpressionError
from kernel.expr import tree as t
from kernel.expr.numbers import canonical
from kernel.expr.parse import parse
from kernel.fieldtypes.base import Reader, Unreadable
from runtime.web import filters
from runtime.web.filter_words import PERIODS
from runtime.web.filters import Filter, Subject


def read(text: str, known: Mapping[str, Subject], reader: Reader) -> tuple[tuple[Filter, ...], str]:
    """The filters in ``text`` and what is left of it. Text that is no expression is left as it is."""
    try:
        root = parse(text).root
    except ExpressionError:
        return (), text
    whole = _filter(root, known, reader)
    if whole is not None:
        return (whole,), ""
    parts = root.args if isinstance(root, t.Call) and root.name == "AND" else (root,)
    found: list[Filter] = []
    rest: list[str] = []
    for part in parts:
        made = _filter(part, known, reader)
        if made is not None and len(found) < filters.MOST_FILTERS:
            found.append(made)
        else:
            rest.append(text[part.start : part.end])
    return tuple(found), rest[0] if len(rest) == 1 else f"AND({', '.join(rest)})" if rest else ""


def _filter(part: t.Node, known: Mapping[str, Subject], reader: Reader) -> Filter | None:
    """The filter whose own condition is this one."""
    named = [node.path for node in t.walk(part) if isinstance(node, t.Name)]
    values = tuple(_values(part))
    for subject in known.values():
        given = values
        if subject.kind == "clock":
            given = tuple(word for path in named if (word := ".".join(path).removeprefix(subject.name)) in filters.CLOCKS)
            if not given:
                continue
        else:
            own = tuple(subject.name.split("."))
            if not any(path[: len(own)] == own for path in named) or (subject.rows and (subject.rows,) not in named):
                continue
        wanted = _same(part, subject)
        for made in _candidates(subject, given):
            try:
                text = filters.expression([made], known, reader)
            except Unreadable:
                continue
            if text is not None and _same(parse(text).root, subject) == wanted and filters.read([str(made)]) == [made]:
                return made
    return None


def _candidates(subject: Subject, values: tuple[str, ...]) -> Iterator[Filter]:
    for op in subject.ops:
        if op in ("blank", "not_blank"):
            yield Filter(subject.key, op)
        elif op == "within":
            yield from (Filter(subject.key, op, (period,)) for period in PERIODS)
        elif subject.kind == "boolean":
            yield from (Filter(subject.key, op, (value,)) for value in ("1", "0"))
        elif values:
            yield from (Filter(subject.key, op, some) for some in dict.fromkeys((tuple(dict.fromkeys(values)), values, values[:1])))


def _values(part: t.Node) -> Iterator[str]:
    """The values that are written in it, as somebody would enter them in the form."""
    match part:
        case t.String():
            yield part.value
        case t.Number():
            yield f"{canonical(part.value * 100)}%" if part.percent else canonical(part.value)
        case t.Unary(op="-", operand=t.Number() as number):
            yield f"-{canonical(number.value)}"
        case t.Name(path=("me",)) | t.Name(path=("me", "id")):
            yield "me"
        case t.Call(name="DATE", args=(t.Number() as year, t.Number() as month, t.Number() as day)):
            yield f"{year.value:0>4f}-{month.value:0>2f}-{day.value:0>2f}"
        case _:
            for inner in t.children(part):
                yield from _values(inner)


def _same(node: t.Node, subject: Subject) -> Any:
    """The part without places and spellings: two parts that say the same give the same."""
    match node:
        case t.Binary(op="<>"):
            return ("NOT", _same(t.Binary(node.start, node.end, "=", node.left, node.right), subject))
        case t.Binary(op="=", left=t.Name(path=path), right=t.String(value=value)) if subject.kind == "choice" and path == tuple(subject.name.split(".")):
            return ("IN", path, value)
        case t.Binary(op="=", left=t.Name(path=path), right=t.Name(path=("me",))) if subject.kind == "record" and path == tuple(subject.name.split(".")):
            return ("=", (*path, "id"), ("me", "id"))
        case t.Binary():
            return (node.op, _same(node.left, subject), _same(node.right, subject))
        case t.Unary():
            return (node.op, _same(node.operand, subject))
        case t.Call():
            return (node.name, *(_same(arg, subject) for arg in node.args))
        case t.Name():
            return node.path
        case t.Number() | t.String() | t.Boolean():
            return node.value
    return None
