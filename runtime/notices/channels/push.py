"""Phones and browsers that ring: Web Push to every device of a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from kernel.egress import Egress
from kernel.i18n import Text, _
from kernel.jobs import Desk, GiveUp, Later, outlets
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import dumps
from runtime.notices.channels.channel import Message
from runtime.push import keys, subscriptions
from runtime.push.encrypt import MOST
from runtime.push.send import Sent, push

_BODY = 600


class Push:
    """One message to each device; it is done when a device has it. Services that hang are left alone one by one, so that those of others go on."""

    key: str = "push"
    label: Text = _("Push")

    def reachable(self, ctx: Ctx, people: Collection[str]) -> frozenset[str]:
        """Who let a device ring."""
        return subscriptions.reachable(ctx, people)

    def send(self, desk: Desk, message: Message) -> Mapping[str, Any]:
        """Raises GiveUp when no device can have it, Later when the services do not answer now."""
        with desk.read() as ctx:
            devices, private, now, slug = subscriptions.of_person(ctx, message.person), keys.load(ctx), ctx.now, ctx.tenant.slug
            shut = {host for host in {_host(d) for d in devices} if outlets.blocked(ctx.conn, f"push:{host}", now)}
        if private is None or not devices:
            raise GiveUp(_("No device rings any more."))
        egress, payload, subject = Egress.of(desk.settings), _payload(message), _subject(desk)
        sent: list[tuple[subscriptions.Subscription, Sent]] = []
        for device in devices:
            if _host(device) in shut:
                sent.append((device, Sent("later", _("The push service does not answer."))))
            else:
                sent.append((device, push(egress, slug, private, device, payload, urgency=message.urgency, tag=message.tag, subject=subject, now=now)))
        self._note(desk, sent)
        outcomes = [one.outcome for _device, one in sent]
        if "taken" in outcomes:
            return {"devices": outcomes.count("taken")}
        later = [one for _device, one in sent if one.outcome == "later"]
        if later:
            raise Later(later[0].why, after=max((one.after or timedelta() for one in later), default=None), blame=False)
        raise GiveUp(next((one.why for _device, one in sent if one.outcome == "refused"), _("No device rings any more.")))

    def _note(self, desk: Desk, sent: Collection[tuple[subscriptions.Subscription, Sent]]) -> None:
        with desk.write() as ctx:
            for device, one in sent:
                place = f"push:{_host(device)}"
                if one.outcome == "gone":
                    subscriptions.drop(ctx, device.id)
                elif one.outcome == "taken":
                    subscriptions.taken(ctx, device.id)
                    outlets.well(ctx.conn, place)
                elif one.blame:
                    outlets.failed(ctx.conn, place, ctx.now, str(one.why), one.after)


def _host(device: subscriptions.Subscription) -> str:
    return urlsplit(device.endpoint).hostname or ""


def _payload(message: Message) -> bytes:
    """What the service worker shows; cut so that every service takes it."""
    body = message.body
    for length in (_BODY, 200, 0):
        whole = dumps({
            "id": message.id, "title": message.title[:200], "body": body[:length], "url": message.url, "urgency": message.urgency, "tag": message.tag, "language": message.language}).encode()
        if len(whole) <= MOST:
            break
    return whole


def _subject(desk: Desk) -> str:
    """Whom a push service could write to about us."""
    sender = desk.settings.mail_from
    return f"mailto:{sender}" if sender else desk.settings.base_url
