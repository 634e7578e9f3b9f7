"""What every element has, and the shapes that several kinds share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from kernel.i18n import Labels
from kernel.model.props import LABELS, prop

FIELD_PATH = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"}
FIELD_PATHS = {"type": "array", "items": FIELD_PATH, "maxItems": 500}
SORT = {"type": "array", "items": {"type": "string", "pattern": r"^-?[a-z][a-z0-9_.]*$"}, "maxItems": 5}
COLOUR = {"enum": ["grey", "blue", "green", "amber", "red", "violet", "teal", "pink"]}


@dataclass(frozen=True, kw_only=True)
class Element:
    """What every element has. ``labels`` and ``help`` per language; ``aliases`` are other names in expressions."""

    KIND: ClassVar[str] = ""
    SLOTS: ClassVar[Mapping[str, str]] = {}

    uid: str
    key: str
    rank: str = ""
    origin: str = ""
    labels: Mapping[str, str] = prop({}, doc="What people see, per language.", schema=LABELS)
    help: Mapping[str, str] = prop({}, doc="One line of help, per language.", schema=LABELS)
    aliases: tuple[str, ...] = prop(
        (), doc="Further names in expressions, former keys among them.", schema={"type": "array", "items": {"type": "string", "maxLength": 50}}
    )

    @property
    def label(self) -> Labels:
        """The name in the reader's language; the key in words when there is none."""
        return Labels(self.labels, self.key.replace("_", " ").capitalize())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name under which expressions may know it, besides its key."""
        return tuple(dict.fromkeys([*self.aliases, *self.labels.values()]))
