"""Why a delivery is in its state, in words: for whoever was to get it, and for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.i18n import Text, _
from kernel.model.application import Application
from runtime.notices.decide import FAILED, HELD, SENT, SKIPPED, WAITING

STATES: Mapping[str, Text] = {
    SENT: _("Sent"), WAITING: _("On its way"), HELD: _("Held back"), SKIPPED: _("Not sent"), FAILED: _("Failed"),
}
TONES: Mapping[str, str] = {SENT: "ontime", WAITING: "tinted", HELD: "warning", SKIPPED: "neutral", FAILED: "breach"}
ICONS: Mapping[str, str] = {SENT: "circle-check", WAITING: "clock", HELD: "clock", SKIPPED: "circle-dashed", FAILED: "circle-x"}

_WORDS: Mapping[str, Text] = {
    "not_offered": _("this kind of notice does not go out this way"),
    "not_chosen": _("not chosen for this urgency"),
    "no_way": _("no address and no device for it"),
    "no_server": _("no mail server is set up"),
    "collected": _("collected, goes out together with others"),
    "quiet": _("quiet hours"),
    "essential": _("essential, and within working hours"),
    "seen": _("was read before"),
    "gone": _("the record is gone, or no longer visible to its reader"),
    "left": _("may not sign in any more"),
    "nothing_left": _("everything in it was read before"),
}


def words(app: Application, state: str, why: Mapping[str, Any] | None) -> Text | None:
    """The reason; None where the state says it all."""
    given = why or {}
    code = str(given.get("code", ""))
    if code == "spared":
        rule = app.by_uid.get(str(given.get("rule")))
        return _("quiet period “{rule}”", rule=rule.label) if rule is not None else _("a quiet period")
    if code in ("gave_up", "no_answer"):
        return _("given up: {why}", why=given.get("words", ""))
    if code == "again":
        return _("is tried again: {why}", why=given.get("words", ""))
    return _WORDS.get(code)
