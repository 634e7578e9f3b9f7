"""Kinds that say what people are told: words of notices, and quiet periods of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kernel.model.elements.base import Element
from kernel.model.props import BOOLEAN, EXPRESSION, KEY, LABELS, Formula, Ref, prop

# Ways out of the house; run time has one channel for each (a test compares).
CHANNEL_KEYS = ("push", "mail", "robots")


@dataclass(frozen=True, kw_only=True)
class Notification(Element):
    """What people are told at an occasion, in their language, and how it goes out. Of several that fit, the one that says most about its occasion counts."""

    KIND: ClassVar[str] = "notification"
    of: str = prop(doc="Kind of notice: clock, moved, handed_over, mention, commented, ask, approval and others.", schema=KEY)
    entity: str | None = prop(None, doc="Only about records of this kind; then the words may name its fields.", schema=KEY, ref=Ref("entity"))
    step: str | None = prop(
        None, doc="Only at this step: a promise and its step (answer.late), or the state that a record moves to.",
        schema={"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$"})
    title: Mapping[str, str] = prop({}, doc="The line that is read first, with slots {who}, {title}, {detail} and fields such as {budget} or {project.name}.", schema=LABELS)
    body: Mapping[str, str] = prop({}, doc="More words below it, with the same slots.", schema=LABELS)
    channels: tuple[str, ...] | None = prop(None, doc="Ways out that it may take; none: all that a person chose.", schema={
        "type": "array", "items": {"enum": list(CHANNEL_KEYS)}, "uniqueItems": True})
    urgency: str | None = prop(None, doc="low, normal or high, whatever its occasion says.", schema={"enum": ["low", "normal", "high"]})
    essential: bool | None = prop(None, doc="Whether it also comes in quiet times.", schema=BOOLEAN)


@dataclass(frozen=True, kw_only=True)
class QuietPeriod(Element):
    """People who are spared what is not essential, as long as this holds for them. Its label says why, to them as well."""

    KIND: ClassVar[str] = "quiet_period"
    holds: str = prop(doc="For whom: a condition over the fields of a person.", schema=EXPRESSION, formula=Formula(scope="person", expects="boolean"))
    does: str = prop("skip", doc="skip: it is not sent; hold: it is sent when the time is over.", schema={"enum": ["skip", "hold"]})
    until: str | None = prop(None, doc="When the time is over for a person, a date or moment; needed to hold.", schema=EXPRESSION, formula=Formula(scope="person", expects="any"))
    kinds: tuple[str, ...] = prop((), doc="Only these kinds of notices; none: all that are not essential.", schema={"type": "array", "items": KEY, "uniqueItems": True, "maxItems": 50})
