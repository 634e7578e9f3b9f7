"""Calling a connection as a test, at once, for an administrator who waits for it."""

from __future__ import annotations

from kernel.egress import Answer, Egress
from kernel.errors import Message
from kernel.i18n import _
from kernel.jobs import GiveUp
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import dumps
from runtime.connections import connection
from runtime.connections.connection import Connection
from runtime.robots import dialects
from runtime.webhooks.sending import prepared


def try_out(ctx: Ctx, egress: Egress, one: Connection) -> tuple[Answer, Message | None]:
    """What it answers, and what is wrong with that (None: it took it). Raises Blocked, Unreachable, GiveUp."""
    if one.kind.robot:
        return _speak(ctx, egress, one)
    body = dumps({"type": "test", "timestamp": ctx.now.isoformat().replace("+00:00", "Z"), "workspace": ctx.tenant.slug, "data": {"connection": one.name}})
    url, headers, sent = prepared(ctx, one, f"test{ctx.now.timestamp():.0f}", body.encode())
    answer = egress.send(ctx.tenant.slug, "POST", url, headers=headers, body=sent)
    return answer, None if answer.ok else _("It answered {status}.", status=answer.status)


def _speak(ctx: Ctx, egress: Egress, one: Connection) -> tuple[Answer, Message | None]:
    address, keys = connection.address(ctx, one), connection.keys(ctx, one)
    if address is None:
        raise GiveUp(_("Address or key of “{name}” is not known any more: enter the address again.", name=one.name))
    words = _("A test from {workspace}: this group is told from here.", workspace=ctx.tenant.name).to(ctx.tenant.language)
    url, body = dialects.message(one.kind.key, address, keys[0] if keys else None, words, ctx.now)
    answer = egress.send(ctx.tenant.slug, "POST", url, headers={"Content-Type": "application/json; charset=utf-8"}, body=body, hosts=one.kind.hosts)
    verdict = dialects.judge(one.kind.key, answer)
    return answer, None if verdict.outcome == "said" else verdict.why
