"""How a run ends badly: what refused it, in words, and who hears of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from kernel.errors import FangyuanError, Invalid, Message, Refused
from kernel.i18n import LANGUAGES, _, to_text
from kernel.platform import tables as t
from kernel.platform.ctx import Ctx
from runtime.automations import principal
from runtime.automations.rows import Run
from runtime.notices.tell import tell

TOLD_EVERY = timedelta(hours=1)


def both(message: Message) -> dict[str, str]:
    """A message in every language: who reads it later is not known yet."""
    return {language: to_text(message, language) for language in LANGUAGES}


def error(kind: str, words: Message, rule: str | None = None, **more: Any) -> dict[str, Any]:
    """Why it ended, as it is kept."""
    return {"kind": kind, "words": [both(words)], "rule": rule, **more}


def refused(found: FangyuanError) -> dict[str, Any]:
    """What the record road refused, with the rules."""
    if isinstance(found, Refused):
        words = [m.what for m in found.missing]
        rule = next((m.rule for m in found.missing), None)
        return {"kind": "refused", "words": [both(_("Missing: {what}", what=w)) for w in words], "rule": rule}
    if isinstance(found, Invalid):
        return {"kind": "refused", "words": [both(p.message) for p in found.problems], "rule": next((p.rule for p in found.problems), None)}
    return {"kind": "refused", "words": [both(found.message)], "rule": getattr(found, "rule", None)}


def loop(ctx: Ctx, why: str, circle: Sequence[str]) -> dict[str, Any]:
    """That automations set each other off without end; ``circle`` are their uids."""
    words = _("Cut: automations set each other off without end.") if why == "depth" else _("Cut: too much came of one and the same beginning.")
    return error("loop", words, circle=list(circle))


def tell_admins(ctx: Ctx, run: Run) -> None:
    """Administrators hear of it, once per automation and hour."""
    known = principal.standing(ctx, run.uid)
    if known.told_at is not None and ctx.now - known.told_at < TOLD_EVERY:
        return
    principal.note(ctx, run.uid, told_at=ctx.now)
    tell(
        ctx, _admins(ctx), "automation_failed", f"automation:{run.uid[-60:]}:{ctx.now:%Y%m%d%H%M}", data={"automation": run.uid, "run": run.id}, urgency="high")


def _admins(ctx: Ctx) -> list[str]:
    roles = [key for key, role in ctx.app.roles.items() if "administer" in role.can]
    query = select(t.person_role.c.person_id).join(t.account, t.account.c.person_id == t.person_role.c.person_id).where(
        t.person_role.c.role.in_(roles), t.account.c.disabled_at.is_(None)).order_by(t.person_role.c.person_id).distinct()
    return list(ctx.conn.execute(query).scalars()) if roles else []


def words_of(found: Mapping[str, Any] | None, language: str) -> list[str]:
    """The words of an error in one language."""
    return [str(w.get(language) or w.get("en") or "") for w in (found or {}).get("words", ())]
