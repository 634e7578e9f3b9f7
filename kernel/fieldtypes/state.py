"""The state of a further machine of the entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kernel.fieldtypes.base import BadExample, Column, Example, Settings
from kernel.fieldtypes.choice import ChoiceType
from kernel.i18n import _
from kernel.model.elements import Field
from kernel.model.props import KEY, Ref, prop
from kernel.model.sqltypes import CText, UtcDateTime


@dataclass(frozen=True)
class StateSettings(Settings):
    """Whose states."""

    machine: str = prop(doc="The state machine.", schema=KEY, ref=Ref("machine"))
    look = "select"
    governed_by = None


class StateType(ChoiceType):
    """Where a record stands in a further state machine; only its transitions change it.

    The column after the first, ``<name>_since``, belongs to the platform: a value is the state's key alone.
    """

    key = "state"
    label = _("State")
    icon = "git-branch"
    group = "derived"
    Settings = StateSettings
    writable = False
    widget = "readonly"
    example_settings = {"machine": "review"}
    examples = (
        Example("waiting", "waiting", "待审", "Waiting"),
        Example("done", "done", "已审", "Done"),
        Example("waiting", "waiting", "待审", "Waiting"),
    )
    bad_examples = (
        BadExample("nowhere", "unknown_option"),
        BadExample(0, "type"),
        BadExample(["waiting"], "type"),
    )

    def columns(self, field: Field, schema: Any) -> tuple[Column, ...]:
        return (Column("", CText), Column("_since", UtcDateTime()))

    def store(self, field: Field, value: Any) -> tuple[Any, ...]:
        """The state alone: the time of change is written by the transition, beside it."""
        return (value,)

    def load(self, field: Field, stored: tuple[Any, ...]) -> Any:
        return stored[0]
