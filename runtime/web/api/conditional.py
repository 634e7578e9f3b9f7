"""What a request says beside its address: the version it was made on, and a body of known keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Request

from kernel.errors import BadRequest, Invalid, Problem, VersionRequired
from kernel.i18n import _
from kernel.web.request import read_json

MOST_KEYS = 500  # of one object; each unknown one is answered with a suggestion, which costs time
_ETAG = re.compile(r'^(?:W/)?"([0-9]{1,15})"\Z')


def version_of(request: Request) -> int | None:
    """The version in If-Match; ``*`` is None: any. Raises VersionRequired without the header, BadRequest when unreadable."""
    given = request.headers.get("If-Match")
    if given is None:
        raise VersionRequired()
    if given.strip() == "*":
        return None
    match = _ETAG.match(given.strip())
    if match is None:
        raise BadRequest(_('If-Match must be a version in quotes, such as "3".'))
    return int(match[1])


def body_of(request: Request, *known: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON object of a request; keys other than ``known`` are refused (D4). Raises Invalid."""
    data = read_json(request) if request.get_data(cache=True) else {}
    if not isinstance(data, Mapping):
        raise Invalid([Problem("bad_body", _("The body must be a JSON object."), "", _("Send {shape}.", shape='{"fields": {...}}'))])
    problems = [
        Problem("unknown_key", _("“{key}” is not known here.", key=key), str(key), _("Known: {keys}.", keys=", ".join(known)))
        for key in data
        if key not in known
    ]
    problems += [Problem("missing_key", _("“{key}” is missing.", key=key), key) for key in required if key not in data]
    problems += [
        Problem("bad_type", _("“{key}” must be an object.", key=key), key)
        for key in ("fields", "asks")
        if key in data and key in known and not isinstance(data[key], Mapping)
    ]
    problems += [
        Problem("too_many_keys", _("At most {n} keys are read.", n=MOST_KEYS), key)
        for key in ("fields", "asks")
        if isinstance(data.get(key), Mapping) and len(data[key]) > MOST_KEYS
    ]
    if problems:
        raise Invalid(problems[:MOST_KEYS])
    return dict(data)


def flag(request: Request, name: str) -> bool:
    """A yes-or-no parameter. Raises Invalid for anything but true and false."""
    given = request.args.get(name, "false").lower()
    if given not in ("true", "false", "1", "0"):
        raise Invalid([Problem("bad_flag", _("{name} is true or false.", name=name), name)])
    return given in ("true", "1")


def limit_of(request: Request, default: int = 50, most: int = 500) -> int:
    """``limit`` between 1 and ``most``. Raises Invalid."""
    raw = request.args.get("limit")
    if raw is None:
        return default
    if not re.fullmatch("[0-9]{1,6}", raw) or not 1 <= int(raw) <= most:
        raise Invalid([Problem("bad_limit", _("limit is a number from 1 to {most}.", most=most), "limit")])
    return int(raw)
