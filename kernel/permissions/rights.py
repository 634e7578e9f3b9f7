"""The rights of an actor: the policies of all roles, asked together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, false, true

from kernel import fieldtypes
from kernel.i18n import Text, _
from kernel.model.application import Application
from kernel.permissions.decision import Decision
from kernel.permissions.policy import Action, Facts, Policy, RowScope
from kernel.permissions.scopes import Everything, Nothing, OfTeam, OfTeams, Own, any_of
from kernel.platform.ctx import Actor
from kernel.platform.releases import Release

_EMPTY: frozenset[str] = frozenset()

_REFUSALS: dict[str, Text] = {
    "read": _("None of your roles may read these records."),
    "create": _("None of your roles may make new records here."),
    "update": _("None of your roles may change these records."),
    "delete": _("None of your roles may move these records to the bin."),
    "assign": _("None of your roles may give these records to somebody else."),
}


class EntityRights:
    """What an actor may do with the records of one entity."""

    def __init__(self, rights: Rights, key: str) -> None:
        app = rights.app
        self.rights, self.key = rights, key
        self.actor = rights.actor
        self.entity = app.entities[key]
        self.everything = rights.actor.kind == "system"
        self.policies: tuple[Policy, ...] = () if self.everything else rights.policies(key)
        scopes = rights.actor.scopes
        self._may_read = scopes is None or bool(scopes & {"all", "read", "write"})
        self._may_write = scopes is None or bool(scopes & {"all", "write"})

    @cached_property
    def timeless(self) -> bool:
        """Whether its conditions in SQL stay the same from moment to moment: no row scope is a formula."""
        return all(isinstance(p.scopes["read"], (Everything, Nothing, Own, OfTeam, OfTeams)) for p in self.policies)

    def _permitted(self, action: str) -> bool:
        """Whether the token's scopes allow the action at all (D27)."""
        return self._may_read if action == "read" else self._may_write

    def any(self, action: Action) -> bool:
        """Whether there may be a record to which the action is allowed."""
        if not self._permitted(action):
            return False
        if self.everything:
            return True
        if action == "create":
            return any(p.create for p in self.policies)
        return any(not isinstance(p.scopes[action], Nothing) for p in self.policies)

    def may(self, action: Action, facts: Facts | None = None) -> Decision:
        """The decision; ``facts`` are needed for everything but ``create``."""
        if not self._permitted(action):
            return Decision(False, f"{self.entity.uid}#token", _("This token is not made for that."))
        if self.everything:
            return Decision(True, f"{self.entity.uid}#system", _("The system itself does it."))
        if action == "create":
            for policy in self.policies:
                if policy.create:
                    return Decision(True, policy.uid, _("{role} may make new records.", role=policy.role.label))
            return self._refused(action)
        assert facts is not None, "a decision about a record needs its facts"
        for policy in self.policies:
            rule = policy.scopes[action]
            if rule.holds(self.actor, facts):
                return Decision(True, policy.uid, _("{role} may do this to {which}.", role=policy.role.label, which=rule.words()))
        return self._refused(action)

    def _refused(self, action: Action) -> Decision:
        near = [p for p in self.policies if action != "create" and not isinstance(p.scopes[action], Nothing)]
        if near:
            which = [p.scopes[action].words() for p in near]
            return Decision(False, near[0].uid, _("You may do this only to {which}.", which=which))
        rule = self.policies[0].uid if self.policies else f"{self.entity.uid}#rights"
        return Decision(False, rule, _REFUSALS[action])

    def where(self, action: Action, sql: RowScope) -> ColumnElement[bool]:
        """The records to which the action is allowed, as a condition."""
        if not self._permitted(action) or action == "create":
            return true() if action == "create" and self.any("create") else false()
        if self.everything or any(isinstance(p.scopes[action], Everything) for p in self.policies):
            return true()
        return any_of(p.scopes[action].where(self.actor, sql) for p in self.policies if not isinstance(p.scopes[action], Nothing))

    # --- fields -----------------------------------------------------------------------------------------------

    @cached_property
    def every_field(self) -> frozenset[str]:
        """All field keys; those of rows as ``rows.field``."""
        return frozenset(k for f in self.entity.fields for k in (f.key, *(f"{f.key}.{inner.key}" for inner in f.fields)))

    @cached_property
    def _every_writable(self) -> frozenset[str]:
        return frozenset(
            k for f in self.entity.fields for k, inner in ((f.key, f), *((f"{f.key}.{i.key}", i) for i in f.fields)) if fieldtypes.of(inner).writable
        )

    @cached_property
    def _closed_inputs(self) -> dict[Policy, frozenset[str]]:
        """Per policy the derived fields that read other entities' fields which this actor may not read (D8)."""
        return {
            p: frozenset(k for k, needs in p.needs.items() if any(not self.rights.declared(i.entity, i.key) for i in needs)) for p in self.policies if p.needs
        }

    def _of(self, policy: Policy, what: str, state: str | None) -> frozenset[str]:
        found: frozenset[str] = getattr(policy, what).of(state)
        closed = self._closed_inputs.get(policy)
        return found - closed if closed else found

    def matching(self, action: Action, facts: Facts) -> tuple[Policy, ...]:
        """The policies whose row scope covers this record."""
        return tuple(p for p in self.policies if p.scopes[action].holds(self.actor, facts))

    def readable(self, facts: Facts) -> frozenset[str]:
        """Fields of this very record that may be read: those of the policies that let it be seen (D9)."""
        if self.everything:
            return self.every_field
        if not self._may_read:
            return _EMPTY
        return self.readable_by(self.matching("read", facts), facts.state)

    def readable_by(self, policies: tuple[Policy, ...], state: str | None) -> frozenset[str]:
        """The union of what these policies read in a record in ``state``."""
        if len(policies) == 1:
            return self._of(policies[0], "readable", state)
        return _EMPTY.union(*(self._of(p, "readable", state) for p in policies))

    def writable(self, facts: Facts) -> frozenset[str]:
        """Fields of this very record that may be written."""
        if not self._may_write:
            return _EMPTY
        if self.everything:
            return self._every_writable
        return _EMPTY.union(*(self._of(p, "writable", facts.state) for p in self.matching("update", facts)))

    @cached_property
    def creatable(self) -> frozenset[str]:
        """Fields that may be given to a new record."""
        if not self._may_write:
            return _EMPTY
        if self.everything:
            return self._every_writable
        return _EMPTY.union(*(self._of(p, "writable", None) for p in self.policies if p.create))

    @cached_property
    def queryable(self) -> frozenset[str]:
        """Fields that may be used in filter, sort, search and group: readable in every record the actor can see."""
        if self.everything:
            return self.every_field
        if not self._may_read:
            return _EMPTY
        readers = [p for p in self.policies if not isinstance(p.scopes["read"], Nothing)]
        if not readers:
            return _EMPTY
        always = {p: p.readable.always - self._closed_inputs.get(p, _EMPTY) for p in readers}
        common = frozenset.intersection(*always.values())
        return common.union(*(fields for p, fields in always.items() if isinstance(p.scopes["read"], Everything)))

    def readable_ever(self) -> frozenset[str]:
        """Fields that may be read in some record: for documents and pickers, never for decisions."""
        return (
            self.every_field
            if self.everything
            else _EMPTY.union(*(self._of(p, "readable", None) for p in self.policies if not isinstance(p.scopes["read"], Nothing)))
        )

    def writable_ever(self) -> frozenset[str]:
        """Fields that may be written in some record, or given to a new one."""
        if self.everything:
            return self._every_writable
        return _EMPTY.union(*(self._of(p, "writable", None) for p in self.policies if p.create or not isinstance(p.scopes["update"], Nothing)))

    def refusal_of(self, field: str) -> str:
        """The uid of the right that keeps a field from being written."""
        for policy in self.policies:
            if field in policy.right.fields:
                return policy.uid
        return self.policies[0].uid if self.policies else f"{self.entity.uid}#rights"


