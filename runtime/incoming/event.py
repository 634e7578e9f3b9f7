"""An event as it is sent (DESIGN section 8): a closed shape, read strictly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jsonschema import Draft202012Validator

from kernel.errors import BadRequest, Invalid, Problem
from kernel.i18n import _
from kernel.platform.jsonvalues import JsonRefused, canonical, read_strict

BODY_LIMIT = 512 * 1024
MOST = 100  # events in a message
MOST_DATA = 16 * 1024  # bytes of ``data`` as JSON
AHEAD = timedelta(minutes=5)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_PARTY = {"type": "string", "maxLength": 80}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 200, "description": "The sender's own id of the event; the same id is the same event."},
        "kind": {"type": "string", "maxLength": 50, "description": "As in the address; may be left out."},
        "occurred_at": {"type": "string", "maxLength": 40, "description": "When it happened, RFC 3339 with its offset."},
        "direction": {"enum": ["in", "out"], "description": "in: from the other side to us; out: from us."},
        "from": {**_PARTY, "description": "Number or id of who called or wrote."},
        "to": {**_PARTY, "description": "Number or id of who was called or written to."},
        "duration_s": {"type": "integer", "minimum": 0, "maximum": 86400 * 7, "description": "Seconds that were spoken."},
        "status": {"type": "string", "maxLength": 50, "description": "What became of it."},
        "replies_to": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Id of the event that this one answers."},
        "recording": {
            "type": "object", "description": "Where the recording is; it is fetched later.",
            "properties": {
                "url": {"type": "string", "maxLength": 1000}, "media_type": {"type": "string", "maxLength": 100}, "size": {"type": "integer", "minimum": 0},
                "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
            "required": ["url"], "additionalProperties": False},
        "data": {"type": "object", "description": "Whatever else the sender knows; at most 16 kB."},
    },
    "required": ["id", "occurred_at", "direction"],
    "additionalProperties": False,
}
_VALIDATOR = Draft202012Validator(SCHEMA)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``body`` is what was sent, ``hash`` of it."""

    id: str
    kind: str
    occurred_at: datetime
    direction: str
    body: Mapping[str, Any]
    hash: str

    @property
    def ours(self) -> str:
        """The number or id on our side."""
        return str(self.body.get("from" if self.direction == "out" else "to") or "")

    @property
    def theirs(self) -> str:
        return str(self.body.get("to" if self.direction == "out" else "from") or "")

    def part(self, path: str) -> Any:
        """What stands at a dotted path; None where nothing does."""
        at: Any = {**self.body, "kind": self.kind}
        for key in path.split("."):
            at = at.get(key) if isinstance(at, Mapping) else None
        return at


def parse(body: bytes) -> tuple[list[Any], bool]:
    """The raw events of a message, and whether it is a batch (``{"events": [...]}``) or a single one. Raises BadRequest, Invalid."""
    try:
        found = read_strict(body)
    except JsonRefused as error:
        raise BadRequest(_("The body is no JSON that can be read."), hint=str(error)[:200]) from error
    if not isinstance(found, dict):
        raise Invalid([Problem("type", _("Send one event, or {shape}.", shape='{"events": [...]}'), "")])
    if set(found) != {"events"}:
        return [found], False
    events = found["events"]
    if not isinstance(events, list) or not 1 <= len(events) <= MOST:
        raise Invalid([Problem("events", _("“events” holds 1 to {n} events.", n=MOST), "events")])
    return events, True


def read(raw: Any, kind: str, now: datetime) -> Event:
    """An event of this kind. Raises Invalid with everything that is wrong."""
    problems = list(_problems(raw))
    if not problems:
        moment = _moment(raw["occurred_at"])
        if moment is None or moment < _EARLIEST:
            problems.append(Problem("occurred_at", _("This is no moment."), "occurred_at", _("Send it like {form}.", form="2026-11-24T10:32:00+08:00")))
        elif moment > now + AHEAD:
            problems.append(Problem("in_future", _("It has not happened yet."), "occurred_at", _("Set the sender's clock.")))
        if raw.get("kind", kind) != kind:
            problems.append(Problem("kind", _("The event is of another kind than the address says."), "kind"))
        if len(canonical(raw.get("data") or {}).encode()) > MOST_DATA:
            problems.append(Problem("too_large", _("“data” is too large: at most {n} kB.", n=MOST_DATA // 1024), "data"))
        if not problems and moment is not None:
            return Event(raw["id"], kind, moment, raw["direction"], raw, hashlib.sha256(canonical({**raw, "kind": kind}).encode()).hexdigest())
    raise Invalid(problems)


def _problems(raw: Any) -> Iterator[Problem]:
    for error in sorted(_VALIDATOR.iter_errors(raw), key=lambda e: [str(p) for p in e.absolute_path])[:20]:
        path = ".".join(str(p) for p in error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema.get("properties", {})
            for key in sorted(set(error.instance) - set(known))[:5]:
                yield Problem("unknown_key", _("“{key}” is not known here.", key=str(key)[:100]), f"{path}.{key}"[:200].strip("."), _("Put what else you know into “data”."))
        elif error.validator == "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            yield from (Problem("missing", _("“{key}” is missing.", key=key), f"{path}.{key}".strip(".")) for key in missing[:1])
        else:
            yield Problem("invalid", _("“{key}” can't be read.", key=path or "event"), path, str(error.schema.get("description") or "") or None)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
