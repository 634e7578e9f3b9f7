"""Answers to what a transition asks: read like fields, kept with the reason of the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kernel.errors import Problem
from kernel.expr.findings import did_you_mean
from kernel.i18n import _
from kernel.model.elements import Automation, Field, Transition
from runtime.records.normalise import read as read_value
from runtime.records.record import Style
from runtime.records.shape import EntityShape, FieldShape
from runtime.records.work import is_blank

if TYPE_CHECKING:
    from runtime.records.work import Work

Answers = dict[str, tuple[Field, Any]]
Asking = Transition | Automation
"""What asks: a step, or a button."""


def shapes_of(shape: EntityShape, step: Asking) -> dict[str, FieldShape]:
    """The questions of a transition or a button as field shapes; made once."""
    cache: dict[str, dict[str, FieldShape]] = shape.__dict__.setdefault("_asks", {})
    if step.uid not in cache:
        cache[step.uid] = {f.key: FieldShape(f, shape.schema) for f in step.asks}
    return cache[step.uid]


def read(work: Work, step: Asking, given: Mapping[str, Any], style: Style) -> Answers:
    """The answers by key, with their fields; what was not answered is blank. Problems stand at ``asks.<key>``."""
    known = shapes_of(work.shape, step)
    answers: Answers = {}
    for name, raw in given.items():
        asked = known.get(str(name))
        path = f"asks.{str(name)[:100]}"
        if asked is None:
            work.problems.append(
                Problem(
                    "unknown_field", _("There is no field “{name}” here.", name=str(name)[:100]), path, did_you_mean(str(name)[:100], known), f"{step.uid}#asks"
                )
            )
            continue
        ok, value = read_value(work, asked, raw, style, path)
        answers[asked.key] = (asked.field, value if ok else None)
    for key, asked in known.items():
        answers.setdefault(key, (asked.field, None))
    return answers


def require(work: Work, step: Asking, answers: Answers) -> None:
    """What must be answered."""
    for key, asked in shapes_of(work.shape, step).items():
        path = f"asks.{key}"
        if asked.field.required and is_blank(answers[key][1]) and not any(p.path == path for p in work.problems):
            work.problems.append(Problem("required", _("“{label}” is needed.", label=asked.field.label), path, None, f"{asked.uid}#required"))


def dumped(work: Work, answers: Mapping[str, tuple[Field, Any]]) -> dict[str, Any]:
    """The answers as API JSON, for the history."""
    from kernel import fieldtypes

    reader = work.reader
    return {key: fieldtypes.of(f).dump(f, value, reader) for key, (f, value) in answers.items() if value is not None}
