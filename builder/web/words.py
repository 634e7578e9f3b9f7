"""Metadata in the words of somebody who knows spreadsheets: types, rules, scopes, formulas, lengths of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from kernel import fieldtypes
from kernel.errors import Message
from kernel.expr.findings import ExpressionError
from kernel.i18n import Labels, Text, _
from kernel.model.application import Application
from kernel.model.elements import Element, Field, Machine, State
from kernel.model.schema import SYSTEM_NAMES

SCOPES: Mapping[str, Text] = {
    "none": _("no records"), "own": _("their own"), "team": _("their team's"), "team_and_below": _("their team's and of teams below"), "all": _("all"),
}
CAN: Mapping[str, Text] = {
    "design": _("Change the application"), "administer": _("Manage people and settings"), "export": _("Export data"), "import": _("Import data"),
}
KINDS: Mapping[str, tuple[Text, str]] = {
    "group": (_("Group of the menu"), "folder"), "entity": (_("Kind of record"), "box"), "field": (_("Field"), "cursor-text"),
    "validation": (_("Check"), "shield-check"), "option_set": (_("List of options"), "list-check"), "option": (_("Option"), "point-filled"),
    "form": (_("Form"), "forms"), "section": (_("Section of a form"), "layout-list"), "item": (_("Place in a form"), "layout-list"),
    "machine": (_("Workflow"), "route"), "state": (_("State"), "circle"), "transition": (_("Step"), "arrow-right"), "guard": (_("Condition of a step"), "lock"),
    "approval": (_("Approval of a step"), "user-check"),
    "view": (_("List"), "table"), "role": (_("Role"), "users"), "right": (_("Right"), "key"), "parameter": (_("Parameter"), "adjustments-horizontal"),
    "clock": (_("Promise with a clock"), "clock"), "clock_step": (_("Step of a promise"), "bell"),
    "evidence": (_("What counts as done"), "shield-check"), "evidence_stamp": (_("Field that takes the moment"), "clock"),
    "evidence_level": (_("Level of what counts"), "stairs-up"), "evidence_way": (_("Way to count"), "check"),
    "intake": (_("Events from outside"), "download"), "intake_find": (_("How an event finds its record"), "search"),
    "similarity": (_("Records alike"), "copy"), "comparison": (_("What is compared"), "scale"),
    "automation": (_("Automation"), "bolt"), "automation_step": (_("Step of an automation"), "arrow-right"),
    "calendar": (_("Working calendar"), "calendar-time"), "calendar_day": (_("Day with its own hours"), "calendar-event"),
    "notification": (_("Words of a notice"), "bell"), "quiet_period": (_("Quiet period"), "moon"),
    "retention": (_("Time in the bin"), "trash"),
    "sample": (_("Sample data"), "flask"),
}
"""Every kind of element: what people call it, and its icon."""

ROLLUPS: Mapping[str, Text] = {
    "sum": _("sum"), "count": _("number"), "avg": _("average"), "average": _("average"), "min": _("least"), "max": _("greatest"),
}
_CATEGORIES = {"won": "good", "lost": "bad", "closed": "idle"}
_COLOURS = {"amber": "waiting", "violet": "approval", "green": "good", "red": "bad"}


@dataclass(frozen=True, slots=True)
class Code:
    """A formula as it is written, and as the reader would say its names."""

    text: str
    readable: str


def kind_words(kind: str) -> Text:
    """What people call a kind of element."""
    return KINDS[kind][0] if kind in KINDS else _("Element")


def kind_icon(kind: str) -> str:
    return KINDS[kind][1] if kind in KINDS else "box"


def type_words(field: Field) -> Message:
    """The type of a field as the palette names it."""
    found = fieldtypes.find(field.type)
    return found.label if found else field.type


def type_icon(field: Field) -> str:
    found = fieldtypes.find(field.type)
    return found.icon if found else "cursor-text"


def settings_words(app: Application, field: Field) -> list[Message]:
    """What a field's settings say, without its formulas."""
    given = field.settings
    found: list[Message] = []
    if isinstance(given.get("options"), str):
        found.append(_("from “{name}”", name=_named(app.option_sets, given["options"])))
    if isinstance(given.get("to"), str):
        found.append(_("to “{name}”", name=_named(app.entities, given["to"])))
    if isinstance(given.get("from"), str):
        found.append(_("from “{name}”", name=_named(app.entities, given["from"].partition(".")[0])))
    if isinstance(given.get("path"), str):
        found.append(path_words(app, field.place, given["path"]))
    if field.type == "rollup":
        found.append(ROLLUPS.get(str(given.get("function", "sum")), str(given.get("function", "sum"))))
        inner = given.get("of") or given.get("field")
        if isinstance(inner, str):
            found.append(path_words(app, field.place if given.get("of") else str(given.get("from", "")).partition(".")[0], inner))
    if field.type == "computed":
        found.append(_("worked out by the system"))
    if field.fields:
        found.append(_("{n} columns", n=len(field.fields)))
    if given.get("currency"):
        found.append(str(given["currency"]))
    found += _bounds(given)
    return found


