"""WeCom's API, through the one way out of the house. Addresses and codes: developer.work.weixin.qq.com, paths 91039 (access token), 94670
(reading messages), 90313 (codes)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from kernel.egress.client import Egress
from kernel.platform.jsonvalues import JsonRefused, dumps, read_strict

ORIGIN = "https://qyapi.weixin.qq.com"
LIMIT = 1000
_TOKEN_GONE = frozenset({40001, 40014, 42001})
_TOO_OFTEN = frozenset({45009, 45033})
_BUSY = -1
_EARLY = timedelta(minutes=5)  # a token is not used to its last second
MOST_ANSWER = 16_000_000


class Said(Exception):
    """WeCom refused: ``code`` is its errcode, ``text`` its words."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


class Later(Exception):
    """Too often, or busy: the same again in a while."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token with its end; several pulls share it."""

    value: str
    until: datetime

    def good(self, now: datetime) -> bool:
        return now < self.until - _EARLY


@dataclass(frozen=True, slots=True)
class Page:
    """One page of messages."""

    messages: tuple[Mapping[str, Any], ...]
    cursor: str
    more: bool


class Client:
    """Calls in the name of one source. ``fetch`` gives the kept token, ``keep`` keeps a new one."""

    def __init__(
        self, egress: Egress, tenant: str, origin: str, corp: str, secret: str, now: datetime, fetch: Callable[[], Token | None], keep: Callable[[Token], None]
    ) -> None:
        self.egress, self.tenant, self.origin, self.corp, self.secret, self.now = egress, tenant, origin, corp, secret, now
        self.fetch, self.keep = fetch, keep

    def page(self, account: str, cursor: str, hint: str) -> Page:
        """The messages of an account behind ``cursor``. ``hint`` is the token of the callback (good for ten minutes). Raises Said, Later, Unreachable, Blocked."""
        asked = {"limit": LIMIT, "open_kfid": account, **({"cursor": cursor} if cursor else {}), **({"token": hint} if hint else {})}
        try:
            found = self._with_token("/cgi-bin/kf/sync_msg", asked)
        except Said:
            if not hint:
                raise
            # The callback's token may be over; without it the call is only limited more strictly.
            found = self._with_token("/cgi-bin/kf/sync_msg", {k: v for k, v in asked.items() if k != "token"})
        messages = found.get("msg_list")
        good = tuple(m for m in messages if isinstance(m, dict)) if isinstance(messages, list) else ()
        return Page(good, str(found.get("next_cursor") or cursor), found.get("has_more") == 1)

    def _with_token(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        token = self.fetch()
        if token is None or not token.good(self.now):
            token = self._new_token()
        try:
            return self._call("POST", f"{path}?{urlencode({'access_token': token.value})}", body)
        except Said as error:
            if error.code not in _TOKEN_GONE:
                raise
            return self._call("POST", f"{path}?{urlencode({'access_token': self._new_token().value})}", body)

    def _new_token(self) -> Token:
        found = self._call("GET", f"/cgi-bin/gettoken?{urlencode({'corpid': self.corp, 'corpsecret': self.secret})}", None)
        seconds = found.get("expires_in")
        token = Token(str(found.get("access_token") or ""), self.now + timedelta(seconds=seconds if isinstance(seconds, int) else 7200))
        if not token.value:
            raise Said(0, "no access_token")
        self.keep(token)
        return token

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        sent = dumps(body).encode() if body is not None else b""
        answer = self.egress.send(
            self.tenant, method, self.origin + path, headers={"Content-Type": "application/json"} if sent else {}, body=sent, seconds=30, limit=MOST_ANSWER)
        if answer.status != 200 or answer.cut:
            raise Later(f"status {answer.status}")
        try:
            found = read_strict(answer.body)
        except (JsonRefused, json.JSONDecodeError) as error:
            raise Later("no JSON") from error
        if not isinstance(found, dict):
            raise Later("no object")
        code = found.get("errcode", 0)
        if code in _TOO_OFTEN or code == _BUSY:
            raise Later(f"errcode {code}")
        if code != 0:
            # Its words may hold our address and a link to its own help: enough of them to know what is wrong.
            raise Said(code if isinstance(code, int) else 0, str(found.get("errmsg") or "")[:200])
        return found