class Rights:
    """The rights of one actor in one release. Asks roles, never a person's name."""

    def __init__(self, release: Release, actor: Actor) -> None:
        self.release, self.actor = release, actor
        self.app: Application = release.application
        self._entities: dict[str, EntityRights] = {}

    def entity(self, key: str) -> EntityRights:
        """The rights to one entity. Raises KeyError when there is none."""
        found = self._entities.get(key)
        if found is None:
            found = self._entities[key] = EntityRights(self, key)
        return found

    def may(self, action: Action, entity: str, facts: Facts | None = None) -> Decision:
        """Whether the actor may do this to the loaded record."""
        return self.entity(entity).may(action, facts)

    def where(self, action: Action, entity: str, sql: RowScope) -> ColumnElement[bool]:
        """The same rule as a condition over the rows of ``sql``."""
        return self.entity(entity).where(action, sql)

    def readable(self, entity: str, facts: Facts) -> frozenset[str]:
        return self.entity(entity).readable(facts)

    def writable(self, entity: str, facts: Facts) -> frozenset[str]:
        return self.entity(entity).writable(facts)

    def queryable(self, entity: str) -> frozenset[str]:
        return self.entity(entity).queryable

    def policies(self, entity: str) -> tuple[Policy, ...]:
        """The policies of the actor's roles that name the entity, in order of role key."""
        found = (policy_of(self.app, role, entity) for role in sorted(self.actor.roles))
        return tuple(p for p in found if p is not None)

    def declared(self, entity: str, key: str) -> bool:
        """Whether some role of the actor reads this field in all records that role can see."""
        if self.actor.kind == "system":
            return True
        return (
            any(key in p.readable.always for p in self.policies(entity) if not isinstance(p.scopes["read"], Nothing)) if entity in self.app.entities else False
        )


def policy_of(app: Application, role_key: str, entity: str) -> Policy | None:
    """What a role may do with the records of an entity; None when it names neither."""
    cache: dict[tuple[str, str], Policy | None] = app.__dict__.setdefault("_policies", {})
    key = (role_key, entity)
    if key not in cache:
        role = app.roles.get(role_key)
        right = role.by_entity.get(entity) if role else None
        made = app.entities.get(entity)
        cache[key] = Policy(app, role, right, made) if role and right and made else None
    return cache[key]


_LIMIT = 2048
_lock = threading.Lock()
_known: OrderedDict[Any, Rights] = OrderedDict()


def rights_of(release: Release, actor: Actor) -> Rights:
    """The rights of ``actor``: kept per release and everything about the actor that rights depend on."""
    key = (release.hash, actor.person, actor.team, actor.teams, actor.roles, actor.kind, actor.scopes)
    with _lock:
        found = _known.get(key)
        if found is not None:
            _known.move_to_end(key)
            return found
    made = Rights(release, actor)
    with _lock:
        _known[key] = made
        while len(_known) > _LIMIT:
            _known.popitem(last=False)
    return made