def _bounds(given: Mapping[str, Any]) -> Iterable[Message]:
    text = "max" in given and not isinstance(given["max"], bool) and isinstance(given["max"], int) and "min" not in given
    if given.get("min") is not None:
        yield _("{n} or more", n=given["min"])
    if given.get("max") is not None:
        yield _("at most {n}", n=given["max"]) if not text else _("up to {n}", n=given["max"])
    if given.get("max_count") is not None:
        yield _("up to {n}", n=given["max_count"])
    if given.get("max_rows") is not None:
        yield _("up to {n}", n=given["max_rows"])


def _named(elements: Mapping[str, Element], key: str) -> Message:
    return elements[key].label if key in elements else key


def path_words(app: Application, place: str, path: str) -> Message:
    """A path of keys as labels, one after the other."""
    names: list[Message] = []
    keys = path.split(".")
    for end in range(1, len(keys) + 1):
        field = app.schema.field_at(place, tuple(keys[:end])) if place else None
        system = SYSTEM_NAMES.get(keys[end - 1])
        names.append(field.label if field else Labels({"en": system[0], "zh": system[-1]}, system[0]) if system else keys[end - 1])
    return names[0] if len(names) == 1 else _("{first} › {rest}", first=names[0], rest=_chain(names[1:]))


def _chain(names: list[Message]) -> Message:
    return names[0] if len(names) == 1 else _("{first} › {rest}", first=names[0], rest=_chain(names[1:]))


def formula(app: Application, element: Element, prop: str, language: str) -> Code | None:
    """A formula of an element with its names as labels; None when there is none. What can't be read stays as written."""
    try:
        _declared, text = app.schema.formula(element, prop)
    except KeyError:
        return None
    if text is None:
        return None
    try:
        expression = app.schema.expression(element, prop)
    except (ExpressionError, KeyError):
        expression = None
    if expression is None:
        return Code(text, text)
    labels: dict[str, str] = {}
    for uid in set(expression.names.values()):
        named = app.by_uid.get(uid)
        if named is not None:
            labels[uid] = named.label.to(language)
        elif uid.rpartition("#")[2] in SYSTEM_NAMES:
            labels[uid] = SYSTEM_NAMES[uid.rpartition("#")[2]][-1 if language == "zh" else 0]
    return Code(text, expression.renamed(labels))


def scope_words(app: Application, right: Element | None, action: str, language: str) -> Text | Code:
    """Which records a right covers: in words, or the rule that says it."""
    scope = getattr(right, action, "none") if right is not None else "none"
    return SCOPES[scope] if scope in SCOPES else formula(app, right, action, language) or Code(scope, scope)  # type: ignore[arg-type]


def state_tone(machine: Machine, state: State) -> str:
    """The category of a state pill: finality first, then colour, then where it stands."""
    if state.category in _CATEGORIES:
        return _CATEGORIES[state.category]
    if state.colour in _COLOURS:
        return _COLOURS[state.colour]
    return "start" if state.key == machine.start else "active"


# --- values of parameters ----------------------------------------------------------------------------------------

UNITS: tuple[tuple[str, int, Text], ...] = (
    ("d", 86_400, _("days")), ("h", 3_600, _("hours")), ("min", 60, _("minutes")), ("s", 1, _("seconds")),
)


def duration_parts(seconds: Any) -> tuple[str, str]:
    """A length of time as a number and the largest unit in which it is whole."""
    try:
        value = Decimal(str(seconds))
    except InvalidOperation:
        return str(seconds), "s"
    for key, size, _label in UNITS:
        if value % size == 0 and (value or key == "s"):
            return number_text(value / size), key
    return number_text(value), "s"


def number_text(value: Any) -> str:
    """A number without zeros that say nothing."""
    try:
        text = format(Decimal(str(value)).normalize(), "f")
    except InvalidOperation:
        return str(value)
    return "0" if text in ("-0", "") else text


def value_words(type_: str, value: Any) -> Message:
    """The value of a parameter."""
    if value is None:
        return "—"
    if type_ == "boolean":
        return _("Yes") if value else _("No")
    if type_ == "duration":
        number, unit = duration_parts(value)
        return _("{n} {unit}", n=number, unit=next(label for key, _size, label in UNITS if key == unit))
    return number_text(value) if type_ == "number" else str(value)


# --- moments ------------------------------------------------------------------------------------------------------


def moment(at: datetime | None, zone: ZoneInfo) -> Markup | str:
    """A moment as date and time of the reader; the browser says it in relative words where it is near."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    iso = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}" data-behaviour="relative-time">{}</time>').format(
        iso, f"{local:%Y-%m-%d %H:%M}", escape(f"{local:%Y-%m-%d %H:%M}"))
