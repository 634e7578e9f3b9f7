"""Parsing: tokens by our own tokenizer, grammar by lark, budgets before either can be hurt by hostile input."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark, Transformer, UnexpectedInput, UnexpectedToken, v_args
from lark import Token as LarkToken
from lark.lexer import Lexer

from kernel.expr import tree as t
from kernel.expr.findings import ExpressionError, Finding
from kernel.expr.numbers import DIGITS, PLACES
from kernel.expr.tokens import BadText, Token, tokenize
from kernel.i18n import Text, _

SOURCE_BYTES = 4096
NESTING = 50
HEIGHT = 150
NODES = 1000

_GRAMMAR = r"""
?start: comparison
?comparison: joined | comparison COMPARE joined   -> binary
?joined: sum | joined AND sum                     -> binary
?sum: product | sum PLUSMINUS product             -> binary
?product: power | product TIMES power             -> binary
?power: signed | power POWER signed               -> binary
?signed: atom | PLUSMINUS signed                  -> unary
?atom: NUMBER                                     -> number
     | STRING                                     -> string
     | path
     | NAME OPEN CLOSE                            -> call
     | NAME OPEN args CLOSE                       -> call
     | OPEN comparison CLOSE                      -> group
path: NAME (DOT NAME)*
args: arg (COMMA arg)*
arg: comparison?
%declare NUMBER STRING NAME COMPARE AND PLUSMINUS TIMES POWER OPEN CLOSE COMMA DOT
"""

_CONSTANTS = {"TRUE": True, "FALSE": False}


class _Tokens(Lexer):
    """Hands our tokens to lark."""

    def __init__(self, _conf: Any) -> None:
        pass

    def lex(self, data: Any, _state: Any = None) -> Iterator[LarkToken]:
        for token in data:
            yield LarkToken(token.kind, token.value, start_pos=token.start, end_pos=token.end)


def _place(part: Any) -> tuple[int, int]:
    if isinstance(part, t.Node):
        return part.start, part.end
    return part.start_pos, part.end_pos


@v_args(inline=True)
class _Build(Transformer):  # type: ignore[type-arg]
    """Makes our nodes bottom-up while lark parses, so no recursion depends on the input."""

    def number(self, token: LarkToken) -> t.Node:
        written = str(token)
        percent = written.endswith("%")
        value = Decimal(written.rstrip("%"))
        return t.Number(*_place(token), value.scaleb(-2) if percent else value, percent)

    def string(self, token: LarkToken) -> t.Node:
        return t.String(*_place(token), str(token)) if token else t.Blank(*_place(token))

    def path(self, *tokens: LarkToken) -> t.Node:
        names = [token for token in tokens if token.type == "NAME"]
        start, end = names[0].start_pos or 0, names[-1].end_pos or 0
        if len(names) == 1:
            word = str(names[0]).upper()
            if word in _CONSTANTS:
                return t.Boolean(start, end, _CONSTANTS[word])
            if word == "BLANK":
                return t.Blank(start, end)
        return t.Name(start, end, tuple(map(str, names)), tuple(_place(n) for n in names))

    def group(self, _open: LarkToken, inner: t.Node, _close: LarkToken) -> t.Node:
        return inner

    def arg(self, *inner: t.Node) -> t.Node:
        return inner[0] if inner else t.Blank(-1, -1)

    def args(self, *parts: Any) -> list[t.Node]:
        return [part for part in parts if isinstance(part, t.Node)]

    def call(self, name: LarkToken, _open: LarkToken, *rest: Any) -> t.Node:
        args = rest[0] if len(rest) == 2 else []
        start, end = name.start_pos or 0, rest[-1].end_pos
        if len(args) == 1 and isinstance(args[0], t.Blank) and args[0].start < 0:
            args = []
        args = [t.Blank(end - 1, end - 1) if a.start < 0 else a for a in args]
        return t.Call(start, end, str(name).upper(), tuple(args))

    def binary(self, left: t.Node, op: LarkToken, right: t.Node) -> t.Node:
        return t.Binary(left.start, right.end, str(op), left, right)

    def unary(self, op: LarkToken, operand: t.Node) -> t.Node:
        return t.Unary(_place(op)[0], operand.end, str(op), operand)


# propagate_positions off: the nodes carry their own. The empty argument costs no conflict in LALR(1).
_PARSER = Lark(_GRAMMAR, parser="lalr", lexer=_Tokens, transformer=_Build(), maybe_placeholders=False)


@lru_cache(maxsize=4096)
def parse(text: str) -> t.Tree:
    """The tree of ``text``. Raises :class:`ExpressionError` with what is wrong and where."""
    if len(text.encode("utf-8", "surrogatepass")) > SOURCE_BYTES:
        raise _error(text, "too_long", _("The formula is longer than 4 kB."), 0, len(text), _("Split it: compute parts in fields of their own."))
    if not text.strip():
        raise _error(text, "empty", _("The formula is empty."), 0, 0, _('Write a value, a field name or a function, for example IF(amount > 100, "A", "B").'))
    try:
        text.encode("utf-8")
        tokens = list(tokenize(text))
    except BadText as error:
        raise ExpressionError([error.finding], text) from None
    except UnicodeEncodeError as error:
        raise _error(text, "syntax", _("The formula holds a broken character."), error.start, error.end) from None
    _guard(text, tokens)
    try:
        root = _PARSER.parse(tokens)
    except UnexpectedInput as error:
        raise ExpressionError([_explain(text, tokens, error)], text) from None
    assert isinstance(root, t.Node)
    _measure(text, root)
    return t.Tree(text, root)


def _error(text: str, code: str, message: Text, start: int, end: int, hint: Text | None = None) -> ExpressionError:
    return ExpressionError([Finding(code, message, start, end, hint)], text)


_TOO_DEEP_HINT = _("Split it: compute parts in fields of their own, or use IFS or SWITCH instead of nested IF.")


def _guard(text: str, tokens: list[Token]) -> None:
    """Brackets: nesting within the budget and every one closed."""
    open_: list[Token] = []
    signs = 0
    for token in tokens:
        signs = signs + 1 if token.kind == "PLUSMINUS" else 0
        if token.kind == "OPEN":
            open_.append(token)
        elif token.kind == "CLOSE":
            if not open_:
                raise _error(
                    text, "bracket", _("This closing bracket has no opening one."), token.start, token.end, _("Remove it, or add the opening bracket.")
                )
            open_.pop()
        if len(open_) > NESTING or signs > NESTING:
            raise _error(text, "too_deep", _("The formula is nested deeper than {limit} levels.", limit=NESTING), token.start, token.end, _TOO_DEEP_HINT)
    if open_:
        token = open_[-1]
        raise _error(text, "bracket", _("This opening bracket is never closed."), token.start, token.end, _("Add the closing bracket."))


def _measure(text: str, root: t.Node) -> None:
    """Nodes and depth within the budget. A chain such as a + b + c is one level, but at most about a hundred parts long."""
    count = 0
    stack = [(root, 1, 1)]
    while stack:
        node, depth, height = stack.pop()
        count += 1
        if count > NODES:
            raise _error(
                text,
                "too_large",
                _("The formula has more than {limit} parts.", limit=NODES),
                0,
                len(text),
                _("Split it: compute parts in fields of their own."),
            )
        if depth > NESTING or height > HEIGHT:
            raise _error(
                text,
                "too_deep",
                _("The formula is nested deeper than {limit} levels.", limit=NESTING if depth > NESTING else HEIGHT),
                node.start,
                node.end,
                _TOO_DEEP_HINT,
            )
        if isinstance(node, t.Number):
            _check_number(text, node)
        for index, child in enumerate(t.children(node)):
            chain = index == 0 and isinstance(node, t.Binary) and isinstance(child, t.Binary)
            stack.append((child, depth if chain else depth + 1, height + 1))


def _check_number(text: str, node: t.Number) -> None:
    value = node.value.normalize()
    exponent = value.as_tuple().exponent
    if value.adjusted() >= DIGITS or (isinstance(exponent, int) and exponent < -PLACES) or len(node.value.as_tuple().digits) > 40:
        raise _error(text, "number", _("A number has at most 26 digits before the point and 12 after it."), node.start, node.end)


def _explain(text: str, tokens: list[Token], error: UnexpectedInput) -> Finding:
    found = error.token if isinstance(error, UnexpectedToken) else None
    if found is None or found.type == "$END":
        end = len(text.rstrip())
        return Finding("incomplete", _("The formula stops in the middle."), max(0, end - 1), end, _("Add what is missing after the last sign."))
    start, end = _place(found)
    before = next((token for token in reversed(tokens) if token.end <= start), None)
    shown = text[start:end]
    ends_value = before is not None and before.kind in ("NUMBER", "STRING", "NAME", "CLOSE")
    if found.type == "NAME" and ends_value and shown.upper() in ("AND", "OR", "IN"):
        return Finding("syntax", _("{word} is written before its values.", word=shown.upper()), start, end, _("Write {word}(a, b).", word=shown.upper()))
    if found.type in ("NAME", "NUMBER", "STRING") and before is not None and before.kind == "NAME" and before.value.upper() == "NOT":
        return Finding("syntax", _("NOT needs brackets."), before.start, end, _("Write NOT(...)."))
    if found.type in ("NAME", "NUMBER", "STRING", "OPEN") and ends_value:
        return Finding(
            "syntax", _("A sign is missing before “{shown}”.", shown=shown), start, end, _("Put an operator such as + & = or a comma between the two values.")
        )
    if found.type == "COMMA":
        return Finding("syntax", _("A comma only stands between the values of a function."), start, end)
    if found.type == "CLOSE":
        return Finding("syntax", _("A value is missing before the closing bracket."), start, end)
    return Finding(
        "syntax",
        _("“{shown}” can't stand here.", shown=shown),
        start,
        end,
        _("A value is expected: a field, a number, a text in quotation marks or a function."),
    )
