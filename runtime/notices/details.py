"""What a notice adds to its sentence, in words of its reader: from keys and ids, never from values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kernel.errors import Message
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from runtime.asks import fact, rows
from runtime.clocks.trouble import words as words_of_fault
from runtime.records.labels import Wanted
from runtime.talk import thread


def want(wanted: Wanted, data: Mapping[str, Any]) -> None:
    """Whose names the details need."""
    wanted.add("person", data.get("owner"))


def words(ctx: Ctx, entity: str | None, data: Mapping[str, Any], names: Mapping[str, str]) -> Message:
    """For {detail}: the step that was taken, the new owner, or what the cause wrote there."""
    if "ask" in data:
        return fact.words(ctx, data)
    if "machine" in data:
        machine = next((m for m in ctx.app.machines_of(entity or "") if m.key == data["machine"]), None)
        known = machine.by_key if machine else {}
        labels = [known[k].label if k in known else k or "—" for k in (str(data.get("from") or ""), str(data.get("to") or ""))]
        return _("{old} → {new}", old=labels[0], new=labels[1])
    if "owner" in data:
        return _("now owned by {who}", who=names.get(data["owner"] or "") or _("somebody else"))
    if "fault" in data:
        promise = ctx.app.by_uid.get(str(data.get("policy")))
        said = words_of_fault(str(data["fault"].get("at")), str(data["fault"].get("code")))
        return _("{promise}: {why}", promise=promise.label, why=said) if promise is not None else said
    if "automation" in data:
        return _automation(ctx, data)
    if "policy" in data:
        step, promise = ctx.app.by_uid.get(str(data.get("step"))), ctx.app.by_uid.get(str(data["policy"]))
        what: Message = step.label if step is not None and step.labels else promise.label if promise is not None else _("a promise is due")
        return _("{what}; {n} alike to learn from", what=what, n=data["alike"]) if data.get("alike") else what
    return str(data.get("detail") or "")


def _automation(ctx: Ctx, data: Mapping[str, Any]) -> Message:
    """Which automation tells it, or does not work."""
    automation = ctx.app.by_uid.get(str(data["automation"]))
    return automation.label if automation is not None else _("an automation that is gone")


def excerpts(ctx: Ctx, told: Iterable[tuple[str, Mapping[str, Any]]]) -> Mapping[str, str]:
    """What people wrote, by :func:`excerpt_of`: the first words of comments, notes and answers of asks. Only for notices whose
    record the reader sees."""
    data = list(told)
    found = dict(thread.excerpts(ctx, [d["comment"] for _kind, d in data if d.get("comment")]))
    return found | rows.excerpts(ctx, [d["ask"] for _kind, d in data if d.get("ask")])


def excerpt_of(kind: str, data: Mapping[str, Any]) -> str:
    """Under what a notice finds its words."""
    return f"{kind}:{data['ask']}" if data.get("ask") else str(data.get("comment") or "")
