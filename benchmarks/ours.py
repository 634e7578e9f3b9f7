"""Our side: the product as it is served, with a signed-in manager and keeper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import update

from app import create_app
from benchmarks import values as v
from benchmarks.side import Place
from benchmarks.wsgi import Application, Call
from kernel import fieldtypes
from kernel.fieldtypes.base import Reader
from kernel.fieldtypes.wtf import MARKED
from kernel.platform import releases, sessions, tokens
from kernel.platform import tables as t
from kernel.platform.database import count_statements
from kernel.platform.jsonvalues import dumps
from kernel.platform.settings import Settings
from kernel.web import csrf
from kernel.web.application import Web
from kernel.web.session import cookie_name

SLUG = "bench"
ENTITY = "asset"
_JSON = "application/json"
_RENAMED = {"group": "group_of"}


def settings_of(place: Place) -> Settings:
    """Settings of an installation that stands at ``place``."""
    place.folder.mkdir(parents=True, exist_ok=True)
    return Settings(data_dir=place.folder, database_url=place.url, secret_key=b"of the comparison, protects nothing")


def as_json(one: v.Values) -> dict[str, Any]:
    """The 28 values as our API takes them."""
    found = one.plain()
    for old, new in _RENAMED.items():
        found[new] = found.pop(old)
    found["amount"] = {"amount": str(one.amount), "currency": v.CURRENCY}
    found["tags"] = list(one.tags)
    for key in ("cost", "rate", "discount"):
        found[key] = str(found[key])
    for key in ("starts", "due"):
        found[key] = found[key].isoformat()
    found["met_at"] = one.met_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


class Ours:
    """The product on one data set."""

    name = "ours"

    def __init__(self, place: Place) -> None:
        self.settings = settings_of(place)
        self._settle(place)
        flask = create_app(self.settings)
        self.app: Application = flask.wsgi_app
        self.web: Web = flask.extensions["fangyuan"]
        self.home = self.web.tenants.get(SLUG)[1]
        self._cookies: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._csrf: dict[str, str] = {}
        now = self.web.clock.now()
        with self.home.write() as conn:
            for role, person in v.ROLES.items():
                secret = sessions.create(conn, v.person_id(person), now, self.settings.session_days)
                self._cookies[role] = f"{cookie_name(self.settings, SLUG)}={secret}"
                self._csrf[role] = csrf.token_for(self.settings, secret)
                self._tokens[role] = tokens.create(conn, v.person_id(person), "comparison", now)[1]
                # Used a moment ago: a token's first use would cost one request a second transaction.
                conn.execute(update(t.token).values(last_used_at=now))
            release = releases.current(conn)
            self._fields = {f.key: f for f in release.application.entity(ENTITY).fields}
        self._reader = Reader("en", ZoneInfo("UTC"), now.date(), now, v.CURRENCY)

    def _settle(self, place: Place) -> None:
        """Data sets are copied and servers change their port: the tenant's home is where its control database is."""
        from kernel.platform.database import Databases

        databases = Databases(self.settings)
        try:
            url = place.url if self.settings.on_postgresql else f"sqlite:///{place.folder / 'tenants' / (SLUG + '.sqlite3')}"
            with databases.control().write() as conn:
                conn.execute(update(t.tenant).where(t.tenant.c.slug == SLUG).values(database_url=url))
        finally:
            databases.dispose()

    def form_page(self, role: str) -> Call:
        return Call("GET", f"/t/{SLUG}/e/{ENTITY}/new", 200, headers={"Cookie": self._cookies[role]})

    def form_post(self, role: str, values: v.Values) -> Call:
        pairs: list[tuple[str, str]] = [(csrf.FIELD, self._csrf[role])]
        for key, raw in as_json(values).items():
            field = self._fields[key]
            type_ = fieldtypes.of(field)
            # Widgets that may send nothing begin with an empty twin, as in a browser.
            texts = [""] if type_.widget in MARKED else []
            texts += type_.input_texts(field, type_.parse(field, raw), self._reader)
            pairs += [(key, text) for text in texts]
        return Call("POST", f"/t/{SLUG}/e/{ENTITY}/new", 303, headers={"Cookie": self._cookies[role]},
                    body=urlencode(pairs).encode(), content_type="application/x-www-form-urlencoded")

    def create(self, role: str, values: v.Values, key: str) -> Call:
        return self._api("POST", role, "", 201, {"fields": as_json(values)}, {"Idempotency-Key": key})

    def read(self, role: str, id: str) -> Call:
        return self._api("GET", role, f"/{id}", 200)

    def update(self, role: str, id: str, version: int, note: str) -> Call:
        return self._api("PATCH", role, f"/{id}", 200, {"fields": {"note": note}}, {"If-Match": f'"{version}"'})

    def transition(self, role: str, id: str, version: int) -> Call:
        return self._api("POST", role, f"/{id}/transitions/start", 200, {"fields": {}}, {"If-Match": f'"{version}"'})

    def listing(self, role: str) -> Call:
        query = urlencode({"where": 'kind = "machine"', "sort": "due", "limit": "50"})
        return Call("GET", f"/t/{SLUG}/api/v1/records/{ENTITY}", 200, query, self._headers(role))

    def _api(self, method: str, role: str, tail: str, status: int, body: Any = None, headers: dict[str, str] | None = None) -> Call:
        return Call(method, f"/t/{SLUG}/api/v1/records/{ENTITY}{tail}", status, headers=self._headers(role) | (headers or {}),
                    body=b"" if body is None else dumps(body).encode(), content_type=_JSON)

    def _headers(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[role]}"}

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        with count_statements(self.home) as count:
            yield count.statements

    def close(self) -> None:
        self.web.databases.dispose()
