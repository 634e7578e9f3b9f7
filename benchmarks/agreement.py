"""Before anything is timed: both sides must show the same records to the same person."""

from __future__ import annotations

import json
from typing import Any

from benchmarks import values as v
from benchmarks.side import Side
from benchmarks.wsgi import WrongAnswer, expect, send

_RENAMED = {"group_of": "group_id", "keeper": "keeper_id"}


def check(sides: tuple[Side, ...]) -> None:
    """Raises :class:`WrongAnswer` when a list or a record differs."""
    for role in v.ROLES:
        _same(f"list of the {role}", [[item["id"] for item in _asked(side, side.listing(role))["items"]] for side in sides])
        _same(f"record for the {role}", [_plain(_asked(side, side.read(role, v.record_id(v.KEEPER)))["fields"]) for side in sides])


def _asked(side: Side, call: Any) -> Any:
    return json.loads(expect(call, send(side.app, call)).body)


def _same(what: str, found: list[Any]) -> None:
    if any(other != found[0] for other in found[1:]):
        raise WrongAnswer(f"the two sides differ in the {what}: {found}")


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields without the differences that are matters of style: names of references, zeros, how an instant ends."""
    return {_RENAMED.get(key, key): _value(key, value) for key, value in fields.items()}


def _value(key: str, value: Any) -> Any:
    if key == "amount" and isinstance(value, dict):
        value = value["amount"]
    if key in ("amount", "cost", "rate", "discount", "total") and value is not None:
        return float(value)
    if key == "met_at" and value is not None:
        return value[:16]
    return value
