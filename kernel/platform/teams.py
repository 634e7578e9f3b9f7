"""The team tree as a closure table: every team with every team above it, so that "mine and below" is one look-up.

Teams themselves are records; whoever changes a team's parent calls :func:`rebuild_closure` in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select

from kernel.errors import Invalid, Problem
from kernel.i18n import _
from kernel.platform import tables as t


def closure(parents: Mapping[str, str | None]) -> list[tuple[str, str, int]]:
    """(ancestor, descendant, depth) of a tree given as team to parent; a team is its own ancestor at depth 0.

    A parent that is not a team counts as none. Raises :class:`Invalid` when a team stands below itself.
    """
    found: list[tuple[str, str, int]] = []
    for team in parents:
        seen: set[str] = set()
        above: str | None = team
        while above is not None and above in parents:
            if above in seen:
                raise Invalid([Problem(
                    "team_circle", _("A team can't stand below itself."), path="fields.parent",
                    hint=_("Choose a parent that is not below this team."), data={"team": team})])
            found.append((above, team, len(seen)))
            seen.add(above)
            above = parents[above]
    return found


def rebuild_closure(conn: Connection, rows: Iterable[tuple[str, str | None]]) -> None:
    """Make the closure table that of ``rows`` (team id, parent id or None). Rights change with it, so the epoch moves."""
    from kernel.platform.accounts import bump_rights

    wanted = {(a, d): depth for a, d, depth in closure(dict(rows))}
    present = {(r.ancestor, r.descendant): r.depth for r in conn.execute(select(t.team_closure))}
    if wanted == present:
        return
    conn.execute(delete(t.team_closure))
    if wanted:
        conn.execute(insert(t.team_closure), [{"ancestor": a, "descendant": d, "depth": n} for (a, d), n in wanted.items()])
    bump_rights(conn)


def teams_below(conn: Connection, team: str | None) -> frozenset[str]:
    """The team and all below it; a team the closure does not know is still its own."""
    if team is None:
        return frozenset()
    found = conn.execute(select(t.team_closure.c.descendant).where(t.team_closure.c.ancestor == team)).scalars()
    return frozenset(found) | {team}


def all_teams_below(conn: Connection, teams: Iterable[str]) -> dict[str, frozenset[str]]:
    """:func:`teams_below` for several teams, in one statement."""
    found: dict[str, set[str]] = {team: {team} for team in teams}
    if found:
        c = t.team_closure.c
        for ancestor, descendant in conn.execute(select(c.ancestor, c.descendant).where(c.ancestor.in_(sorted(found)))):
            found[ancestor].add(descendant)
    return {team: frozenset(below) for team, below in found.items()}
