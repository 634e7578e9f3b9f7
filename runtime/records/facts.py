"""What the decision about a transition must know of a record, its actor and the rights of others."""

from __future__ import annotations

from typing import Any

from kernel.errors import Message
from kernel.i18n import _
from kernel.model.application import Application
from kernel.model.elements import Machine
from kernel.permissions import EntityRights
from kernel.permissions.scopes import Nothing, Own
from runtime.records.env import RecordEnv
from runtime.records.shape import EntityShape
from runtime.records.work import is_blank


class TransitionFacts:
    """See :class:`runtime.workflow.decide.Facts`. ``env`` holds the new values, ``before`` the record as rights see it."""

    def __init__(self, shape: EntityShape, machine: Machine, env: RecordEnv, before: RecordEnv, rights: EntityRights, readable: frozenset[str]) -> None:
        self.shape, self.env, self.rights, self.readable = shape, env, rights, readable
        self.state = state_of(before, machine) or ""
        self.roles = frozenset(shape.app.roles) if rights.everything else rights.actor.roles
        self.may_update = bool(rights.may("update", before))
        self._writable = rights.writable(before)

    def filled(self, field: str) -> bool:
        """Whether the field, or the child rows, have a value."""
        found = self.shape.fields.get(field)
        if found is not None and found.many:
            return bool(self.env.rows((field,)))
        return not is_blank(self.env.get((field,)))

    def field_label(self, field: str) -> Message:
        """What people call the field; of a hidden one only that there is something."""
        found = self.shape.fields.get(field)
        if found is None:
            return {"owner": _("Owner"), "team": _("Team")}.get(field, _("Something in this record"))
        return found.field.label if field in self.readable else _("Something you may not see")

    def suppliers(self, field: str) -> Message:
        """Who may fill the field, in words: the actor, else the roles that may."""
        if field in self._writable:
            return _("you")
        return suppliers(self.shape.app, self.shape.key, field)

    def role_label(self, role: str) -> Message:
        """What people call the role."""
        found = self.shape.app.roles.get(role)
        return found.label if found else role


def suppliers(app: Application, entity: str, field: str) -> Message:
    """The roles that may fill a field, in words."""
    from kernel.permissions.rights import _policy

    found: list[Any] = []
    for key in app.roles:
        policy = _policy(app, key, entity)
        if policy is None or field not in policy.writable.usual or isinstance(policy.scopes["update"], Nothing):
            continue
        owner_only = isinstance(policy.scopes["update"], Own)
        found.append(_("the owner ({role})", role=policy.role.label) if owner_only else policy.role.label)
    return _("{roles}", roles=found) if found else _("an admin")


def state_of(env: RecordEnv, machine: Machine) -> str | None:
    """Where a record stands in a machine."""
    return env.state if machine.first else env.values.get(machine.key)
