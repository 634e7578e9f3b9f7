"""The answer to "may I?", with the rule it came from and the reason in words."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.i18n import Text


@dataclass(frozen=True, slots=True)
class Decision:
    """``rule`` is the uid of the right that allowed it, or of what stands against it; ``reason`` is for people."""

    allowed: bool
    rule: str
    reason: Text

    def __bool__(self) -> bool:
        return self.allowed
