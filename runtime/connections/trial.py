"""Calling a connection as a test, at once, for an administrator who waits for it."""

from __future__ import annotations

from kernel.egress import Answer, Egress
from kernel.errors import Message
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import dumps
from runtime.connections.connection import Connection
from runtime.connections.kinds import WEBHOOK


def try_out(ctx: Ctx, egress: Egress, one: Connection) -> tuple[Answer, Message | None]:
    """What it answers, and what is wrong with that (None: it took it). Raises Blocked, Unreachable, GiveUp."""
    from runtime.webhooks.sending import prepared

    assert one.kind.key == WEBHOOK
    body = dumps({"type": "test", "timestamp": ctx.now.isoformat().replace("+00:00", "Z"), "workspace": ctx.tenant.slug, "data": {"connection": one.name}})
    url, headers, sent = prepared(ctx, one, f"test{ctx.now.timestamp():.0f}", body.encode())
    answer = egress.send(ctx.tenant.slug, "POST", url, headers=headers, body=sent)
    return answer, None if answer.ok else _("It answered {status}.", status=answer.status)
