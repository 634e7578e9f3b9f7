"""Changes of a record in words: titles, differences and reasons, as its reader may know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel import fieldtypes
from kernel.errors import Message
from kernel.fieldtypes.base import Unreadable
from kernel.i18n import Text, _
from kernel.model.elements import Entity, Field
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import prepared
from runtime.forms.shown import Surroundings, words
from runtime.forms.when import iso, moment_text
from runtime.records.history import Entry

MOST_ROWS = 8

ICONS: Mapping[str, str] = {
    "create": "plus", "update": "pencil", "transition": "arrow-right", "assign": "user-check", "delete": "trash", "restore": "arrow-back-up",
    "derive": "math-function",
}
TITLES: Mapping[str, Message] = {
    "create": _("created this"), "update": _("changed this"), "assign": _("handed this over"), "delete": _("moved this to the bin"),
    "restore": _("brought this back"), "derive": _("Worked out anew"),
}
CHANNELS: Mapping[str, Message] = {"api": _("over the API"), "import": _("by an import")}


def line(ctx: Ctx, entity: Entity, entry: Entry, around: Surroundings, url: str) -> dict[str, Any]:
    """One change for the timeline."""
    who = entry.actor_name or (_("System") if entry.actor_id == "system" else None)
    title: Message = TITLES.get(entry.kind, _("changed this"))
    if entry.kind == "transition":
        title = _transition(ctx, entity, entry)
    if entry.kind == "derive":
        who = None
    elif who is None:
        who = _("Somebody")
    if entry.kind == "approval":
        return _approval(ctx, entity, entry, who, around, url)
    changes = [] if entry.kind == "create" else [found for item in entry.changes for found in _changes(ctx, entity, entry, item, around)]
    cause, cause_href = _cause(ctx, entry, url)
    if cause is not None and entry.kind != "derive":
        who = _("Automation")
    return {
        "id": entry.id, "kind": entry.kind, "person": entry.actor_id, "at": entry.at, "who": who, "title": title, "title_note": CHANNELS.get(entry.channel),
        "cause": cause, "cause_href": cause_href,
        "when": moment_text(entry.at, around.reader), "iso": iso(entry.at), "icon": ICONS.get(entry.kind, "point-filled"), "tone": None, "body": None,
        "changes": changes, "reason": _reason(ctx, entity, entry, around), "why": _why(ctx, entity, entry), "href": f"{url}?at={entry.id}#e-{entry.id}"}


APPROVALS: Mapping[str, tuple[Text, str]] = {
    "request": (_("asked for approval: {step}"), "send"), "approve": (_("approved: {step}"), "circle-check"), "decline": (_("declined: {step}"), "circle-x"),
    "return": (_("returned: {step}"), "arrow-back-up"), "pass_on": (_("passed on: {step}"), "arrow-right"), "add": (_("added somebody: {step}"), "user-plus"),
    "withdraw": (_("withdrew the request: {step}"), "trash"), "void": (_("Approval starts again or ends: {step}"), "refresh"),
    "stopped": (_("Approval went back: {step}"), "arrow-back-up"), "remind": (_("Reminder sent: {step}"), "bell"), "pass_up": (_("Passed up: {step}"), "arrow-up"),
    "reseat": (_("Somebody else decides: {step}"), "users"),
}


def _approval(ctx: Ctx, entity: Entity, entry: Entry, who: Any, around: Surroundings, url: str) -> dict[str, Any]:
    """An act of an approval."""
    reason = entry.reason or {}
    found = ctx.app.transition(entity.key, str(reason.get("transition", "")))
    title, icon = APPROVALS.get(str(reason.get("act")), (_("approval: {step}"), "user-check"))
    label: Message = found[1].label if found else str(reason.get("transition", ""))
    by_itself = reason.get("act") in ("void", "stopped", "remind", "pass_up", "reseat")
    return {
        "id": entry.id, "kind": entry.kind, "person": entry.actor_id, "at": entry.at, "who": None if by_itself else who, "title": Text(title.msgid, {"step": label}),
        "title_note": CHANNELS.get(entry.channel), "when": moment_text(entry.at, around.reader), "iso": iso(entry.at), "icon": icon, "tone": None, "body": None,
        "cause": _cause(ctx, entry, url)[0], "cause_href": _cause(ctx, entry, url)[1],
        "changes": [], "reason": reason.get("note"), "why": None, "href": f"{url}?at={entry.id}#e-{entry.id}"}


def _cause(ctx: Ctx, entry: Entry, url: str) -> tuple[Message | None, str | None]:
    """The automation that did it, and where its run is explained."""
    made = (entry.reason or {}).get("automation")
    if not isinstance(made, Mapping):
        return None, None
    element = ctx.app.by_uid.get(str(made.get("uid")))
    run = str(made.get("run") or "")
    return (element.label if element is not None else _("an automation that is gone")), f"{url}/automations/{run}" if run else None


def _why(ctx: Ctx, entity: Entity, entry: Entry) -> Message | None:
    """What it follows from, as far as the reader may know of that."""
    reason = entry.reason or {}
    because, caused = (ctx.app.entities.get((reason.get(key) or {}).get("entity") or "") for key in ("because", "caused_by"))
    if reason.get("evidence"):
        return _evidence(ctx, reason["evidence"])
    if because is not None and because is not entity:
        return _("because of {label}", label=because.label)
    return _("by a rule, from {label}", label=caused.label) if caused is not None else None


def _evidence(ctx: Ctx, evidence: Sequence[Mapping[str, Any]]) -> Message:
    """By which policy, at which level something counted."""
    first = evidence[0]
    policy = ctx.app.by_uid.get(str(first.get("policy")))
    label: Message = policy.label if policy is not None else str(first.get("policy"))
    return _("by what counted for “{label}”, level {n}", label=label, n=first.get("level") or 1)


def _transition(ctx: Ctx, entity: Entity, entry: Any) -> Message:
    """From which state to which."""
    reason = entry.reason or {}
    machine = next((m for m in ctx.app.machines_of(entity.key) if m.key == reason.get("machine")), None)
    if machine is None:
        return _("took a step")
    labels = [machine.by_key[k].label if k in machine.by_key else k for k in (str(reason.get("from") or ""), str(reason.get("to") or ""))]
    return _("{old} → {new}", old=labels[0], new=labels[1])


def _reason(ctx: Ctx, entity: Entity, entry: Any, around: Surroundings) -> str | None:
    """What was answered when the step was taken."""
    asked: Mapping[str, Any] = (entry.reason or {}).get("asks") or {}
    found = ctx.app.transition(entity.key, str((entry.reason or {}).get("transition", ""))) if asked else None
    if found is None:
        return None
    parts = []
    for field in found[1].asks:
        if field.key in asked and field.type in fieldtypes.BUILTIN:
            text = _text(ctx, field, asked[field.key], around)
            if text:
                parts.append(_("{label}: {value}", label=field.label, value=text).to(ctx.language))
    return " · ".join(parts) or None


def _changes(ctx: Ctx, entity: Entity, entry: Any, item: Mapping[str, Any], around: Surroundings) -> Sequence[tuple[Any, str, str]]:
    key = item["field"]
    if key == "state":
        return ()  # the title says it
    if key in ("owner", "team"):
        label = {"owner": _("Owner"), "team": _("Team")}[key]
        return [(label, _label(item.get("from")), _label(item.get("to")))]
    field = entity.by_key.get(key)
    if field is None or field.type not in fieldtypes.BUILTIN:
        return ()
    if "rows" in item:
        return _rows(ctx, field, item["rows"], around)
    return [(field.label, _text(ctx, field, item.get("from"), around), _text(ctx, field, item.get("to"), around))]


def _rows(ctx: Ctx, field: Field, rows: Sequence[Mapping[str, Any]], around: Surroundings) -> Sequence[tuple[Any, str, str]]:
    """Rows of a sub-form: what came, went and changed, each by its first words."""
    found: list[tuple[Any, str, str]] = []
    for row in rows[:MOST_ROWS]:
        pairs = [(field.by_key[k], pair) for k, pair in row["fields"].items() if k in field.by_key]
        old = ", ".join(t for c, pair in pairs if (t := _text(ctx, c, pair[0], around)))
        new = ", ".join(t for c, pair in pairs if (t := _text(ctx, c, pair[1], around)))
        if old or new:
            found.append((field.label, old, new))
    if len(rows) > MOST_ROWS:
        found.append((field.label, "", _("and {n} more rows", n=len(rows) - MOST_ROWS).to(ctx.language)))
    return found


def _label(value: Any) -> str:
    return str(value.get("label") or "—") if isinstance(value, Mapping) else "" if value is None else "—"


def _text(ctx: Ctx, field: Field, raw: Any, around: Surroundings) -> str:
    """What was kept as JSON, in words; what today's type can't read any more stands as it is."""
    if raw is None:
        return ""
    if isinstance(raw, Mapping) and set(raw) == {"id", "label"}:
        return _label(raw)
    if isinstance(raw, list) and raw and isinstance(raw[0], Mapping) and set(raw[0]) == {"id", "label"}:
        return ", ".join(_label(r) for r in raw)
    p = prepared(ctx, field)
    try:
        value = p.shape_type.parse(p.shape, raw)
    except (Unreadable, NotImplementedError):
        return str(raw)
    return words(p, value, around)


def value_of(ctx: Ctx, field: Field, raw: Any) -> Any:
    """The value of what was kept as JSON; None for what can't be read."""
    if raw is None:
        return None
    plain = raw.get("id") if isinstance(raw, Mapping) and set(raw) == {"id", "label"} else raw
    if isinstance(plain, list):
        plain = [r.get("id") if isinstance(r, Mapping) and set(r) == {"id", "label"} else r for r in plain]
    p = prepared(ctx, field)
    try:
        return p.shape_type.parse(p.shape, plain)
    except (Unreadable, NotImplementedError):
        return None
