"""A push service on loopback, as RFC 8030 and 8292 describe one: it takes what is sent to a device, checks who sends, and opens the
message as the device would, with another implementation than ours (http_ece)."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Device:
    """A browser's side: its keys, and what it was sent."""

    name: str
    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"
    messages: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 201
    answer: dict[str, str] = field(default_factory=dict)

    def subscription(self, port: int) -> dict[str, Any]:
        """What ``PushSubscription.toJSON()`` gives."""
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": f"http://127.0.0.1:{port}/device/{self.name}", "expirationTime": None, "keys": {"p256dh": b64(point), "auth": b64(self.auth)}}


@dataclass
class PushService:
    """``public``: the key of the sender it was told of; a token signed by another is refused."""

    port: int = 0
    public: str = ""
    devices: dict[str, Device] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def device(self, name: str) -> Device:
        return self.devices.setdefault(name, Device(name))

    def checked(self, authorization: str, origin: str) -> str | None:
        """What is wrong with the sender's token; None: nothing."""
        if not authorization.startswith("vapid "):
            return "no token"
        parts = dict(part.strip().split("=", 1) for part in authorization[6:].split(","))
        if parts.get("k") != self.public:
            return "another sender"
        signed, _, signature = parts["t"].rpartition(".")
        raw = unb64(signature)
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(parts["k"]))
        key.verify(encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")), signed.encode(), ec.ECDSA(hashes.SHA256()))
        head, claims = (json.loads(unb64(part)) for part in signed.split("."))
        if head["alg"] != "ES256" or claims["aud"] != origin or not claims["sub"].startswith(("mailto:", "https:", "http:")):
            return f"wrong claims: {claims}"
        return None


@contextmanager
def push_service() -> Iterator[PushService]:
    """Runs until the block ends."""
    service = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            device = service.devices.get(self.path.removeprefix("/device/"))
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if device is None:
                return self._say(404)
            wrong = service.checked(self.headers.get("Authorization", ""), f"http://127.0.0.1:{service.port}")
            if wrong is not None:
                service.refused.append(wrong)
                return self._say(403)
            if device.status >= 300:
                return self._say(device.status, device.answer)
            assert self.headers["Content-Encoding"] == "aes128gcm" and int(self.headers["TTL"]) > 0 and len(body) <= 4096
            device.messages.append(json.loads(http_ece.decrypt(body, private_key=device.private, auth_secret=device.auth, version="aes128gcm")))
            device.headers.append(dict(self.headers.items()))
            return self._say(201)

        def _say(self, status: int, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Tests read what arrived."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
