"""What came of it for one record, and the reasons of many put together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kernel.errors import FangyuanError, Forbidden, Invalid, Message, Missing, NotFound, Problem, Refused, Stale
from kernel.i18n import _, to_text

WAITING, DONE, REFUSED, CHANGED, GONE = "waiting", "done", "refused", "changed", "gone"
State = Literal["done", "refused", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: the rule that refused, in words; ``source`` is who could help, ``path`` where."""

    words: str
    rule: str | None = None
    source: str = ""
    path: str = ""

    def to_json(self) -> dict[str, Any]:
        found = {"words": self.words, "rule": self.rule, "from": self.source, "path": self.path}
        return {k: v for k, v in found.items() if v}


def reason_of(data: Mapping[str, Any]) -> Reason:
    """What :meth:`Reason.to_json` gave."""
    return Reason(data.get("words", ""), data.get("rule"), data.get("from", ""), data.get("path", ""))


@dataclass(frozen=True, slots=True)
class Outcome:
    """``after``: the version the record has since; None where nothing was written."""

    state: State
    after: int | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The same reason at several records: how many, and some of them."""

    state: str
    reason: Reason
    n: int
    examples: tuple[str, ...]


def refusal(error: FangyuanError, language: str, labels: Mapping[str, Message]) -> Outcome:
    """The outcome that an error of the record road stands for. ``labels`` name the fields the reader knows."""
    if isinstance(error, NotFound):
        return Outcome("gone", None, (Reason(to_text(_("It is gone, or no longer yours to see."), language)),))
    if isinstance(error, Stale):
        return Outcome("changed", None, (Reason(to_text(_("Somebody changed it in the meantime."), language)),))
    if isinstance(error, Refused):
        return Outcome("refused", None, reasons_of(error.missing, error.problems, language, labels))
    if isinstance(error, Invalid):
        return Outcome("refused", None, reasons_of((), error.problems, language, labels))
    rule = error.rule if isinstance(error, Forbidden) else None
    return Outcome("refused", None, (Reason(_said(error.message, error.hint, language), rule),))


def reasons_of(missing: Iterable[Missing], problems: Iterable[Problem], language: str, labels: Mapping[str, Message]) -> tuple[Reason, ...]:
    """What is missing and what is wrong, in words."""
    given = tuple(missing)
    # Where a record stands somewhere else altogether, what else it lacks says nothing.
    elsewhere = [m for m in given if m.ask.get("kind") == "state"]
    if elsewhere:
        return tuple(Reason(to_text(m.what, language), m.rule) for m in elsewhere)
    found = [
        Reason(to_text(m.what, language), m.rule) if m.ask.get("kind") == "role"
        else Reason(to_text(_("Missing: {what}", what=m.what), language), m.rule, to_text(m.source, language), str(m.ask.get("field") or ""))
        for m in given]
    for p in problems:
        key = p.path.removeprefix("fields.").split("[")[0].split(".")[0]
        words = _said(p.message, p.hint, language)
        label = to_text(labels[key], language) if key in labels else ""
        if label and label not in words:
            words = f"{label}: {words}" if language != "zh" else f"{label}：{words}"
        found.append(Reason(words, p.rule, "", p.path))
    return tuple(dict.fromkeys(found))


def _said(message: Message, hint: Message | None, language: str) -> str:
    return to_text(message, language) + (f"{' ' if language != 'zh' else ''}{to_text(hint, language)}" if hint else "")


def grouped(outcomes: Iterable[tuple[str, Outcome]], most_examples: int = 3) -> list[Group]:
    """The reasons of all records that were not done, the most frequent first. ``outcomes`` are (record id, outcome)."""
    counts: dict[tuple[str, Reason], list[str]] = {}
    for id_, outcome in outcomes:
        for reason in outcome.reasons:
            counts.setdefault((outcome.state, reason), []).append(id_)
    ordered = sorted(counts.items(), key=lambda item: -len(item[1]))
    return [Group(state, reason, len(ids), tuple(ids[:most_examples])) for (state, reason), ids in ordered]
