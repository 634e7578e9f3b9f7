"""The platform knows no business: no word of a package in kernel/, builder/, runtime/, templates/."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ("kernel", "builder", "runtime", "templates")
WORDS = Path(__file__).with_name("words.txt")

# Keys of packages that are words of the platform or of plain English too. Each with its reason.
PLATFORM_TERMS = {
    # System entities and sign-in.
    "person", "team", "admin", "user", "owner", "account",
    # A store is also where metadata are kept; contact is what two things have.
    "store", "contact",
    # States that describe any work, and the categories of states.
    "new", "open", "active", "done", "closed", "won", "lost", "draft", "started", "finished", "cancelled", "canceled", "planned",
    "waiting", "approved", "rejected", "submitted", "in_progress", "completed", "paused", "pending", "archived", "published", "signed",
    "discarded", "confirmed", "converted", "qualified", "contacted", "proposal", "negotiation",
    # Words of machines, forms and rights.
    "state", "states", "transition", "note", "task", "item", "items", "product", "activity", "reason", "region", "manager", "supervisor",
    # What remains, a side; what came in over the net: states of walk-ins are called so too.
    "left", "received",
    "director", "member", "reader", "editor", "viewer", "operator", "observer", "staff", "clerk", "agent", "support", "service", "finance",
    # Single letters and common short words that package keys may contain.
    "a", "b", "c", "d", "x", "y", "of", "to", "in", "on", "by", "and", "or", "for", "line", "lines", "plan", "rep",
}
# Names that browsers gave their own interfaces.
BROWSER_NAMES = {"requireInteraction"}
# Folders whose content is not ours or is made by machine.
FOREIGN = ("static/vendor", "static/icons")

_HUMP = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def parts(identifier: str) -> Iterator[str]:
    """A name split at underscores and humps, in small letters."""
    for piece in identifier.split("_"):
        yield from (part.lower() for part in _HUMP.findall(piece))


def banned() -> set[str]:
    """Entity, state and role keys of all packages and the words of the list, less the platform's own terms."""
    words = {line.strip() for line in WORDS.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")}
    for path in sorted((ROOT / "industry_templates").rglob("*.yaml")):
        try:
            document = yaml.safe_load(path.read_text("utf-8"))
        except yaml.YAMLError:
            continue  # broken on purpose, or another test's business
        if isinstance(document, dict):
            words |= keys_of(document)
    return {word for word in words if word not in PLATFORM_TERMS}


def keys_of(document: dict) -> set[str]:
    found: set[str] = set()
    for kind in ("entity", "role"):
        if isinstance(document.get(kind), str):
            found.add(document[kind])
    for plural in ("entities", "roles", "states"):
        if isinstance(document.get(plural), dict):
            found |= {key for key in document[plural] if isinstance(key, str)}
            if plural == "entities":
                for entity in document[plural].values():
                    if isinstance(entity, dict):
                        found |= keys_of(entity)
    for machines in ("machines",):
        if isinstance(document.get(machines), dict):
            for machine in document[machines].values():
                if isinstance(machine, dict):
                    found |= keys_of(machine)
    return found


def words_of_python(text: str) -> Iterator[tuple[int, str]]:
    """Identifiers and string literals (docstrings among them)."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NAME, tokenize.STRING) or "STRING" in tokenize.tok_name[token.type]:
            yield token.start[0], token.string


def words_of_text(text: str) -> Iterator[tuple[int, str]]:
    """Any words: JavaScript, Jinja, translations, JSON, CSS."""
    yield from enumerate(text.splitlines(), 1)


def findings(words: set[str]) -> Iterator[str]:
    latin = {word for word in words if word.isascii()}
    # A key of several parts counts as their sequence: "visit_plan" is found in visit_plan and VisitPlan alike.
    sequences = {tuple(parts(word)) for word in latin}
    chinese = {word for word in words if not word.isascii()}

    @cache
    def speaks(name: str) -> bool:
        split = tuple(parts(name))
        return any(split[i : i + len(sequence)] == sequence for sequence in sequences for i in range(len(split) - len(sequence) + 1))

    for folder in PLATFORM:
        for path in sorted((ROOT / folder).rglob("*")):
            relative = path.relative_to(ROOT).as_posix()
            if path.suffix not in {".py", ".js", ".html", ".po", ".json", ".css", ".md", ".lark", ".txt", ".yaml"} or any(f in relative for f in FOREIGN):
                continue
            text = path.read_text("utf-8")
            for line, word in words_of_python(text) if path.suffix == ".py" else words_of_text(text):
                yield from (f"{relative}:{line}: {name}" for name in _LATIN.findall(word) if name not in BROWSER_NAMES and speaks(name))
                for run in _CHINESE.findall(word):
                    yield from (f"{relative}:{line}: {term}" for term in chinese if term in run)


def test_platform_code_has_no_business_word() -> None:
    found = sorted(set(findings(banned())))
    assert not found, f"{len(found)} business words in platform code:\n" + "\n".join(found[:200])


@pytest.mark.parametrize(("name", "expected"), [
    ("visit_plan", ["visit", "plan"]), ("VisitPlan", ["visit", "plan"]), ("HTTPServer", ["http", "server"]), ("a2b", ["a", "2", "b"]),
])
def test_names_are_split_at_underscores_and_humps(name: str, expected: list[str]) -> None:
    assert list(parts(name)) == expected


def test_the_list_finds_what_it_should() -> None:
    words = banned()
    assert {"lead", "线索", "opportunity"} <= words
    assert not words & PLATFORM_TERMS
