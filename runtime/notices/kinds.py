"""What people can be told: one line per kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.i18n import Text, _


@dataclass(frozen=True, slots=True)
class Kind:
    """``words`` has the slots {who} (the person who caused it), {title} (the record) and {detail} (what the cause adds).

    ``task``: it waits for something to be done and stays until it is; the others are news and end when they are read.
    ``essential``: also told in quiet times (MECHANISMS X8 decides when those are; here is only which notices they spare).
    """

    key: str
    icon: str
    words: Text
    task: bool = False
    essential: bool = False


KINDS: Mapping[str, Kind] = {kind.key: kind for kind in (
    Kind("hand_over", "user-check", _("{who} handed over to you: {detail}"), essential=True),
    Kind("handed_over", "user-check", _("{who} gave you {title}"), essential=True),
    Kind("mention", "message", _("{who} mentioned you in {title}"), essential=True),
    Kind("commented", "message-2", _("{who} wrote about {title}")),
    Kind("approval", "user-check", _("{who} asks for your approval: {title}"), task=True, essential=True),
    Kind("approval_due", "clock", _("{title} still waits for your approval"), essential=True),
    Kind("approval_agreed", "circle-check", _("{title} was approved"), essential=True),
    Kind("approval_declined", "circle-x", _("{who} declined {title}: {detail}"), essential=True),
    Kind("approval_returned", "arrow-back-up", _("{title} came back to you: {detail}"), task=True, essential=True),
    Kind("approval_ended", "circle-dashed", _("Approval of {title} ended, because the record moved on"), essential=True),
    Kind("viewed", "eye", _("{who} looked at the workspace through your eyes"), essential=True),
    Kind("clock", "clock", _("{title}: {detail}"), essential=True),
    Kind("clock_fault", "alert-triangle", _("A time limit can't be worked out: {detail}"), essential=True),
    Kind("ask", "help-circle", _("{who} asks you for {detail}: {title}"), task=True, essential=True),
    Kind("ask_answered", "circle-check", _("{detail} is there now: {title}")),
    Kind("ask_opens", "lock-open", _("Nothing is missing any more: {title}"), essential=True),
    Kind("ask_declined", "circle-x", _("{who} can't supply {detail}: {title}"), essential=True),
    Kind("ask_word", "message-2", _("{who} answered about {detail}: {title}")),
    Kind("automation", "bolt", _("{title}: {detail}")),
    Kind("automation_failed", "alert-triangle", _("An automation does not work: {detail}"), essential=True),
    Kind("moved", "arrow-right", _("{who} changed {title}: {detail}")),
    Kind("test", "bell", _("A test: notices reach you"), essential=True),
    Kind("connection_off", "wifi-off", _("The connection {detail} was switched off: it does not answer any more"), essential=True),
    Kind("job_done", "list-check", _("Finished: {detail}")),
)}
