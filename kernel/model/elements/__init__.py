"""The kinds of elements, a module per concern. A new kind is a class in one of them and a line in ``KINDS``.

``SLOTS`` names what stands inside an element (an entity's fields, a machine's states); every item of a slot is an
element of its own with a uid, so that layers merge item by item. Everything else is a property and merges as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping

from kernel.model.elements.automations import Automation, AutomationStep
from kernel.model.elements.base import COLOUR, FIELD_PATH, FIELD_PATHS, SORT, Element
from kernel.model.elements.data import Entity, Field, Option, OptionSet, Retention, Sample, Validation
from kernel.model.elements.evidence import Evidence, EvidenceLevel, EvidenceStamp, EvidenceWay, Intake, IntakeFind
from kernel.model.elements.notices import CHANNEL_KEYS, Notification, QuietPeriod
from kernel.model.elements.rights import SCOPE, Parameter, Right, Role
from kernel.model.elements.screens import LIMITS, Form, Group, Item, Section, View
from kernel.model.elements.similarity import Comparison, Similarity
from kernel.model.elements.time import DAYS_OF_WEEK, HOURS, Calendar, CalendarDay, Clock, ClockStep
from kernel.model.elements.workflow import ACTIONS, Approval, Guard, Machine, State, Transition

KINDS: Mapping[str, type[Element]] = {
    k.KIND: k
    for k in (
        Group, Entity, Field, Validation, OptionSet, Option, Form, Section, Item,
        Machine, State, Transition, Guard, Approval, View, Role, Right, Parameter, Calendar, CalendarDay, Clock, ClockStep,
        Automation, AutomationStep, Evidence, EvidenceStamp, EvidenceLevel, EvidenceWay, Intake, IntakeFind, Similarity, Comparison,
        Notification, QuietPeriod, Retention, Sample,
    )
}
"""Every kind, by key."""

TOP_KINDS = (
    "group", "option_set", "calendar", "entity", "machine", "form", "view", "role", "parameter", "clock", "automation", "intake", "evidence", "similarity",
    "notification", "quiet_period", "retention", "sample",
)
"""Kinds that stand by themselves in a document, in the order in which they are read."""

DEFAULT_SLOTS = frozenset({"fields", "options", "rights", "items", "sections"})
"""Slots whose name does not stand in the uid of their items."""

__all__ = [
    "ACTIONS",
    "CHANNEL_KEYS",
    "COLOUR",
    "DAYS_OF_WEEK",
    "DEFAULT_SLOTS",
    "FIELD_PATH",
    "FIELD_PATHS",
    "HOURS",
    "KINDS",
    "LIMITS",
    "SCOPE",
    "SORT",
    "TOP_KINDS",
    "Approval",
    "Automation",
    "AutomationStep",
    "Calendar",
    "CalendarDay",
    "Clock",
    "ClockStep",
    "Comparison",
    "Element",
    "Entity",
    "Evidence",
    "EvidenceLevel",
    "EvidenceStamp",
    "EvidenceWay",
    "Field",
    "Form",
    "Group",
    "Guard",
    "Intake",
    "IntakeFind",
    "Item",
    "Machine",
    "Notification",
    "Option",
    "OptionSet",
    "Parameter",
    "QuietPeriod",
    "Retention",
    "Right",
    "Role",
    "Sample",
    "Section",
    "Similarity",
    "State",
    "Transition",
    "Validation",
    "View",
]
