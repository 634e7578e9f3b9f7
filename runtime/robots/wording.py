"""What a robot says of a notice when it may not name the record."""

from __future__ import annotations

from collections.abc import Mapping

from kernel.i18n import Text, _
from runtime.notices.kinds import KINDS

# What a group can be told of, in few words; a robot without a choice tells of all.
TOPICS: Mapping[str, tuple[Text, frozenset[str]]] = {
    "clocks": (_("Time limits"), frozenset({"clock", "clock_fault"})),
    "approvals": (_("Approvals"), frozenset(k for k in KINDS if k.startswith("approval"))),
    "asks": (_("Requests of colleagues"), frozenset(k for k in KINDS if k == "ask" or k.startswith("ask_"))),
    "talk": (_("Comments and mentions"), frozenset({"mention", "commented"})),
    "changes": (_("Changes and hand-overs"), frozenset({"moved", "handed_over", "hand_over"})),
    "automations": (_("What rules say"), frozenset({"automation", "automation_failed"})),
}


def told(topics: object, kind: str) -> bool:
    """Whether a robot with these topics tells of a notice of this kind; what belongs to no topic is always told."""
    if not isinstance(topics, list) or not topics:
        return True
    homes = [key for key, (_label, kinds) in TOPICS.items() if kind in kinds]
    return not homes or any(key in topics for key in homes)


def without_names(kind: str) -> Text:
    """The sentence of this kind with everybody and everything left out."""
    known = KINDS.get(kind)
    return Text(known.words.msgid, {"who": _("Somebody"), "title": _("a record"), "detail": "…"}) if known else _("Something new")
