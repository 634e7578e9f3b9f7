"""E-mail: over the mail server that the operator named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kernel.i18n import Text, _
from kernel.jobs import Desk, GiveUp
from kernel.mail.letter import Letter
from kernel.mail.sending import hand_over
from kernel.platform import people as contacts
from kernel.platform.ctx import Ctx
from runtime.notices.channels.channel import Message


class Mail:
    """One letter per message; its Message-ID is the delivery's."""

    key: str = "mail"
    label: Text = _("Mail")

    def reachable(self, ctx: Ctx, people: Collection[str]) -> frozenset[str]:
        """Who has an address and may sign in."""
        return frozenset(id_ for id_, found in contacts.contacts(ctx.conn, ctx.release, people).items() if found.usable and found.email)

    def send(self, desk: Desk, message: Message) -> Mapping[str, Any]:
        """Raises GiveUp without a server, for an address that is none, and when the server will not take it."""
        with desk.read() as ctx:
            found, tenant, now = contacts.contact(ctx.conn, ctx.release, message.person), ctx.tenant, ctx.now
        if found is None or not found.usable or not found.email:
            raise GiveUp(_("There is no e-mail address."))
        small = (_("You get this because of what you chose under “My profile” in {workspace}.", workspace=tenant.name),)
        letter = Letter(found.email, message.title, tuple(message.body.split("\n")) or (message.title,), (_("Open"), message.url), small, message.language)
        return hand_over(desk.settings, letter, now, f"{tenant.id or tenant.slug}.{message.id}")
