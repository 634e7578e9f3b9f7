"""A message of a service account as an event. Pure.

``origin`` says who wrote («读取消息», developer.work.weixin.qq.com/document/path/94670): 3 the person outside, 5 a colleague, 4 the system.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

KIND = "message"
_OUTSIDE, _COLLEAGUE = 3, 5
_MOST_TEXT = 4000


def event_of(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """The event as any source would send it; None for what the system itself says (somebody came in, a message was taken back)."""
    origin, outside, id_, at = message.get("origin"), message.get("external_userid"), message.get("msgid"), message.get("send_time")
    if origin not in (_OUTSIDE, _COLLEAGUE) or message.get("msgtype") == "event":
        return None
    if not isinstance(outside, str) or not isinstance(id_, str) or not isinstance(at, int) or not outside or not id_:
        return None
    colleague = message.get("servicer_userid")
    ours = colleague if isinstance(colleague, str) and colleague else str(message.get("open_kfid") or "")
    came = origin == _OUTSIDE
    return {
        "id": id_[:200], "kind": KIND, "occurred_at": datetime.fromtimestamp(at, UTC).isoformat(), "direction": "in" if came else "out",
        "from": (outside if came else ours)[:80], "to": (ours if came else outside)[:80],
        "data": {"type": str(message.get("msgtype") or "")[:50], "account": str(message.get("open_kfid") or "")[:80], **_content(message)}}


def _content(message: Mapping[str, Any]) -> dict[str, Any]:
    part = message.get(str(message.get("msgtype")))
    if not isinstance(part, Mapping):
        return {}
    text = part.get("content")
    found: dict[str, Any] = {"text": text[:_MOST_TEXT]} if isinstance(text, str) else {}
    media = part.get("media_id")
    return {**found, **({"media_id": media[:300]} if isinstance(media, str) else {})}
