"""The job kind ``webhook``: written in the transaction that causes a call, sent outside of any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.egress import Blocked, Egress, Unreachable
from kernel.egress.retry import retry_after
from kernel.errors import Conflict, Invalid, NotFound, Problem
from kernel.i18n import _
from kernel.jobs import Desk, Done, GiveUp, Job, Later, Outcome, outlets, queue
from kernel.platform.ctx import Ctx
from kernel.platform.jsonvalues import dumps
from runtime.connections import connection
from runtime.connections.connection import Connection
from runtime.connections.kinds import WEBHOOK
from runtime.records.numbering import following
from runtime.records.record import Record
from runtime.webhooks.signing import signature

KIND = "webhook"
MOST_BYTES = 256 * 1024


def send_later(ctx: Ctx, target: str, event: str, data: Mapping[str, Any], record: Record | tuple[str, str] | None = None) -> int:
    """Have the connection named ``target`` called with ``event`` once this transaction is committed; returns the job's id.

    ``data`` is JSON as its sender may read it; ``record`` (or entity and id) is what it is about. Raises NotFound when there is no web hook
    of that name, Conflict when it is switched off, Invalid when it is too much.
    """
    found = connection.find(ctx, name=target)
    if found is None or found.kind.key != WEBHOOK:
        raise NotFound(_("There is no web hook “{name}”.", name=target), hint=_("An administrator adds it under Settings, Web hooks and robots."))
    if not found.active:
        raise Conflict(_("The connection “{name}” is switched off.", name=target))
    about = (record.entity, record.id) if isinstance(record, Record) else record
    return _add(ctx, found, event, data, about)


def _add(ctx: Ctx, one: Connection, event: str, data: Mapping[str, Any], about: tuple[str, str] | None) -> int:
    body = dumps({
        "type": event, "timestamp": ctx.now.isoformat().replace("+00:00", "Z"), "workspace": ctx.tenant.slug,
        **({"record": {"entity": about[0], "id": about[1]}} if about else {}),
        # Counted in the transaction of the cause: what was written later has the higher number.
        "sequence": following(ctx, f"hook:{one.id}:{about[1] if about else ''}"), "data": dict(data)})
    if len(body.encode()) > MOST_BYTES:
        raise Invalid([Problem("webhook_size", _("What is sent must be at most {n} kB.", n=MOST_BYTES // 1024), "data")])
    whole = {"connection": one.id, "event": event, "body": body, **({"entity": about[0], "record": about[1]} if about else {})}
    return queue.add(ctx.conn, KIND, whole, now=ctx.now, destination=one.destination)


def carry_out(desk: Desk, job: Job) -> Outcome:
    """The handler. What the other side says beyond its status is not kept."""
    with desk.read() as ctx:
        one = connection.find(ctx, id=str(job.data.get("connection")))
        if one is None:
            raise GiveUp(_("The connection is no longer there."))
        if not one.active:
            raise GiveUp(_("The connection “{name}” is switched off.", name=one.name))
        call = prepared(ctx, one, job.id, str(job.data["body"]).encode())
        now, slug = ctx.now, ctx.tenant.slug
    try:
        answer = Egress.of(desk.settings).send(slug, "POST", call[0], headers=call[1], body=call[2])
    except Blocked as error:
        raise GiveUp(error.message) from error
    except Unreachable as error:
        _give_up_in_time(desk, one)
        raise Later(error.message) from error
    if answer.ok:
        return Done({"status": answer.status})
    said = _("It answered {status}.", status=answer.status)
    if answer.status == 410:
        with desk.write() as ctx:
            connection.give_up(ctx, one, said)
        raise GiveUp(said, {"status": answer.status})
    if 300 <= answer.status < 400:
        said = _("It answered {status}: the address has moved. Enter the new one.", status=answer.status)
    _give_up_in_time(desk, one)
    raise Later(said, after=retry_after(answer, now), result={"status": answer.status})


def prepared(ctx: Ctx, one: Connection, job: int | str, body: bytes) -> tuple[str, dict[str, str], bytes]:
    """Address, headers and body of a call. Raises GiveUp when address or key is not known any more."""
    url, keys = connection.address(ctx, one), connection.keys(ctx, one)
    if url is None or not keys:
        raise GiveUp(_("Address or key of “{name}” is not known any more: enter the address again.", name=one.name))
    id_, timestamp = f"msg_{(ctx.tenant.id or ctx.tenant.slug).replace('-', '')}_{job}", int(ctx.now.timestamp())
    headers = {"Content-Type": "application/json", "webhook-id": id_, "webhook-timestamp": str(timestamp), "webhook-signature": signature(keys, id_, timestamp, body)}
    return url, headers, body


def _give_up_in_time(desk: Desk, one: Connection) -> None:
    """Nothing arrived for three days: then nobody is listening any more."""
    with desk.read() as ctx:
        outlet = outlets.troubled(ctx.conn).get(one.destination)
        over = outlet is not None and ctx.now - outlet.failing_since >= connection.PATIENCE
    if over:
        why = _("It has not answered for three days.")
        with desk.write() as ctx:
            connection.give_up(ctx, one, why)
        raise GiveUp(why)
