"""Row scopes: none, own, team, team and below, all, or an expression; each as a check and as a filter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import ColumnElement, and_, false, or_, true

from kernel.expr import Expression, to_where
from kernel.i18n import Text, _

if TYPE_CHECKING:
    from kernel.permissions.policy import Facts, RowScope
    from kernel.platform.ctx import Actor


class RowRule(Protocol):
    """Which records: one rule, two forms that always agree."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        """Whether it covers the loaded record."""

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        """The same as a condition."""

    def words(self) -> Text:
        """Which records, for people: "records you own"."""


class Nothing:
    """No record."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return False

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        return false()

    def words(self) -> Text:
        return _("no records")


class Everything:
    """All records."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return True

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        return true()

    def words(self) -> Text:
        return _("all records")


class Own:
    """Records whose owner is the actor."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return facts.owner is not None and facts.owner == actor.person

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        return sql.system("owner") == actor.person

    def words(self) -> Text:
        return _("records you own")


class OfTeam:
    """Records of the actor's own team."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return facts.team is not None and facts.team == actor.team

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        return false() if actor.team is None else sql.system("team") == actor.team

    def words(self) -> Text:
        return _("records of your team")


class OfTeams:
    """Records of the actor's team and of all teams below it."""

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return facts.team is not None and facts.team in actor.teams

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        if not actor.teams:
            return false()
        # Sorted, so that the same actor always sends the same statement.
        return sql.system("team").in_(sorted(actor.teams))

    def words(self) -> Text:
        return _("records of your team and the teams below it")


class Condition:
    """Records for which an expression is TRUE. It runs as the system: the admin who wrote it decided what it may read."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return self.expression.evaluate(facts.env) is True

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        return to_where(self.expression, sql.trusted())

    def words(self) -> Text:
        return _("records for which this holds: {rule}", rule=self.expression.text)


class Both:
    """Records that two rules cover: a state's rule narrows the role's."""

    def __init__(self, wide: RowRule, narrow: RowRule) -> None:
        self.wide, self.narrow = wide, narrow

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return self.wide.holds(actor, facts) and self.narrow.holds(actor, facts)

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        return and_(self.wide.where(actor, sql), self.narrow.where(actor, sql))

    def words(self) -> Text:
        return self.narrow.words()


class ByState:
    """A rule of its own for some states, one for all others."""

    def __init__(self, usual: RowRule, states: dict[str, RowRule]) -> None:
        self.usual, self.states = usual, states

    def holds(self, actor: Actor, facts: Facts) -> bool:
        return self.states.get(facts.state or "", self.usual).holds(actor, facts)

    def where(self, actor: Actor, sql: RowScope) -> ColumnElement[bool]:
        state = sql.system("state")
        others = or_(state.is_(None), state.not_in(sorted(self.states)))
        return or_(
            and_(others, self.usual.where(actor, sql)),
            *(and_(state == key, rule.where(actor, sql)) for key, rule in self.states.items()),
        )

    def words(self) -> Text:
        return self.usual.words()


WORDS: dict[str, RowRule] = {"none": Nothing(), "own": Own(), "team": OfTeam(), "team_and_below": OfTeams(), "all": Everything()}


def any_of(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    """At least one of the conditions; none given: false."""
    found = list(conditions)
    return or_(*found) if len(found) > 1 else found[0] if found else false()
