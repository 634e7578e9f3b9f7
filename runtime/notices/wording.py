"""The application's own words for a notice (element kind ``notification``), over those of the platform."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kernel.model.application import Application
from kernel.model.elements import AutomationStep, Clock, ClockStep, Notification
from runtime.notices.kinds import KINDS

SLOT = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)\}")
OWN = frozenset({"who", "title", "detail"})


def element_of(app: Application, kind: str, entity: str | None, data: Mapping[str, Any]) -> Notification | None:
    """The element that says most about this occasion: its step, its kind of record, or the kind of notice alone."""
    fitting = [n for n in _by_kind(app).get(kind, ()) if n.entity in (None, entity) and (n.step is None or n.step == _step(app, data))]
    found = max(fitting, key=lambda n: (n.step is not None, n.entity is not None), default=None)
    return found or _of_step(app, kind, data)


def _of_step(app: Application, kind: str, data: Mapping[str, Any]) -> Notification | None:
    """What a step of an automation says stands with the step."""
    step = app.by_uid.get(str(data.get("step"))) if kind == "automation" else None
    return Notification(uid=step.uid, key=step.key, of=kind, title=step.text) if isinstance(step, AutomationStep) and step.text else None


def urgency_of(app: Application, kind: str, entity: str | None, data: Mapping[str, Any], given: str) -> str:
    """As the element says, else as the cause says."""
    found = element_of(app, kind, entity, data)
    return found.urgency if found is not None and found.urgency else given


def is_essential(app: Application, kind: str, entity: str | None, data: Mapping[str, Any]) -> bool:
    """As the element says, else as the kind is."""
    found = element_of(app, kind, entity, data)
    return KINDS[kind].essential if found is None or found.essential is None else found.essential


def paths_of(element: Notification, language: str) -> set[str]:
    """The fields that its words name."""
    return {name for text in (pick(element.title, language), pick(element.body, language)) for name in SLOT.findall(text)} - OWN


def pick(texts: Mapping[str, str], language: str) -> str:
    """In this language, else in any; empty when there are no words."""
    return texts.get(language) or next(iter(texts.values()), "")


def fill(text: str, slots: Mapping[str, str]) -> str:
    """One pass by our own substitution; what fills a slot is never read again (D17)."""
    return SLOT.sub(lambda match: slots.get(match[1], ""), text)


def _step(app: Application, data: Mapping[str, Any]) -> str | None:
    if "policy" in data:
        clock, step = app.by_uid.get(str(data["policy"])), app.by_uid.get(str(data.get("step")))
        return f"{clock.key}.{step.key}" if isinstance(clock, Clock) and isinstance(step, ClockStep) else None
    return str(data["to"]) if "machine" in data else None


def _by_kind(app: Application) -> Mapping[str, list[Notification]]:
    known: dict[str, list[Notification]] | None = app.__dict__.get("_notifications_by_kind")
    if known is None:
        known = app.__dict__["_notifications_by_kind"] = {}
        for element in app.notifications:
            known.setdefault(element.of, []).append(element)
    return known
