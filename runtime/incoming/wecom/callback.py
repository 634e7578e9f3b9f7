"""What WeCom sends: once to see whether we are there, then whenever an account has news."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from xml.etree import ElementTree

from kernel import jobs
from kernel.errors import BadRequest
from kernel.i18n import _
from kernel.platform.ctx import Ctx
from kernel.platform.database import Home
from runtime.incoming import sources
from runtime.incoming.signing import TOLERANCE, NotSigned, TooOld
from runtime.incoming.sources import Source
from runtime.incoming.taking import writer
from runtime.incoming.wecom import crypto

BODY_LIMIT = 64 * 1024
PULL = "wecom_pull"
NEWS = "kf_msg_or_event"
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")


class Asked:
    """The query of a callback."""

    __slots__ = ("nonce", "signature", "timestamp")

    def __init__(self, signature: str, timestamp: str, nonce: str) -> None:
        self.signature, self.timestamp, self.nonce = signature[:100], timestamp[:50], nonce[:200]


def verify(ctx: Ctx, source: Source | None, asked: Asked, echo: str) -> bytes:
    """What WeCom wants to hear when the address is saved in its console. Raises NotSigned, TooOld."""
    return _open(ctx, source, asked, echo)


def news(ctx: Ctx, home: Home, source: Source | None, asked: Asked, body: bytes) -> None:
    """An account has news: they are pulled by a job, once per callback. Other events are none of our business. Raises NotSigned, TooOld, BadRequest."""
    inside = _open(ctx, source, asked, _text(_xml(body), "Encrypt"))
    assert source is not None
    message = _xml(inside)
    if _text(message, "Event") != NEWS:
        return
    token, account = _text(message, "Token"), _text(message, "OpenKfId")
    with home.write() as conn:
        inner = writer(replace(ctx, conn=conn), source)
        key = hashlib.sha256(f"{source.id}:{account}:{token}".encode()).hexdigest()
        jobs.add(conn, PULL, {"source": source.id, "account": account[:100], "token": token[:200]}, now=ctx.now, key=f"wecom:{key}")
        sources.touch(inner, source)


def _open(ctx: Ctx, source: Source | None, asked: Asked, encrypted: str) -> bytes:
    token = sources.secret(ctx, source, "token") if source is not None else None
    key = sources.secret(ctx, source, "aes") if source is not None else None
    if source is None or token is None or key is None or not _TIMESTAMP.match(asked.timestamp):
        raise NotSigned()
    crypto.check(token, asked.timestamp, asked.nonce, encrypted, asked.signature)
    if abs(int(ctx.now.timestamp()) - int(asked.timestamp)) > TOLERANCE:
        raise TooOld()
    return crypto.open_(key, encrypted, str(source.settings.get("corp") or ""))


def _xml(body: bytes) -> ElementTree.Element:
    """Small and plain XML: no document type, so no entities of its own, and no declaration, so no other encoding. Raises BadRequest."""
    if b"<!" in body.replace(b"<![CDATA[", b"") or b"<?" in body or b"\x00" in body:
        raise BadRequest(_("The body is no message of WeCom."))
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - what makes XML dangerous was refused above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadRequest(_("The body is no message of WeCom.")) from error


def _text(element: ElementTree.Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
