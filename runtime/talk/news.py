"""What followers are told of a record's own course: a step was taken, it changed hands. Written with the change itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernel.platform.ctx import Ctx
from runtime.notices.tell import tell
from runtime.records.happened import Happened
from runtime.records.readers import who_may_read
from runtime.talk import follow

# Half a year of samples, or a thousand imported rows, is nobody's news; of a hand-over its receivers are told once.
QUIET_CHANNELS = frozenset({"sample", "import", "hand_over"})


def tell_followers(ctx: Ctx, written: Sequence[Happened]) -> None:
    """Who gets a record is told (``handed_over``); who follows one hears of its steps and of its new owner (``moved``).

    One statement finds the followers; only where there are some besides the actor their rights are asked.
    """
    if ctx.channel in QUIET_CHANNELS:
        return
    for one in written:
        if one.kind == "created":
            _hand_over(ctx, one)
    moved = [one for one in written if one.kind == "updated" and (_step(one) or "owner" in one.fields)]
    if not moved:
        return
    followers = follow.of(ctx, [one.new for one in moved])
    for one in moved:
        _tell(ctx, one, followers[one.new.id])


def _hand_over(ctx: Ctx, one: Happened) -> None:
    owner = one.new.owner
    if owner and owner != ctx.actor.person and owner in who_may_read(ctx, one.new, [owner]):
        tell(ctx, [owner], "handed_over", f"handed_over:{one.new.id}:{one.new.version}", entity=one.new.entity, record=one.new.id)


def _tell(ctx: Ctx, one: Happened, followers: frozenset[str]) -> None:
    new = one.new
    receiver = new.owner if "owner" in one.fields and new.owner != ctx.actor.person else None
    people = sorted((followers | ({receiver} if receiver else set())) - {ctx.actor.person})
    if not people:
        return
    step = _step(one)
    # The state of a further machine is a field, and who may not read it hears nothing of it.
    hidden_from = step is not None and step[0] in one.fields and step[0] in one.shape.fields
    seeing = who_may_read(ctx, new, people, step[0] if hidden_from and step and "owner" not in one.fields else None)
    where: dict[str, Any] = {"entity": new.entity, "record": new.id}
    if receiver in seeing and receiver is not None:
        tell(ctx, [receiver], "handed_over", f"handed_over:{new.id}:{new.version}", **where)
    tell(ctx, [p for p in people if p in seeing and p != receiver], "moved", f"change:{new.id}:{new.version}", **where, data=_data(one))


def _step(one: Happened) -> tuple[str, str | None, str | None] | None:
    """The machine that moved, from which state to which."""
    assert one.old is not None
    for machine in one.shape.machines:
        if machine.first and "state" in one.fields:
            return machine.key, one.old.state, one.new.state
        if not machine.first and machine.key in one.fields:
            return machine.key, one.old.values.get(machine.key), one.new.values.get(machine.key)
    return None


def _data(one: Happened) -> dict[str, Any]:
    """Keys and ids: what they are called is looked up for whoever reads the notice."""
    step = _step(one)
    return {"machine": step[0], "from": step[1], "to": step[2]} if step else {"owner": one.new.owner}
