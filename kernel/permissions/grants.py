"""Whether somebody may give a role: never one that allows more than they hold themselves (SAFETY D30). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.i18n import Text, _
from kernel.model.elements import Role
from kernel.permissions.policy import ROW_ACTIONS, Policy
from kernel.permissions.rights import EntityRights, rights_of
from kernel.permissions.scopes import WORDS, Nothing, Own
from kernel.platform.ctx import Actor
from kernel.platform.releases import Release

_ORDER = ("none", "own", "team", "team_and_below", "all")

RIGHT_WORDS: dict[str, Text] = {
    "design": _("design the application"), "administer": _("administer people and settings"), "export": _("export lists"), "import": _("import records"),
}
ACTION_WORDS: dict[str, Text] = {
    "read": _("see"), "create": _("make"), "update": _("change"), "delete": _("delete"), "assign": _("give away"),
}


@dataclass(frozen=True, slots=True)
class Excess:
    """Something a role allows that the giver does not hold."""

    words: Text


def excess(release: Release, actor: Actor, role: Role) -> tuple[Excess, ...]:
    """What the role allows beyond what the actor holds; empty: the actor may give it. Who has the role may pass it on."""
    if actor.kind == "system" or role.key in actor.roles:
        return ()
    found = [Excess(RIGHT_WORDS[right]) for right in role.can if right not in actor.rights and right in RIGHT_WORDS]
    rights = rights_of(release, actor)
    app = release.application
    for right in role.rights:
        entity = app.entities.get(right.key)
        if entity is None:
            continue
        mine, theirs = rights.entity(right.key), Policy(app, role, right, entity)
        wide = [action for action in ROW_ACTIONS if not _covers(mine, theirs, action)]
        if right.create and not mine.any("create"):
            wide.append("create")
        if not wide and not _covers_fields(mine, theirs):
            wide.append("read")
        found.extend(Excess(_("{act}: {entity}", act=ACTION_WORDS[action], entity=entity.label)) for action in dict.fromkeys(wide))
    return tuple(found)


def _text(policy: Policy, action: str) -> str:
    return str(getattr(policy.right, action))


def _covers(mine: EntityRights, theirs: Policy, action: str) -> bool:
    """Whether one of my policies reaches at least as far."""
    if isinstance(theirs.scopes[action], Nothing):
        return True
    wanted = _text(theirs, action)
    for policy in mine.policies:
        held = _text(policy, action)
        if held == wanted or held == "all":
            return True
        if held in WORDS and wanted in WORDS and _ORDER.index(held) >= _ORDER.index(wanted):
            return True
        # One's own records are one's own in every role: who may do it to any record at all holds that much.
        if isinstance(theirs.scopes[action], Own) and not isinstance(policy.scopes[action], Nothing):
            return True
    return False


def _covers_fields(mine: EntityRights, theirs: Policy) -> bool:
    readable, writable = mine.readable_ever(), mine.writable_ever()
    return theirs.readable.usual <= readable and theirs.writable.usual <= (writable if _writes(theirs) else writable | theirs.writable.usual)


def _writes(policy: Policy) -> bool:
    return policy.create or not isinstance(policy.scopes["update"], Nothing)
