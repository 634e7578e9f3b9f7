"""Whose a record is: owner and team, who may say so, and what follows from one for the other."""

from __future__ import annotations

from collections.abc import Mapping

from kernel.errors import Forbidden, Invalid, Problem
from kernel.i18n import _
from kernel.permissions import EntityRights, rights_of
from runtime.records.work import Work


def team_of(work: Work, owner: str | None) -> str | None:
    """A record belongs to its owner's team unless somebody says otherwise."""
    if owner is None or owner == work.ctx.actor.person:
        return work.ctx.actor.team
    person = work.scene.record("person", owner) if "person" in work.ctx.app.entities else None
    found = person.values.get("team") if person is not None else None
    return found if isinstance(found, str) else None


def place(work: Work, rights: EntityRights, owner: str | None, team: str | None) -> None:
    """Another owner or team than one's own: only by who may assign, only to who exists."""
    if owner is None and team is None:
        return
    decision = rights.may("assign", work.env)
    foreign = (owner is not None and owner != work.ctx.actor.person) or (team is not None and team not in work.ctx.actor.teams)
    if foreign and not decision:
        raise Forbidden(decision.reason, rule=decision.rule)
    check_placed(work, owner, team)


def check_placed(work: Work, owner: str | None, team: str | None) -> None:
    rights = rights_of(work.ctx.release, work.ctx.actor)
    for key, entity, id_ in (("owner", "person", owner), ("team", "team", team)):
        if id_ is None:
            continue
        env = work.scene.record(entity, id_) if entity in work.ctx.app.entities else None
        if env is None or env.record.deleted_at is not None or not rights.may("read", entity, env):
            raise Invalid(
                [Problem("not_found", _("This record does not exist, or you may not see it."), key, _("Choose another one."), f"{work.shape.uid}#{key}")]
            )


def place_by(work: Work, placed: Mapping[str, str | None]) -> None:
    """An owner set by a rule brings the own team along."""
    if "owner" in placed and "team" not in placed and placed["owner"] is not None:
        work.env.team = team_of(work, placed["owner"]) or work.env.team
