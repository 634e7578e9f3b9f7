"""A YAML file that somebody adds on a page: read, taken into the tenant's tree, its problems with their lines."""

from __future__ import annotations

import re

from builder.layers.apply import apply
from builder.layers.labels import label_changes
from builder.layers.overlay import Overlay
from builder.layers.resolve import TENANT
from builder.packages.reader import read_documents
from builder.publish.tenant_overlay import mint
from kernel.errors import Message, Problem
from kernel.i18n import _
from kernel.model.tree import Node, Tree

FILE = "added.yaml"
MAX_TEXT = 500_000
_LINE = re.compile(re.escape(FILE) + r":(\d{1,7})")


def taken_in(tree: Tree, text: str) -> tuple[dict[str, Node], list[Problem]]:
    """The tree with the documents of ``text``, and everything that is wrong with them as documents."""
    if not text.strip():
        return dict(tree), [Problem("empty", _("There is nothing in the file yet."), f"{FILE}:1", _("Paste a description, or choose a file."))]
    package = read_documents(text, FILE, TENANT)
    overlay = Overlay(tree, TENANT, mint)
    for written in package.overlay:
        overlay.read(written)
    problems = [*package.problems, *overlay.problems]
    if package.samples:
        problems.append(Problem("no_samples", _("Sample data can't be added here."), f"{FILE}:1", _("Leave out the part that starts with “sample:”.")))
    labels, unknown = label_changes(overlay.tree, package.labels)
    found, failed = apply(overlay.tree, labels)
    return found, [*problems, *unknown, *failed]


def line_of(place: str) -> int | None:
    """The line of the added file that a problem's place names."""
    found = _LINE.search(place)
    return int(found[1]) if found else None


def place_words(place: str) -> Message:
    """Where a problem is: a line, or what the place says."""
    line = line_of(place)
    return _("line {n}", n=line) if line is not None else place
