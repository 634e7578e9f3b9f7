"""The hand-written side: served, with the same manager and keeper signed in."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import g
from sqlalchemy import Engine, event, insert

from benchmarks import values as v
from benchmarks.handwritten.app import create
from benchmarks.handwritten.models import SignIn
from benchmarks.side import Place
from benchmarks.wsgi import Application, Call

_JSON = "application/json"


def as_json(one: v.Values) -> dict[str, Any]:
    """The 28 values as the hand-written API takes them."""
    found = one.plain()
    found["group_id"], found["keeper_id"] = found.pop("group"), found.pop("keeper")
    found["tags"] = list(one.tags)
    return {key: _plain(value) for key, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def as_form(one: v.Values) -> list[tuple[str, str]]:
    """The same as a browser sends it."""
    pairs: list[tuple[str, str]] = []
    for key, value in as_json(one).items():
        if isinstance(value, bool):
            pairs += [(key, "y")] if value else []
        elif isinstance(value, list):
            pairs += [(key, item) for item in value]
        else:
            pairs.append((key, str(value)[:16] if key == "met_at" else str(value)))
    return pairs


class Hand:
    """The hand-written application on one data set."""

    name = "handwritten"

    def __init__(self, place: Place) -> None:
        flask = create(place.url)
        self.app: Application = flask.wsgi_app
        self.engine: Engine = flask.config["ENGINE"]
        self._secrets: dict[str, str] = {}
        self._csrf: dict[str, str] = {}
        with flask.app_context():
            g.writes = True
            with self.engine.begin() as conn:
                for role, person in v.ROLES.items():
                    self._secrets[role], self._csrf[role] = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
                    conn.execute(insert(SignIn).values(
                        hash=hashlib.sha256(self._secrets[role].encode()).hexdigest(), person_id=v.person_id(person), csrf=self._csrf[role],
                        expires_at=datetime.now(UTC) + timedelta(days=1)))

    def form_page(self, role: str) -> Call:
        return Call("GET", "/assets/new", 200, headers=self._cookie(role))

    def form_post(self, role: str, values: v.Values) -> Call:
        body = urlencode([("csrf", self._csrf[role]), *as_form(values)]).encode()
        return Call("POST", "/assets/new", 303, headers=self._cookie(role), body=body, content_type="application/x-www-form-urlencoded")

    def create(self, role: str, values: v.Values, key: str) -> Call:
        return self._api("POST", role, "", 201, {"fields": as_json(values)}, {"Idempotency-Key": key})

    def read(self, role: str, id: str) -> Call:
        return self._api("GET", role, f"/{id}", 200)

    def update(self, role: str, id: str, version: int, note: str) -> Call:
        return self._api("PATCH", role, f"/{id}", 200, {"fields": {"note": note}}, {"If-Match": f'"{version}"'})

    def transition(self, role: str, id: str, version: int) -> Call:
        return self._api("POST", role, f"/{id}/transitions/start", 200, {"fields": {}}, {"If-Match": f'"{version}"'})

    def listing(self, role: str) -> Call:
        return Call("GET", "/api/assets", 200, "kind=machine", self._bearer(role))

    def _api(self, method: str, role: str, tail: str, status: int, body: Any = None, headers: dict[str, str] | None = None) -> Call:
        return Call(method, f"/api/assets{tail}", status, headers=self._bearer(role) | (headers or {}),
                    body=b"" if body is None else json.dumps(body).encode(), content_type=_JSON)

    def _cookie(self, role: str) -> dict[str, str]:
        return {"Cookie": f"session={self._secrets[role]}"}

    def _bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._secrets[role]}"}

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        found: list[str] = []

        def before(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
            if not statement.startswith("BEGIN"):
                found.append(statement)

        event.listen(self.engine, "before_cursor_execute", before)
        try:
            yield found
        finally:
            event.remove(self.engine, "before_cursor_execute", before)

    def close(self) -> None:
        self.engine.dispose()
