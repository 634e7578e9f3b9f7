"""Ids of records, people, teams and files as values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kernel.fieldtypes.base import Unreadable
from kernel.i18n import _

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ID_SCHEMA: Mapping[str, Any] = {"type": "string", "pattern": f"^{_ID.pattern}$"}
READ_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "label": {"type": ["string", "null"]}},
    "required": ["id", "label"],
    "additionalProperties": False,
}


def is_id(text: str) -> bool:
    """Whether it has the form of an id."""
    return _ID.fullmatch(text) is not None


def read_id(raw: Any) -> str | None:
    """An id; ``{id, label}`` as it is read back counts too. Empty text is None. Raises Unreadable."""
    if isinstance(raw, Mapping) and set(raw) <= {"id", "label"}:
        raw = raw.get("id")
    if not isinstance(raw, str):
        raise Unreadable("type", _("An id is expected."), _("Send the id of what is meant."))
    if raw == "":
        return None
    if not is_id(raw.lower()):
        raise Unreadable("bad_id", _("This is no id."), _("Ids look like 0192f0c1-7a3b-7cde-8f01-23456789abcd."))
    return raw.lower()


def read_ids(raw: Any, most: int) -> tuple[str, ...] | None:
    """Several ids, each once, in the order given; None for none. Raises Unreadable."""
    if not isinstance(raw, (list, tuple)):
        raise Unreadable("type", _("A list of ids is expected."), _("Send ids in square brackets."))
    if len(raw) > most:
        raise Unreadable("too_many", _("At most {n} are allowed.", n=most))
    return once(read_id(item) for item in raw)


def once(ids: Iterable[str | None]) -> tuple[str, ...] | None:
    """Each id once; None for none."""
    return tuple(dict.fromkeys(i for i in ids if i)) or None
