"""The one error family. The docstring is the message, data are attributes; HTTP appears only at the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.i18n import Labels, Text, _

Message = Text | Labels | str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, how to mend it.

    ``code`` is stable and for programs; ``path`` names the place (``fields.phone``, ``items[2].amount``,
    ``entities/a.yaml:14``); ``rule`` is the uid of the element that refused.
    """

    code: str
    message: Message
    path: str = ""
    hint: Message | None = None
    rule: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """One fact that would help to open a closed door: what it is, who can supply it, where it is asked for.

    ``what`` in words; ``source`` the people in words ("the owner", "any member of ..."); ``ask`` machine-readable:
    ``{"kind": "field"|"role"|"rows"|"state", "field": key, "roles": [...], "people": [ids]}``.
    """

    what: Message
    source: Message
    ask: dict[str, Any] = field(default_factory=dict)
    rule: str | None = None


class FangyuanError(Exception):
    """Something went wrong."""

    status = 500
    code = "error"
    message: Message = _("Something went wrong.")

    def __init__(self, message: Message | None = None, *, hint: Message | None = None) -> None:
        if message is not None:
            self.message = message
        self.hint = hint
        super().__init__(str(self.message))


class NotFound(FangyuanError):
    """It does not exist, or is not for this person to see: the two are never told apart (D2)."""

    status, code = 404, "not_found"
    message = _("This page or record does not exist, or you may not see it.")


class NotSignedIn(FangyuanError):
    """No valid session or token came with the request."""

    status, code = 401, "not_signed_in"
    message = _("Please sign in.")


class Forbidden(FangyuanError):
    """The person may see the thing but not do this to it."""

    status, code = 403, "forbidden"
    message = _("You may not do this.")

    def __init__(self, message: Message | None = None, *, rule: str | None = None, hint: Message | None = None) -> None:
        super().__init__(message, hint=hint)
        self.rule = rule


class Invalid(FangyuanError):
    """What was sent breaks rules; all problems at once."""

    status, code = 422, "invalid"
    message = _("Some values need attention.")

    def __init__(self, problems: Sequence[Problem], message: Message | None = None) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "; ".join(f"{p.path or '-'}: {p.message}" for p in self.problems)


class BadRequest(FangyuanError):
    """The request itself can't be read."""

    status, code = 400, "bad_request"
    message = _("The request could not be read.")


class Refused(FangyuanError):
    """A transition is closed; ``missing`` is the smallest set of facts that would open it."""

    status, code = 409, "transition_refused"
    message = _("This step is not open yet.")

    def __init__(self, missing: Sequence[Missing], message: Message | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(missing)
        self.problems = tuple(problems)


class Conflict(FangyuanError):
    """The thing is in another condition than the caller believes."""

    status, code = 409, "conflict"
    message = _("This was changed in the meantime.")


class Stale(FangyuanError):
    """The record has a newer version than the one the change was made on (D46).

    ``changed``: fields that others changed since, ``conflicts``: those of them that were to be changed now; None where nobody looked.
    """

    status, code = 412, "stale"
    message = _("Somebody changed this record in the meantime.")

    def __init__(
        self, current: int, message: Message | None = None, *, changed: Sequence[str] | None = None, conflicts: Sequence[str] | None = None
    ) -> None:
        super().__init__(message, hint=_("Load it again and repeat your change."))
        self.current = current
        self.changed, self.conflicts = changed, conflicts


class VersionRequired(FangyuanError):
    """A write came without the version it was made on (D46)."""

    status, code = 428, "version_required"
    message = _("Say which version you changed (If-Match).")


class TooLarge(FangyuanError):
    """More than the limit was sent."""

    status, code = 413, "too_large"
    message = _("This is larger than allowed.")


class TooMany(FangyuanError):
    """Too many tries in too short a time (D29)."""

    status, code = 429, "too_many"
    message = _("Too many tries. Please wait a little.")

    def __init__(self, retry_after: int = 60, message: Message | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Busy(FangyuanError):
    """The database could not take the change now; the same request may be sent again."""

    status, code = 503, "busy"
    message = _("The system is busy. Please try again.")
