"""What follows when the record of a person changes, on whatever road: who is no longer active is signed out, the last administrator
stays, and where links for a new password go is not for everybody to say."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.errors import Forbidden
from kernel.i18n import _
from kernel.permissions import grants
from kernel.platform import accounts, audit, sessions
from kernel.platform.ctx import Ctx
from runtime.people import roles
from runtime.records.happened import Happened


def watch(ctx: Ctx, written: Sequence[Happened]) -> None:
    """A hook of the record road. Raises Conflict when nobody could administer any more, Forbidden for a foreign address."""
    for one in written:
        if one.shape.key in ("person", "team"):
            _note(ctx, one)
        if one.shape.key == "person" and one.old is not None and "email" in one.fields:
            _check_address(ctx, one.new.id)
        if one.shape.key == "person" and one.old is not None and _left(one):
            if accounts.roles_of(ctx.conn, one.new.id) & roles.administering(ctx) and not roles.administrators(ctx):
                raise roles.last_administrator()
            sessions.end_all(ctx.conn, one.new.id)


def _note(ctx: Ctx, one: Happened) -> None:
    """In the audit, whatever the road: who somebody is, in which team they are and what stands above it decide what they may."""
    kind, name = one.shape.key, {"name": str(one.new.values.get("name") or "")[:80]} if one.shape.key == "team" else {}
    match one.kind:
        case "deleted":
            audit.note(ctx, f"{kind}.removed", one.new.id, name)
        case "restored":
            audit.note(ctx, f"{kind}.restored", one.new.id, name)
        case "updated":
            changed = set(one.fields)
            if kind == "person" and "active" in changed:
                audit.note(ctx, "person.enabled" if one.new.values.get("active") else "person.disabled", one.new.id)
                changed.discard("active")
            if changed & set(one.shape.fields):
                audit.note(ctx, f"{kind}.changed", one.new.id, {**name, "what": sorted(changed & set(one.shape.fields))})


def _left(one: Happened) -> bool:
    return one.new.deleted_at is not None or ("active" in one.fields and one.new.values.get("active") is False)


def _check_address(ctx: Ctx, person: str) -> None:
    """Whoever says where somebody's mail goes can have a link to their password sent there: only for who holds no more (D30)."""
    if person == ctx.actor.person:
        return
    held = (ctx.app.roles.get(key) for key in accounts.roles_of(ctx.conn, person))
    if any(role is not None and grants.excess(ctx.release, ctx.actor, role) for role in held):
        raise Forbidden(
            _("This person may do more than you: you can't change their e-mail address."),
            hint=_("Links for a new password go there. Ask the person, or an administrator."))
