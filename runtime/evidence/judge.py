"""Does an event count, and if not, why: pure, from the event and a level."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from kernel.fieldtypes.base import Reader
from kernel.fieldtypes.duration import show as duration_text
from kernel.i18n import _, to_text
from runtime.evidence.policy import Level, Policy, Way
from runtime.records.env import RecordEnv

ASKS, TYPED_IN, NO_WAY, NO_MOMENT, GONE = "asks", "typed_in", "no_way", "no_moment", "gone"
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)\}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``because``: what stood against it, each ``{"why", "way"?, "says"? per language}``; of what counts, the way by which it does."""

    counts: bool
    level: int
    at: datetime | None
    because: tuple[Mapping[str, Any], ...]


def judge(policy: Policy, env: RecordEnv, level: int, languages: Iterable[str]) -> Verdict:
    """Whether the event counts at this level. What counts at a stricter level counts at a laxer one, too."""
    moment = env.record.created_at if policy.at is None else policy.at.evaluate(env)
    if env.record.deleted_at is not None:
        return Verdict(False, level, None, ({"why": GONE},))
    typed = typed_in(policy, env)
    against: list[Mapping[str, Any]] = []
    # The level in force is the strictest that is not above the number: a number between two levels means the lower one.
    floor = max((one.number for one in policy.levels if one.number <= level), default=policy.levels[0].number if policy.levels else level)
    for one in policy.levels:
        if one.number < floor:
            continue
        for way in one.ways:
            if way.when is not None and way.when.evaluate(env) is not True:
                continue
            if typed and not way.element.typed_in:
                why = {"why": TYPED_IN, **_said(way, env, languages)}
            elif way.holds is not None and way.holds.evaluate(env) is True:
                if not isinstance(moment, datetime):
                    return Verdict(False, level, None, ({"why": NO_MOMENT},))
                return Verdict(True, level, moment, ({"why": "counts", "way": way.element.uid},))
            else:
                why = {"why": ASKS, **_said(way, env, languages)}
            if one.number == floor:
                against.append(why)
    return Verdict(False, level, None, tuple(against) or ({"why": NO_WAY},))


def typed_in(policy: Policy, env: RecordEnv) -> bool:
    """Whether somebody typed it in: everything that no verified source sent (D38)."""
    return policy.intake is None or env.record.values.get(policy.intake.verified) is not True


def _said(way: Way, env: RecordEnv, languages: Iterable[str]) -> dict[str, Any]:
    """What it asks for, in the words of each language, with the event's own values."""
    return {"way": way.element.uid, "says": {language: fill(way, env, language) for language in languages}}


def fill(way: Way, env: RecordEnv, language: str) -> str:
    """The label of a way with its slots filled from the event and the parameters."""
    text = way.element.labels.get(language) or next(iter(way.element.labels.values()), way.element.key)

    def slot(match: re.Match[str]) -> str:
        head, _dot, rest = match[1].partition(".")
        if head == "param":
            return words(env.scene.params.get(rest), language)
        field = env.fields.get(head)
        if field is None or rest:
            return ""
        ctx = env.scene.ctx
        zone = env.scene.zone
        reader = Reader(language, zone, ctx.now.astimezone(zone).date(), ctx.now, ctx.tenant.currency, None)
        value = env.values.get(head)
        return field.type.text(field.field, value, reader) if value is not None else to_text(_("none"), language)

    return _SLOT.sub(slot, text)[:500]


def words(value: Any, language: str) -> str:
    """A parameter as one says it."""
    if isinstance(value, timedelta):
        return duration_text(value, language)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def stamp_of(moments: Sequence[datetime], takes: str, nth: int, apart: timedelta) -> datetime | None:
    """The moment that a field takes out of all that count. What lies nearer to the last one taken than ``apart`` is the same touch."""
    if takes == "latest":
        return max(moments, default=None)
    last: datetime | None = None
    count = 0
    for moment in sorted(moments):
        if last is None or moment - last >= apart:
            last, count = moment, count + 1
            if count == nth:
                return moment
    return None


__all__ = ["ASKS", "GONE", "NO_MOMENT", "NO_WAY", "TYPED_IN", "Level", "Verdict", "judge", "stamp_of", "typed_in"]
