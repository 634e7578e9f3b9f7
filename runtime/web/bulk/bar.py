"""The buttons of the bar that appears with a selection."""

from __future__ import annotations

from typing import Any

from kernel.errors import Message
from kernel.i18n import _
from kernel.model.elements import Entity
from kernel.permissions import EntityRights, rights_of
from kernel.platform.ctx import Ctx
from runtime.web.bulk.fields import pickable


def actions(ctx: Ctx, entity: Entity, url: str) -> list[dict[str, Any]]:
    """What may be done to some of these records. ``url``: of the list, with what it is narrowed by, ending in ``/bulk``."""
    access = rights_of(ctx.release, ctx.actor).entity(entity.key)
    path, _mark, query = url.partition("?")
    found: list[tuple[str, Message, str, bool]] = []
    if access.any("update") and pickable(ctx, entity):
        found.append(("update", _("Change fields"), "pencil", False))
    if takes_steps(ctx, entity, access):
        found.append(("transition", _("Move on"), "arrow-right", False))
    if access.any("assign"):
        found.append(("assign", _("Reassign"), "user-check", False))
    if access.any("delete"):
        found.append(("delete", _("Delete"), "trash", True))
    return [
        {"label": label, "icon": icon, "danger": danger, "attrs": {
            "hx-post": f"{path}/{act}" + (f"?{query}" if query else ""), "hx-target": "#dialog-root", "hx-swap": "innerHTML", "hx-include": "closest form"}}
        for act, label, icon, danger in found]


def takes_steps(ctx: Ctx, entity: Entity, access: EntityRights) -> bool:
    """Whether there is a step that the actor may take in some record."""
    steps = (step for machine in ctx.app.machines_of(entity.key) for step in machine.transitions)
    return any(ctx.actor.roles.intersection(step.who) if step.who else access.any("update") for step in steps)
