"""Roles: what each may in plain words, who has it, and giving it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from kernel.errors import Conflict, Forbidden, Invalid, Message, Problem
from kernel.i18n import Labels, Text, _
from kernel.model.elements import Right, Role
from kernel.permissions import grants
from kernel.permissions.scopes import WORDS
from kernel.platform import accounts, audit
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx

ADMINISTER = "administer"

_READ: dict[str, Text] = {
    "own": _("sees one's own"), "team": _("sees those of the team"), "team_and_below": _("sees those of the team and the teams below"), "all": _("sees all")}
_UPDATE: dict[str, Text] = {
    "own": _("changes one's own"), "team": _("changes those of the team"), "team_and_below": _("changes those of the team and the teams below"), "all": _("changes all")}
_DELETE: dict[str, Text] = {
    "own": _("deletes one's own"), "team": _("deletes those of the team"), "team_and_below": _("deletes those of the team and the teams below"), "all": _("deletes all")}
_ASSIGN: dict[str, Text] = {
    "own": _("gives one's own to others"), "team": _("gives those of the team to others"), "team_and_below": _("gives those of the team and the teams below to others"),
    "all": _("gives all to others")}
_SOME: dict[str, Text] = {
    "read": _("sees some, by a rule"), "update": _("changes some, by a rule"), "delete": _("deletes some, by a rule"), "assign": _("gives some to others, by a rule")}
_BY_ACTION = (("read", _READ), ("update", _UPDATE), ("delete", _DELETE), ("assign", _ASSIGN))


@dataclass(frozen=True, slots=True)
class OnKind:
    """What a role may do with one kind of record, in words; ``narrowed`` says that fields or states limit it further."""

    label: Message
    words: tuple[Text, ...]
    narrowed: bool


@dataclass(frozen=True, slots=True)
class RoleWords:
    """A role for people to read. ``excess``: why the reader may not give it; ``by_rule``: it is also had by a rule."""

    key: str
    label: Message
    help: Message | None
    beyond: tuple[Text, ...]
    kinds: tuple[OnKind, ...]
    by_rule: bool
    people: int
    excess: tuple[Text, ...]

    @property
    def summary(self) -> tuple[Message, ...]:
        """The role in a line: what it may beyond records, then the kinds it deals with."""
        return (*self.beyond, *(kind.label for kind in self.kinds))


def _right_words(right: Right) -> tuple[Text, ...]:
    found = [] if not right.create else [_("makes new ones")]
    for action, words in _BY_ACTION:
        scope = str(getattr(right, action))
        if scope != "none":
            found.append(words[scope] if scope in WORDS else _SOME[action])
    return tuple(found)


def in_words(ctx: Ctx) -> list[RoleWords]:
    """Every role of the application, in order."""
    query = (
        select(t.person_role.c.role, func.count()).select_from(t.person_role).join(t.account, t.account.c.person_id == t.person_role.c.person_id)
        .where(t.account.c.disabled_at.is_(None)).group_by(t.person_role.c.role))
    counts = {row[0]: row[1] for row in ctx.conn.execute(query)}
    return [_words(ctx, role, counts.get(role.key, 0)) for role in ctx.app.roles.values()]


def _words(ctx: Ctx, role: Role, people: int) -> RoleWords:
    kinds = []
    for right in role.rights:
        entity = ctx.app.entities.get(right.key)
        words = _right_words(right)
        if entity is not None and words:
            # The kind leads, in few words: seeing everything includes the narrower scopes.
            kinds.append(OnKind(entity.label, words, bool(right.fields or right.states)))
    return RoleWords(
        role.key, role.label, Labels(role.help, "") if role.help else None, tuple(grants.RIGHT_WORDS[r] for r in role.can if r in grants.RIGHT_WORDS), tuple(kinds), bool(role.member_when), people,
        tuple(e.words for e in grants.excess(ctx.release, ctx.actor, role)))


def check_known(ctx: Ctx, roles: Iterable[str]) -> None:
    """Raises Invalid for a role that the application does not have."""
    unknown = [role for role in roles if role not in ctx.app.roles]
    if unknown:
        raise Invalid([Problem("unknown_role", _("There is no role “{name}”.", name=unknown[0]), "role", _("Known: {keys}.", keys=", ".join(ctx.app.roles)))])


def check_grant(ctx: Ctx, roles: Iterable[str]) -> None:
    """Raises Forbidden when one of these roles allows more than the actor holds (D30)."""
    for key in roles:
        role = ctx.app.roles.get(key)
        if role is None:
            continue
        beyond = grants.excess(ctx.release, ctx.actor, role)
        if beyond:
            raise Forbidden(
                _("You may not give the role “{role}”: it allows more than you may yourself.", role=role.label), rule=role.uid,
                hint=_("Beyond your own rights: {what}.", what=[e.words for e in beyond[:5]]))


def give(ctx: Ctx, person_id: str, roles: Sequence[str]) -> None:
    """Give a person exactly these roles. What they have already stays without asking whether the actor could give it.

    Raises NotFound, Invalid, Forbidden, Conflict (the last administrator).
    """
    accounts.get(ctx.conn, person_id)
    wanted, present = frozenset(roles), accounts.roles_of(ctx.conn, person_id)
    check_known(ctx, wanted - present)
    check_grant(ctx, wanted - present)
    if wanted == present:
        return
    if present - wanted:
        check_administrator_left(ctx, {person_id: wanted})
    accounts.set_roles(ctx.conn, person_id, wanted)
    audit.note(ctx, "role.changed", person_id, {"given": sorted(wanted - present), "taken": sorted(present - wanted)})


def administering(ctx: Ctx) -> frozenset[str]:
    """Keys of the roles that may administer."""
    return frozenset(role.key for role in ctx.app.roles.values() if ADMINISTER in role.can)


def administrators(ctx: Ctx) -> set[str]:
    """Ids of the people who administer now and may sign in."""
    a, p = t.account.c, t.person_role.c
    query = select(a.person_id).join(t.person_role, p.person_id == a.person_id).where(p.role.in_(administering(ctx)), a.disabled_at.is_(None)).distinct()
    entity = ctx.app.entities.get("person")
    if entity is not None:
        table = ctx.tables.of("person")
        query = query.join(table.table, table.table.c.id == a.person_id).where(table.table.c.deleted_at.is_(None))
        if "active" in table.columns:
            query = query.where(table.column("active").is_not(False))
    return set(ctx.conn.execute(query).scalars())


def last_administrator() -> Conflict:
    """Nobody could administer any more."""
    return Conflict(_("This is the last person who may administer."), hint=_("Give somebody else a role that may administer first."))


def check_administrator_left(ctx: Ctx, changed: Mapping[str, Collection[str]]) -> None:
    """Raises Conflict when nobody would administer any more once these people had only these roles (none: gone)."""
    # The row of the tenant is locked, so that two who take each other's role away don't both succeed.
    ctx.conn.execute(select(t.tenant_state.c.id).with_for_update()).first()
    now, keys = administrators(ctx), administering(ctx)
    losing = {person for person, roles in changed.items() if not keys & set(roles)}
    if now & losing and not now - losing:
        raise last_administrator()
