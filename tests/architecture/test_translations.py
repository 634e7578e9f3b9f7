"""Every message that people read exists in Chinese, in Python and in the templates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from kernel.i18n import catalogue
from tests.architecture.test_imports import nodes

ROOT = Path(__file__).resolve().parents[2]
OWNERS = ("kernel", "builder", "runtime", "commands")
SLOT = re.compile(r"\{(\w+)\}")


def python_messages() -> Iterator[tuple[str, str]]:
    for owner in OWNERS:
        for path in sorted((ROOT / owner).rglob("*.py")):
            for node in nodes(path):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_" and node.args):
                    continue
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", first.value


def template_messages() -> Iterator[tuple[str, str]]:
    env = Environment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"], autoescape=True)
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for line, _function, message in extract_from_ast(env.parse(path.read_text("utf-8")), gettext_functions=["_"]):
            if isinstance(message, str):
                yield f"{path.relative_to(ROOT)}:{line}", message
            elif isinstance(message, tuple) and isinstance(message[0], str):
                yield f"{path.relative_to(ROOT)}:{line}", message[0]


@pytest.mark.parametrize("messages", [python_messages, template_messages], ids=["python", "templates"])
def test_every_message_is_there_in_chinese(messages) -> None:
    chinese = catalogue("zh")
    missing = [f"{place}: {message}" for place, message in messages() if message not in chinese]
    assert not missing, "without Chinese:\n" + "\n".join(missing)


@pytest.mark.parametrize("messages", [python_messages, template_messages], ids=["python", "templates"])
def test_translations_fill_the_same_slots(messages) -> None:
    chinese = catalogue("zh")
    wrong = [
        f"{place}: {message} / {chinese[message]}"
        for place, message in messages()
        if message in chinese and not set(SLOT.findall(chinese[message])) <= set(SLOT.findall(message))
    ]
    assert not wrong, "slots that nobody fills:\n" + "\n".join(wrong)


def test_a_message_is_one_constant() -> None:
    """What is put together by the program can't be translated."""
    built = []
    for owner in OWNERS:
        for path in sorted((ROOT / owner).rglob("*.py")):
            for node in nodes(path):
                call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_" and bool(node.args)
                if call and isinstance(node.args[0], (ast.JoinedStr, ast.BinOp)):
                    built.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not built
