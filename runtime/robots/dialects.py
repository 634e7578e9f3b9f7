"""How WeCom, DingTalk and Feishu are spoken to: address and body of a message, and what an answer means. Pure."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from kernel.egress import Answer
from kernel.errors import Message
from kernel.i18n import _
from kernel.platform.jsonvalues import dumps
from runtime.connections.kinds import DINGTALK, FEISHU, WECOM


@dataclass(frozen=True, slots=True)
class Verdict:
    """``outcome``: said, later (too fast, or in trouble), or refused (for good: somebody must mend it)."""

    outcome: str
    why: Message = ""
    fast: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """``most``: bytes of one message. ``write(address, key, text, now)`` gives address and body; ``fast`` and ``later`` are error codes."""

    most: int
    write: Callable[[str, str | None, str, datetime], tuple[str, Any]]
    fast: frozenset[int]
    later: frozenset[int]
    words: Mapping[int, Message]


def _wecom(address: str, key: str | None, text: str, now: datetime) -> tuple[str, Any]:
    return address, {"msgtype": "text", "text": {"content": text}}


def _dingtalk(address: str, key: str | None, text: str, now: datetime) -> tuple[str, Any]:
    body = {"msgtype": "text", "text": {"content": text}}
    if not key:
        return address, body
    stamp = str(int(now.timestamp() * 1000))
    signed = base64.b64encode(hmac.digest(key.encode(), f"{stamp}\n{key}".encode(), "sha256")).decode()
    return f"{address}{'&' if '?' in address else '?'}timestamp={stamp}&sign={quote(signed, safe='')}", body


def _feishu(address: str, key: str | None, text: str, now: datetime) -> tuple[str, Any]:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if key:
        stamp = str(int(now.timestamp()))
        # The secret is part of the key and the message is empty: so it stands in their documentation.
        body |= {"timestamp": stamp, "sign": base64.b64encode(hmac.digest(f"{stamp}\n{key}".encode(), b"", "sha256")).decode()}
    return address, body


_GONE = _("The group no longer knows this robot: add it anew and enter its new address.")
_FOREIGN = _("The group takes messages from other machines only.")
_SIGNATURE = _("The group does not accept the signature: check the signing secret, or the keywords the robot asks for.")

DIALECTS: Mapping[str, Dialect] = {
    WECOM: Dialect(2000, _wecom, frozenset({45009, 45033}), frozenset({-1}), {93000: _GONE, 40058: _("The group does not take this message.")}),
    DINGTALK: Dialect(15_000, _dingtalk, frozenset({130101, 410100}), frozenset({-1}), {300001: _GONE, 300005: _GONE, 40035: _GONE, 310000: _SIGNATURE}),
    FEISHU: Dialect(15_000, _feishu, frozenset({9499, 11232}), frozenset({11233}), {19001: _GONE, 19021: _SIGNATURE, 19022: _FOREIGN, 19024: _SIGNATURE}),
}


def judge(kind: str, answer: Answer) -> Verdict:
    """What an answer means. The code inside of a 200 answer counts."""
    said = _("It answered {status}.", status=answer.status)
    if answer.status == 429:
        return Verdict("later", said, fast=True)
    if answer.status >= 500:
        return Verdict("later", said)
    if not answer.ok:
        return Verdict("refused", said)
    code = _code(answer)
    if code is None:
        return Verdict("later", _("What it answered could not be understood."))
    if code == 0:
        return Verdict("said")
    dialect = DIALECTS[kind]
    if code in dialect.fast:
        return Verdict("later", _("Too many messages at once for this group."), fast=True)
    words = dialect.words.get(code) or _("It refused the message (code {code}).", code=code)
    return Verdict("later" if code in dialect.later else "refused", words)


def _code(answer: Answer) -> int | None:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    # Feishu says code (and once said StatusCode), the others errcode.
    return next((said[name] for name in ("errcode", "code", "StatusCode") if isinstance(said.get(name), int)), None)


def message(kind: str, address: str, key: str | None, text: str, now: datetime) -> tuple[str, bytes]:
    """Address and body to send; the text is cut to what the service takes."""
    most = DIALECTS[kind].most
    raw = text.encode()
    if len(raw) > most:
        text = raw[: most - 4].decode("utf-8", "ignore") + "…"
    url, body = DIALECTS[kind].write(address, key, text, now)
    return url, dumps(body).encode()
