"""What each kind of work is called, and where it goes, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kernel.errors import Message
from kernel.i18n import Text, _

# Kinds without a line here are called "other work"; what leaves the house must have one (a test sees to it).
KINDS: Mapping[str, Text] = {
    "clock": _("A time limit"), "news": _("Telling followers"), "approval_due": _("A deadline of an approval"), "approval_tend": _("Looking after approvals"),
    "empty_bin": _("Emptying the bin"), "drop_bytes": _("Removing a file"), "bulk": _("Many records at once"), "hand_over": _("Handing over"),
    "team_merge": _("Dissolving a team"), "mail": _("Mail"), "export": _("An export"), "export_sweep": _("Clearing exports away"),
    "recalculate": _("Working out values"), "asks_recheck": _("Looking after requests"), "asks": _("Looking after requests"), "clean_up": _("Clearing up"),
    "drop_previews": _("Clearing previews away"), "automation": _("An automation"), "wecom_pull": _("Fetching messages of WeCom"),
    "recording": _("Fetching a recording"), "webhook": _("Web hook"), "robot": _("Group robot"),
    "deliver": _("Planning notifications"), "delivery": _("A notification"),
}
OTHER = _("Other work")
# What a handler of ours threw unexpectedly is for the log, not for people.
_INSIDE = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Warning)\b")


def what(kind: str, data: Mapping[str, Any]) -> Message:
    """What is to be done."""
    return KINDS.get(kind, OTHER)


def where(destination: str | None, connections: Mapping[str, str]) -> Message | None:
    """Where it goes; ``connections``: names by destination. None: nowhere, it happens inside."""
    if destination is None:
        return None
    if destination in connections:
        return connections[destination]
    family, _colon, rest = destination.partition(":")
    match family:
        case "mail":
            return _("Mail server")
        case "push":
            return rest or _("Phones")
        case "robot" | "robots":
            return _("Group robot")
        case "hook":
            return _("A connection that was removed")
    return destination


def why(error: str | None) -> Message | None:
    """What it said last, in words for people."""
    if error is None or error == "busy":
        return None
    return _("Something unexpected happened. The log of the installation says more.") if _INSIDE.match(error) else error
