"""What every write is checked for once its new values stand, and the refusal of what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kernel.errors import Invalid
from runtime.records.rules import check_rules, settle
from runtime.records.validate import check_files, check_offers, check_references, check_unique, check_validations
from runtime.records.work import Work


def check_all(work: Work) -> None:
    """Settle what follows from other fields, then note every problem there is."""
    settle(work)
    check_rules(work)
    check_offers(work)
    check_validations(work)
    check_references(work)
    check_files(work)
    check_unique(work)


def refuse_if_wrong(works: Sequence[Work]) -> None:
    """Raises Invalid with all problems at once; of several records each names its place (``items[3].…``)."""
    wrong = [(n, p) for n, w in enumerate(works) for p in w.problems]
    if wrong:
        raise Invalid([p if len(works) == 1 else replace(p, path=f"items[{n}].{p.path}" if p.path else f"items[{n}]") for n, p in wrong])
