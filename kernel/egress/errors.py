"""How a call can fail before there is an answer: for good, or for now."""

from __future__ import annotations

from kernel.errors import FangyuanError, Message
from kernel.i18n import _


class Blocked(FangyuanError):
    """This address may not be called, now or later. ``reason`` is for programs, the message for people; it never holds path or query."""

    status, code = 422, "address_blocked"
    message = _("This address can't be called from here.")

    def __init__(self, reason: str, message: Message, *, hint: Message | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class Unreachable(FangyuanError):
    """No whole answer came: it may come another time. ``reason``: name, connect, certificate, slow, closed, garbled, large, busy."""

    status, code = 502, "unreachable"
    message = _("The other side could not be reached.")

    def __init__(self, reason: str, message: Message) -> None:
        super().__init__(message)
        self.reason = reason
