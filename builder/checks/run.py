"""All checks over an effective tree: structure first, then what needs a built application."""

from __future__ import annotations

import re

from builder.checks.finding import Finding, of_problem
from builder.checks.place import Place
from builder.checks.registry import CHECKS
from builder.checks.structure import check_structure
from builder.layers.resolve import Effective
from kernel.errors import FangyuanError
from kernel.i18n import _
from kernel.model import application as model
from kernel.model.tree import Tree

_ORDER = {"error": 0, "warning": 1, "info": 2}


def check(effective: Effective) -> list[Finding]:
    """Everything that is wrong, errors first; never raises for what an author wrote."""
    return ordered([*(of_problem(p) for p in effective.problems), *check_tree(effective.tree)])


def check_tree(tree: Tree) -> list[Finding]:
    """The findings about a tree. Elements without sound structure are left out of what comes after, so that one mistake
    is not reported as ten."""
    findings, sound = check_structure(tree)
    try:
        application = model.build(sound)
    except (ValueError, FangyuanError) as error:
        return [*findings, Finding("unbuildable", "error", "", "", "", _("The application can't be put together: {why}", why=str(error)))]
    place = Place(sound, application)
    broken = frozenset(tree) - frozenset(sound)
    for one in CHECKS.values():
        findings += [f for f in one.run(place) if not _follows(f, broken)]
    return ordered(findings)


def _follows(finding: Finding, broken: frozenset[str]) -> bool:
    """Whether a finding only says that something with a mistake of its own is missing."""
    missing = finding.witness.get("missing")
    if missing is None and finding.code == "formula_unknown_name":
        missing = finding.witness["text"][finding.witness["start"] : finding.witness["end"]]
    return missing is not None and missing in {_LAST.split(uid)[-1] for uid in broken}


_LAST = re.compile(r"[.:/]")


def ordered(findings: list[Finding]) -> list[Finding]:
    """Errors first, then by place; the same finding once."""
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.uid, finding.path, finding.source, str(finding.message)), finding)
    return sorted(seen.values(), key=lambda f: (_ORDER[f.severity], f.source, f.uid, f.path, f.code))
