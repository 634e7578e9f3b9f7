"""WeCom's service accounts: the callback (verified, decrypted) and the pull, against a stand-in that encrypts, signs and pages by code of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import select

from kernel.platform import tables as t
from kernel.platform.clock import FixedClock
from runtime.incoming import refused, sources
from runtime.incoming.signing import NotSigned
from runtime.incoming.wecom import crypto
from runtime.records import road
from runtime.records.record import Input
from tests.conftest import NOW, make_settings
from tests.factories.desk import Desk, make_desk
from tests.factories.work import work
from tests.integration.evidence.desk import TALKS, as_person, make_task, task_of
from tests.servers import free_port

TOKEN, AES, CORP, SECRET, ACCOUNT = "callbackToken9", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww1234567890", "s3cret-of-the-account", "wkAccount1"
MINUTE = timedelta(minutes=1)


def test_the_example_of_the_documentation() -> None:
    """Values published with WeCom's own sample code."""
    key, echo = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    assert crypto.signature("QDG6eK", "1409659589", "263014780", echo) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert crypto.open_(key, echo, "wx5823bf96d3bd56c7") == b"1616140317555161061"
    with pytest.raises(NotSigned):
        crypto.open_(key, echo, "wx0000000000000000")


def sealed(message: bytes, key: str = AES, corp: str = CORP) -> str:
    """As WeCom's description says, in the words of this test: 16 random bytes, length, message, corp id, padded to 32."""
    raw = base64.b64decode(key + "=")
    plain = os.urandom(16) + struct.pack("!I", len(message)) + message + corp.encode()
    count = 32 - len(plain) % 32
    plain += chr(count).encode() * count
    maker = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    return base64.b64encode(maker.update(plain) + maker.finalize()).decode()


def signed(encrypted: str, at: int, nonce: str = "n0nce", token: str = TOKEN) -> dict[str, str]:
    found = hashlib.sha1("".join(sorted((token, str(at), nonce, encrypted))).encode()).hexdigest()
    return {"msg_signature": found, "timestamp": str(at), "nonce": nonce}


@dataclass
class StandIn:
    """A WeCom that knows one corp and one account."""

    port: int
    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    tokens: int = 0
    good: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        if method == "GET" and path == "/cgi-bin/gettoken":
            if (query.get("corpid"), query.get("corpsecret")) != (CORP, SECRET):
                return {"errcode": 40001, "errmsg": "invalid credential"}
            self.tokens += 1
            self.good = f"access-{self.tokens}"
            return {"errcode": 0, "errmsg": "ok", "access_token": self.good, "expires_in": 7200}
        self.calls.append(body)
        if query.get("access_token") != self.good:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        if self.errors:
            return {"errcode": self.errors.pop(0), "errmsg": "no"}
        if body.get("open_kfid") != ACCOUNT or body.get("limit") != 1000:
            return {"errcode": 95000, "errmsg": "invalid open_kfid"}
        at = int(body.get("cursor", "c0")[1:])
        page = self.pages[at] if at < len(self.pages) else []
        return {"errcode": 0, "errmsg": "ok", "msg_list": page, "next_cursor": f"c{min(at + 1, len(self.pages))}", "has_more": int(at + 1 < len(self.pages))}


