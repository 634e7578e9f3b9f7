"""What follows when the record of a person changes, on whatever road: who is no longer active is signed out, and the last administrator stays."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.platform import accounts, sessions
from kernel.platform.ctx import Ctx
from runtime.people import roles
from runtime.records.happened import Happened


def watch(ctx: Ctx, written: Sequence[Happened]) -> None:
    """A hook of the record road. Raises Conflict when nobody could administer any more."""
    for one in written:
        if one.shape.key == "person" and one.old is not None and _left(one):
            if accounts.roles_of(ctx.conn, one.new.id) & roles.administering(ctx) and not roles.administrators(ctx):
                raise roles.last_administrator()
            sessions.end_all(ctx.conn, one.new.id)


def _left(one: Happened) -> bool:
    return one.new.deleted_at is not None or ("active" in one.fields and one.new.values.get("active") is False)
