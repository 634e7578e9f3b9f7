"""The other side of a call: a server on loopback that answers as it is told, also badly; and certificates of our own for it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

Script = Callable[[socket.socket], None]


@dataclass
class Peer:
    """``requests`` is what arrived, byte by byte."""

    port: int
    requests: list[bytes] = field(default_factory=list)


def reads_request(conn: socket.socket) -> bytes:
    """One whole request: head, and body by its Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = conn.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length and (piece := conn.recv(65536)):
        body += piece
    return head + b"\r\n\r\n" + body


def says(answer: bytes) -> Script:
    """Answers with these bytes and closes."""
    return lambda conn: conn.sendall(answer)


def ok(body: bytes = b"thanks", *headers: str, status: str = "200 OK") -> Script:
    """A plain answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return says("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


@contextmanager
def peer(script: Script, *, tls: ssl.SSLContext | None = None, ipv6: bool = False) -> Iterator[Peer]:
    """A server on loopback; every connection is read to the end of its request, then ``script`` answers."""
    server = socket.create_server(("::1" if ipv6 else "127.0.0.1", 0), family=socket.AF_INET6 if ipv6 else socket.AF_INET)
    found = Peer(server.getsockname()[1])
    open_: list[socket.socket] = []

    def serve(conn: socket.socket) -> None:
        try:
            with tls.wrap_socket(conn, server_side=True) if tls else conn as line:
                open_.append(line)
                found.requests.append(reads_request(line))
                script(line)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                conn, _from = server.accept()
            except OSError:
                return
            open_.append(conn)
            threading.Thread(target=serve, args=(conn,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        # shutdown wakes accept; close alone does not everywhere.
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)
        for line in open_:
            line.close()


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A self-signed certificate for ``names``: the server's side, and a client's that trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256()))
    pem, secret = folder / f"{names[0]}.pem", folder / f"{names[0]}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    return server, ssl.create_default_context(cafile=str(pem))
