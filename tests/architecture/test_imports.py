"""Imports go one way: app > builder, runtime > kernel; inside a side web > services > pure rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What each side may import of ours.
MAY = {
    "kernel": {"kernel"},
    "builder": {"kernel", "builder"},
    "runtime": {"kernel", "runtime"},
}
OURS = {"app", "commands", "kernel", "builder", "runtime", "tests", "benchmarks", "migrations"}
# Frameworks of the edge: nothing below a web folder knows HTTP. The model and the expression language know no database session.
ONLY_IN_WEB = {"flask", "werkzeug", "jinja2", "gunicorn"}


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a module, read once."""
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write imports in full"
            yield node.lineno, node.module or ""


def modules(owner: str) -> list[Path]:
    return sorted((ROOT / owner).rglob("*.py"))


@pytest.mark.parametrize("owner", sorted(MAY))
def test_imports_go_one_way(owner: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(owner)
        for line, name in imports(path)
        if name.split(".")[0] in OURS - MAY[owner]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("owner", sorted(MAY))
def test_http_appears_only_at_the_edge(owner: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(owner)
        # runtime/forms makes the controls of a page: it is the edge, too.
        if not {"web", "api", "forms"} & set(path.relative_to(ROOT).parts[:-1])
        for line, name in imports(path)
        if name.split(".")[0] in ONLY_IN_WEB
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_reads_the_wall_clock_but_the_clock() -> None:
    """D43, STYLE 16: ``datetime.now``, ``time.time`` and the like stand in kernel/platform/clock.py only."""
    wrong = []
    for owner in MAY:
        for path in modules(owner):
            if path == ROOT / "kernel/platform/clock.py":
                continue
            for node in nodes(path):
                if isinstance(node, ast.Attribute) and (
                    (node.attr in {"now", "utcnow", "today"} and isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"})
                    or (node.attr in {"time", "time_ns"} and isinstance(node.value, ast.Name) and node.value.id == "time")
                ):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong, "\n".join(wrong)


def test_nothing_evaluates_python() -> None:
    """D13, D22: no eval, exec, compile, pickle; no environment outside of the settings."""
    wrong = []
    for owner in MAY:
        for path in modules(owner):
            for node in nodes(path):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec", "compile", "__import__"}:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls {node.func.id}")
            for line, name in imports(path):
                if name.split(".")[0] in {"pickle", "marshal", "shelve"}:
                    wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_services_never_commit() -> None:
    """STYLE 11: units of work begin and end at the edge."""
    wrong = []
    for owner in MAY:
        for path in modules(owner):
            if "web" in path.parts or path == ROOT / "kernel/platform/database.py":
                continue
            for node in nodes(path):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"commit", "rollback"}:
                    target = node.func.value
                    if (isinstance(target, ast.Name) and target.id in {"conn", "connection"}) or (isinstance(target, ast.Attribute) and target.attr == "conn"):
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("owner", sorted(MAY))
def test_every_package_states_its_rule(owner: str) -> None:
    folders = {path.parent for path in modules(owner) if path.name == "__init__.py"}
    missing = [str(folder.relative_to(ROOT)) for folder in sorted(folders) if folder != ROOT / owner and not (folder / "README.md").exists()
               and not (folder.parent / "README.md").exists()]
    assert not missing, f"packages without README.md: {missing}"
