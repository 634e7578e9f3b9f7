"""What happened to a record, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel import fieldtypes
from kernel.i18n import _, to_text
from kernel.model.elements import Entity
from kernel.platform.ctx import Ctx
from runtime.forms.prepare import prepared
from runtime.forms.shown import Surroundings, words
from runtime.web.when import iso, moment_text

ICONS: Mapping[str, str] = {
    "created": "plus", "create": "plus", "updated": "pencil", "update": "pencil", "transition": "arrow-right", "assigned": "user-check",
    "assign": "user-check", "deleted": "trash", "delete": "trash", "restored": "arrow-back-up", "restore": "arrow-back-up", "comment": "message-2",
}


def more_url(url: str, entries: Sequence[Any], page: int) -> str | None:
    """Where older entries are, if there may be any."""
    return f"{url}/history?before={entries[-1].seq}" if len(entries) >= page else None


def lines(ctx: Ctx, entity: Entity, entries: Sequence[Any], around: Surroundings) -> list[dict[str, Any]]:
    """Entries as the timeline component wants them."""
    return [_line(ctx, entity, entry, around) for entry in entries]


def _line(ctx: Ctx, entity: Entity, entry: Any, around: Surroundings) -> dict[str, Any]:
    who = entry.actor_name if getattr(entry, "actor_name", None) else around.reader.label(entry.actor_id) if entry.actor_id else None
    line: dict[str, Any] = {
        "who": who, "when": moment_text(entry.at, around.reader), "iso": iso(entry.at), "icon": ICONS.get(entry.kind, "point-filled"), "tone": None,
        "title": _title(ctx, entity, entry), "changes": _changes(ctx, entity, entry, around), "body": None, "reason": None,
    }
    if entry.kind == "comment":
        line["body"] = getattr(entry, "body", None)
    return line


def _title(ctx: Ctx, entity: Entity, entry: Any) -> Any:
    kind = entry.kind.rstrip("d") if entry.kind not in ("created", "updated", "deleted", "restored", "assigned") else entry.kind[:-1]
    fixed = {
        "create": _("made this"), "creat": _("made this"), "update": _("changed"), "updat": _("changed"), "delet": _("moved this to the bin"),
        "delete": _("moved this to the bin"), "restor": _("brought this back"), "restore": _("brought this back"), "assign": _("handed this over"),
        "assigne": _("handed this over"), "comment": _("wrote"),
    }
    return fixed.get(kind, _("changed"))


def _changes(ctx: Ctx, entity: Entity, entry: Any, around: Surroundings) -> list[tuple[str, str, str]]:
    found = []
    for key, (old, new) in entry.changes.items():
        field = entity.by_key.get(key)
        if field is None or field.type not in fieldtypes.BUILTIN:
            continue
        p = prepared(ctx, field)
        found.append((p.label, words(p, old, around), words(p, new, around)))
    return [(label, to_text(old, ctx.language), to_text(new, ctx.language)) for label, old, new in found]
