"""One of the application's working calendars."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.fieldtypes.base import BadExample, Example, Settings
from kernel.fieldtypes.choice import ChoiceType
from kernel.i18n import _


@dataclass(frozen=True)
class CalendarSettings(Settings):
    """Nothing to set: every calendar of the application is offered."""

    look = "select"
    governed_by = None


class CalendarType(ChoiceType):
    """One of the application's working calendars: whose hours count for a team, a person, a place."""

    key = "calendar"
    label = _("Working calendar")
    icon = "calendar-time"
    group = "time"
    Settings = CalendarSettings
    searchable = False
    example_settings = {}
    examples = (
        Example("office", "office", "办公室", "Office"),
        Example("shop", "shop", "营业时间", "Opening hours"),
        Example("office", "office", "办公室", "Office"),
    )
    bad_examples = (
        BadExample("moon", "unknown_option"),
        BadExample(3, "type"),
        BadExample(["office"], "type"),
    )
