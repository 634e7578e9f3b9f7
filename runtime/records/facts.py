"""What the decision about a transition must know of a record, its actor and the rights of others."""

from __future__ import annotations

from typing import Any

from kernel.errors import Message
from kernel.i18n import _
from kernel.model.application import Application
from kernel.model.elements import Machine
from kernel.permissions import EntityRights
from runtime.records.env import RecordEnv
from runtime.records.shape import EntityShape
from runtime.records.supply import roles_for, sources
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

    def path_label(self, path: tuple[str, ...]) -> Message:
        """What people call what a path leads to: of another record its field and what the record is to this one."""
        if len(path) == 1 or path[0] not in self.readable or path[0] not in self.shape.fields:
            return self.field_label(path[0])
        target = self.shape.fields[path[0]].target
        other = self.shape.app.entities.get(target or "")
        last = other.by_key.get(path[1]) if other is not None and len(path) == 2 else None
        known = last is not None and target is not None and path[1] in self.rights.rights.entity(target).readable_ever()
        return _("{field} ({record})", field=last.label, record=self.field_label(path[0])) if known and last is not None else self.field_label(path[0])

    def suppliers(self, path: tuple[str, ...]) -> Message:
        """Who may supply what a path leads to, in words: the actor, else the roles that may."""
        if len(path) == 1 and path[0] in self._writable:
            return _("you")
        return suppliers(self.shape.app, self.shape.key, path)

    def spread(self, path: tuple[str, ...]) -> int:
        """How many roles may supply what a path leads to."""
        return len(roles_for(self.shape.app, sources(self.shape.app, self.shape.key, path)))

    def role_label(self, role: str) -> Message:
        """What people call the role."""
        found = self.shape.app.roles.get(role)
        return found.label if found else role


def suppliers(app: Application, entity: str, path: tuple[str, ...]) -> Message:
    """The roles that may supply what a path leads to, in words."""
    found: list[Any] = []
    for key, own in roles_for(app, sources(app, entity, path)):
        label = app.roles[key].label
        found.append(_("the owner ({role})", role=label) if own else label)
    return _("{roles}", roles=found) if found else _("an admin")


def state_of(env: RecordEnv, machine: Machine) -> str | None:
    """Where a record stands in a machine."""
    return env.state if machine.first else env.values.get(machine.key)
