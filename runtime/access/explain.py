"""Why can, or can't, this person: a record, its fields and its steps, in words, with the role or rule that decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kernel import fieldtypes
from kernel.errors import Message, NotFound
from kernel.i18n import Text, _
from kernel.model.elements import Field
from kernel.permissions import EntityRights, rights_of
from kernel.permissions.policy import Action, Policy
from kernel.permissions.scopes import Condition, Everything, Nothing, OfTeam, OfTeams, Own, RowRule
from kernel.platform import accounts, actors
from kernel.platform.ctx import Ctx
from runtime.records import reading
from runtime.records.env import RecordEnv, Scene
from runtime.records.shape import EntityShape, shape_of

ACTIONS: tuple[tuple[Action, Text], ...] = (
    ("read", _("See it")), ("update", _("Change it")), ("assign", _("Give it to somebody else")), ("delete", _("Move it to the bin")))


@dataclass(frozen=True, slots=True)
class RoleSays:
    """What one role of the person says about an action: to which records, and whether this is one of them."""

    role: Message
    which: Message
    holds: bool
    rule: str


@dataclass(frozen=True, slots=True)
class ActionSays:
    """An action, whether it is allowed, and what each role says."""

    label: Text
    allowed: bool
    roles: tuple[RoleSays, ...]


@dataclass(frozen=True, slots=True)
class FieldSays:
    """A field: whether it may be read and written, and what stands against it."""

    key: str
    label: Message
    read: bool
    write: bool
    why: Message
    rule: str


@dataclass(frozen=True, slots=True)
class StepSays:
    """A step that leads on from here: open, or what is missing and from whom; or that it is not theirs to take."""

    label: Message
    open: bool
    missing: tuple[tuple[Message, Message], ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything about one person and one record. ``signs_in``: why the person can't do anything at all, if so."""

    person: str
    roles: tuple[Message, ...]
    team: str | None
    signs_in: Message | None
    actions: tuple[ActionSays, ...]
    fields: tuple[FieldSays, ...]
    steps: tuple[StepSays, ...]


def explain(ctx: Ctx, person: str, entity: str, id_: str) -> Explained:
    """For ``person`` and a record that the actor of ``ctx`` sees. Raises NotFound for a record out of the asker's sight, and for nobody."""
    full = reading.get(ctx, entity, id_).env.record
    shape = shape_of(ctx.release, entity)
    identity = actors.identify(ctx.conn, ctx.release, person, tenant=ctx.tenant, now=ctx.now)
    account = accounts.find(ctx.conn, person)
    if identity is None and account is None:
        raise NotFound()
    known = ctx.app.roles
    if identity is None:
        return Explained(person, (), None, _("No longer active here, so nothing is allowed."), (), (), ())
    signs_in: Message | None = None
    if account is None:
        signs_in = _("Has no sign-in, so none of this can be used.")
    elif account.disabled_at is not None:
        signs_in = _("The sign-in is closed, so none of this can be used.")
    theirs = ctx.acting(actor=identity.actor(ctx.tenant, language=ctx.language, zone=ctx.actor.zone))
    rights = rights_of(ctx.release, theirs.actor).entity(entity)
    env = RecordEnv(Scene(theirs), shape, full)
    return Explained(
        person, tuple(known[r].label for r in sorted(identity.roles) if r in known), identity.team, signs_in,
        tuple(_action(rights, key, label, env) for key, label in ACTIONS), tuple(_fields(rights, shape, env)), tuple(_steps(theirs, entity, id_)))


def _action(rights: EntityRights, action: Action, label: Text, env: RecordEnv) -> ActionSays:
    says = tuple(
        RoleSays(p.role.label, words_of(p.scopes[action]), p.scopes[action].holds(rights.actor, env), p.uid) for p in rights.policies)
    return ActionSays(label, bool(rights.may(action, env)), says)


def words_of(rule: RowRule) -> Message:
    """Which records a rule covers, said about somebody else."""
    usual = getattr(rule, "usual", rule)
    if isinstance(usual, Nothing):
        return _("no records")
    if isinstance(usual, Everything):
        return _("all records")
    if isinstance(usual, Own):
        return _("their own records")
    if isinstance(usual, OfTeam):
        return _("records of their team")
    if isinstance(usual, OfTeams):
        return _("records of their team and the teams below it")
    if isinstance(usual, Condition):
        return _("records for which this holds: {rule}", rule=usual.expression.text)
    return usual.words()


def _fields(rights: EntityRights, shape: EntityShape, env: RecordEnv) -> Iterable[FieldSays]:
    readers, writers = rights.matching("read", env), rights.matching("update", env)
    readable, writable = rights.readable(env), rights.writable(env)
    for field in shape.entity.fields:
        read, write = field.key in readable, field.key in writable
        why, rule = _why(rights, shape, field, env, readers, writers, read, write)
        yield FieldSays(field.key, field.label, read, write and not isinstance(why, _Closed), why.text if isinstance(why, _Closed) else why, rule)


@dataclass(frozen=True, slots=True)
class _Closed:
    """A rule of the form closes the field now, whatever the rights say."""

    text: Message


def _why(
    rights: EntityRights, shape: EntityShape, field: Field, env: RecordEnv, readers: tuple[Policy, ...], writers: tuple[Policy, ...], read: bool, write: bool
) -> tuple[Any, str]:
    entity = shape.entity
    if rights.everything:
        return "", field.uid
    if not read:
        if not readers:
            return _("This record is out of sight."), f"{entity.uid}#rights"
        policy = readers[0]
        if (policy.right.fields.get(field.key) or {}).get("read") is False:
            return _("{role} may not read it.", role=policy.role.label), policy.uid
        if field.key in ((policy.right.states.get(env.state or "") or {}).get("hidden") or ()):
            return _("{role} may not read it in this state.", role=policy.role.label), policy.uid
        return _("It follows from something that {role} may not read.", role=policy.role.label), policy.uid
    if not fieldtypes.of(field).writable:
        return _("The platform works it out."), field.uid
    if not write:
        if not writers:
            return _("This record may not be changed."), rights.policies[0].uid if rights.policies else f"{entity.uid}#rights"
        policy = writers[0]
        if (policy.right.fields.get(field.key) or {}).get("write") is False:
            return _("{role} may not change it.", role=policy.role.label), policy.uid
        return _("{role} may not change it in this state.", role=policy.role.label), policy.uid
    expression = shape.schema.expression(field, "read_only_when")
    if expression is not None and expression.evaluate(env) is True:
        return _Closed(_("Closed while this holds: {rule}", rule=str(field.read_only_when))), f"{field.uid}#read_only_when"
    return "", field.uid


def _steps(theirs: Ctx, entity: str, id_: str) -> Iterable[StepSays]:
    try:
        seen = reading.get(theirs, entity, id_)
    except NotFound:
        return
    for door in reading.doors(theirs, seen):
        yield StepSays(door.label, door.open, tuple((m.what, m.source) for m in door.missing))
