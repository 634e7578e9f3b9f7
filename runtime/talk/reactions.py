"""Reactions: a small fixed set, one row per person, comment and reaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from kernel.errors import Invalid, Problem
from kernel.i18n import Text, _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx


@dataclass(frozen=True, slots=True)
class Reaction:
    """One that can be given: the sign and what it is called."""

    key: str
    sign: str
    label: Text


REACTIONS: Mapping[str, Reaction] = {r.key: r for r in (
    Reaction("good", "👍", _("Good")),
    Reaction("done", "✅", _("Done")),
    Reaction("thanks", "🙏", _("Thanks")),
    Reaction("heart", "❤️", _("Love it")),
    Reaction("party", "🎉", _("Congratulations")),
    Reaction("eyes", "👀", _("I am looking at it")),
)}


def require(key: str) -> Reaction:
    """The reaction with this key. Raises Invalid."""
    found = REACTIONS.get(key)
    if found is None:
        raise Invalid([Problem("unknown_reaction", _("There is no such reaction."), "reaction", _("Known: {keys}.", keys=", ".join(REACTIONS)))])
    return found


def give(ctx: Ctx, comment: str, key: str) -> None:
    """The actor reacts; a second time changes nothing. The caller has seen to it that they may read the comment."""
    require(key)
    insert = postgresql.insert if ctx.conn.dialect.name == "postgresql" else sqlite.insert
    row = {"comment_id": comment, "person_id": ctx.actor.person, "emoji": key, "at": ctx.now}
    ctx.conn.execute(insert(t.reaction).values(row).on_conflict_do_nothing())


def take_back(ctx: Ctx, comment: str, key: str) -> None:
    """The actor's own reaction goes."""
    require(key)
    c = t.reaction.c
    ctx.conn.execute(delete(t.reaction).where(c.comment_id == comment, c.person_id == ctx.actor.person, c.emoji == key))


def of(ctx: Ctx, comments: Sequence[str]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Who gave what: people by reaction by comment, in the order of the set, in one statement."""
    found: dict[str, dict[str, list[str]]] = {}
    if comments:
        c = t.reaction.c
        query = select(c.comment_id, c.emoji, c.person_id).where(c.comment_id.in_(list(comments))).order_by(c.at, c.person_id)
        for comment, key, person in ctx.conn.execute(query):
            if key in REACTIONS:
                found.setdefault(comment, {}).setdefault(key, []).append(person)
    return {comment: {k: tuple(given[k]) for k in REACTIONS if k in given} for comment, given in found.items()}
