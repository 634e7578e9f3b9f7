"""The client against servers that mean harm, on loopback: allowed there as an operator would, and nowhere else."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest

from kernel.egress import Blocked, Egress, Unreachable
from kernel.egress import wire as wire_module
from kernel.egress.operator import Lists
from tests.conftest import make_settings
from tests.factories.peer import certificate, ok, peer, says


def client(tmp_path, *allowed: str, ask=None, tls=None, **lists) -> Egress:
    found = Lists.read(make_settings(tmp_path / "var", egress_allow=" ".join(allowed), **lists))

    def nobody(host, port):
        raise OSError(host)

    return Egress(found, ask=ask or nobody, tls=tls)


@contextmanager
def plain(tmp_path, script):
    """A peer that the operator allows to ``acme`` by plain http, and the call to it."""
    with peer(script) as other:
        egress = client(tmp_path, f"acme=http://127.0.0.1:{other.port}=127.0.0.1")
        yield other, lambda **more: egress.send("acme", more.pop("method", "POST"), f"http://127.0.0.1:{other.port}/in?key=1", **{"body": b"{}", "seconds": 5, **more})


def test_a_call_and_its_answer(tmp_path):
    with plain(tmp_path, ok("收到".encode(), "X-Id: 7")) as (other, call):
        answer = call(headers={"Content-Type": "application/json"}, body=b'{"a": 1}')
    assert (answer.status, answer.excerpt(), answer.headers["x-id"], answer.cut, answer.ok) == (200, "收到", "7", False, True)
    head, _, body = other.requests[0].decode().partition("\r\n\r\n")
    assert head.split("\r\n")[0] == "POST /in?key=1 HTTP/1.1" and body == '{"a": 1}'
    sent = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert sent == {
        "Host": f"127.0.0.1:{other.port}", "User-Agent": "Fangyuan", "Accept-Encoding": "identity", "Connection": "close", "Content-Type": "application/json", "Content-Length": "8"}


def test_a_redirect_is_an_answer_that_nobody_follows(tmp_path):
    with plain(tmp_path, ok(b"", "Location: http://169.254.169.254/latest", status="302 Found")) as (other, call):
        assert call(method="GET", body=b"").status == 302
        assert len(other.requests) == 1


def test_proxies_of_the_environment_are_not_asked(tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with plain(tmp_path, ok()) as (_other, call):
        assert call().status == 200


@pytest.mark.parametrize("url", [
    "https://127.0.0.1/", "https://127.0.0.1:8443/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/", "https://0.0.0.0/", "http://93.184.216.34/", "https://93.184.216.34:22/", "https://93.184.216.34:9200/",
])
def test_what_leads_inward_is_refused_without_a_word_on_the_line(tmp_path, monkeypatch, url):
    monkeypatch.setattr(wire_module, "open_connection", lambda *a: pytest.fail("dialled"))
    with pytest.raises(Blocked):
        client(tmp_path).send("acme", "GET", url)
    with pytest.raises(Blocked):
        client(tmp_path).check("acme", url)


@pytest.mark.parametrize("numbers", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"], ["fe80::1%eth0"], ["::ffff:10.0.0.1"], ["64:ff9b::a00:1"], ["198.51.100.9"]])
def test_one_inner_number_spoils_a_name(tmp_path, monkeypatch, numbers):
    monkeypatch.setattr(wire_module, "open_connection", lambda *a: pytest.fail("dialled"))
    with pytest.raises(Blocked) as blocked:
        client(tmp_path, ask=lambda host, port: numbers).send("acme", "GET", "https://shop.example/secret-path")
    assert blocked.value.reason == "inward" and "shop.example" in str(blocked.value) and "secret-path" not in str(blocked.value)


def test_a_name_is_asked_once_and_the_number_that_was_checked_is_dialled(tmp_path):
    """The name answers differently each time; what would come second is never used."""
    asked: list[str] = []
    with peer(ok(b"good")) as good, peer(ok(b"evil")) as evil:
        def ask(host, port):
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

        egress = client(tmp_path, f"acme=http://shop.example:{good.port}=127.0.0.1", ask=ask)
        assert egress.send("acme", "GET", f"http://shop.example:{good.port}/").body == b"good"
        assert asked == ["shop.example"]
        with pytest.raises(Blocked):
            egress.send("acme", "GET", f"http://shop.example:{good.port}/")
        assert f"Host: shop.example:{good.port}".encode() in good.requests[0] and not evil.requests


def test_what_is_allowed_to_one_is_not_allowed_to_others(tmp_path):
    with peer(ok()) as other:
        egress = client(tmp_path, f"acme=http://127.0.0.1:{other.port}=127.0.0.1")
        for tenant, url in (("globex", f"http://127.0.0.1:{other.port}/"), ("acme", f"https://127.0.0.1:{other.port}/"), ("acme", f"http://localhost:{other.port}/")):
            with pytest.raises((Blocked, Unreachable)):
                egress.send(tenant, "GET", url)
        assert not other.requests


def test_only_listed_hosts_where_there_is_a_list(tmp_path):
    egress = client(tmp_path, push_hosts="push.example.com")
    hosts = frozenset({"fcm.googleapis.com"})
    for url in ("https://fcm.googleapis.com/x", "https://push.example.com/y"):
        egress.check("acme", url, hosts=hosts)
    for url in ("https://fcm.googleapis.com.evil.example/x", "https://evil.example/fcm.googleapis.com", "https://x.fcm.googleapis.com/"):
        with pytest.raises(Blocked):
            egress.check("acme", url, hosts=hosts)


def test_certificates_are_checked_for_the_name(tmp_path):
    server, trusts = certificate(tmp_path, "erp.example")
    _other, strangers = certificate(tmp_path, "stranger.example")
    with peer(ok(), tls=server) as other:
        allowed = [f"acme=https://{name}:{other.port}=127.0.0.1" for name in ("erp.example", "wrong.example")]

        def ask(host, port):
            return ["127.0.0.1"]

        good = client(tmp_path, *allowed, ask=ask, tls=trusts)
        assert good.send("acme", "GET", f"https://erp.example:{other.port}/").status == 200
        for egress, name in ((good, "wrong.example"), (client(tmp_path, *allowed, ask=ask, tls=strangers), "erp.example")):
            with pytest.raises(Unreachable) as refused:
                egress.send("acme", "GET", f"https://{name}:{other.port}/")
            assert refused.value.reason == "certificate"


def drip(conn):
    conn.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        conn.sendall(b"X: y\r\n")
        time.sleep(0.02)


def drip_body(conn):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        conn.sendall(b".")
        time.sleep(0.02)


def endless(head: bytes, piece: bytes):
    def script(conn):
        conn.sendall(head)
        while True:
            conn.sendall(piece)
    return script


def test_an_endless_body_is_cut(tmp_path):
    for head, piece in ((b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10000)):
        with plain(tmp_path, endless(head, piece)) as (_other, call):
            answer = call(limit=100_000)
            assert answer.cut and answer.status == 200 and len(answer.body) <= 100_000


@pytest.mark.parametrize(("script", "reason"), [
    (drip, "slow"), (drip_body, "slow"), (lambda conn: time.sleep(1), "slow"), (endless(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 500), "large"),
    (endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 60000 + b"\r\n"), "large"), (endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536), "garbled"), (says(b""), "closed"),
    (says(b"SSH-2.0-OpenSSH_9\r\n"), "garbled"), (says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"), "garbled"), (says(b"HTTP/1.1 abc OK\r\n\r\n"), "garbled"),
    (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "garbled"),
])
def test_what_is_no_answer_is_told_apart_and_takes_no_longer_than_it_may(tmp_path, script, reason):
    with plain(tmp_path, script) as (_other, call):
        begun = time.monotonic()
        with pytest.raises(Unreachable) as failed:
            call(seconds=0.3, limit=10_000)
        assert failed.value.reason == reason and time.monotonic() - begun < 1.5


def test_a_silent_resolver_holds_nobody_up(tmp_path):
    with pytest.raises(Unreachable) as failed:
        client(tmp_path, ask=lambda host, port: time.sleep(0.6)).send("acme", "GET", "https://slow.example/", seconds=0.1)
    assert failed.value.reason == "slow"
    with pytest.raises(Unreachable) as failed:
        client(tmp_path).send("acme", "GET", "https://nobody.example/")
    assert failed.value.reason == "name"


@pytest.mark.parametrize("headers", [{"Host": "x"}, {"host": "x"}, {"X-A": "b\r\nHost: x"}, {"X\r\nA": "b"}, {"Content-Length": "5"}, {"Transfer-Encoding": "chunked"}, {"X": "é"}])
def test_headers_that_would_make_another_request(tmp_path, headers):
    with pytest.raises(ValueError):
        client(tmp_path).send("acme", "GET", "https://shop.example/", headers=headers)
