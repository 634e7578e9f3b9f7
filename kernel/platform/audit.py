"""Who did what to people, rights, sessions, tokens, settings and releases: rows of the table ``audit``, never changed.

Written in the transaction of the act itself. What happens to records stands in their own change log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from kernel.i18n import Text, _
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from kernel.platform.ids import uuid7

# Every kind with its sentence. {who} did it; {subject} is whom or what it was done to; the other slots stand in ``data``.
KINDS: Mapping[str, Text] = {
    "person.created": _("{who} added {subject}"),
    "person.invited": _("{who} invited {subject}"),
    "person.joined": _("{subject} accepted the invitation"),
    "person.invitation_revoked": _("{who} took the invitation of {subject} back"),
    "person.imported": _("{who} added {n} people from a spreadsheet"),
    "person.disabled": _("{who} deactivated {subject}"),
    "person.enabled": _("{who} activated {subject} again"),
    "person.changed": _("{who} changed {subject}"),
    "person.removed": _("{who} moved {subject} to the bin"),
    "person.restored": _("{who} took {subject} out of the bin"),
    "person.handed_over": _("{who} had the records of {subject} handed over"),
    "person.login_changed": _("{who} changed the log-in of {subject}"),
    "role.changed": _("{who} changed the roles of {subject}"),
    "team.changed": _("{who} changed the team {name}"),
    "team.removed": _("{who} moved the team {name} to the bin"),
    "team.restored": _("{who} took the team {name} out of the bin"),
    "team.merged": _("{who} dissolved the team {name}"),
    "password.changed": _("{subject} changed the own password"),
    "password.reset_asked": _("A link for a new password was asked for {subject}"),
    "password.reset": _("{subject} set a new password by a link"),
    "session.started": _("{subject} signed in"),
    "session.ended": _("{who} ended a session of {subject}"),
    "session.viewing": _("{who} looked at the workspace through the eyes of {subject}"),
    "sign_in.refused": _("Somebody tried to sign in as {subject} with a wrong password"),
    "sign_in.locked": _("Sign-in of {subject} was locked after too many tries"),
    "sign_in.unlocked": _("{who} lifted the lock on the sign-in of {subject}"),
    "token.created": _("{who} made the token “{name}” of {subject}"),
    "token.revoked": _("{who} revoked the token “{name}” of {subject}"),
    "records.purged": _("{who} deleted records for good: {n}"),
    "records.exported": _("{who} exported {n} records of {name}"),
    "audit.exported": _("{who} exported the audit log: {n}"),
    "absence.added": _("{who} named a substitute for {subject}"),
    "absence.ended": _("{who} ended an absence of {subject}"),
    "device.rings": _("{subject} let a device ring"),
    "device.quiet": _("A device of {subject} no longer rings"),
    "connection.added": _("{who} added the connection {name}"),
    "connection.changed": _("{who} changed the connection {name}"),
    "connection.switched_on": _("{who} switched the connection {name} on"),
    "connection.switched_off": _("{who} switched the connection {name} off"),
    "connection.removed": _("{who} removed the connection {name}"),
    "work.replayed": _("{who} had failed work done again: {n}"),
    "work.discarded": _("{who} discarded failed work: {n}"),
    "automation.paused": _("{who} switched the automation “{name}” off"),
    "automation.resumed": _("{who} switched the automation “{name}” on"),
    "automation.vouched": _("{who} answers for the automation “{name}” from now on"),
    "secret.set": _("{who} set the secret of {name}"),
    "secret.cleared": _("{who} removed the secret of {name}"),
    "source.added": _("{who} connected the source {name}"),
    "source.key": _("{who} made a new key of the source {name}"),
    "source.revoked": _("{who} switched the source {name} off"),
    "settings.changed": _("{who} changed the settings: {name}"),
    "release.published": _("{who} published release {number}"),
    "clock.jumped": _("The clock of the machine jumped by {seconds} seconds"),
}


def note(ctx: Ctx, kind: str, subject: str | None = None, data: Mapping[str, Any] | None = None) -> None:
    """Note an act of ``ctx``'s actor. ``subject`` is an id or key; ``data`` holds ids, keys and short words, never a secret."""
    write(ctx.conn, ctx.now, kind, subject, data, actor=ctx.actor.person or None, channel=ctx.channel, address=ctx.address)


def write(
    conn: Connection, now: datetime, kind: str, subject: str | None = None, data: Mapping[str, Any] | None = None, *,
    actor: str | None, channel: str, address: str = "",
) -> None:
    """The same where there is no Ctx: before sign-in, while publishing."""
    assert kind in KINDS, kind
    conn.execute(insert(t.audit).values(
        id=uuid7(now), at=now, actor_id=actor, channel=channel, kind=kind, subject=subject, data=dict(data or {}), address=address or None))
