"""Why a promise can't be worked out, in words."""

from __future__ import annotations

from kernel.errors import Message
from kernel.expr.types import ERRORS
from kernel.i18n import Text, _

NOBODY_WORKS = "no_working_time"

_WHAT: dict[str, Text] = {
    "starts": _("what starts it"), "from": _("its beginning"), "target": _("the target"), "days": _("the number of working days"), "pauses": _("what pauses it"),
    "done": _("what keeps it"), "done_at": _("when it was kept"), "cancels": _("what cancels it"), "counts": _("the calendar"),
}


def words(at: str, code: str) -> Text:
    """What can't be worked out, and why: for the record and for administrators."""
    if code == NOBODY_WORKS:
        return _("nobody ever works by the calendar that counts here")
    why: Message = _("The result is no length of time, or too long.") if code == "span" else ERRORS[code].message if code in ERRORS else code
    return _("{what} can't be worked out: {why}", what=_WHAT.get(at, at), why=why)
