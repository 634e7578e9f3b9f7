"""The steps of an automation as a list of instructions, so that a run can stop at any of them and go on after a release or a night. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kernel.model.elements import AutomationStep

Op = Literal["do", "wait", "test", "jump", "begin", "next", "stop"]


@dataclass(frozen=True, slots=True)
class Instruction:
    """``to``: where it goes on when a condition does not hold (test, begin, do and wait), or always (jump, next)."""

    op: Op
    step: AutomationStep | None
    to: int


def compiled(steps: Sequence[AutomationStep]) -> tuple[Instruction, ...]:
    """The instructions of steps in their order. The same steps always give the same instructions."""
    made: list[Instruction] = []
    _into(made, steps)
    return tuple(made)


def _into(made: list[Instruction], steps: Sequence[AutomationStep]) -> None:
    for step in steps:
        at = len(made)
        match step.do:
            case "branch":
                made.append(Instruction("test", step, 0))
                _into(made, step.steps)
                if step.otherwise:
                    out = len(made)
                    made.append(Instruction("jump", None, 0))
                    made[at] = Instruction("test", step, len(made))
                    _into(made, step.otherwise)
                    made[out] = Instruction("jump", None, len(made))
                else:
                    made[at] = Instruction("test", step, len(made))
            case "each":
                made.append(Instruction("begin", step, 0))
                _into(made, step.steps)
                made.append(Instruction("next", step, at + 1))
                made[at] = Instruction("begin", step, len(made))
            case "stop":
                made.append(Instruction("stop", step, at + 1))
            case "wait":
                made.append(Instruction("wait", step, at + 1))
            case _:
                made.append(Instruction("do", step, at + 1))