@contextmanager
def serving(stand_in: StandIn) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            url = urlparse(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = stand_in.answer(self.command, url.path, {k: v[0] for k, v in parse_qs(url.query).items()}, json.loads(raw) if raw else {})
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _any

        def log_message(self, *args: Any) -> None:
            """Tests read answers."""

    server = ThreadingHTTPServer(("127.0.0.1", stand_in.port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Here:
    desk: Desk
    wecom: StandIn
    source: str

    def call(self, inner: bytes, *, at: int | None = None, corp: str = CORP, token: str = TOKEN, **more: str) -> Any:
        encrypted = sealed(inner, corp=corp)
        query = {**signed(encrypted, int(NOW.timestamp()) if at is None else at, token=token), **more}
        body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt><AgentID></AgentID></xml>"
        return self.post(query, body.encode())

    def post(self, query: dict[str, str], body: bytes) -> Any:
        return self.desk.app.test_client().post(f"/t/{self.desk.slug}/api/v1/events/wecom/{self.source}?{urlencode(query)}", data=body)

    def news(self, token: str) -> Any:
        return self.call(
            f"<xml><ToUserName>{CORP}</ToUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token><![CDATA[{token}]]></Token>"
            f"<OpenKfId><![CDATA[{ACCOUNT}]]></OpenKfId></xml>".encode())

    def jobs(self) -> list[Any]:
        with self.desk.ctx() as ctx:
            return list(ctx.conn.execute(select(t.job.c.state, t.job.c.error, t.job.c.result).where(t.job.c.kind == "wecom_pull").order_by(t.job.c.id)))


@pytest.fixture
def here(tmp_path: Path, clock: FixedClock) -> Iterator[Here]:
    wecom = StandIn(free_port())
    origin = f"http://127.0.0.1:{wecom.port}"
    # The slug is not known before: the operator's list names every slug this test may get.
    settings = make_settings(tmp_path / "var")
    with make_desk(settings, clock, TALKS) as desk, serving(wecom):
        object.__setattr__(desk.app.extensions["fangyuan"].settings, "egress_allow", f"{desk.slug}={origin}=127.0.0.1")
        with desk.ctx() as ctx:
            road.update(ctx, "person", desk.people["wen"], Input({"phone": "+8613800000009"}), version=None)
        with as_person(desk, "chen") as ctx:
            source = sources.add(ctx, "wecom", "WeCom", {"corp": CORP, "api": origin})
            for what, value, bound in (("token", TOKEN, None), ("aes", AES, None), ("secret", SECRET, origin)):
                sources.put(ctx, source, what, value, bound)
        yield Here(desk, wecom, source.id)


def said(id: str, minutes: int, origin: int, text: str = "hello", **more: Any) -> dict[str, Any]:
    at = int((NOW - minutes * MINUTE).timestamp())
    found = {"msgid": id, "open_kfid": ACCOUNT, "external_userid": "wmUser1", "send_time": at, "origin": origin, "msgtype": "text", "text": {"content": text}, **more}
    return {**found, "servicer_userid": "+8613800000009"} if origin == 5 else found


def test_the_console_s_check_is_answered_with_the_echo(here: Here) -> None:
    encrypted = sealed(b"5527189012")
    query = {**signed(encrypted, int(NOW.timestamp())), "echostr": encrypted}
    answer = here.desk.app.test_client().get(f"/t/{here.desk.slug}/api/v1/events/wecom/{here.source}?{urlencode(query)}")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"5527189012", "text/plain")


def test_what_is_not_wecom_s_is_refused_and_written_down(here: Here) -> None:
    inner = b"<xml><Event>kf_msg_or_event</Event></xml>"
    encrypted = sealed(inner)
    at = int(NOW.timestamp())
    wrap = b"<xml><Encrypt>" + encrypted.encode() + b"</Encrypt></xml>"
    tries = [
        here.call(inner, token="another"), here.call(inner, corp="ww999"), here.call(inner, at=at - 301), here.call(inner, msg_signature="0" * 40),
        here.post({}, wrap), here.post(signed("xx", at), b"<xml><Encrypt>xx</Encrypt></xml>"),
        here.post(signed(encrypted, at), b"<!DOCTYPE x [<!ENTITY y 'z'>]>" + wrap), here.post(signed(encrypted, at), b"not xml"),
        here.post(signed(encrypted, at), wrap.decode().encode("utf-16")),
    ]
    assert [a.status_code for a in tries] == [401] * 6 + [400] * 3
    assert here.jobs() == []
    with here.desk.ctx() as ctx:
        assert len(refused.latest(ctx)) == 9
    assert here.call(b"<xml><Event>enter_agent</Event></xml>").data == b"success" and here.jobs() == []


def test_news_are_pulled_page_by_page_and_count(here: Here) -> None:
    task = make_task(here.desk, code="wmUser1")
    here.wecom.pages = [
        [said("m2", 20, 3, "How much?"), said("m1", 30, 5, "Good morning"), {"msgid": "e1", "origin": 4, "msgtype": "event", "send_time": 1, "event": {"event_type": "enter_session"}}],
        [],  # a page may be empty and still have more behind it
        [said("m3", 10, 5), said("m4", 2, 3, msgtype="image", image={"media_id": "M"})],
    ]
    assert here.news("t1").data == b"success"
    assert here.news("t1").data == b"success"  # WeCom sends again what it is not sure of
    assert len(here.jobs()) == 1
    work(here.desk.app, here.desk.slug)
    state, _error, result = here.jobs()[0]
    assert (state, result) == ("done", {"taken": 4, "pages": 3})
    assert [(c.get("cursor"), c.get("token")) for c in here.wecom.calls] == [(None, "t1"), ("c1", None), ("c2", None)]
    with here.desk.ctx() as ctx:
        table = ctx.tables.of("talk").table
        rows = {r.text: r for r in ctx.conn.execute(select(table))}
        assert rows["How much?"].task == task and rows["Good morning"].owner_id == here.desk.people["wen"]
    assert task_of(here.desk, task).values["first_talk_at"] == NOW - 20 * MINUTE
    # Later news go on behind the cursor with the kept token; what comes twice is known.
    here.wecom.pages.append([said("m4", 2, 3, msgtype="image", image={"media_id": "M"}), said("m5", 1, 3)])
    here.news("t2")
    work(here.desk.app, here.desk.slug)
    assert here.jobs()[1][2] == {"taken": 1, "pages": 1} and here.wecom.tokens == 1 and here.wecom.calls[-1]["cursor"] == "c3"


def test_a_token_that_is_over_is_renewed_and_refusals_are_seen(here: Here) -> None:
    here.wecom.pages = [[said("m1", 5, 5)]]
    here.news("t1")
    work(here.desk.app, here.desk.slug)
    here.wecom.good = "taken back"
    here.news("t2")
    work(here.desk.app, here.desk.slug)
    assert here.wecom.tokens == 2 and here.jobs()[1][0] == "done"
    here.wecom.errors = [45009]
    here.news("t3")
    work(here.desk.app, here.desk.slug)
    assert here.jobs()[2][0] == "waiting"  # too often: again in a minute
    here.desk.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]
    work(here.desk.app, here.desk.slug)
    assert here.jobs()[2][0] == "done"
    here.wecom.errors = [95000, 95000]
    encrypted = sealed(f"<xml><Event>kf_msg_or_event</Event><Token>t4</Token><OpenKfId>{ACCOUNT}</OpenKfId></xml>".encode())
    here.post(signed(encrypted, int(here.desk.clock.now().timestamp())), f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode())
    work(here.desk.app, here.desk.slug)
    assert here.jobs()[3][0] == "failed"
    with here.desk.ctx() as ctx:
        assert sources.get(ctx, here.source).state["problem"]["code"] == 95000
